//! `bench prepare`: the process that builds the prepared files of one scenario.

use gate_schema::exit::ExitCode;

use super::args::ChildArgs;
use crate::child::end_with_parent;
use crate::error::BenchError;
use crate::prepare::prepare as build;
use crate::scenario::Scenario;
use crate::selection::find;

pub(super) fn prepare(suite: &[&dyn Scenario], args: &ChildArgs) -> Result<ExitCode, BenchError> {
    end_with_parent();
    let scenario = find(suite, &args.scenario)?;
    let cache = args.setup.cache();
    let _hold = cache.hold()?;
    build(scenario, args.setup.tier, &cache)?;
    Ok(ExitCode::Pass)
}
