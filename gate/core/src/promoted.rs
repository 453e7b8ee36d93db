//! Blame: what a candidate did, told apart from what its base had done already.
//!
//! The baseline of a check is the candidate's own base. Against the promoted baseline, which is older,
//! the candidate may stand worse for no fault of its own.

use std::collections::HashMap;

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::policy::Policy;
use gate_schema::report::{Blame, Effect, Row, SincePromoted, Verdict};
use gate_schema::unit::Direction;

use crate::assess::{Assessment, assess};
use crate::evaluate::{EvaluateError, Side};

/// The change, and whether it is a worsening beyond the margin that noise does not explain.
fn told(effect: &Effect, direction: Direction) -> Option<(SincePromoted, bool)> {
    let (margin, interval) = (effect.margin?, effect.interval?);
    let (worse, least) = match direction {
        Direction::Lower => (effect.estimate, interval.low),
        Direction::Higher => (-effect.estimate, -interval.high),
    };
    let since = SincePromoted {
        estimate: effect.estimate,
        interval,
    };
    Some((since, worse >= margin && least > 0.0))
}

/// Compares the candidate with the promoted baseline by stored sessions, and says of each row that got
/// worse since whose it is. Verdicts stay what the base makes them.
///
/// # Errors
/// See [`EvaluateError`]; a promoted baseline of other scenarios has nothing to say and is no error.
pub(crate) fn tell(
    rows: &mut [Row],
    promoted: Side<'_>,
    candidate: Side<'_>,
    policy: &Policy,
) -> Result<(), EvaluateError> {
    let Assessment {
        drafts, families, ..
    } = match assess(promoted, candidate, None, policy) {
        Err(EvaluateError::NoOverlap) => return Ok(()),
        assessed => assessed?,
    };
    let mut since: HashMap<(ScenarioId, MetricName), (SincePromoted, bool)> = HashMap::new();
    for (draft, family) in drafts.into_iter().zip(families) {
        let row = draft.finish(family, policy, false);
        if let Some(told) = row
            .effect
            .as_ref()
            .and_then(|effect| told(effect, row.direction))
        {
            since.insert((row.scenario, row.metric), told);
        }
    }
    for row in rows {
        let key = (row.scenario.clone(), row.metric.clone());
        let told = since.get(&key).copied();
        row.since_promoted = told.map(|(since, _)| since);
        let is_worse = told.is_some_and(|(_, is_worse)| is_worse);
        row.blame = match row.verdict {
            Verdict::Regressed => Some(Blame::CausedHere),
            Verdict::Pass | Verdict::Inconclusive if is_worse => Some(Blame::AlreadyOnBase),
            _ => row.blame,
        };
    }
    Ok(())
}
