//! Accepting a run as the level that later runs are compared with: the rules, and the cut-down form.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gate_schema::defect::Defect;
use gate_schema::hdr::{self, Histogram};
use gate_schema::id::{MetricName, Name, ScenarioId};
use gate_schema::quantity::Quantity;
use gate_schema::run::{
    Change, Check, Declared, Distribution, Kind, Measured, MetricValue, Pooled, Provenance,
    Repetition, Run, Session, Summary,
};

use crate::budget::standing;
use crate::comparable::environment_differences;
use crate::estimate::Location;
use crate::observe::{Observed, ObservedMetric, summary};
use crate::stored::MAX_SESSIONS;

/// Fewest repetitions per session worth keeping: with fewer, trimming has nothing to trim.
pub const MIN_REPETITIONS: usize = 5;

/// Smallest relative move of a level that is listed among the changes.
pub const LISTED_CHANGE: f64 = 0.01;

/// Most changes listed.
pub const LISTED_CHANGES: usize = 20;

/// Significant decimal digits kept of a statistic: a hundred times finer than the histogram it
/// comes from.
const DIGITS: i32 = 6;

/// Why a run should not become a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Measured from a work tree that no commit holds.
    Dirty,
    /// Nobody knows what it was built from.
    UnknownSource,
    /// Accepted so far, and absent or declared differently now, so that its history would be dropped.
    Dropped {
        /// The scenario.
        scenario: ScenarioId,
    },
    /// Too few repetitions in a session.
    FewRepetitions {
        /// The scenario.
        scenario: ScenarioId,
        /// Repetitions in its shortest session.
        have: usize,
    },
    /// Measured on another machine than the sessions already accepted, so they cannot be mixed.
    OtherMachine {
        /// The first fingerprint field that differs.
        field: Name,
    },
    /// A repetition crashed, hung or wrote no usable document. Promoted for a reason, nothing tells later
    /// comparisons of it.
    Failed {
        /// The scenario.
        scenario: ScenarioId,
    },
    /// A scenario's own check found a wrong answer. Promoted for a reason, its measurements are kept
    /// and never compared with.
    WrongAnswer {
        /// The scenario.
        scenario: ScenarioId,
    },
    /// Changes were planted on purpose.
    Planted,
    /// Declared and not measured in every session.
    Incomplete {
        /// The scenario.
        scenario: ScenarioId,
    },
}

impl Refusal {
    /// Whether a stated reason overrides the refusal.
    #[must_use]
    pub fn yields_to_reason(&self) -> bool {
        matches!(
            self,
            Self::Dirty
                | Self::UnknownSource
                | Self::Dropped { .. }
                | Self::FewRepetitions { .. }
                | Self::Failed { .. }
                | Self::WrongAnswer { .. }
        )
    }
}

/// Everything that speaks against promoting `run` on top of `accepted`.
#[must_use]
pub fn refusals(run: &Run, accepted: Option<&Run>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if !run.source.planted.is_empty() {
        refusals.push(Refusal::Planted);
    }
    match (run.source.dirty, &run.source.commit) {
        (Some(true), _) => refusals.push(Refusal::Dirty),
        (Some(false), Some(_)) => {}
        _ => refusals.push(Refusal::UnknownSource),
    }
    let declared = by_scenario(run);
    if let Some(accepted) = accepted {
        let differences =
            environment_differences(&accepted.environment, &run.environment, &BTreeSet::new());
        refusals.extend(
            differences
                .into_iter()
                .next()
                .map(|d| Refusal::OtherMachine { field: d.field }),
        );
        let dropped = accepted
            .manifest
            .scenarios
            .iter()
            .filter(|d| declared.get(&d.scenario) != Some(d));
        refusals.extend(dropped.map(|d| Refusal::Dropped {
            scenario: d.scenario.clone(),
        }));
    }
    let failed: BTreeSet<&ScenarioId> = run.failures.iter().map(|f| &f.scenario).collect();
    refusals.extend(failed.into_iter().map(|scenario| Refusal::Failed {
        scenario: scenario.clone(),
    }));
    let mut measured: BTreeMap<&ScenarioId, Vec<&Measured>> = BTreeMap::new();
    for record in run.sessions.iter().flat_map(|session| &session.scenarios) {
        measured.entry(&record.scenario).or_default().push(record);
    }
    for (scenario, declared) in declared {
        let measured = measured.remove(scenario).unwrap_or_default();
        let scenario = || scenario.clone();
        let holds_all =
            |r: &Repetition| declared.metrics.iter().all(|d| r.metric(&d.name).is_some());
        let is_complete = measured.iter().flat_map(|m| &m.repetitions).all(holds_all);
        if measured.is_empty() || measured.len() < run.sessions.len() || !is_complete {
            refusals.push(Refusal::Incomplete {
                scenario: scenario(),
            });
        }
        if measured.iter().any(|m| m.check == Check::Failed) {
            refusals.push(Refusal::WrongAnswer {
                scenario: scenario(),
            });
        }
        let shortest = measured.iter().map(|m| m.repetitions.len()).min();
        if let Some(have) = shortest.filter(|&n| n < MIN_REPETITIONS) {
            refusals.push(Refusal::FewRepetitions {
                scenario: scenario(),
                have,
            });
        }
    }
    refusals
}

