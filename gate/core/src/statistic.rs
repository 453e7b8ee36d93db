//! From the distribution of one repetition to the numbers that are judged.

use gate_schema::hdr::Recorded;
use gate_schema::run::Summary;

/// Fewest operations behind a p99 or a tail mean. With 1,000, a 95 % order-statistic interval of
/// p99 covers the true 98.3 to 99.6 %; with fewer than 299 it has no upper end at all.
pub const MIN_SAMPLES_P99: u64 = 1_000;

/// Fewest operations behind a p99.9, for the same coverage one decade further out.
pub const MIN_SAMPLES_P999: u64 = 10_000;

/// Ranks between which the tail mean is taken. Gating this mean instead of p99 has the same
/// false-alarm rate and about equal power, but where fewer than 2 % of the requests are slow and all of those
/// alike (`proof parts`); above 99.8 % single stalls decide.
pub const TAIL_RANKS: (f64, f64) = (0.98, 0.998);

/// The percentiles of a [`Summary`], ascending.
const QUANTILES: [f64; 3] = [0.5, 0.99, 0.999];

/// One statistic of a distribution; each becomes a row of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Exact sum over count.
    Mean,
    /// Median.
    P50,
    /// Mean of the operations between the ranks of [`TAIL_RANKS`].
    Tail,
    /// 99th percentile.
    P99,
    /// 99.9th percentile.
    P999,
}

impl Statistic {
    /// All statistics, in the order rows show them.
    pub const ALL: [Self; 5] = [Self::Mean, Self::P50, Self::Tail, Self::P99, Self::P999];

    /// The last part of the judged metric's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::Tail => "tail",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
        }
    }

    /// Fewest operations of one repetition before the statistic means anything.
    #[must_use]
    pub fn min_samples(self) -> u64 {
        match self {
            Self::Mean | Self::P50 => 1,
            Self::Tail | Self::P99 => MIN_SAMPLES_P99,
            Self::P999 => MIN_SAMPLES_P999,
        }
    }
}

/// Computes the statistics of one distribution in a single pass. Percentiles with fewer samples than
/// [`Statistic::min_samples`] are kept as long as the distribution has any sample in their range:
/// the policy may ask for fewer, so refusing is left to the judge.
///
/// The distribution must not be empty.
#[must_use]
pub fn summarise(recorded: &Recorded) -> Summary {
    let total = recorded.count as f64;
    let (tail_from, tail_to) = (TAIL_RANKS.0 * total, TAIL_RANKS.1 * total);
    let ranks = QUANTILES.map(|quantile| (quantile * total).ceil());
    let mut percentiles = [None; QUANTILES.len()];
    let mut found = 0;
    let (mut tail_sum, mut tail_count) = (0.0, 0.0);
    let mut below = 0.0;
    for bucket in &recorded.buckets {
        let (low, width, count) = bucket.numbers();
        let reached = below + count;
        // Most buckets hold neither a percentile nor a part of the tail.
        if found < ranks.len() && reached >= ranks[found] || reached > tail_from {
            // Samples are taken to be spread evenly over their bucket, so that a percentile moves
            // smoothly instead of in steps of the bucket width; a clock truncates, so that holds
            // for buckets of one nanosecond too.
            let value_at = |rank: f64| low + width * ((rank - below) / count);
            while found < ranks.len() && reached >= ranks[found] {
                percentiles[found] = Some(value_at(ranks[found] - 0.5));
                found += 1;
            }
            let (from, to) = (tail_from.max(below), tail_to.min(reached));
            if to > from {
                tail_sum += value_at(f64::midpoint(from, to)) * (to - from);
                tail_count += to - from;
            }
        }
        below = reached;
    }
    let [p50, p99, p999] = percentiles;
    let tail = (tail_count > 0.0).then(|| tail_sum / tail_count);
    Summary {
        p50: p50.unwrap_or_default(),
        tail,
        p99,
        p999,
    }
}

#[cfg(test)]
mod tests {
    use gate_schema::hdr::{Histogram, encode};
    use gate_schema::id::{MAX_DISTRIBUTION_NAME_BYTES, MetricName};

    use super::*;

    fn recorded(values: impl Iterator<Item = u64>) -> Recorded {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("valid bounds");
        values.for_each(|value| histogram.record(value).expect("in bounds"));
        Recorded::decode(&encode(&histogram).expect("encodes")).expect("decodes")
    }

    fn close(actual: f64, expected: f64) -> bool {
        (actual / expected - 1.0).abs() < 1e-3
    }

    #[test]
    fn percentiles_are_order_statistics_within_the_bucket_width() {
        let summary = summarise(&recorded((1..=100_000).map(|i| i * 10)));
        assert!(close(summary.p50, 500_000.0), "{summary:?}");
        assert!(close(summary.p99.expect("kept"), 990_000.0), "{summary:?}");
        assert!(close(summary.p999.expect("kept"), 999_000.0), "{summary:?}");
        // Mean of the ranks 98.0 to 99.8 % of a uniform ramp is its 98.9 % point.
        assert!(close(summary.tail.expect("kept"), 989_000.0), "{summary:?}");
    }

    #[test]
    fn the_tail_mean_ignores_the_worst_two_in_a_thousand() {
        let calm = (0..10_000).map(|i| if i < 9_800 { 1_000 } else { 5_000 });
        let stalled = (0..10_000).map(|i| {
            if i < 9_800 {
                1_000
            } else if i < 9_980 {
                5_000
            } else {
                50_000_000
            }
        });
        let (calm, stalled) = (summarise(&recorded(calm)), summarise(&recorded(stalled)));
        assert!(
            close(stalled.tail.expect("kept"), calm.tail.expect("kept")),
            "{calm:?} {stalled:?}"
        );
        assert!(close(calm.tail.expect("kept"), 5_000.0), "{calm:?}");
    }

    #[test]
    fn every_statistic_of_the_longest_distribution_has_a_name() {
        let longest = MetricName::new(&"x".repeat(MAX_DISTRIBUTION_NAME_BYTES)).expect("a name");
        for statistic in Statistic::ALL {
            let name = longest.with_suffix(statistic.as_str());
            assert!(name.is_ok(), "{statistic:?}");
        }
    }

    #[test]
    fn one_sample_is_every_percentile() {
        let summary = summarise(&recorded(std::iter::once(777)));
        assert!(
            close(summary.p50, 777.0) && close(summary.p999.expect("kept"), 777.0),
            "{summary:?}"
        );
    }
}
