//! Repetitions as machines give them, drawn from a seed.
//!
//! The model is that of the simulations behind the procedure. On the logarithmic scale a repetition is
//! the sum of
//! - its metric's level;
//! - the session: normal with standard deviation `0.25 sigma + 0.2 %`, and in 0.5 % of the sessions of
//!   a metric a disturbance of 3-15 % that lasts the whole session. Both arms feel both;
//! - what [`Regime`] adds in the course of a session;
//! - the drift between the two starts of a pair, 0.3 %, felt by whichever arm comes second;
//! - its own scatter: `sigma` times one of six [`Shape`]s;
//! - and in the candidate the planted effect.
//!
//! `sigma` is lognormal over the metrics with median 1.6 %. Its logarithm has standard deviation
//! [`SIGMA_SPREAD`], which puts half of the metrics below 1.6 %, 44 % between 1.6 % and 4 %, and 6 %
//! above; on hosted machines 12 %, 52 % and 35 %.

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64Mcg;

mod regime;
mod shape;

use regime::Episode;
pub use regime::Regime;
pub use shape::Shape;
pub(crate) use shape::{CLOCK_NS, QUANTISED_LEVEL_NS};

/// Median over the metrics of a repetition's standard deviation, as a fraction.
pub const SIGMA_MEDIAN: f64 = 0.016;

/// Standard deviation of the logarithm of sigma over the metrics. The reference tables give power per
/// class and overall; 0.6 is what makes their classes add up to their totals.
pub const SIGMA_SPREAD: f64 = 0.6;

/// Levels of the other metrics: 20 us to 20 ms.
const LEVEL_LOG10_NS: std::ops::Range<f64> = 4.3..7.3;

/// How noisy a metric is: the classes of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Repetitions scatter by less than 1.6 %.
    Quiet,
    /// 1.6 to 4 %.
    Middling,
    /// More than 4 %.
    Noisy,
}

impl Class {
    /// All classes, quietest first.
    pub const ALL: [Self; 3] = [Self::Quiet, Self::Middling, Self::Noisy];

    /// The class of a standard deviation.
    #[must_use]
    pub fn of(sigma: f64) -> Self {
        match sigma {
            s if s < 0.016 => Self::Quiet,
            s if s <= 0.04 => Self::Middling,
            _ => Self::Noisy,
        }
    }
}

/// One metric of one scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Standard deviation of a repetition, on the logarithmic scale.
    pub sigma: f64,
    /// How repetitions scatter.
    pub shape: Shape,
    /// Latency in nanoseconds, were there no noise.
    pub level_ns: f64,
    /// What the candidate multiplies it by; 1 when nothing is planted.
    pub effect: f64,
}

/// A session, as much of it as the noise depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Unique on the machine.
    pub index: u64,
    /// Pairs it measures of the metric, at least 1: what happens in its middle depends on its length.
    pub pairs: u32,
}

/// A machine with its metrics. Every draw depends on its coordinates alone, so that the order in which
/// repetitions are asked for does not matter.
#[derive(Clone, Debug)]
pub struct Simulated {
    seed: u64,
    regime: Regime,
    metrics: Vec<Metric>,
}

/// What a stream of random numbers is for; part of its coordinates.
#[derive(Clone, Copy)]
enum Purpose {
    Metric = 1,
    Session,
    Burst,
    Episode,
    Pair,
}

impl Simulated {
    /// Draws the metrics of a machine: sigma, shape and level of each; nothing planted.
    #[must_use]
    pub fn new(seed: u64, regime: Regime, metrics: usize) -> Self {
        let draw = |metric: usize| {
            let mut rng = stream(seed, Purpose::Metric, [metric as u64, 0, 0]);
            let spread: f64 = StandardNormal.sample(&mut rng);
            let shape = Shape::ALL[rng.random_range(0..Shape::ALL.len())];
            let level_ns = 10_f64.powf(rng.random_range(LEVEL_LOG10_NS));
            Metric {
                sigma: SIGMA_MEDIAN * regime.scale() * (SIGMA_SPREAD * spread).exp(),
                shape,
                level_ns,
                effect: 1.0,
            }
            .of_shape(shape)
        };
        Self {
            seed,
            regime,
            metrics: (0..metrics).map(draw).collect(),
        }
    }

    /// The same machine with all metrics of one shape.
    #[must_use]
    pub fn of_shape(mut self, shape: Shape) -> Self {
        for metric in &mut self.metrics {
            *metric = metric.of_shape(shape);
        }
        self
    }

    /// The same machine with the levels of its metrics spread evenly from a tenth below to a fifth above
    /// `limit_ns`. What is counted in steps of the clock stays where it is.
    #[must_use]
    pub fn near(mut self, limit_ns: f64) -> Self {
        let count = self.metrics.len() as f64;
        for (at, metric) in self.metrics.iter_mut().enumerate() {
            if metric.shape != Shape::Quantised {
                metric.level_ns = limit_ns * (0.9 + 0.3 * (at as f64 + 0.5) / count);
            }
        }
        self
    }

