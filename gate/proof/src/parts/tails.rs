//! Which statistic of a tail sees that slow requests got slower.
//!
//! A repetition is 5,000 requests. The candidate's slow ones take 10 % longer, all others are as before.
//! What the statistics make of a repetition is judged in pairs, calibrated, at one level for all: the
//! better statistic is the one that finds it more often.

use rand::Rng;
use rayon::prelude::*;
use statrs::distribution::{Beta, ContinuousCDF, Normal};

use gate_core::statistic::TAIL_RANKS;

use super::{HISTORY, deviation, differences, history, p_worse, stream};
use crate::interval::Rate;
use crate::slowest::slowest;

/// Requests of one repetition.
const REQUESTS: u32 = 5_000;

/// What the candidate's slow requests take longer.
const SLOWER: f64 = 0.10;

/// The level of the test.
const LEVEL: f64 = 0.01;

/// Ranks above which statistics look; what is faster never enters one.
const LOOKED_AT: u32 = REQUESTS / 20;

/// Standard deviation of the logarithm of a smooth distribution, and of slow requests.
const SMOOTH: f64 = 0.5;

/// Standard deviation of the logarithm of requests that are alike, such as the fast ones of two modes.
const ALIKE: f64 = 0.1;

/// How much slower the slow mode is: a page that was not in memory, a segment that was merged.
const SLOW_MODE: f64 = 5.0;

/// Exponent of the heavy tail, and the share of the requests that are in it.
const PARETO: f64 = 2.5;
const HEAVY_FROM: f64 = 0.05;

/// How requests are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// Lognormal; the slowest 2 % are the slow ones.
    Smooth,
    /// 15 requests in a thousand take about five times as long; those are the slow ones.
    FewSlow,
    /// 15 in a thousand take five times as long, all of them alike.
    FewAlike,
    /// 30 in a thousand take about five times as long.
    ManySlow,
    /// Pareto above the 95th percentile; the slowest 2 % are the slow ones.
    Heavy,
}

impl Requests {
    /// All distributions.
    pub const ALL: [Self; 5] = [
        Self::Smooth,
        Self::FewSlow,
        Self::FewAlike,
        Self::ManySlow,
        Self::Heavy,
    ];

    /// The name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Smooth => "smooth, lognormal 0.5",
            Self::FewSlow => "slow mode of 1.5 %",
            Self::FewAlike => "slow mode of 1.5 %, all alike",
            Self::ManySlow => "slow mode of 3 %",
            Self::Heavy => "Pareto 2.5 above p95",
        }
    }

    /// The slowest [`LOOKED_AT`] requests of one repetition, slowest first, with the slow ones multiplied.
    fn repetition(self, rng: &mut impl Rng, slower: f64) -> Vec<f64> {
        slowest(rng, REQUESTS, LOOKED_AT)
            .map(|beyond| {
                let latency = self.latency(beyond);
                let is_slow = beyond < self.slow();
                if is_slow { slower * latency } else { latency }
            })
            .collect()
    }

    /// The share of requests that are slow.
    fn slow(self) -> f64 {
        match self {
            Self::Smooth | Self::Heavy => 0.02,
            Self::FewSlow | Self::FewAlike => 0.015,
            Self::ManySlow => 0.03,
        }
    }

    /// The latency that a share of the requests is `beyond`; at least a twentieth are never asked.
    fn latency(self, beyond: f64) -> f64 {
        // Of a standard normal, mirrored, because the upper tail keeps its precision.
        let normal = |beyond: f64| -Normal::standard().inverse_cdf(beyond);
        match self {
            Self::Smooth => (SMOOTH * normal(beyond)).exp(),
            // The modes hardly overlap: one slow request in two thousand is among the fast ones.
            Self::FewSlow | Self::FewAlike | Self::ManySlow if beyond < self.slow() => {
                let spread = if self == Self::FewAlike {
                    ALIKE
                } else {
                    SMOOTH
                };
                SLOW_MODE * (spread * normal(beyond / self.slow())).exp()
            }
            Self::FewSlow | Self::FewAlike | Self::ManySlow => {
                let beyond = (beyond - self.slow()) / (1.0 - self.slow());
                (ALIKE * normal(beyond)).exp()
            }
            // Whatever is below the tail never enters a statistic.
            Self::Heavy => (HEAVY_FROM / beyond).powf(1.0 / PARETO).max(1.0),
        }
    }
}

/// A statistic of the tail of one repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailStatistic {
    /// The 99th percentile: one order statistic.
    P99,
    /// The same, as a weighted mean of all order statistics (Harrell and Davis 1982).
    HarrellDavis,
    /// Gate's: the mean between two ranks.
    Tail,
    /// The mean above the 99th percentile.
    BeyondP99,
}

impl TailStatistic {
    /// All statistics.
    pub const ALL: [Self; 4] = [Self::P99, Self::HarrellDavis, Self::Tail, Self::BeyondP99];

