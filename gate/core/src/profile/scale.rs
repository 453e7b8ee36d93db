//! How shares of two sides become times that can be compared, and how sure a change is.

use gate_schema::profile::TimePerOperation;
use statrs::distribution::{Binomial, DiscreteCDF};
use statrs::function::erf::erfc;

/// Fewest samples of a frame on each side for its ratio, or its scatter, to say something.
const SPEAKING: f64 = 5.0;

/// Fewest frames that tell how much more frames scatter than chance.
const FRAMES_FOR_SCATTER: usize = 10;

/// Median of the square of a standard normal number.
const MEDIAN_OF_SQUARE: f64 = 0.454_936;

/// Expected samples on the poorer side below which a normal approximation is not trusted alone.
const SMALL: f64 = 30.0;

/// The candidate's time per operation over the baseline's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The ratio.
    pub ratio: f64,
    /// Its relative standard error.
    pub relative_error: f64,
}

impl Scale {
    /// From the measured times.
    #[must_use]
    pub fn of_times(baseline: TimePerOperation, candidate: TimePerOperation) -> Self {
        let relative = |time: TimePerOperation| time.standard_error_ns / time.ns;
        Self {
            ratio: candidate.ns / baseline.ns,
            relative_error: relative(baseline).hypot(relative(candidate)),
        }
    }

    /// From the shares alone, supposing that at least half of the time did not change: the weighted
    /// median over frames of the ratio of their shares, after the size factors of Anders and Huber 2010,
    /// with the asymptotic error of a weighted median of normal numbers.
    pub(super) fn of_counts(baseline: &Counts, candidate: &Counts) -> Self {
        // Ratio and weight of each frame.
        let mut ratios: Vec<(f64, f64)> = Vec::new();
        let (mut squares, mut density) = (0.0, 0.0);
        for (&b, &c) in baseline.of.iter().zip(candidate.of) {
            if b >= SPEAKING && c >= SPEAKING {
                let shares = (b / baseline.samples, c / candidate.samples);
                let weight = shares.0.min(shares.1);
                ratios.push((shares.0 / shares.1, weight));
                squares += weight * weight;
                density += weight / (1.0 / b + 1.0 / c).sqrt();
            }
        }
        ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        let half = ratios.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
        let mut sum = 0.0;
        for (ratio, weight) in ratios {
            sum += weight;
            if sum >= half {
                return Self {
                    ratio,
                    relative_error: std::f64::consts::FRAC_PI_2.sqrt() * squares.sqrt() / density,
                };
            }
        }
        Self {
            ratio: 1.0,
            relative_error: 0.0,
        }
    }
}

/// Samples of each frame, of all samples of a side.
pub(super) struct Counts<'a> {
    pub(super) of: &'a [f64],
    pub(super) samples: f64,
}

/// Samples of one frame and of its side, for both sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) baseline: (f64, f64),
    pub(super) candidate: (f64, f64),
}

impl Pair {
    fn shares(self) -> (f64, f64) {
        (
            self.baseline.0 / self.baseline.1,
            self.candidate.0 / self.candidate.1,
        )
    }

    /// Time gained, as a fraction of the baseline's time per operation.
    pub(super) fn change(self, scale: Scale) -> f64 {
        let (baseline, candidate) = self.shares();
        candidate * scale.ratio - baseline
    }

    /// Standard error of [`Pair::change`]: samples fall on frames at random (multinomial), and the time
    /// per operation has an error of its own. A frame nobody sampled counts as half a sample.
    pub(super) fn standard_error(self, scale: Scale) -> f64 {
        let share = |(n, of): (f64, f64)| ((n + 0.5) / (of + 1.0), of);
        let variance = |(share, of): (f64, f64)| share * (1.0 - share) / of;
        let (baseline, candidate) = (share(self.baseline), share(self.candidate));
        let of_time = candidate.0 * scale.ratio * scale.relative_error;
        (variance(baseline) + scale.ratio.powi(2) * variance(candidate) + of_time.powi(2)).sqrt()
    }

    /// The share that both sides would have, were there no change, in the baseline's time.
    fn pooled(self, scale: Scale) -> f64 {
        let sum = self.baseline.0 + self.candidate.0;
        sum / (self.baseline.1 + self.candidate.1 / scale.ratio)
    }

    /// The change in standard errors, taken as if there were none (score test).
    pub(super) fn score(self, scale: Scale) -> f64 {
        let pooled = self.pooled(scale);
        let there = (pooled / scale.ratio).min(1.0);
        let here = pooled.min(1.0);
        let variance = here * (1.0 - here) / self.baseline.1
            + scale.ratio.powi(2) * there * (1.0 - there) / self.candidate.1
            + (here * scale.relative_error).powi(2);
        if variance > 0.0 {
            self.change(scale) / variance.sqrt()
        } else {
            0.0
        }
    }

    /// Whether the scatter of this frame says something about chance.
    fn speaks(self) -> bool {
        self.baseline.0 >= SPEAKING && self.candidate.0 >= SPEAKING
    }

    /// Two-sided p-value of "nothing changed", with scores divided by `inflation`. Where few samples are
    /// expected the exact test of the split of all samples (Przyborowski and Wilenski 1940) has to
    /// agree, as the tails of small counts are not normal.
    pub(super) fn p_value(self, scale: Scale, inflation: f64) -> f64 {
        let normal = erfc(self.score(scale).abs() / inflation / std::f64::consts::SQRT_2);
        let pooled = self.pooled(scale);
        let expected = [
            pooled * self.baseline.1,
            pooled / scale.ratio * self.candidate.1,
        ];
        if expected[0].min(expected[1]) >= SMALL {
            return normal;
        }
        let sum = self.baseline.0 + self.candidate.0;
        let of_candidate = expected[1] / (expected[0] + expected[1]);
        let Ok(split) = Binomial::new(of_candidate, sum as u64) else {
            return 1.0;
        };
        let found = self.candidate.0 as u64;
        let up_to = split.cdf(found);
        let from = if found == 0 { 1.0 } else { split.sf(found - 1) };
        normal.max(2.0 * up_to.min(from)).min(1.0)
    }
}

/// How many times more frames scatter than chance, as a factor on standard errors, at least 1: operations
/// longer than the sampling period, and phases, make samples fall together. From the median of all
/// frames, most of which did not change (genomic control, Devlin and Roeder 1999).
pub(super) fn inflation(frames: impl Iterator<Item = Pair>, scale: Scale) -> f64 {
    let mut squares: Vec<f64> = frames
        .filter(|pair| pair.speaks())
        .map(|pair| pair.score(scale).powi(2))
        .collect();
    if squares.len() < FRAMES_FOR_SCATTER {
        return 1.0;
    }
    squares.sort_by(f64::total_cmp);
    let median = squares[squares.len() / 2];
    (median / MEDIAN_OF_SQUARE).max(1.0).sqrt()
}
