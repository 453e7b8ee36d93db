//! Whether operations took as long at the end as at the beginning.

use std::ops::Range;
use std::time::Duration;

/// Slices of a measurement: enough to tell a trend from a disturbance.
const SLICES: usize = 16;

/// Mean times in this many slices at either end are compared.
const END: usize = 5;

/// A difference between beginning and end that is worth saying, as a share. Below it, the machine's
/// own unrest would be said in every other run.
const STEADY: f64 = 0.1;

/// Mean time of an operation, slice by slice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slices {
    means_ns: Vec<f64>,
}

impl Slices {
    pub(super) fn new() -> Self {
        Self {
            means_ns: Vec::with_capacity(SLICES),
        }
    }

    /// The ranges of the slices of `indexes`, none of them empty.
    pub(super) fn of(indexes: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let at = {
            let (start, length) = (indexes.start, indexes.len());
            move |slice: usize| start + length * slice / SLICES
        };
        (0..SLICES)
            .map(move |slice| at(slice)..at(slice + 1))
            .filter(|slice| !slice.is_empty())
    }

    pub(super) fn push(&mut self, elapsed: Duration, operations: usize) {
        self.means_ns
            .push(elapsed.as_nanos() as f64 / operations as f64);
    }

    /// By which share operations took longer at the end than at the beginning, when that is more than
    /// disturbances explain: medians of the first and the last slices differ, and no slice of one end
    /// reaches into the other. `None` when they were steady, or too few to tell.
    #[must_use]
    pub fn trend(&self) -> Option<f64> {
        if self.means_ns.len() < SLICES {
            return None;
        }
        let sorted = |slices: &[f64]| {
            let mut slices = slices.to_vec();
            slices.sort_by(f64::total_cmp);
            slices
        };
        let first = sorted(&self.means_ns[..END]);
        let last = sorted(&self.means_ns[SLICES - END..]);
        let is_apart = first[END - 1] < last[0] || last[END - 1] < first[0];
        let change = last[END / 2] / first[END / 2] - 1.0;
        (is_apart && change.abs() > STEADY).then_some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(means: impl Fn(usize) -> f64) -> Option<f64> {
        let means_ns = (0..SLICES).map(means).collect();
        Slices { means_ns }.trend()
    }

    #[test]
    fn slices_cover_everything_once() {
        for range in [0..0, 7..8, 3..20, 0..16, 100..20_100] {
            let covered: Vec<usize> = Slices::of(range.clone()).flatten().collect();
            assert_eq!(covered, range.clone().collect::<Vec<_>>(), "{range:?}");
        }
    }

    #[test]
    fn a_trend_is_told_from_a_disturbance() {
        assert_eq!(trend(|_| 100.0), None, "steady");
        assert_eq!(trend(|slice| 100.0 + slice as f64 / 2.0), None, "hardly");
        let disturbed = |slice: usize| if slice % 7 == 3 { 400.0 } else { 100.0 };
        assert_eq!(trend(disturbed), None, "a neighbour");
        let slower = trend(|slice| 100.0 * 1.02_f64.powi(slice as i32));
        assert!(slower.is_some_and(|change| (0.2..0.3).contains(&change)));
        let faster = trend(|slice| 200.0 / (slice + 1) as f64);
        assert!(faster.is_some_and(|change| change < -0.5));
        assert_eq!(Slices::new().trend(), None, "too few to tell");
    }
}
