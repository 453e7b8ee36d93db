//! Records single operations: a histogram for the quantiles, an exact sum for the mean.

use std::time::Duration;

use gate_schema::defect::Defect;
use gate_schema::hdr::Histogram;
use gate_schema::run::Distribution;

/// Longest operation with its own bucket; longer ones are counted in the last.
const LONGEST_NS: u64 = 60_000_000_000;

/// Three digits keep every quantile within 0.1 %, an order below the smallest margin, in 216 KB.
const SIGNIFICANT_DIGITS: u8 = 3;

/// A preallocated latency recorder. Recording neither allocates nor fails.
#[derive(Debug)]
pub struct Recorder {
    histogram: Histogram,
    sum_ns: u128,
}

impl Recorder {
    /// An empty recorder.
    ///
    /// # Panics
    /// Never: the bounds are constants that the histogram accepts.
    #[must_use]
    pub fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_NS, SIGNIFICANT_DIGITS)
            .expect("the bounds are valid");
        Self {
            histogram,
            sum_ns: 0,
        }
    }

    /// Records one operation.
    #[inline]
    pub fn record(&mut self, elapsed: Duration) {
        let elapsed_ns = nanoseconds(elapsed);
        self.histogram.saturating_record(elapsed_ns);
        self.sum_ns += u128::from(elapsed_ns);
    }

    /// Adds everything that `other` recorded.
    ///
    /// # Panics
    /// Never: all recorders have the same bounds.
    pub fn absorb(&mut self, other: &Self) {
        self.histogram
            .add(&other.histogram)
            .expect("the bounds are equal");
        self.sum_ns += other.sum_ns;
    }

    /// Number of recorded operations, exact.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The duration that a share of the recorded operations did not exceed, up to the width of its
    /// bucket; zero when nothing was recorded.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.histogram.value_at_quantile(share))
    }

    /// What was recorded, as documents carry it.
    ///
    /// # Errors
    /// [`Defect::Empty`] when nothing was.
    pub fn distribution(&self) -> Result<Distribution, Defect> {
        Distribution::from_histogram(&self.histogram, self.sum_ns as f64)
    }
}

/// Whole nanoseconds. Not `as_nanos`: its 128-bit arithmetic costs more than recording does.
#[inline]
pub(crate) fn nanoseconds(elapsed: Duration) -> u64 {
    elapsed.as_secs() * 1_000_000_000 + u64::from(elapsed.subsec_nanos())
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_and_sum_are_exact_where_buckets_are_not() {
        let mut recorder = Recorder::new();
        for micros in 1..=10_000 {
            recorder.record(Duration::from_nanos(micros * 1_001));
        }
        let distribution = recorder.distribution().expect("something was recorded");
        assert_eq!(distribution.count, 10_000);
        assert_eq!(
            distribution.sum.to_bits(),
            (1_001.0_f64 * 50_005_000.0).to_bits()
        );
        let decoded = distribution
            .recorded()
            .expect("is sound")
            .expect("is a histogram");
        assert_eq!(decoded.count, 10_000);
    }

    #[test]
    fn an_operation_longer_than_the_histogram_still_counts() {
        let mut recorder = Recorder::new();
        recorder.record(Duration::from_secs(3_600));
        let distribution = recorder.distribution().expect("something was recorded");
        assert_eq!(
            (distribution.count, distribution.sum.to_bits()),
            (1, 3.6e12_f64.to_bits())
        );
    }

    #[test]
    fn recorders_add_up() {
        let (mut one, mut other) = (Recorder::new(), Recorder::new());
        one.record(Duration::from_nanos(10));
        other.record(Duration::from_nanos(30));
        one.absorb(&other);
        let distribution = one.distribution().expect("something was recorded");
        assert_eq!(
            (distribution.count, distribution.sum.to_bits()),
            (2, 40.0_f64.to_bits())
        );
    }

    #[test]
    fn nothing_recorded_is_not_a_distribution() {
        assert_eq!(
            Recorder::new().distribution(),
            Err(Defect::Empty("samples"))
        );
    }
}