fn by_scenario(run: &Run) -> BTreeMap<&ScenarioId, &Declared> {
    run.manifest
        .scenarios
        .iter()
        .map(|declared| (&declared.scenario, declared))
        .collect()
}

/// The baseline that accepts `run` on top of the sessions of `accepted`, newest last, at most
/// [`MAX_SESSIONS`]. Distributions are cut down to their statistics, and the newest session's are
/// pooled into one histogram each.
///
/// Measurements of a scenario whose declaration changed are dropped from the older sessions: they
/// are of another workload.
///
/// # Errors
/// A histogram that does not decode.
pub fn baseline(run: &Run, accepted: Option<&Run>, provenance: Provenance) -> Result<Run, Defect> {
    let declared = by_scenario(run);
    let mut sessions: Vec<Session> = accepted
        .map(|a| kept_sessions(a, &declared))
        .unwrap_or_default();
    for session in &run.sessions {
        sessions.retain(|kept| kept.id != session.id);
        sessions.push(cut_down(session)?);
    }
    sessions.drain(..sessions.len().saturating_sub(MAX_SESSIONS));
    Ok(Run {
        sessions,
        pooled: pooled(run)?,
        failures: Vec::new(),
        provenance: Some(provenance),
        ..run.clone()
    })
}

/// A run as a history keeps it: every repetition, with distributions cut down to their statistics.
///
/// # Errors
/// A histogram that does not decode or does not fit its count and sum.
pub fn kept(run: &Run) -> Result<Run, Defect> {
    let sessions = run.sessions.iter().map(cut_down);
    Ok(Run {
        sessions: sessions.collect::<Result<_, _>>()?,
        pooled: Vec::new(),
        provenance: None,
        ..run.clone()
    })
}

/// Levels that moved between two observed runs, largest first.
#[must_use]
pub fn changes(accepted: &[Observed], run: &[Observed]) -> Vec<Change> {
    let accepted: BTreeMap<&ScenarioId, &Observed> =
        accepted.iter().map(|o| (&o.declared.scenario, o)).collect();
    let level = |metric: &ObservedMetric| standing(metric, Location::Trimmed);
    let mut changes: Vec<(f64, Change)> = Vec::new();
    for observed in run {
        let scenario = &observed.declared.scenario;
        let Some(counterpart) = accepted
            .get(scenario)
            .filter(|o| o.declared == observed.declared)
        else {
            continue;
        };
        let there: HashMap<&MetricName, &ObservedMetric> =
            counterpart.metrics.iter().map(|m| (&m.name, m)).collect();
        for metric in &observed.metrics {
            let there = there.get(&metric.name).copied();
            let (Some(from), Some(to)) = (there.and_then(level), level(metric)) else {
                continue;
            };
            let moved = (to.value / from.value - 1.0).abs();
            if moved.is_finite() && moved >= LISTED_CHANGE {
                let quantity = |value| Quantity {
                    value: rounded(value),
                    unit: metric.unit(),
                };
                let (from, to) = (quantity(from.value), quantity(to.value));
                changes.push((
                    moved,
                    Change {
                        scenario: scenario.clone(),
                        metric: metric.name.clone(),
                        from,
                        to,
                    },
                ));
            }
        }
    }
    changes.sort_by(|a, b| b.0.total_cmp(&a.0));
    changes
        .into_iter()
        .map(|(_, change)| change)
        .take(LISTED_CHANGES)
        .collect()
}

