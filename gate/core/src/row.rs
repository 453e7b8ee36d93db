//! One row, from evidence to verdict.

use std::borrow::Cow;

use gate_schema::id::ScenarioId;
use gate_schema::policy::{AtLimit, Machine, Margin, Policy, RowMode};
use gate_schema::report::{BudgetStatus, Effect, Interval, Level, Reason, Row, Scale, Verdict};
use gate_schema::unit::Unit;

use crate::budget::{self, Standing};
use crate::estimate::{Location, estimate, t_above};
use crate::observe::ObservedMetric;
use crate::rules::Settings;
use crate::stored::{Baseline, Comparison, Evidence, INTERVAL, Nature};

/// One-sided level at which a row looks worse and is worth a second session.
pub(crate) const SUSPICIOUS: f64 = INTERVAL;

/// What is known about a row before all rows are looked at together.
pub(crate) struct Draft<'a> {
    pub(crate) scenario: &'a ScenarioId,
    pub(crate) metric: Cow<'a, ObservedMetric>,
    pub(crate) settings: Settings,
    /// A verdict that needs no numbers: missing, incomparable, too few samples.
    pub(crate) settled: Option<(Verdict, Reason)>,
    /// The candidate's level; absent when it was not measured, or too few operations are behind it.
    pub(crate) standing: Option<Standing>,
    pub(crate) sides: Option<Sides<'a>>,
    pub(crate) compared: Option<Compared>,
}

/// Both sides of a comparable row.
pub(crate) struct Sides<'a> {
    pub(crate) baseline: &'a ObservedMetric,
    pub(crate) axis: Axis,
    pub(crate) history: Baseline,
    /// The tolerated distance on the axis; `None` when the row is not judged.
    margin: Option<f64>,
}

/// A comparison and how it was made.
pub(crate) struct Compared {
    pub(crate) comparison: Comparison,
    /// Query by query: sessions do not matter, because queries and not repetitions are the evidence.
    by_query: bool,
}

/// Where values are compared: as logarithms when effects are fractions, as they are otherwise;
/// always such that larger is worse.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    sign: f64,
    logarithmic: bool,
    /// Added before taking logarithms, so that counters may be zero.
    shift: f64,
}

impl Axis {
    fn new(margin: Margin, sides: [&ObservedMetric; 2]) -> Self {
        let zeros = sides
            .iter()
            .flat_map(|side| side.sessions.iter().flatten())
            .any(|&v| v <= 0.0);
        let is_ratio = sides[1].unit() == Unit::Ratio;
        let logarithmic = match margin {
            // A shift of one is nothing to a counter and everything to a ratio.
            Margin::Relative(_) => !(zeros && is_ratio),
            Margin::Absolute(_) => false,
            Margin::Unjudged => !is_ratio,
        };
        let shift = if logarithmic && zeros { 1.0 } else { 0.0 };
        Self {
            sign: sides[1].direction().sign(),
            logarithmic,
            shift,
        }
    }

    fn place(self, value: f64) -> f64 {
        self.sign
            * if self.logarithmic {
                (value + self.shift).ln()
            } else {
                value
            }
    }

    fn place_all(self, metric: &ObservedMetric) -> Vec<Vec<f64>> {
        metric
            .sessions
            .iter()
            .map(|values| values.iter().map(|&v| self.place(v)).collect())
            .collect()
    }

    fn unplace(self, placed: f64) -> f64 {
        let v = self.sign * placed;
        if self.logarithmic {
            v.exp() - self.shift
        } else {
            v
        }
    }

    /// A distance on this axis as a change people read: a fraction, or a difference.
    fn change(self, worse: f64) -> f64 {
        let v = self.sign * worse;
        if self.logarithmic { v.exp_m1() } else { v }
    }

    /// The margin as a distance on this axis; `baseline` is where the baseline stands on it.
    fn margin(self, margin: Margin, baseline: f64) -> Option<f64> {
        match margin {
            Margin::Relative(fraction) if self.logarithmic => Some(fraction.ln_1p()),
            Margin::Relative(fraction) => Some(fraction * baseline.abs()),
            Margin::Absolute(difference) => Some(difference),
            Margin::Unjudged => None,
        }
    }

    /// Smallest step of a metric near `level`, on this axis. Percentiles come from histograms of
    /// three significant digits; counts, bytes and nanoseconds come in ones.
    fn quantum(self, metric: &ObservedMetric, level: f64) -> f64 {
        let step = match metric.unit() {
            Unit::PerSecond | Unit::Ratio => 0.0,
            _ if metric.statistic.is_some() => level * 1e-3,
            Unit::Nanoseconds | Unit::Bytes | Unit::Count => 1.0,
        };
        if self.logarithmic && level > 0.0 {
            step / level
        } else {
            step
        }
    }
}

