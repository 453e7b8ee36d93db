//! What of a step is measured: the rules of `gate check`, with pairs for a clock.

use gate_core::next::{Need, Step, Why};
use gate_schema::id::ScenarioId;

use super::SimulateError;
use crate::documents::Part;
use crate::workload::Fleet;

/// What is measured next, in one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing: no verdict requires it, and no time is left for what would only be nice to know.
    Nothing,
    /// The baseline with itself.
    Canaries(Vec<Part>),
    /// Pairs that a verdict requires, whatever the time.
    Required(Vec<Part>),
    /// Pairs of one scenario that is too noisy to decide. They add a session to all of its rows, which
    /// can agree with another one, so they may fail a gate as well as let it pass.
    Optional(Part),
}

impl Asked {
    /// What of `step` a gate measures that has time for `left` more pairs: everything required, else the
    /// first optional need that fits.
    pub(super) fn of(fleet: &Fleet, step: Step, left: u64) -> Result<Self, SimulateError> {
        match step {
            Step::Done => Ok(Self::Nothing),
            Step::Canaries { scenarios, pairs } => {
                let parts = scenarios
                    .iter()
                    .map(|scenario| part(fleet, scenario, pairs));
                Ok(Self::Canaries(parts.collect::<Result<_, _>>()?))
            }
            Step::Pairs(needs) => Self::of_needs(fleet, &needs, left),
        }
    }

    fn of_needs(fleet: &Fleet, needs: &[Need], left: u64) -> Result<Self, SimulateError> {
        match needs.first() {
            None => Ok(Self::Nothing),
            Some(first) if first.why != Why::Undecided => {
                let parts = needs.iter().map(|n| part(fleet, &n.scenario, first.pairs));
                Ok(Self::Required(parts.collect::<Result<_, _>>()?))
            }
            Some(_) => match needs.iter().find(|need| u64::from(need.pairs) <= left) {
                None => Ok(Self::Nothing),
                Some(need) => Ok(Self::Optional(part(fleet, &need.scenario, need.pairs)?)),
            },
        }
    }
}

fn part(fleet: &Fleet, scenario: &ScenarioId, pairs: u32) -> Result<Part, SimulateError> {
    let is_asked = |at: &usize| fleet.declared(*at).is_ok_and(|d| d.scenario == *scenario);
    let scenario = (0..fleet.scenarios())
        .find(is_asked)
        .ok_or_else(|| SimulateError::Unknown(scenario.clone()))?;
    Ok(Part { scenario, pairs })
}
