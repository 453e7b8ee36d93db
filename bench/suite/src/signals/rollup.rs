//! The alternative that was not chosen: counts that are kept up with every event instead of summed up
//! when somebody asks.

use super::buckets::reaches;
use super::signal::{Counter, Signal};
use super::window::{DECAYING, Window};

/// A signal with a running count per window.
#[derive(Clone, Debug, Default)]
pub(crate) struct RolledUp {
    signal: Signal,
    /// Events in each window at the time of the last event.
    counts: [u32; DECAYING],
}

/// The windows that have a running count.
fn windows() -> impl Iterator<Item = Window> {
    Window::ALL.into_iter().take(DECAYING)
}

impl Counter for RolledUp {
    fn write(&mut self, time_s: u32, weight: f32) -> u32 {
        let (last_s, newest_s) = (self.signal.last_s(), self.signal.last_s().max(time_s));
        let buckets = self.signal.buckets();
        for (count, window) in self.counts.iter_mut().zip(windows()) {
            *count -= buckets.leaving(window, last_s, newest_s);
            *count += u32::from(reaches(window, newest_s, time_s));
        }
        self.signal.write(time_s, weight)
    }

    fn count(&self, window: Window, now_s: u32) -> u32 {
        let Some(&count) = self.counts.get(window as usize) else {
            return self.signal.count(window, now_s);
        };
        let last_s = self.signal.last_s();
        let now_s = now_s.max(last_s);
        count - self.signal.buckets().leaving(window, last_s, now_s)
    }

    fn sum(&self, window: Window, now_s: u32) -> f64 {
        self.signal.sum(window, now_s)
    }

    fn heap_bytes(&self) -> usize {
        self.signal.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::random::Stream;

    #[test]
    fn running_counts_equal_sums_of_buckets() {
        for case in 0..50 {
            let mut random = Stream::named("signals/rollup").piece(case);
            // From bursts within a minute to silence for months.
            let gap_s = 10_u32.pow(random.random_range(0..7));
            let (mut summed, mut rolled_up) = (Signal::default(), RolledUp::default());
            let mut newest_s: u32 = random.random_range(0..10_000_000);
            for _ in 0..400 {
                newest_s += random.random_range(0..gap_s);
                let late_s = random.random_range(0..3 * gap_s) * u32::from(random.random_bool(0.3));
                let time_s = newest_s.saturating_sub(late_s);
                assert_eq!(summed.write(time_s, 1.0), rolled_up.write(time_s, 1.0));
                let now_s = newest_s + random.random_range(0..2 * gap_s);
                for window in Window::ALL {
                    assert_eq!(
                        summed.count(window, now_s),
                        rolled_up.count(window, now_s),
                        "case {case}: {window:?} at {now_s}"
                    );
                }
            }
        }
    }
}