impl<'a> Sides<'a> {
    /// Prepares a comparison. Neither side may be empty.
    pub(crate) fn new(
        baseline: &'a ObservedMetric,
        candidate: &ObservedMetric,
        margin: Margin,
    ) -> Self {
        let axis = Axis::new(margin, [baseline, candidate]);
        let level = baseline.sessions[0][0];
        let nature = Nature {
            quantum: axis.quantum(baseline, level),
            may_be_exact: !candidate.unit().is_timing(),
        };
        let history = Baseline::new(&axis.place_all(baseline), nature);
        let margin = axis.margin(margin, history.centre);
        Self {
            baseline,
            axis,
            history,
            margin,
        }
    }

    /// Compares query by query where every repetition of the candidate tells the same queries as the
    /// baseline, else by repetitions.
    pub(crate) fn compare(&self, candidate: &ObservedMetric, fleet_ratio: f64) -> Compared {
        match (&self.baseline.queries, &candidate.queries) {
            (Some(baseline), Some(queries))
                if !self.axis.logarithmic
                    && baseline.ratios.len() == queries.ratios.len()
                    && queries.repetitions == candidate.values() =>
            {
                let comparison = by_query(&baseline.ratios, &queries.ratios, self.axis.sign);
                Compared {
                    comparison,
                    by_query: true,
                }
            }
            _ => {
                let comparison = self
                    .history
                    .compare(&self.axis.place_all(candidate), fleet_ratio);
                Compared {
                    comparison,
                    by_query: false,
                }
            }
        }
    }
}

/// The difference query by query: three to five times tighter than two separate means, because the
/// same queries are hard on both sides.
fn by_query(baseline: &[f64], candidate: &[f64], sign: f64) -> Comparison {
    let differences: Vec<f64> = baseline
        .iter()
        .zip(candidate)
        .map(|(b, c)| sign * (c - b))
        .collect();
    let e = estimate(&differences, Location::Plain);
    let error = (e.variance / e.n as f64).sqrt();
    if error == 0.0 {
        return Comparison {
            worse: e.centre,
            evidence: None,
            exact: true,
        };
    }
    let evidence = Evidence {
        error,
        freedom: e.freedom,
        p_worse: t_above(e.centre / error, e.freedom),
        p_better: t_above(-e.centre / error, e.freedom),
        agreeing: 0,
        noisy: false,
    };
    Comparison {
        worse: e.centre,
        evidence: Some(evidence),
        exact: false,
    }
}

/// What the look at all rows together says about one of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Family {
    pub(crate) size: usize,
    pub(crate) worse: bool,
    pub(crate) better: bool,
}