    /// The name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P99 => "p99",
            Self::HarrellDavis => "p99, Harrell-Davis",
            Self::Tail => "mean of p98 to p99.8 (gate)",
            Self::BeyondP99 => "mean beyond p99",
        }
    }

    /// Weights of the slowest [`LOOKED_AT`] requests, slowest first; they add up to 1.
    fn weights(self) -> Vec<f64> {
        let n = f64::from(REQUESTS);
        // From the slowest on.
        let ranks = || (REQUESTS - LOOKED_AT..REQUESTS).rev();
        let between = |low: f64, high: f64| -> Vec<f64> {
            let [from, to] = [low, high].map(|rank| (rank * n).round() as u32);
            let weight = 1.0 / f64::from(to - from);
            let weight = |rank| {
                if (from..to).contains(&rank) {
                    weight
                } else {
                    0.0
                }
            };
            ranks().map(weight).collect()
        };
        match self {
            Self::P99 => between(0.99 - 1.0 / n, 0.99),
            Self::Tail => between(TAIL_RANKS.0, TAIL_RANKS.1),
            Self::BeyondP99 => between(0.99, 1.0),
            Self::HarrellDavis => {
                let beta = Beta::new(0.99 * (n + 1.0), 0.01 * (n + 1.0))
                    .expect("both parameters are positive");
                let below = |rank: u32| beta.cdf(f64::from(rank) / n);
                ranks().map(|rank| below(rank + 1) - below(rank)).collect()
            }
        }
    }
}

/// What one statistic does for one distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// How requests are distributed.
    pub requests: Requests,
    /// The statistic.
    pub statistic: TailStatistic,
    /// Standard deviation of its logarithm over repetitions.
    pub scatter: f64,
    /// Unchanged sessions of 5 pairs called slower.
    pub falsely: Rate,
    /// Changed sessions of 5 and of 10 pairs called slower.
    pub found: [Rate; 2],
}

/// Every distribution and statistic; `trials` sessions each, on the same requests for all statistics.
#[must_use]
pub fn all(trials: u64, seed: u64) -> Vec<Row> {
    let weights = TailStatistic::ALL.map(TailStatistic::weights);
    let of_requests = |(at, requests): (usize, Requests)| {
        let once = |trial| once(stream(seed, [at as u64, 0, trial]), requests, &weights);
        let trials: Vec<[Trial; 4]> = (0..trials).into_par_iter().map(once).collect();
        TailStatistic::ALL
            .into_iter()
            .enumerate()
            .map(move |(which, statistic)| {
                let count = |is: fn(&Trial) -> bool| {
                    let hits = trials.iter().filter(|trial| is(&trial[which])).count();
                    Rate::new(hits as u64, trials.len() as u64)
                };
                let values: Vec<f64> = trials.iter().map(|trial| trial[which].value).collect();
                Row {
                    requests,
                    statistic,
                    scatter: deviation(&values),
                    falsely: count(|trial| trial.falsely),
                    found: [count(|trial| trial.few), count(|trial| trial.many)],
                }
            })
    };
    (Requests::ALL.into_iter().enumerate())
        .flat_map(of_requests)
        .collect()
}

/// What one statistic says of one session.
struct Trial {
    /// Logarithm of one repetition.
    value: f64,
    falsely: bool,
    few: bool,
    many: bool,
}

fn once(mut rng: impl Rng, requests: Requests, weights: &[Vec<f64>; 4]) -> [Trial; 4] {
    let mut draw = |count: usize, slower: f64| -> Vec<[f64; 4]> {
        (0..count)
            .map(|_| {
                let slowest = requests.repetition(&mut rng, slower);
                let of = |weights: &Vec<f64>| -> f64 {
                    let terms = slowest
                        .iter()
                        .zip(weights)
                        .map(|(value, weight)| value * weight);
                    terms.sum::<f64>().ln()
                };
                weights.each_ref().map(of)
            })
            .collect()
    };
    // Sessions of five pairs, whichever is judged.
    let known: Vec<[Vec<[f64; 4]>; 2]> =
        (0..HISTORY).map(|_| [draw(5, 1.0), draw(5, 1.0)]).collect();
    let baseline = draw(10, 1.0);
    let unchanged = draw(5, 1.0);
    let changed = draw(10, 1.0 + SLOWER);
    [0, 1, 2, 3].map(|which| {
        let of = |values: &[[f64; 4]]| -> Vec<f64> { values.iter().map(|v| v[which]).collect() };
        let noise = history((known.iter()).map(|[one, other]| differences(&of(one), &of(other))));
        let is_slower = |candidate: &[[f64; 4]]| {
            let differences = differences(&of(&baseline), &of(candidate));
            p_worse(&differences, noise.as_ref(), 0.0) <= LEVEL
        };
        Trial {
            value: baseline[0][which],
            falsely: is_slower(&unchanged),
            few: is_slower(&changed[..5]),
            many: is_slower(&changed),
        }
    })
}
