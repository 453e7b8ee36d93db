//! The slowest operations, told from the others while they happen.

use std::time::Duration;

use crate::recorder::{Recorder, nanoseconds};

/// Share of the operations that are the tail. With one in fifty, p99 lies in its middle.
const SHARE: f64 = 0.02;

/// By how much the threshold moves at most, relative to itself. Ten times larger and it follows
/// single stalls; ten times smaller and 20,000 operations are too few to undo a bad start.
const GAIN: f64 = 0.01;

/// What one operation does to the threshold. Up and down cancel when one in fifty goes up.
const UP: f64 = 1.0 + GAIN * (1.0 - SHARE);
const DOWN: f64 = 1.0 - GAIN * SHARE;

/// How long an operation takes before it belongs to the tail.
///
/// It starts at the 98th percentile of the warm-up and from there follows the measured operations as
/// Robbins and Monro (1951) estimate a quantile: a little up after a slow one, a fiftieth of that
/// down after any other. So one operation in fifty is slow in every run. Staying at the percentile of
/// the warm-up made it one in seventy for text and one in a hundred for signals, because caches are
/// colder then, and one in three hundred where a neighbour disturbed the warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tail {
    threshold_ns: f64,
}

impl Tail {
    /// Fewest operations of a warm-up from which a tail can be learnt: one of them is the tail.
    pub(crate) const MIN_WARM_UP: usize = 50;

    /// The threshold to start from.
    pub(crate) fn learn(warm_up: &Recorder) -> Self {
        let nanos = nanoseconds(warm_up.quantile(1.0 - SHARE));
        Self {
            // From zero a relative step leads nowhere.
            threshold_ns: nanos.max(1) as f64,
        }
    }

    /// Whether an operation that took `elapsed` belongs to the tail, which also moves the threshold.
    /// To be told without the extra work, which must not move its own threshold.
    #[inline]
    pub(crate) fn takes(&mut self, elapsed: Duration) -> bool {
        let is_slow = nanoseconds(elapsed) as f64 > self.threshold_ns;
        self.threshold_ns *= if is_slow { UP } else { DOWN };
        is_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1,000 to 1,999 ns in an order far from sorted.
    fn duration(index: u64) -> Duration {
        Duration::from_nanos(1_000 + (index * 7_919) % 1_000)
    }

    #[test]
    fn one_operation_in_fifty_is_slow_however_the_warm_up_went() {
        for (case, warm_up_factor) in [
            ("as warm as later", 1.0),
            ("colder", 1.2),
            ("disturbed", 3.0),
            ("luckier", 0.8),
        ] {
            let mut recorder = Recorder::new();
            (0..1_000).for_each(|index| recorder.record(duration(index).mul_f64(warm_up_factor)));
            let mut tail = Tail::learn(&recorder);
            // What a start far off costs is over after half of the shortest scenario.
            let mut slow_among = |indexes: std::ops::Range<u64>| {
                let slow = indexes.filter(|&index| tail.takes(duration(index)));
                slow.count() as f64
            };
            slow_among(0..10_000);
            let percent = slow_among(10_000..20_000) / 100.0;
            assert!((percent - 2.0).abs() < 0.2, "{case}: {percent} %");
        }
    }

    #[test]
    fn the_threshold_starts_at_the_98th_percentile_of_the_warm_up() {
        let mut recorder = Recorder::new();
        assert_eq!(Tail::learn(&recorder), Tail { threshold_ns: 1.0 });
        (0..1_000).for_each(|index| recorder.record(duration(index)));
        assert_eq!(
            Tail::learn(&recorder),
            Tail {
                threshold_ns: 1_979.0
            }
        );
    }
}
