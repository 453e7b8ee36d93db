//! How sure a counted rate is.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};

/// Probability that an interval misses the true rate, both sides together.
pub const MISS: f64 = 0.05;

/// Halvings of the bracket around a quantile: beyond 52 two neighbouring `f64` below one are reached.
const HALVINGS: u32 = 60;

/// So many of so many, with a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How often it happened.
    pub hits: u64,
    /// How often it could have.
    pub of: u64,
    /// Low end of the interval, a fraction.
    pub low: f64,
    /// High end of the interval, a fraction.
    pub high: f64,
}

impl Rate {
    /// Counts `hits` of `of`; `hits` must not exceed `of`.
    #[must_use]
    pub fn new(hits: u64, of: u64) -> Self {
        let (low, high) = clopper_pearson(hits, of);
        Self {
            hits,
            of,
            low,
            high,
        }
    }

    /// The counted rate; `None` of nothing.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }
}

/// The two-sided 95 % interval of Clopper and Pearson (1934): the rates under which a count this far
/// out happens with at least 2.5 % probability on each side. Never too narrow, at any rate and size.
///
/// Its ends are beta quantiles: `Beta(k, n-k+1)` at 2.5 %, `Beta(k+1, n-k)` at 97.5 %. Of nothing,
/// everything is possible.
#[must_use]
pub fn clopper_pearson(hits: u64, of: u64) -> (f64, f64) {
    let (k, n) = (hits.min(of) as f64, of as f64);
    let low = if hits == 0 {
        0.0
    } else {
        beta_quantile(k, n - k + 1.0, MISS / 2.0)
    };
    let high = if hits >= of {
        1.0
    } else {
        beta_quantile(k + 1.0, n - k, 1.0 - MISS / 2.0)
    };
    (low, high)
}

/// By bisection of the distribution function: a handful of microseconds, and no iteration that may
/// not converge for a count of none among thousands.
fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    let Ok(beta) = Beta::new(a, b) else {
        return f64::NAN;
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        if beta.cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intervals_are_the_published_ones() {
        // `binom.test(k, n)$conf.int` of R, and the closed form 1 - (0.025)^(1/n) for none of n.
        for (hits, of, low, high) in [
            (0, 60, 0.0, 0.059_629),
            (60, 60, 0.940_371, 1.0),
            (5, 10, 0.187_09, 0.812_91),
            (1, 20, 0.001_265, 0.248_73),
            (10, 100, 0.049_00, 0.176_22),
            (0, 3000, 0.0, 0.001_228_9),
            (12, 3000, 0.002_068_5, 0.006_976_3),
            (0, 1, 0.0, 0.975),
        ] {
            let (l, h) = clopper_pearson(hits, of);
            assert!(
                (l - low).abs() < 6e-6 && (h - high).abs() < 6e-6,
                "{hits} of {of}: [{l}, {h}], expected [{low}, {high}]"
            );
        }
    }

    #[test]
    fn nothing_counted_says_nothing() {
        let rate = Rate::new(0, 0);
        assert_eq!((rate.low, rate.high, rate.share()), (0.0, 1.0, None));
    }

    #[test]
    fn the_interval_covers_the_truth_as_often_as_it_says() {
        // Exact coverage over all counts of 40 at a rate of 0.13, weighed by their probability.
        let (n, p): (u64, f64) = (40, 0.13);
        let mut probability = (1.0 - p).powi(40);
        let mut covered = 0.0;
        for k in 0..=n {
            let (low, high) = clopper_pearson(k, n);
            if low <= p && p <= high {
                covered += probability;
            }
            probability *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
        }
        assert!((1.0 - MISS..1.0).contains(&covered), "{covered}");
    }
}