impl Draft<'_> {
    /// Whether the verdict counts for the outcome: the policy says so, and there is something to
    /// judge. What is missing always has: nobody knows what it would have been judged on.
    pub(crate) fn is_gating(&self) -> bool {
        let is_missing = matches!(self.settled, Some((Verdict::Missing, _)));
        let judged = self.settings.margin != Margin::Unjudged || self.settings.budget.is_some();
        self.settings.mode == RowMode::Gate && (judged || is_missing)
    }

    /// Evidence that enters the correction for many rows.
    pub(crate) fn tested(&self) -> Option<&Evidence> {
        let judged = self.settings.margin != Margin::Unjudged;
        self.compared
            .as_ref()
            .filter(|_| judged)?
            .comparison
            .evidence
            .as_ref()
    }

    /// Decides the row.
    pub(crate) fn finish(self, family: Family, policy: &Policy) -> Row {
        let budget = self
            .standing
            .as_ref()
            .zip(self.settings.budget.as_ref())
            .map(|(s, b)| budget::check(s, b, self.settings.at_limit));
        let relative = match &self.settled {
            Some(settled) => settled.clone(),
            None => self.relative(family, policy),
        };
        let absolute = budget.as_ref().and_then(|check| {
            let measured_holds = check.headroom >= 0.0;
            let certain = check.interval.is_some() || self.settings.at_limit == AtLimit::Fail;
            match (check.status, self.settings.at_limit) {
                (BudgetStatus::Within, _) => None,
                (BudgetStatus::Over, _) if certain => Some((Verdict::OverBudget, Reason::Budget)),
                (BudgetStatus::AtLimit, AtLimit::Fail) => {
                    Some((Verdict::OverBudget, Reason::AtLimit))
                }
                _ if measured_holds => Some((Verdict::Pass, Reason::AtLimit)),
                _ => Some((Verdict::Inconclusive, Reason::AtLimit)),
            }
        });
        let (verdict, reason) = match absolute {
            Some(absolute) if absolute.0 >= relative.0 => absolute,
            _ => relative,
        };
        Row {
            scenario: self.scenario.clone(),
            metric: self.metric.name.clone(),
            unit: self.metric.unit(),
            direction: self.metric.direction(),
            verdict,
            reason,
            gating: self.is_gating(),
            baseline: self.sides.as_ref().map(|sides| Level {
                value: sides.axis.unplace(sides.history.centre),
                sessions: sides.history.sessions,
                repetitions: sides.baseline.values(),
            }),
            candidate: self.standing.map(|standing| Level {
                value: standing.value,
                sessions: self.metric.sessions.len(),
                repetitions: self.metric.values(),
            }),
            effect: self.effect(family, policy),
            budget,
        }
    }

    fn effect(&self, family: Family, policy: &Policy) -> Option<Effect> {
        let (sides, comparison) = (self.sides.as_ref()?, &self.compared.as_ref()?.comparison);
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
            scale: if axis.logarithmic {
                Scale::Relative
            } else {
                Scale::Absolute
            },
            estimate: axis.change(comparison.worse),
            interval,
            margin: match self.settings.margin {
                Margin::Relative(fraction) if axis.logarithmic => Some(fraction),
                _ => sides.margin,
            },
            p_value: comparison.evidence.map(|e| e.p_worse),
            detectable,
        })
    }

    /// The verdict against the baseline, budgets aside.
    fn relative(&self, family: Family, policy: &Policy) -> (Verdict, Reason) {
        let (
            Some(sides),
            Some(Compared {
                comparison,
                by_query,
            }),
        ) = (&self.sides, &self.compared)
        else {
            return (Verdict::Added, Reason::NotInBaseline);
        };
        let Some(margin) = sides.margin else {
            return (Verdict::Pass, Reason::NotJudged);
        };
        let worse = comparison.worse;
        let few_sessions = Reason::FewSessions {
            have: sides.history.sessions,
            need: policy.min_sessions,
        };
        let Some(evidence) = &comparison.evidence else {
            return match comparison.exact {
                true if worse > margin => (Verdict::Regressed, Reason::BeyondMargin),
                true if -worse > margin => (Verdict::Improved, Reason::BetterThanMargin),
                true => (Verdict::Pass, Reason::Exact),
                false => (Verdict::Inconclusive, few_sessions),
            };
        };
        let half = evidence.half_width();
        let no_worse = worse + half < margin;
        if family.better && -worse >= margin && no_worse {
            return (Verdict::Improved, Reason::BetterThanMargin);
        }
        if no_worse {
            return (
                Verdict::Pass,
                if worse - half > 0.0 {
                    Reason::SmallEffect
                } else {
                    Reason::WithinMargin
                },
            );
        }
        if family.worse && worse >= margin {
            return match self.blocked(sides, evidence, policy) {
                Some(reason) if !*by_query => (Verdict::Inconclusive, reason),
                _ => (Verdict::Regressed, Reason::BeyondMargin),
            };
        }
        let suspicious = evidence.p_worse < SUSPICIOUS && worse >= margin / 2.0;
        let reason = match () {
            () if evidence.noisy => Reason::NoisySession,
            () if suspicious && self.metric.sessions.len() < 2 => Reason::NeedsSecondSession,
            () => Reason::Noise,
        };
        (Verdict::Inconclusive, reason)
    }

    /// Why a row that got worse may not fail on stored sessions alone.
    fn blocked(&self, sides: &Sides<'_>, evidence: &Evidence, policy: &Policy) -> Option<Reason> {
        let most = self.metric.sessions.iter().map(Vec::len).max().unwrap_or(0);
        if sides.history.sessions < policy.min_sessions {
            Some(Reason::FewSessions {
                have: sides.history.sessions,
                need: policy.min_sessions,
            })
        } else if most < crate::stored::MIN_REPETITIONS {
            Some(Reason::FewRepetitions {
                have: most,
                need: crate::stored::MIN_REPETITIONS,
            })
        } else if policy.machine == Machine::Shared && self.metric.unit().is_timing() {
            Some(Reason::SharedMachine)
        } else if self.metric.sessions.len() < 2 {
            Some(Reason::NeedsSecondSession)
        } else if evidence.agreeing < 2 {
            Some(if evidence.noisy {
                Reason::NoisySession
            } else {
                Reason::Noise
            })
        } else {
            None
        }
    }
}