    /// Makes the candidate multiply `metric` by `effect`.
    pub fn plant(&mut self, metric: usize, effect: f64) {
        self.metrics[metric].effect = effect;
    }

    /// The metrics.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// Latencies in nanoseconds of baseline and candidate in one pair.
    #[must_use]
    pub fn pair(&self, metric: usize, session: Session, pair: u32) -> (f64, f64) {
        let m = &self.metrics[metric];
        let [baseline, candidate] = self.factors(metric, session, pair);
        (m.read(baseline), m.read(candidate * m.effect))
    }

    /// Latencies of the baseline in both arms of one pair.
    #[must_use]
    pub fn twice(&self, metric: usize, session: Session, pair: u32) -> (f64, f64) {
        let m = &self.metrics[metric];
        let [first, again] = self.factors(metric, session, pair);
        (m.read(first), m.read(again))
    }

    /// What the machine does to both arms of one pair, as multipliers of the level; nothing planted.
    /// The order is ABBA: the baseline starts first in even pairs, second in odd ones.
    #[must_use]
    pub fn factors(&self, metric: usize, session: Session, pair: u32) -> [f64; 2] {
        let m = &self.metrics[metric];
        let scale = self.regime.scale();
        let common = self.session_effect(metric, session);
        let episode = self.episode(metric, session);
        let coordinates = [metric as u64, session.index, u64::from(pair)];
        let mut rng = stream(self.seed, Purpose::Pair, coordinates);
        let drift: f64 = StandardNormal.sample(&mut rng);
        let starts = f64::from(2 * session.pairs.max(1));
        let second = [pair % 2, (pair + 1) % 2];
        second.map(|second| {
            let position = (f64::from(2 * pair + second) + 0.5) / starts;
            let own = m.sigma * m.shape.draw(&mut rng);
            let drifted = f64::from(second) * 0.003 * scale * drift;
            (common + episode.at(position) + drifted + own).exp()
        })
    }

    /// What a whole session of one metric is slower by, as a logarithm.
    fn session_effect(&self, metric: usize, session: Session) -> f64 {
        let scale = self.regime.scale();
        let coordinates = [metric as u64, session.index, 0];
        let mut rng = stream(self.seed, Purpose::Session, coordinates);
        let usual: f64 = StandardNormal.sample(&mut rng);
        // Sigma carries the scale already.
        let usual = usual * (0.25 * self.metrics[metric].sigma + 0.002 * scale);
        let is_disturbed = rng.random_bool(0.005 * scale);
        let disturbance: f64 = rng.random_range(0.03..0.15);
        usual
            + if is_disturbed {
                (scale * disturbance).ln_1p()
            } else {
                0.0
            }
    }

    /// What happens in the course of a session. A neighbour comes to all metrics of a session alike,
    /// but finds each of them elsewhere in its list of repetitions, as if other scenarios ran between
    /// the two arms of a pair. That is harder on pairs than running the arms back to back.
    fn episode(&self, metric: usize, session: Session) -> Episode {
        let of_session = || stream(self.seed, Purpose::Burst, [session.index, 0, 0]);
        let of_metric = || {
            stream(
                self.seed,
                Purpose::Episode,
                [metric as u64, session.index, 0],
            )
        };
        match self.regime {
            Regime::Quiet | Regime::Hosted => Episode::None,
            Regime::Neighbour => {
                let mut rng = of_session();
                if !rng.random_bool(0.1) {
                    return Episode::None;
                }
                let length = rng.random_range(0.3..0.6);
                let size = rng.random_range(0.05_f64..0.3).ln_1p();
                let start = of_metric().random_range(0.0..1.0 - length);
                Episode::Burst {
                    start,
                    length,
                    size,
                }
            }
            Regime::Drift => {
                let slower = of_session().random_bool(0.5);
                let size = 0.03_f64.ln_1p();
                Episode::Slope {
                    size: if slower { size } else { -size },
                }
            }
            Regime::Step => {
                let slower = of_session().random_bool(0.5);
                let size = 0.05_f64.ln_1p();
                Episode::Shift {
                    start: of_metric().random_range(0.25..0.75),
                    size: if slower { size } else { -size },
                }
            }
        }
    }
}

impl Metric {
    fn of_shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        if shape == Shape::Quantised {
            self.level_ns = QUANTISED_LEVEL_NS;
        }
        self
    }

    fn read(&self, factor: f64) -> f64 {
        self.shape.read(self.level_ns * factor)
    }
}

/// A stream of random numbers of its own for each purpose and place (SplitMix64, Steele et al. 2014,
/// over the coordinates).
fn stream(seed: u64, purpose: Purpose, coordinates: [u64; 3]) -> Pcg64Mcg {
    let mixed = coordinates
        .into_iter()
        .fold(mix(seed ^ mix(purpose as u64)), |state, c| {
            mix(state ^ mix(c))
        });
    Pcg64Mcg::seed_from_u64(mixed)
}

/// A seed of its own for one of many: `(seed, index)` as one number.
#[must_use]
pub fn seed_of(seed: u64, index: u64) -> u64 {
    mix(mix(seed) ^ index)
}

fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
