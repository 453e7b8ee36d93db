//! Blame: what a candidate did, told apart from what its base had done already.
//!
//! The baseline of a check is the candidate's own base. Against the promoted baseline, which is older,
//! the candidate may stand worse for no fault of its own.

use std::collections::HashMap;

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::policy::Policy;
use gate_schema::report::{Blame, Effect, Row, Scale, SincePromoted, Verdict};
use gate_schema::unit::Direction;

use crate::assess::{Assessment, Lost, assess_with};
use crate::evaluate::{EvaluateError, Side};

/// What the promoted baseline tells about one row.
#[derive(Clone, Copy)]
struct Told {
    since: SincePromoted,
    scale: Scale,
    /// Whether it is a worsening beyond the margin that noise does not explain.
    is_worse: bool,
}

fn told(effect: &Effect, direction: Direction) -> Option<Told> {
    let (margin, interval) = (effect.margin?, effect.interval?);
    let (worse, least) = match direction {
        Direction::Lower => (effect.estimate, interval.low),
        Direction::Higher => (-effect.estimate, -interval.high),
    };
    let since = SincePromoted {
        estimate: effect.estimate,
        interval,
    };
    Some(Told {
        since,
        scale: effect.scale,
        is_worse: worse >= margin && least > 0.0,
    })
}

/// Compares the candidate with the promoted baseline by stored sessions, and says of each row that got
/// worse since whose it is. Verdicts stay what the base makes them. A change on another scale than the
/// row's effect is left out: nobody could read it beside that.
///
/// # Errors
/// See [`EvaluateError`]; a promoted baseline of other scenarios, or of metrics that are gone, has
/// nothing to say about them and is no error.
pub(crate) fn tell(
    rows: &mut [Row],
    promoted: Side<'_>,
    candidate: Side<'_>,
    policy: &Policy,
) -> Result<(), EvaluateError> {
    let Assessment {
        drafts, families, ..
    } = match assess_with(Lost::LeftOut, [promoted, candidate], None, policy) {
        Err(EvaluateError::NoOverlap) => return Ok(()),
        assessed => assessed?,
    };
    let mut since: HashMap<(ScenarioId, MetricName), Told> = HashMap::new();
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
        let effect = row.effect.as_ref();
        let is_readable = |told: &Told| effect.is_some_and(|e| e.scale == told.scale);
        let told = since.get(&key).copied().filter(is_readable);
        row.since_promoted = told.map(|told| told.since);
        row.blame = match row.verdict {
            Verdict::Regressed => Some(Blame::CausedHere),
            // Only a pass against the base shows that the base is to blame.
            Verdict::Pass if told.is_some_and(|told| told.is_worse) => Some(Blame::AlreadyOnBase),
            _ => row.blame,
        };
    }
    Ok(())
}
