//! What the repetitions of one scenario carry, metric by metric, reduced to numbers.

use gate_schema::defect::Defect;
use gate_schema::run::{DeclaredMetric, MetricValue, Mode, Proportion, Series, Session, Summary};

use super::pool::Pool;
use super::{Paired, Queries, summary_of};
use crate::statistic::Statistic;

/// The values of one metric in one session, with their pairs, in order of execution.
pub(super) type InSession = Vec<(Option<u32>, Value)>;

/// One metric over all sessions.
#[derive(Default)]
pub(super) struct Collected<'a> {
    pub(super) sessions: Vec<(&'a Session, InSession)>,
    /// Hits of each query, and the trials of all of them together, over the repetitions that tell.
    /// Whole numbers: nine of ten must be the same ratio however often it was measured.
    hits: Vec<u64>,
    trials: u64,
    /// Fewest trials of all queries together in one repetition.
    least: Option<u64>,
    repetitions: usize,
    /// The operations of all repetitions whose histogram is known.
    pub(super) pool: Pool,
    /// What it was over time, in each repetition that tells.
    pub(super) series: Vec<&'a Series>,
}

impl Collected<'_> {
    /// One number per repetition that has it, session by session; none of them empty.
    pub(super) fn each_session(&self, value: &dyn Fn(&Value) -> Option<f64>) -> Vec<Vec<f64>> {
        let numbers = self
            .sessions
            .iter()
            .map(|(_, values)| values.iter().filter_map(|(_, v)| value(v)).collect());
        numbers
            .filter(|values: &Vec<f64>| !values.is_empty())
            .collect()
    }

    pub(super) fn paired(&self, value: &dyn Fn(&Value) -> Option<f64>) -> Vec<Paired> {
        let is_paired = |(session, _): &&(&Session, _)| session.mode == Mode::Paired;
        let sessions = self.sessions.iter().filter(is_paired);
        let sessions = sessions.map(|(session, values)| Paired {
            session: session.id.clone(),
            values: values
                .iter()
                .filter_map(|(pair, v)| Some(((*pair)?, value(v)?)))
                .collect(),
        });
        sessions
            .filter(|session| !session.values.is_empty())
            .collect()
    }

    pub(super) fn add_queries(&mut self, proportion: &Proportion) {
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
            // Cannot overflow: validation bounds trials, repetitions and sessions.
            self.trials += proportion.trials;
            self.least = Some(self.least.unwrap_or(u64::MAX).min(proportion.trials));
            for (sum, &hits) in self.hits.iter_mut().zip(hits) {
                *sum += u64::from(hits);
            }
        }
    }

    pub(super) fn queries(&self) -> Option<Queries> {
        // Every query has the same share of the trials; see the validation of a proportion.
        let queries = (self.hits.len() as u64).max(1);
        let trials = self.trials / queries;
        let least = self.least? / queries;
        let ratios = self
            .hits
            .iter()
            .map(|&hits| hits as f64 / trials as f64)
            .collect();
        (self.repetitions > 0).then(|| Queries {
            ratios,
            step: 1.0 / least as f64,
            repetitions: self.repetitions,
        })
    }
}

/// One repetition's metric, reduced to numbers.
pub(super) enum Value {
    Plain(f64),
    Distribution {
        count: u64,
        mean: f64,
        summary: Summary,
    },
}

impl Value {
    /// The value of a metric `declared` so; `None` for a curve that does not reach the quality at which
    /// it is judged, and for a series, which is not. A histogram is added to `pool`.
    pub(super) fn of(
        value: &MetricValue,
        declared: Option<&DeclaredMetric>,
        pool: &mut Pool,
    ) -> Result<Option<Self>, Defect> {
        Ok(Some(match value {
            MetricValue::Curve(curve) => {
                let best = declared.and_then(|d| curve.best_at(d.at?, d.direction));
                return Ok(best.map(Self::Plain));
            }
            MetricValue::Series(_) => return Ok(None),
            MetricValue::Value(value) => Self::Plain(*value),
            MetricValue::Proportion(proportion) => Self::Plain(proportion.ratio()),
            MetricValue::Distribution(distribution) => {
                let recorded = distribution.recorded()?;
                if let Some(recorded) = &recorded {
                    pool.add(recorded);
                }
                Self::Distribution {
                    count: distribution.count,
                    mean: distribution.sum / distribution.count as f64,
                    summary: summary_of(distribution, recorded.as_ref())?,
                }
            }
        }))
    }

    pub(super) fn plain(&self) -> Option<f64> {
        match self {
            Self::Plain(value) => Some(*value),
            Self::Distribution { .. } => None,
        }
    }

    pub(super) fn samples(&self) -> Option<u64> {
        match self {
            Self::Plain(_) => None,
            Self::Distribution { count, .. } => Some(*count),
        }
    }

    pub(super) fn statistic(&self, statistic: Statistic) -> Option<f64> {
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
