//! From a run to what is judged: one value per repetition for every judged metric.
//!
//! A distribution becomes several judged metrics, one per [`Statistic`]; values and proportions stay
//! one. Histograms are decoded here and dropped at once, so that memory does not grow with them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gate_schema::defect::{Defect, Problem};
use gate_schema::hdr::Recorded;
use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::report::{Course, Quantiles};
use gate_schema::run::{
    AnomalyKind, Check, Declared, DeclaredMetric, Distribution, Kind, Measured, MetricValue, Mode,
    Pooled, Repetition, Run, Session, Summary,
};
use gate_schema::unit::{Direction, Unit};

use crate::statistic::{self, Statistic};

mod collected;
mod course;
mod pool;
use collected::{Collected, InSession, Value};
use pool::Pool;
pub use pool::{MIN_BEYOND, RANKS};

/// One scenario of one run, ready to be observed. Independent of all others, so that a caller may
/// observe them in parallel.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    declared: &'a Declared,
    /// Sessions of the whole run.
    sessions: usize,
    /// Whether a repetition crashed, hung or wrote no usable document.
    has_failed: bool,
    /// Oldest session first.
    measured: Vec<Place<'a>>,
    /// What a promoted baseline keeps of its histograms, and where that stands in the document.
    pooled: Vec<(usize, &'a Pooled)>,
}

/// What one session measured of one scenario, and where that stands in the document.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    session: (usize, &'a Session),
    measured: (usize, &'a Measured),
}

/// What one run says about one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The declaration, with parameters and input.
    pub declared: Declared,
    /// Whether its own check found a wrong answer in any session.
    pub wrong_answer: bool,
    /// Whether a repetition of it failed.
    pub has_failed: bool,
    /// Repetitions that count in which the clock was misread, so that times may be left out.
    pub misread: usize,
    /// Whether it was too coarse in one of them.
    pub is_coarse: bool,
    /// The judged metrics in declared order.
    pub metrics: Vec<ObservedMetric>,
    /// How the operations of a declared distribution spread, at [`RANKS`]; where its histograms are known.
    pub quantiles: BTreeMap<MetricName, Quantiles>,
    /// The repetition in the middle of each declared series; see [`Course`].
    pub courses: BTreeMap<MetricName, Course>,
}

/// The values of one judged metric.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedMetric {
    /// Judged name: the declared one, with the statistic appended for a distribution.
    pub name: MetricName,
    /// The declared metric it comes from.
    pub declared: DeclaredMetric,
    /// Which statistic of a distribution this is.
    pub statistic: Option<Statistic>,
    /// One list per session that has values, oldest first; each in order of execution, never empty.
    pub sessions: Vec<Vec<f64>>,
    /// The values of sessions of pairs once more, with their pairs; oldest first.
    pub paired: Vec<Paired>,
    /// Values there would be if every session held every repetition.
    pub expected: usize,
    /// Fewest operations of any repetition; `None` unless this is a statistic of a distribution.
    pub samples: Option<u64>,
    /// For a proportion with hits per query.
    pub queries: Option<Queries>,
}

/// The values of one session of interleaved pairs.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired {
    /// The session; both runs know it by this id.
    pub session: String,
    /// Pair and value, in order of execution.
    pub values: Vec<(u32, f64)>,
}

impl Paired {
    /// Each value under its pair.
    pub(crate) fn by_pair(&self) -> BTreeMap<u32, f64> {
        self.values.iter().copied().collect()
    }
}

/// A proportion query by query.
#[derive(Clone, Debug, PartialEq)]
pub struct Queries {
    /// Mean ratio of each query over the repetitions that tell.
    pub ratios: Vec<f64>,
    /// What one hit of one query in one repetition is worth, as a ratio.
    pub step: f64,
    /// Repetitions that tell, over all sessions.
    pub repetitions: usize,
}

impl ObservedMetric {
    /// Number of values over all sessions.
    #[must_use]
    pub fn values(&self) -> usize {
        self.sessions.iter().map(Vec::len).sum()
    }

    /// A declared metric of which nothing was measured.
    #[must_use]
    pub fn unmeasured(declared: &DeclaredMetric) -> Self {
        Self {
            name: declared.name.clone(),
            declared: declared.clone(),
            statistic: None,
            sessions: Vec::new(),
            paired: Vec::new(),
            expected: 0,
            samples: None,
            queries: None,
        }
    }

