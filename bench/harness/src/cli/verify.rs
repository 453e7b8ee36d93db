//! `bench verify`: runs each scenario once and checks its answers.

use gate_schema::exit::ExitCode;

use super::answer;
use super::args::{Selected, VerifyArgs};
use super::fit::{FEWER, fit};
use super::ready::Preparing;
use crate::error::BenchError;
use crate::prepare::audit;
use crate::scenario::Scenario;

pub(super) fn verify(suite: &[&dyn Scenario], args: &VerifyArgs) -> Result<ExitCode, BenchError> {
    let Selected { scenarios, plants } = args.selection.select_here(suite)?;
    let children = args.selection.children(&plants)?;
    let (tier, cache) = (args.selection.setup.tier, args.selection.setup.cache());
    let _hold = cache.hold()?;
    audit(&scenarios, tier, &cache, &|| false)?;
    fit(&scenarios, tier, &cache).all_or(FEWER)?;
    let mut preparing = Preparing::new(&children, tier, &cache);
    let mut outcome = ExitCode::Pass;
    for scenario in scenarios {
        let id = scenario.id();
        // One that crashes says nothing about the others.
        let line = match preparing.repeat(scenario, None) {
            Ok(observation) => match observation.wrong_answer {
                None => format!("right  {id}\n"),
                Some(wrong) => format!("WRONG  {id}  {wrong}\n"),
            },
            Err(error) => format!("FAILED {id}  {error}\n"),
        };
        if !line.starts_with("right") {
            outcome = ExitCode::Fail;
        }
        answer(&line)?;
    }
    Ok(outcome)
}
