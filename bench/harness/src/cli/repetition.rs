//! `bench repetition`: the process that measures one scenario once.

use gate_schema::exit::ExitCode;

use super::answer;
use super::args::ChildArgs;
use crate::error::BenchError;
use crate::plant::Planted;
use crate::repetition::repeat;
use crate::scenario::Scenario;
use crate::selection::find;

pub(super) fn repetition(
    suite: &[&dyn Scenario],
    args: &ChildArgs,
) -> Result<ExitCode, BenchError> {
    let scenario = find(suite, &args.scenario)?;
    let setup = &args.setup;
    let planted = Planted::in_scenario(scenario.id(), &setup.plants);
    let observation = repeat(scenario, setup.tier, &planted, &setup.cache())?;
    let json = serde_json::to_string(&observation).expect("an observation has only text keys");
    answer(&(json + "\n"))
}