    /// Whether this says how good an answer is rather than how cheap it was.
    #[must_use]
    pub fn is_quality(&self) -> bool {
        self.declared.kind == Kind::Proportion
    }

    /// Base unit of the values.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.declared.unit
    }

    /// Which way the metric gets better.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.declared.direction
    }
}

/// Sorts the sessions of a validated run by scenario, in manifest order.
#[must_use]
pub fn records(run: &Run) -> Vec<Record<'_>> {
    let failed: BTreeSet<&ScenarioId> = run.failures.iter().map(|f| &f.scenario).collect();
    let mut records: Vec<Record<'_>> = run
        .manifest
        .scenarios
        .iter()
        .map(|declared| Record {
            declared,
            sessions: run.sessions.len(),
            has_failed: failed.contains(&declared.scenario),
            measured: Vec::new(),
            pooled: Vec::new(),
        })
        .collect();
    let position: HashMap<&ScenarioId, usize> = run
        .manifest
        .scenarios
        .iter()
        .enumerate()
        .map(|(at, declared)| (&declared.scenario, at))
        .collect();
    for (s, session) in run.sessions.iter().enumerate() {
        for (k, measured) in session.scenarios.iter().enumerate() {
            if let Some(&at) = position.get(&measured.scenario) {
                records[at].measured.push(Place {
                    session: (s, session),
                    measured: (k, measured),
                });
            }
        }
    }
    for (p, pooled) in run.pooled.iter().enumerate() {
        if let Some(&at) = position.get(&pooled.scenario) {
            records[at].pooled.push((p, pooled));
        }
    }
    records
}

impl Record<'_> {
    /// Reads the values of every declared metric.
    ///
    /// # Errors
    /// The first histogram that does not decode or does not fit its count and sum.
    pub fn observe(&self) -> Result<Observed, Problem> {
        let metrics = self.declared.metrics.iter();
        let declared: BTreeMap<&MetricName, &DeclaredMetric> =
            metrics.map(|metric| (&metric.name, metric)).collect();
        let mut collected: BTreeMap<&MetricName, Collected<'_>> = BTreeMap::new();
        for place in &self.measured {
            let ((s, session), (k, measured)) = (place.session, place.measured);
            if measured.check == Check::Failed {
                continue;
            }
            let mut in_session: BTreeMap<&MetricName, InSession> = BTreeMap::new();
            for (r, repetition) in measured.repetitions.iter().enumerate() {
                for (name, measured) in &repetition.metrics {
                    if let MetricValue::Series(series) = measured {
                        collected.entry(name).or_default().series.push(series);
                    }
                    let declared = declared.get(name).copied();
                    let pool = &mut collected.entry(name).or_default().pool;
                    let value = Value::of(measured, declared, pool).map_err(|defect| Problem {
                        pointer: format!(
                            "/sessions/{s}/scenarios/{k}/repetitions/{r}/metrics/{}",
                            name.as_str().replace('/', "~1")
                        ),
                        defect,
                    })?;
                    let Some(value) = value else { continue };
                    in_session
                        .entry(name)
                        .or_default()
                        .push((repetition.pair, value));
                    if let MetricValue::Proportion(proportion) = measured {
                        collected.entry(name).or_default().add_queries(proportion);
                    }
                }
            }
            for (name, values) in in_session {
                let sessions = &mut collected.entry(name).or_default().sessions;
                sessions.push((session, values));
            }
        }
        let quantiles = self.quantiles(&collected)?;
        let courses = collected
            .iter()
            .filter_map(|(name, collected)| {
                Some(((*name).clone(), course::course(&collected.series)?))
            })
            .collect();
        let expected = self.expected();
        let metrics = self
            .declared
            .metrics
            .iter()
            // What is only shown has no row.
            .filter(|declared| declared.kind != Kind::Series)
            .flat_map(|declared| {
                judged(
                    declared,
                    collected.remove(&declared.name).unwrap_or_default(),
                    expected,
                )
            })
            .collect();
        let is_wrong = |place: &Place<'_>| place.measured.1.check == Check::Failed;
        let measured = self.measured.iter().map(|place| place.measured.1);
        let sound = measured.filter(|measured| measured.check != Check::Failed);
        let sound: Vec<&Repetition> = sound.flat_map(|measured| &measured.repetitions).collect();
        let is_misread = |repetition: &&&Repetition| {
            repetition.has(AnomalyKind::ClockStepped) || repetition.has(AnomalyKind::ClockCoarse)
        };
        Ok(Observed {
            declared: self.declared.clone(),
            wrong_answer: self.measured.iter().any(is_wrong),
            has_failed: self.has_failed,
            misread: sound.iter().filter(is_misread).count(),
            is_coarse: sound.iter().any(|r| r.has(AnomalyKind::ClockCoarse)),
            metrics,
            quantiles,
            courses,
        })
    }

    /// How the operations of each distribution spread: those of all repetitions, or where those are cut
    /// down to statistics, of the histogram kept for plots.
    fn quantiles(
        &self,
        collected: &BTreeMap<&MetricName, Collected<'_>>,
    ) -> Result<BTreeMap<MetricName, Quantiles>, Problem> {
        let mut quantiles = BTreeMap::new();
        for (at, kept) in &self.pooled {
            let recorded = kept.distribution.recorded().map_err(|defect| Problem {
                pointer: format!("/pooled/{at}/distribution"),
                defect,
            })?;
            let mut pool = Pool::default();
            recorded.iter().for_each(|recorded| pool.add(recorded));
            quantiles.extend(Some(kept.metric.clone()).zip(pool.quantiles()));
        }
        let of_repetitions = collected
            .iter()
            .filter_map(|(name, collected)| Some(((*name).clone(), collected.pool.quantiles()?)));
        quantiles.extend(of_repetitions);
        Ok(quantiles)
    }

    /// Values there would be of each metric if nothing were left out. Sessions of pairs measure only
    /// what they need to; others measure everything equally often.
    fn expected(&self) -> usize {
        let lengths = || self.measured.iter().map(|p| p.measured.1.repetitions.len());
        let is_paired = |place: &Place<'_>| place.session.1.mode == Mode::Paired;
        if self.measured.iter().any(is_paired) {
            lengths().sum()
        } else {
            self.sessions * lengths().max().unwrap_or(0)
        }
    }
}

