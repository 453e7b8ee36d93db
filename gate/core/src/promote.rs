//! Accepting a run as the level that later runs are compared with: the rules, and the cut-down form.

mod acceptable;
mod lost;
mod moves;
mod refusal;

use std::collections::BTreeMap;

use gate_schema::defect::Defect;
use gate_schema::hdr::{self, Histogram};
use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::run::{
    Declared, Distribution, Kind, Measured, MetricValue, Pooled, Provenance, Repetition, Run,
    Session, Summary,
};

use crate::comparable::is_same_workload;
use crate::observe::summary;
use crate::stored::MAX_SESSIONS;

pub use acceptable::Acceptable;
pub use lost::{Lost, lost};
pub use moves::{LISTED_CHANGE, LISTED_CHANGES, Move, Moved, SUSPICIOUS, listed, moves};
pub use refusal::{MIN_REPETITIONS, MIN_SESSIONS, Refusal, refusals};

/// Significant decimal digits kept of a statistic: a hundred times finer than the histogram it
/// comes from.
const DIGITS: i32 = 6;

/// What a run is promoted onto.
#[derive(Clone, Copy, Debug)]
pub enum Onto<'a> {
    /// Nothing was accepted before.
    Nothing,
    /// The sessions of this baseline stay.
    Kept(&'a Run),
    /// The sessions of this baseline go.
    Replaced(&'a Run),
}

impl<'a> Onto<'a> {
    /// What was accepted so far.
    #[must_use]
    pub fn accepted(self) -> Option<&'a Run> {
        match self {
            Self::Nothing => None,
            Self::Kept(accepted) | Self::Replaced(accepted) => Some(accepted),
        }
    }

    /// The baseline whose sessions stay.
    #[must_use]
    pub fn kept(self) -> Option<&'a Run> {
        match self {
            Self::Kept(accepted) => Some(accepted),
            Self::Nothing | Self::Replaced(_) => None,
        }
    }
}

pub(crate) fn by_scenario(run: &Run) -> BTreeMap<&ScenarioId, &Declared> {
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
/// Measurements of what is declared differently are dropped from the older sessions: those of a scenario with
/// other parameters or another input, and of a metric with another kind, unit, direction or `at`. A metric more or
/// less costs the others nothing.
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

/// The accepted sessions, without what is declared differently now.
pub(crate) fn kept_sessions(
    accepted: &Run,
    declared: &BTreeMap<&ScenarioId, &Declared>,
) -> Vec<Session> {
    let was = by_scenario(accepted);
    let kept = |measured: &Measured| {
        let [was, is] = [&was, declared].map(|side| side.get(&measured.scenario));
        kept_of(measured, was?, is?)
    };
    let sessions = accepted.sessions.iter().map(|session| Session {
        scenarios: session.scenarios.iter().filter_map(kept).collect(),
        ..session.clone()
    });
    sessions.filter(|s| !s.scenarios.is_empty()).collect()
}

/// What a session measured of a scenario, without the metrics that are declared differently now; `None` for
/// another workload, and where nothing is left.
fn kept_of(measured: &Measured, was: &Declared, is: &Declared) -> Option<Measured> {
    if !is_same_workload(was, is) {
        return None;
    }
    let is_kept = |(metric, _): &(MetricName, MetricValue)| {
        let was = was.metric(metric);
        was.is_some() && was == is.metric(metric)
    };
    let mut kept = measured.clone();
    for repetition in &mut kept.repetitions {
        repetition.metrics.retain(is_kept);
    }
    let is_empty = kept.repetitions.iter().all(|r| r.metrics.is_empty());
    (!is_empty).then_some(kept)
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
