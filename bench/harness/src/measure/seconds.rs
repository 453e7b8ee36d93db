//! How many operations ended in each second of a measurement.

use std::ops::Range;
use std::time::Duration;

/// Operations by the second in which they ended. Counting neither allocates nor fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seconds {
    counts: Vec<u64>,
}

impl Seconds {
    /// Room for so long, and for what ends later in one more second.
    pub(super) fn over(span: Duration) -> Self {
        Self {
            counts: vec![0; span.as_secs() as usize + 2],
        }
    }

    /// One operation ended `at` so much after the start.
    pub(super) fn count(&mut self, at: Duration) {
        let last = self.counts.len().saturating_sub(1);
        if let Some(count) = self.counts.get_mut((at.as_secs() as usize).min(last)) {
            *count += 1;
        }
    }

    /// Adds what `other` counted of the same time.
    pub(super) fn absorb(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// Operations that ended in these seconds, counted from 0.
    pub(crate) fn ended(&self, seconds: Range<usize>) -> u64 {
        let counts = self.counts.iter().skip(seconds.start);
        counts.take(seconds.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_count_in_the_second_in_which_they_end() {
        let mut seconds = Seconds::over(Duration::from_millis(2_500));
        for millis in [0, 999, 1_000, 2_400, 9_000] {
            seconds.count(Duration::from_millis(millis));
        }
        let mut other = Seconds::over(Duration::from_millis(2_500));
        other.count(Duration::from_millis(1_500));
        seconds.absorb(&other);
        let each: Vec<u64> = (0..5).map(|at| seconds.ended(at..at + 1)).collect();
        assert_eq!(each, [2, 2, 1, 1, 0], "what is late is in the last");
        assert_eq!(seconds.ended(0..5), 6);
        let mut none = Seconds::default();
        none.count(Duration::ZERO);
        assert_eq!(none.ended(0..9), 0);
    }
}
