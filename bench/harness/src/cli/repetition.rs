//! `bench repetition`: the process that measures one scenario once, and profiles it when asked to.

use std::path::Path;

use gate_schema::exit::ExitCode;
use gate_schema::profile::TimePerOperation;

use super::answer;
use super::args::RepetitionArgs;
use crate::child::end_with_parent;
use crate::context::Context;
use crate::emit::Destination;
use crate::error::BenchError;
use crate::plant::Planted;
use crate::profile::{Known, profile};
use crate::repetition::repeat;
use crate::scenario::Scenario;
use crate::selection::find;
use crate::source::source;

pub(super) fn repetition(
    suite: &[&dyn Scenario],
    args: &RepetitionArgs,
) -> Result<ExitCode, BenchError> {
    end_with_parent();
    let scenario = find(suite, &args.child.scenario)?;
    let setup = &args.child.setup;
    let (planted, cache) = (
        Planted::in_scenario(scenario.id(), &setup.plants),
        setup.cache(),
    );
    let _hold = cache.hold()?;
    let mut observation = repeat(scenario, setup.tier, &planted, &cache)?;
    if let Some(path) = &args.profile {
        // After the repetition, so that it is like any other.
        let ns = observation.time_per_operation_ns().filter(|ns| *ns > 0.0);
        let time = ns.map(|ns| TimePerOperation {
            ns,
            standard_error_ns: 0.0,
        });
        let commit = source(Path::new("."), &setup.plants).commit;
        let context = Context::new(setup.tier, &cache).with_settings(planted.settings.clone());
        let known = Known {
            commit,
            time_per_operation: time,
        };
        let profiled = profile(scenario, &context, &planted, known);
        let written = profiled
            .map_err(|error| error.to_string())
            .and_then(|bytes| {
                let destination = Destination::check(path).map_err(|error| error.to_string())?;
                let written = destination.write_bytes(&bytes);
                written.map_err(|error| error.to_string())
            });
        observation.unprofiled = written.err();
    }
    let json = serde_json::to_string(&observation).expect("an observation has only text keys");
    answer(&(json + "\n"))
}
