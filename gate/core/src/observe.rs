//! From a run to what is judged: one value per repetition for every judged metric.
//!
//! A distribution becomes several judged metrics, one per [`Statistic`]; values and proportions stay
//! one. Histograms are decoded here and dropped at once, so that memory does not grow with them.

use std::collections::{BTreeMap, HashMap};

use gate_schema::defect::{Defect, Problem};
use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::run::{
    Check, Declared, DeclaredMetric, Distribution, Kind, Measured, MetricValue, Proportion, Run,
    Summary,
};
use gate_schema::unit::{Direction, Unit};

use crate::statistic::{self, Statistic};

/// One scenario of one run, ready to be observed. Independent of all others, so that a caller may
/// observe them in parallel.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    declared: &'a Declared,
    /// Sessions of the whole run.
    sessions: usize,
    /// Session and position in its list, for JSON pointers; oldest session first.
    measured: Vec<(usize, usize, &'a Measured)>,
}

/// What one run says about one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The declaration, with parameters and input.
    pub declared: Declared,
    /// Whether its own check found a wrong answer in any session.
    pub wrong_answer: bool,
    /// The judged metrics in declared order.
    pub metrics: Vec<ObservedMetric>,
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
    /// Values there would be if every session held every repetition.
    pub expected: usize,
    /// Fewest operations of any repetition; `None` unless this is a statistic of a distribution.
    pub samples: Option<u64>,
    /// For a proportion with hits per query.
    pub queries: Option<Queries>,
}

/// A proportion query by query.
#[derive(Clone, Debug, PartialEq)]
pub struct Queries {
    /// Mean ratio of each query over the repetitions that tell.
    pub ratios: Vec<f64>,
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
    let mut records: Vec<Record<'_>> = run
        .manifest
        .scenarios
        .iter()
        .map(|declared| Record {
            declared,
            sessions: run.sessions.len(),
            measured: Vec::new(),
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
                records[at].measured.push((s, k, measured));
            }
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
        let mut collected: BTreeMap<&MetricName, Collected> = BTreeMap::new();
        let longest = self
            .measured
            .iter()
            .map(|(.., m)| m.repetitions.len())
            .max()
            .unwrap_or(0);
        let expected = self.sessions * longest;
        for &(s, k, measured) in self
            .measured
            .iter()
            .filter(|(.., m)| m.check != Check::Failed)
        {
            let mut in_session: BTreeMap<&MetricName, Vec<Value>> = BTreeMap::new();
            for (r, repetition) in measured.repetitions.iter().enumerate() {
                for (name, value) in &repetition.metrics {
                    let value = Value::of(value).map_err(|defect| Problem {
                        pointer: format!(
                            "/sessions/{s}/scenarios/{k}/repetitions/{r}/metrics/{}",
                            name.as_str().replace('/', "~1")
                        ),
                        defect,
                    })?;
                    in_session.entry(name).or_default().push(value);
                    if let Some(MetricValue::Proportion(proportion)) = repetition.metric(name) {
                        collected.entry(name).or_default().add_queries(proportion);
                    }
                }
            }
            for (name, values) in in_session {
                collected.entry(name).or_default().sessions.push(values);
            }
        }
        let metrics = self
            .declared
            .metrics
            .iter()
            .flat_map(|declared| {
                judged(
                    declared,
                    collected.remove(&declared.name).unwrap_or_default(),
                    expected,
                )
            })
            .collect();
        let wrong_answer = self.measured.iter().any(|(.., m)| m.check == Check::Failed);
        Ok(Observed {
            declared: self.declared.clone(),
            wrong_answer,
            metrics,
        })
    }
}

