//! What the rows of a history are held to: their margins, and the level that was promoted last.

use std::collections::BTreeSet;

use gate_schema::policy::{Margin, Policy, RowMode};

use super::drift::{Drift, drift};
use super::{Axis, Entry, Series, same_row};
use crate::comparable::environment_differences;
use crate::estimate::{Location, estimate, mean, median};
use crate::observe::ObservedMetric;
use crate::rules::{Rules, UnitMismatch};
use crate::sides::RATIO_FLOOR;

/// Newest sessions of a baseline that tell the level accepted last. Those promoted before stay in the baseline, and may
/// be of another level; fewer would be a level by chance.
const NEWEST_SESSIONS: usize = 3;

/// What one row is held to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    /// The distance on its axis that is tolerated; `None` where nothing is judged.
    pub(super) tolerated: Option<f64>,
    /// Whether a stored level of it decides.
    pub(super) decides: bool,
    /// The level promoted last, on its axis; `None` without a comparable one.
    pub(super) promoted: Option<f64>,
}

/// Tells every row of `newest` what it is held to; `series` has the same rows.
///
/// # Errors
/// A margin or budget that does not fit the unit of a row.
pub(super) fn hold(
    series: &mut [Series],
    newest: &Entry,
    policy: &Policy,
    promoted: Option<&Entry>,
) -> Result<(), UnitMismatch> {
    let mut rules = Rules::new(policy);
    let promoted = promoted.filter(|promoted| promoted.tier == newest.tier);
    let is_alike =
        promoted.is_some_and(|promoted| is_alike(promoted, newest, &policy.ignore_environment));
    let rows = newest.observed.iter().flat_map(|scenario| {
        let metrics = scenario.metrics.iter();
        metrics.map(move |metric| (scenario, metric))
    });
    for (row, (scenario, metric)) in series.iter_mut().zip(rows) {
        let settings = rules.settings(row.scenario.as_str(), metric)?;
        let there = promoted.and_then(|promoted| {
            let mut observed = promoted.observed.iter();
            let there = observed.find(|there| there.declared.scenario == row.scenario)?;
            same_row(there, scenario, metric).filter(|m| is_alike || !m.unit().is_timing())
        });
        let level = there.and_then(accepted).map(|level| row.axis.place(level));
        row.held = Held {
            tolerated: row.axis.tolerated(settings.margin, &row.values),
            decides: settings.mode == RowMode::Gate,
            promoted: level.filter(|level| level.is_finite()),
        };
    }
    Ok(())
}

/// Whether both were measured under the same conditions, which are known.
pub(super) fn is_alike(one: &Entry, other: &Entry, ignored: &BTreeSet<String>) -> bool {
    !one.environment.fingerprint.is_empty()
        && environment_differences(&one.environment, &other.environment, ignored).is_empty()
}

/// The level that the newest sessions tell.
fn accepted(metric: &ObservedMetric) -> Option<f64> {
    let sessions = &metric.sessions;
    let newest = &sessions[sessions.len().saturating_sub(NEWEST_SESSIONS)..];
    let centres = newest.iter().map(|s| estimate(s, Location::Trimmed).centre);
    let centres: Vec<f64> = centres.collect();
    (!centres.is_empty()).then(|| mean(&centres))
}

impl Axis {
    /// The margin as a distance towards worse on this axis, for a row with these values.
    pub(super) fn tolerated(self, margin: Margin, values: &[f64]) -> Option<f64> {
        match margin {
            // A tenth less is farther on a logarithm than a tenth more; the margin is what people read.
            Margin::Relative(part) if self.is_logarithmic && self.sign < 0.0 && part < 1.0 => {
                Some(-(-part).ln_1p())
            }
            Margin::Relative(part) => {
                let level = median(values).unwrap_or(0.0).abs();
                Some(self.part(part, level.max(RATIO_FLOOR)))
            }
            Margin::Absolute(difference) => Some(difference),
            Margin::Unjudged => None,
        }
    }
}

impl Series {
    /// The drift of the points from `since` on, if it is more than the row's margin. What was promoted is accepted:
    /// the level must have crept away from there by as much.
    pub(super) fn crept(&self, since: usize) -> Option<Drift> {
        let smallest = self.held.tolerated?;
        let crept = drift(&self.values[since..], smallest)?;
        let is_beyond = |promoted: f64| {
            let way = (crept.to - crept.from).signum();
            way * (crept.to - promoted) >= smallest
        };
        self.held.promoted.is_none_or(is_beyond).then_some(crept)
    }
}
