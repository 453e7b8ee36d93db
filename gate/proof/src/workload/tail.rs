//! One repetition of a scenario that times 20,000 operations, without drawing all of them.
//!
//! Latencies are lognormal with sigma 0.5: a smooth tail. A tail-only change multiplies the slowest
//! 2 %. Only those 400 are drawn one by one, as order statistics from the top; the rest enters the sum
//! and the median by their limit distributions, which at this number are exact to a fraction of the
//! noise. That is fifty times faster than drawing and sorting, and just as honest about the tail.

use gate_core::statistic::TAIL_RANKS;
use gate_schema::run::{Distribution, MetricValue, Summary};
use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use crate::slowest::slowest;

/// Operations of one repetition.
const OPERATIONS: u32 = 20_000;

/// Standard deviation of the logarithm of one operation.
const SPREAD: f64 = 0.5;

/// Share of the slowest operations that a tail-only change hits.
pub(super) const SLOWEST: f64 = 0.02;

/// Draws a repetition around `level_ns`; the slowest 2 % are multiplied by `tail`.
pub(super) fn repetition(mut rng: impl Rng, level_ns: f64, tail: f64) -> MetricValue {
    let normal = Normal::standard();
    let count = f64::from(OPERATIONS);
    let beyond = slowest(&mut rng, OPERATIONS, (SLOWEST * count).round() as u32);
    // The upper tail, mirrored.
    let slowest: Vec<f64> = beyond
        .map(|beyond| level_ns * tail * (SPREAD * -normal.inverse_cdf(beyond)).exp())
        .collect();
    let fast = count - slowest.len() as f64;

    // Mean and variance of a lognormal below its quantile 1 - SLOWEST.
    let z = normal.inverse_cdf(1.0 - SLOWEST);
    let below = |power: f64| {
        let shift = power * SPREAD;
        (shift * shift / 2.0).exp() * normal.cdf(z - shift) / (1.0 - SLOWEST)
    };
    let (mean, variance) = (below(1.0), below(2.0) - below(1.0).powi(2));
    let draw = |rng: &mut _| -> f64 { StandardNormal.sample(rng) };
    let fast_sum = level_ns * (fast * mean + (fast * variance).sqrt() * draw(&mut rng));
    // A sample median is normal with deviation 1 / (2 f(0) sqrt(N)).
    let median = draw(&mut rng) / (2.0 * normal.pdf(0.0) * count.sqrt());

    let rank = |share: f64| ((1.0 - share) * count).round() as usize;
    let (from, to) = (rank(TAIL_RANKS.1), rank(TAIL_RANKS.0));
    let between = &slowest[from..to];
    let summary = Summary {
        p50: level_ns * (SPREAD * median).exp(),
        tail: Some(between.iter().sum::<f64>() / between.len() as f64),
        p99: Some(slowest[rank(0.99) - 1]),
        p999: Some(slowest[rank(0.999) - 1]),
    };
    MetricValue::Distribution(Box::new(Distribution {
        count: u64::from(OPERATIONS),
        sum: fast_sum + slowest.iter().sum::<f64>(),
        hdr: None,
        summary: Some(summary),
    }))
}