/// The judged metrics of one declared metric. A distribution that was not measured at all stays one
/// row, so that it is missed once and not five times.
fn judged(declared: &DeclaredMetric, collected: Collected, expected: usize) -> Vec<ObservedMetric> {
    let one = |name, statistic, sessions: Vec<Vec<f64>>, samples| ObservedMetric {
        name,
        declared: declared.clone(),
        statistic,
        sessions: sessions
            .into_iter()
            .filter(|values| !values.is_empty())
            .collect(),
        expected,
        samples,
        queries: collected.queries(),
    };
    if declared.kind != Kind::Histogram || collected.sessions.is_empty() {
        let sessions = collected
            .sessions
            .iter()
            .map(|values| values.iter().filter_map(Value::plain).collect())
            .collect();
        return vec![one(declared.name.clone(), None, sessions, None)];
    }
    let samples = collected
        .sessions
        .iter()
        .flatten()
        .filter_map(Value::samples)
        .min();
    Statistic::ALL
        .into_iter()
        .filter_map(|statistic| {
            let name = declared.name.with_suffix(statistic.as_str()).ok()?;
            let sessions = collected
                .sessions
                .iter()
                .map(|values| {
                    values
                        .iter()
                        .filter_map(|v| v.statistic(statistic))
                        .collect()
                })
                .collect();
            Some(one(name, Some(statistic), sessions, samples))
        })
        .collect()
}

#[derive(Default)]
struct Collected {
    sessions: Vec<Vec<Value>>,
    /// Hits of each query, and the trials of all of them together, over the repetitions that tell.
    /// Whole numbers: nine of ten must be the same ratio however often it was measured.
    hits: Vec<u64>,
    trials: u64,
    repetitions: usize,
}

impl Collected {
    fn add_queries(&mut self, proportion: &Proportion) {
        let Some(hits) = &proportion.per_query else {
            return;
        };
        if self.hits.is_empty() {
            self.hits = vec![0; hits.len()];
        }
        // Another number of queries is another question; it is left out, so that not all repetitions
        // tell and the comparison falls back to repetitions.
        if self.hits.len() == hits.len() {
            self.repetitions += 1;
            self.trials += proportion.trials;
            for (sum, &hits) in self.hits.iter_mut().zip(hits) {
                *sum += u64::from(hits);
            }
        }
    }

    fn queries(&self) -> Option<Queries> {
        // Every query has the same share of the trials; see the validation of a proportion.
        let trials = self.trials / (self.hits.len() as u64).max(1);
        let ratios = self
            .hits
            .iter()
            .map(|&hits| hits as f64 / trials as f64)
            .collect();
        (self.repetitions > 0).then_some(Queries {
            ratios,
            repetitions: self.repetitions,
        })
    }
}

/// One repetition's metric, reduced to numbers.
enum Value {
    Plain(f64),
    Distribution {
        count: u64,
        mean: f64,
        summary: Summary,
    },
}

impl Value {
    fn of(value: &MetricValue) -> Result<Self, Defect> {
        Ok(match value {
            MetricValue::Value(value) => Self::Plain(*value),
            MetricValue::Proportion(proportion) => Self::Plain(proportion.ratio()),
            MetricValue::Distribution(distribution) => Self::Distribution {
                count: distribution.count,
                mean: distribution.sum / distribution.count as f64,
                summary: summary(distribution)?,
            },
        })
    }

    fn plain(&self) -> Option<f64> {
        match self {
            Self::Plain(value) => Some(*value),
            Self::Distribution { .. } => None,
        }
    }

    fn samples(&self) -> Option<u64> {
        match self {
            Self::Plain(_) => None,
            Self::Distribution { count, .. } => Some(*count),
        }
    }

    fn statistic(&self, statistic: Statistic) -> Option<f64> {
        match self {
            Self::Plain(_) => None,
            Self::Distribution { mean, summary, .. } => match statistic {
                Statistic::Mean => Some(*mean),
                Statistic::P50 => Some(summary.p50),
                Statistic::Tail => summary.tail,
                Statistic::P99 => summary.p99,
                Statistic::P999 => summary.p999,
            },
        }
    }
}

/// The statistics of a distribution: kept ones, or computed from its histogram.
///
/// # Errors
/// A histogram that does not decode or does not fit its count and sum.
pub fn summary(distribution: &Distribution) -> Result<Summary, Defect> {
    match (distribution.summary, distribution.recorded()?) {
        (Some(summary), _) => Ok(summary),
        (None, Some(recorded)) => Ok(statistic::summarise(&recorded)),
        (None, None) => Err(Defect::Empty("histogram")),
    }
}