/// The accepted sessions, without the scenarios whose declaration changed: those are of another
/// workload.
fn kept_sessions(accepted: &Run, declared: &BTreeMap<&ScenarioId, &Declared>) -> Vec<Session> {
    let unchanged: BTreeSet<&ScenarioId> = by_scenario(accepted)
        .into_iter()
        .filter(|(scenario, was)| declared.get(scenario) == Some(was))
        .map(|(scenario, _)| scenario)
        .collect();
    accepted
        .sessions
        .iter()
        .map(|session| Session {
            scenarios: session
                .scenarios
                .iter()
                .filter(|m| unchanged.contains(&m.scenario))
                .cloned()
                .collect(),
            ..session.clone()
        })
        .filter(|session| !session.scenarios.is_empty())
        .collect()
}

fn cut_down(session: &Session) -> Result<Session, Defect> {
    let scenarios = session
        .scenarios
        .iter()
        .map(|measured| {
            let repetitions = measured
                .repetitions
                .iter()
                .enumerate()
                .map(|(at, r)| cut_down_repetition(r, at == 0))
                .collect::<Result<_, _>>()?;
            Ok(Measured {
                repetitions,
                ..measured.clone()
            })
        })
        .collect::<Result<_, Defect>>()?;
    Ok(Session {
        scenarios,
        ..session.clone()
    })
}

/// Series, which no verdict needs, are left out.
/// `first`: the first repetition of a session keeps the hits per query; the others would repeat them.
fn cut_down_repetition(repetition: &Repetition, first: bool) -> Result<Repetition, Defect> {
    let metrics = repetition
        .metrics
        .iter()
        .filter(|(_, value)| value.kind() != Kind::Series)
        .map(|(name, value)| {
            let value = match value {
                MetricValue::Value(_) | MetricValue::Curve(_) | MetricValue::Series(_) => {
                    value.clone()
                }
                MetricValue::Proportion(proportion) => {
                    let mut proportion = proportion.clone();
                    proportion.per_query = proportion.per_query.filter(|_| first);
                    MetricValue::Proportion(proportion)
                }
                MetricValue::Distribution(distribution) => {
                    let kept = rounded_summary(summary(distribution)?);
                    MetricValue::Distribution(Box::new(Distribution {
                        hdr: None,
                        summary: Some(kept),
                        ..*distribution.clone()
                    }))
                }
            };
            Ok((name.clone(), value))
        })
        .collect::<Result<_, Defect>>()?;
    Ok(Repetition {
        pair: repetition.pair,
        metrics,
        anomalies: repetition.anomalies.clone(),
    })
}

fn pooled(run: &Run) -> Result<Vec<Pooled>, Defect> {
    let mut pools: BTreeMap<(&ScenarioId, &MetricName), (Histogram, f64)> = BTreeMap::new();
    for measured in run.sessions.last().iter().flat_map(|s| &s.scenarios) {
        for (name, value) in measured.repetitions.iter().flat_map(|r| &r.metrics) {
            let MetricValue::Distribution(distribution) = value else {
                continue;
            };
            let Some(text) = &distribution.hdr else {
                continue;
            };
            let histogram = hdr::decode(text)?;
            match pools.entry((&measured.scenario, name)) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert((histogram, distribution.sum));
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    let (pool, sum) = entry.get_mut();
                    pool.add(&histogram)
                        .map_err(|_| Defect::Histogram("of other bounds than its siblings"))?;
                    *sum += distribution.sum;
                }
            }
        }
    }
    pools
        .into_iter()
        .map(|((scenario, metric), (histogram, sum))| {
            let distribution = Distribution::from_histogram(&histogram, sum)?;
            Ok(Pooled {
                scenario: scenario.clone(),
                metric: metric.clone(),
                distribution,
            })
        })
        .collect()
}

fn rounded_summary(summary: Summary) -> Summary {
    Summary {
        p50: rounded(summary.p50),
        tail: summary.tail.map(rounded),
        p99: summary.p99.map(rounded),
        p999: summary.p999.map(rounded),
    }
}

/// `value` with [`DIGITS`] significant digits.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let exponent = DIGITS - 1 - value.abs().log10().floor() as i32;
    // Dividing by a power of ten, not multiplying by a negative one, keeps the shortest decimal.
    if exponent >= 0 {
        let factor = 10_f64.powi(exponent);
        (value * factor).round() / factor
    } else {
        let factor = 10_f64.powi(-exponent);
        (value / factor).round() * factor
    }
}
