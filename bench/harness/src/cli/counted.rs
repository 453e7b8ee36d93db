//! `bench counted`: the process whose operations `bench count` counts.

use gate_schema::exit::ExitCode;

use super::answer;
use super::args::ChildArgs;
use crate::child::end_with_parent;
use crate::context::Context;
use crate::count::operate;
use crate::error::BenchError;
use crate::plant::Planted;
use crate::scenario::Scenario;
use crate::selection::find;

pub(super) fn counted(suite: &[&dyn Scenario], args: &ChildArgs) -> Result<ExitCode, BenchError> {
    end_with_parent();
    let scenario = find(suite, &args.scenario)?;
    let (setup, cache) = (&args.setup, args.setup.cache());
    let planted = Planted::in_scenario(scenario.id(), &setup.plants);
    let _hold = cache.hold()?;
    let context = Context::new(setup.tier, &cache).with_settings(planted.settings);
    let operated = operate(scenario, &context)?;
    let json = serde_json::to_string(&operated).expect("text and numbers only");
    answer(&(json + "\n"))
}
