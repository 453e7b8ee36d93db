//! `bench verify`: runs each scenario once and checks its answers.

use gate_schema::exit::ExitCode;

use super::answer;
use super::args::{Selected, VerifyArgs};
use crate::error::BenchError;
use crate::scenario::Scenario;

pub(super) fn verify(suite: &[&dyn Scenario], args: &VerifyArgs) -> Result<ExitCode, BenchError> {
    let Selected { scenarios, plants } = args.selection.select_here(suite)?;
    let children = args.selection.children(&plants)?;
    let mut outcome = ExitCode::Pass;
    for scenario in &scenarios {
        children.prepare(*scenario)?;
        let line = match children.repeat(*scenario)?.wrong_answer {
            None => format!("right  {}\n", scenario.id()),
            Some(wrong) => {
                outcome = ExitCode::Fail;
                format!("WRONG  {}  {wrong}\n", scenario.id())
            }
        };
        answer(&line)?;
    }
    Ok(outcome)
}
