//! The operations of many repetitions together, for plots. No verdict rests on it.

use gate_schema::hdr::Recorded;
use gate_schema::report::Quantiles;

/// Ranks at which a distribution is plotted: even steps to the 90th percentile, then closer and closer,
/// because the tail is what people look at.
pub const RANKS: [f64; 40] = [
    0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75,
    0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.9925, 0.995, 0.9965, 0.998,
    0.9985, 0.999, 0.9993, 0.9995, 0.9998, 0.9999, 0.99995, 0.99999,
];

/// Fewest operations beyond a rank that is plotted: as many as lie beyond a judged percentile, see
/// [`crate::statistic::MIN_SAMPLES_P99`].
pub const MIN_BEYOND: f64 = 10.0;

/// Buckets per octave, as a power of two: 64 of them are 1.1 to 1.6 % wide, less than a plot shows.
const OCTAVE_BITS: u32 = 6;

/// Significant digits of a quantile, as a power of ten.
const DIGITS: i32 = 4;

/// Operations by value, in buckets of equal relative width.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pool {
    counts: Vec<u64>,
    count: u64,
}

impl Pool {
    /// Adds the operations of one repetition.
    pub(super) fn add(&mut self, recorded: &Recorded) {
        for bucket in &recorded.buckets {
            let at = index(bucket.low + bucket.width / 2);
            if at >= self.counts.len() {
                self.counts.resize(at + 1, 0);
            }
            self.counts[at] = self.counts[at].saturating_add(bucket.count);
        }
        self.count = self.count.saturating_add(recorded.count);
    }

    /// The values at [`RANKS`], up to the last that [`MIN_BEYOND`] operations lie beyond, and at least the
    /// median. `None` when there is no operation.
    pub(super) fn quantiles(&self) -> Option<Quantiles> {
        let total = self.count as f64;
        // Rounded, because a hundredth of a thousand is not always ten.
        let is_told = |rank: &&f64| **rank <= 0.5 || (total * (1.0 - **rank)).round() >= MIN_BEYOND;
        let mut ranks = RANKS.iter().take_while(is_told).peekable();
        let (mut values, mut below) = (Vec::new(), 0.0);
        for (at, &count) in self.counts.iter().enumerate() {
            let count = count as f64;
            while let Some(&rank) = ranks.next_if(|rank| below + count >= *rank * total) {
                let share = (rank * total - below) / count;
                let (low, high) = (low(at), low(at + 1));
                values.push(rounded(low + (high - low) * share));
            }
            below += count;
        }
        (self.count > 0).then_some(Quantiles {
            count: self.count,
            values,
        })
    }
}

/// The bucket of a value: below 64 its own, above that by its octave and its six next bits.
fn index(value: u64) -> usize {
    let octave = value.checked_ilog2().unwrap_or(0).max(OCTAVE_BITS) - OCTAVE_BITS;
    // At most 58 octaves of 64 buckets.
    (octave as usize) * (1 << OCTAVE_BITS) + (value >> octave) as usize
}

/// The least value of a bucket.
fn low(index: usize) -> f64 {
    let per_octave = 1_usize << OCTAVE_BITS;
    let octave = (index / per_octave).saturating_sub(1);
    let within = index - octave * per_octave;
    within as f64 * (octave as f64).exp2()
}

/// `value` with as many digits as a plot shows.
pub(super) fn rounded(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let magnitude = value.log10().floor() as i32;
    let step = 10_f64.powi(magnitude + 1 - DIGITS);
    if step >= 1.0 {
        (value / step).round() * step
    } else {
        let steps = 10_f64.powi(DIGITS - 1 - magnitude);
        (value * steps).round() / steps
    }
}

#[cfg(test)]
mod tests {
    use gate_schema::hdr::{Histogram, encode};
    use proptest::prelude::*;

    use super::*;

    fn recorded(values: impl IntoIterator<Item = u64>) -> Recorded {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("valid bounds");
        for value in values {
            histogram.record(value).expect("in bounds");
        }
        Recorded::decode(&encode(&histogram).expect("encodes")).expect("decodes")
    }

    fn quantiles(repetitions: &[Vec<u64>]) -> Option<Quantiles> {
        let mut pool = Pool::default();
        for repetition in repetitions {
            pool.add(&recorded(repetition.iter().copied()));
        }
        pool.quantiles()
    }

    #[test]
    fn buckets_meet_and_do_not_overlap() {
        for at in 0..3_000 {
            let (least, next) = (low(at), low(at + 1));
            assert!(least < next, "{at}");
            assert_eq!((index(least as u64), index(next as u64 - 1)), (at, at));
        }
        assert!(index(u64::MAX) < 4_000);
    }

    #[test]
    fn a_ramp_has_its_ranks_as_values() {
        let ramp: Vec<u64> = (1..=100_000).map(|i| i * 10).collect();
        let pooled = quantiles(&[ramp.clone(), ramp]).expect("not empty");
        assert_eq!(pooled.count, 200_000);
        // Of 200,000 operations 20 lie beyond the rank 0.9999 and 10 beyond 0.99995.
        assert_eq!(pooled.values.len(), 39);
        for (value, rank) in pooled.values.iter().zip(RANKS) {
            let expected = rank * 1e6;
            assert!((value / expected - 1.0).abs() < 0.02, "{rank}: {value}");
        }
    }

    #[test]
    fn few_operations_tell_the_median_and_none_tell_nothing() {
        assert_eq!(quantiles(&[]), None);
        let one = quantiles(&[vec![777]]).expect("not empty");
        assert_eq!((one.count, one.values.len()), (1, 12));
        assert!((one.values[11] / 777.0 - 1.0).abs() < 0.02, "{one:?}");
        assert_eq!(
            quantiles(&[vec![50; 1_000]])
                .expect("not empty")
                .values
                .len(),
            28
        );
    }

    proptest! {
        #[test]
        fn quantiles_ascend_within_what_was_recorded(
            values in prop::collection::vec(1_u64..60_000_000_000, 1..300),
        ) {
            let (least, most) = (values.iter().min().copied(), values.iter().max().copied());
            let quantiles = quantiles(&[values]).expect("not empty").values;
            prop_assert!(quantiles.is_sorted());
            prop_assert!(quantiles[0] >= least.unwrap_or(0) as f64 * 0.98);
            prop_assert!(quantiles[quantiles.len() - 1] <= most.unwrap_or(0) as f64 * 1.02);
        }
    }
}
