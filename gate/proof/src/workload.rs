//! What a scenario measures, and what a change does to it.

use gate_schema::defect::Defect;
use gate_schema::id::Name;
use gate_schema::run::{Declared, DeclaredMetric, Kind, MetricValue};
use gate_schema::unit::{Direction, Unit};

use crate::noise::{Session, Simulated};

mod recall;
mod tail;

/// Calls of [`Workload::Counter`] in one repetition; a round number far from any rounding.
const COUNT: f64 = 100_000.0;

/// What every scenario of a gate measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// One latency per repetition; a planted effect multiplies it.
    Latency,
    /// A distribution of latencies; a planted effect multiplies its slowest 2 %.
    Tail,
    /// Hits of 1,000 queries; a planted effect is added to the recall: -0.01 is one point less.
    Recall,
    /// A count that repeats exactly; a planted effect multiplies it.
    Counter,
    /// One latency per repetition that only a budget holds, as is usual for a p99, and that is near it: from
    /// a tenth below to a fifth above [`LIMIT_NS`]. A planted effect multiplies it.
    Budget,
}

/// What every [`Workload::Budget`] may take.
pub const LIMIT_NS: f64 = 1e6;

impl Workload {
    /// All workloads.
    pub const ALL: [Self; 5] = [
        Self::Latency,
        Self::Tail,
        Self::Recall,
        Self::Counter,
        Self::Budget,
    ];

    /// The name a command line takes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Tail => "tail",
            Self::Recall => "recall",
            Self::Counter => "counter",
            Self::Budget => "budget",
        }
    }

    /// Whether pairs are the evidence, so that their noise is worth calibrating.
    #[must_use]
    pub fn has_noise_of_pairs(self) -> bool {
        matches!(self, Self::Latency | Self::Tail | Self::Budget)
    }

    /// The judged metric that a planted effect must show in.
    #[must_use]
    pub fn judged(self) -> &'static str {
        match self {
            Self::Latency | Self::Budget => "latency",
            Self::Tail => "latency.tail",
            Self::Recall => "recall@10",
            Self::Counter => "calls",
        }
    }

    fn metric(self) -> (&'static str, Kind, Unit, Direction) {
        use Direction::{Higher, Lower};
        match self {
            Self::Latency | Self::Budget => ("latency", Kind::Value, Unit::Nanoseconds, Lower),
            Self::Tail => ("latency", Kind::Histogram, Unit::Nanoseconds, Lower),
            Self::Recall => ("recall@10", Kind::Proportion, Unit::Ratio, Higher),
            Self::Counter => ("calls", Kind::Value, Unit::Count, Lower),
        }
    }
}

/// Who runs as the second arm of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    /// The candidate, with what is planted in it.
    Candidate,
    /// The baseline once more: calibration and canaries.
    Baseline,
}

/// The scenarios of one gate on one machine.
#[derive(Clone, Debug)]
pub struct Fleet {
    machine: Simulated,
    workload: Workload,
    seed: u64,
    /// How many scenarios, the first ones, carry the effect.
    planted: usize,
    effect: f64,
}

impl Fleet {
    /// Scenarios on `machine`, one per metric, with nothing planted. `seed` draws what the machine's
    /// noise does not.
    #[must_use]
    pub fn new(machine: Simulated, workload: Workload, seed: u64) -> Self {
        Self {
            machine: match workload {
                Workload::Budget => machine.near(LIMIT_NS),
                _ => machine,
            },
            workload,
            seed,
            planted: 0,
            effect: 0.0,
        }
    }

    /// Plants `effect` in the first `scenarios`; see [`Workload`] for what it does. Metrics are drawn
    /// alike, so the first are as good as any.
    #[must_use]
    pub fn plant(mut self, scenarios: usize, effect: f64) -> Self {
        self.planted = scenarios.min(self.scenarios());
        self.effect = effect;
        if matches!(self.workload, Workload::Latency | Workload::Budget) {
            for metric in 0..self.planted {
                self.machine.plant(metric, 1.0 + effect);
            }
        }
        self
    }

    /// The machine under the scenarios.
    #[must_use]
    pub fn machine(&self) -> &Simulated {
        &self.machine
    }

    /// What the scenarios measure.
    #[must_use]
    pub fn workload(&self) -> Workload {
        self.workload
    }

    /// Number of scenarios.
    #[must_use]
    pub fn scenarios(&self) -> usize {
        self.machine.metrics().len()
    }

    /// Whether the candidate was changed there.
    #[must_use]
    pub fn is_planted(&self, scenario: usize) -> bool {
        scenario < self.planted
    }

    /// The declaration of one scenario.
    ///
    /// # Errors
    /// None: the names are sound.
    pub fn declared(&self, scenario: usize) -> Result<Declared, Defect> {
        let (name, kind, unit, direction) = self.workload.metric();
        Ok(Declared {
            scenario: Name::new(&format!("simulated/{scenario:04}"))?,
            params: [].into(),
            input: None,
            metrics: vec![DeclaredMetric {
                name: Name::new(name)?,
                kind,
                unit,
                direction,
                at: None,
            }],
        })
    }

    /// What baseline and second arm measure in one pair.
    ///
    /// # Errors
    /// None: the values are sound.
    pub fn measure(
        &self,
        scenario: usize,
        session: Session,
        pair: u32,
        second: Second,
    ) -> Result<[MetricValue; 2], Defect> {
        let effect = match second {
            Second::Candidate if self.is_planted(scenario) => self.effect,
            Second::Candidate | Second::Baseline => 0.0,
        };
        let place = [scenario as u64, session.index, u64::from(pair)];
        match self.workload {
            Workload::Latency | Workload::Budget => {
                let (baseline, candidate) = match second {
                    Second::Candidate => self.machine.pair(scenario, session, pair),
                    Second::Baseline => self.machine.twice(scenario, session, pair),
                };
                Ok([baseline, candidate].map(MetricValue::Value))
            }
            Workload::Tail => {
                let level = self.machine.metrics()[scenario].level_ns;
                let factors = self.machine.factors(scenario, session, pair);
                let [first, again] = [0, 1].map(|arm| level * factors[arm]);
                Ok([
                    tail::repetition(self.stream(place, 0), first, 1.0),
                    tail::repetition(self.stream(place, 1), again, 1.0 + effect),
                ])
            }
            Workload::Recall => {
                let queries = recall::Queries::new(self.stream([scenario as u64, 0, 0], 2));
                Ok([
                    queries.repetition(self.stream(place, 0), 0.0)?,
                    queries.repetition(self.stream(place, 1), effect)?,
                ])
            }
            Workload::Counter => {
                Ok([1.0, 1.0 + effect].map(|factor| MetricValue::Value((COUNT * factor).round())))
            }
        }
    }

    /// Random numbers for what happens inside one repetition.
    fn stream(&self, place: [u64; 3], arm: u64) -> rand_pcg::Pcg64Mcg {
        let seed = place
            .into_iter()
            .chain([arm])
            .fold(self.seed, crate::noise::seed_of);
        rand::SeedableRng::seed_from_u64(seed)
    }
}

#[cfg(test)]
mod tests;
