//! `bench prepare`: the process that builds the prepared files of one scenario.

use gate_schema::exit::ExitCode;

use super::args::ChildArgs;
use crate::error::BenchError;
use crate::prepare::prepare as build;
use crate::scenario::Scenario;
use crate::selection::find;

pub(super) fn prepare(suite: &[&dyn Scenario], args: &ChildArgs) -> Result<ExitCode, BenchError> {
    build(
        find(suite, &args.scenario)?,
        args.setup.tier,
        &args.setup.cache(),
    )?;
    Ok(ExitCode::Pass)
}
