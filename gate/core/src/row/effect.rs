//! The effect of a row as reports carry it.

use gate_schema::policy::{Margin, Policy};
use gate_schema::report::{Basis, Effect, Interval, Rank, Stage, Test};

use super::draft::{Draft, Family};
use crate::paired::SessionEvidence;
use crate::sides::How;

impl Draft<'_> {
    /// How far the candidate lies from the baseline, and how sure that is, without the pairs that it
    /// would take; `None` for sides that cannot be compared.
    pub(super) fn effect(&self, family: Family, policy: &Policy) -> Option<Effect> {
        let (sides, compared) = (self.sides.as_ref()?, self.compared.as_ref()?);
        let comparison = &compared.comparison;
        let axis = sides.axis;
        let half = match (&comparison.evidence, comparison.exact) {
            (Some(evidence), _) => Some(evidence.half_width()),
            (None, true) => Some(0.0),
            (None, false) => None,
        };
        let interval = half.map(|half| {
            let ends = [
                axis.change(comparison.worse - half),
                axis.change(comparison.worse + half),
            ];
            Interval {
                low: ends[0].min(ends[1]),
                high: ends[0].max(ends[1]),
            }
        });
        let detectable = comparison.evidence.map(|e| {
            axis.change(e.detectable(policy.false_discovery, family.size))
                .abs()
        });
        Some(Effect {
            scale: axis.scale(),
            estimate: axis.change(comparison.worse),
            interval,
            margin: match self.settings.margin {
                Margin::Relative(fraction) if axis.logarithmic => Some(fraction),
                _ => sides.margin,
            },
            p_value: comparison.evidence.map(|e| e.p_worse),
            test: comparison
                .evidence
                .and_then(|e| test(comparison.worse, e.error, e.freedom)),
            rank: self.is_claiming().then_some(Rank {
                rank: family.worse.rank,
                of: family.size,
                threshold: family.worse.threshold,
            }),
            detectable,
            basis: match (comparison.evidence, &compared.how) {
                (None, _) => comparison.exact.then_some(Basis::Exact),
                (Some(_), How::Queries) => Some(Basis::Queries),
                (Some(_), How::Stored) => Some(Basis::Sessions),
                (Some(_), How::Pairs { .. }) => Some(Basis::Pairs),
            },
            agreeing: comparison
                .evidence
                .filter(|_| !matches!(compared.how, How::Queries))
                .map(|e| e.agreeing),
            pairs_needed: None,
            stages: compared
                .stages()
                .iter()
                .map(|session| Stage {
                    pairs: session.pairs,
                    estimate: axis.change(session.worse),
                    p_value: session.variance.map(|_| session.p_worse),
                    test: of_session(session),
                    agrees: session.agrees(),
                    noisy: session.noisy,
                })
                .collect(),
        })
    }
}

/// What the p-value of one session of pairs was computed from.
fn of_session(session: &SessionEvidence) -> Option<Test> {
    let variance = session.variance?;
    let error = (variance / session.pairs as f64).sqrt();
    Some(Test {
        variance: session.shown,
        moderated: Some(variance),
        ..test(session.worse, error, session.freedom)?
    })
}

/// What a p-value was computed from; `None` where a report cannot hold it.
fn test(worse: f64, error: f64, freedom: f64) -> Option<Test> {
    let t = worse / error;
    (t.is_finite() && error.is_finite() && freedom.is_finite()).then_some(Test {
        variance: None,
        moderated: None,
        freedom,
        error,
        t,
    })
}