/// The judged metrics of one declared metric. A distribution that was not measured at all stays one
/// row, so that it is missed once and not five times.
fn judged(
    declared: &DeclaredMetric,
    collected: Collected<'_>,
    expected: usize,
) -> Vec<ObservedMetric> {
    let one = |name, statistic, value: &dyn Fn(&Value) -> Option<f64>, samples| ObservedMetric {
        name,
        declared: declared.clone(),
        statistic,
        sessions: collected.each_session(value),
        paired: collected.paired(value),
        expected,
        samples,
        queries: collected.queries(),
    };
    if declared.kind != Kind::Histogram || collected.sessions.is_empty() {
        return vec![one(declared.name.clone(), None, &Value::plain, None)];
    }
    let samples = collected
        .sessions
        .iter()
        .flat_map(|(_, values)| values)
        .filter_map(|(_, value)| value.samples())
        .min();
    Statistic::ALL
        .into_iter()
        .filter_map(|statistic| {
            let name = declared.name.with_suffix(statistic.as_str()).ok()?;
            let value = |v: &Value| v.statistic(statistic);
            Some(one(name, Some(statistic), &value, samples))
        })
        .collect()
}

/// The statistics of a distribution: kept ones, or computed from its histogram.
///
/// # Errors
/// A histogram that does not decode or does not fit its count and sum.
pub fn summary(distribution: &Distribution) -> Result<Summary, Defect> {
    summary_of(distribution, distribution.recorded()?.as_ref())
}

/// The statistics of a distribution whose histogram, if it has one, is `recorded`.
fn summary_of(distribution: &Distribution, recorded: Option<&Recorded>) -> Result<Summary, Defect> {
    match (distribution.summary, recorded) {
        (Some(summary), _) => Ok(summary),
        (None, Some(recorded)) => Ok(statistic::summarise(recorded)),
        (None, None) => Err(Defect::Empty("histogram")),
    }
}
