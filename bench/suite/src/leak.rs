//! What memory grows by while something is added and removed: a leak, where the size stays the same.

use bench_harness::scenario::{metric, name};
use bench_harness::schema::{DeclaredMetric, Direction, Kind, MetricName, MetricValue, Unit};
use bench_harness::watch::Watch;

/// Pieces of work that memory is said to grow by.
const WORK: f64 = 1_000.0;

/// Looks at the memory of a scenario whose operations look themselves: enough for a slope, and so few that
/// no percentile below p99.9 sees them.
const LOOKS: usize = 256;

/// Memory that is looked at again and again.
pub(crate) struct Leak {
    bytes: fn() -> Option<u64>,
    seen: Watch,
    /// Operations between two looks, and the next one that looks.
    stride: usize,
    next: usize,
}

impl Leak {
    /// Looks at `bytes`, whenever it is told to.
    pub(crate) fn of(bytes: fn() -> Option<u64>) -> Self {
        Self {
            bytes,
            seen: Watch::default(),
            stride: 1,
            next: 0,
        }
    }

    /// Spreads the looks of [`Self::after`] over that many operations behind the warm-up.
    pub(crate) fn over(self, warm_up: usize, operations: usize) -> Self {
        Self {
            stride: operations.div_ceil(LOOKS).max(1),
            next: warm_up,
            ..self
        }
    }

    /// The operation `index` was done: looks, if it is time to.
    #[inline]
    pub(crate) fn after(&mut self, index: usize) {
        if index >= self.next {
            self.next = index + self.stride;
            self.look(index);
        }
    }

    /// Looks now, when so much work was done.
    pub(crate) fn look(&self, work: usize) {
        if let Some(bytes) = (self.bytes)() {
            self.seen.see(work as f64, bytes as f64);
        }
    }

    /// The series of what was seen and what it grew by, where the system tells: declared and absent would
    /// read as missing.
    pub(crate) fn declared(bytes: fn() -> Option<u64>) -> Vec<DeclaredMetric> {
        if bytes().is_none() {
            return Vec::new();
        }
        let metric = |of, kind| metric(of, kind, Unit::Bytes, Direction::Lower);
        vec![
            metric("memory", Kind::Series),
            metric("memory_growth", Kind::Value),
        ]
    }

    /// Both, where it was looked at often enough.
    pub(crate) fn reported(&self) -> Vec<(MetricName, MetricValue)> {
        let series = self.seen.series().map(|series| {
            let memory = MetricValue::Series(Box::new(series));
            (name("memory"), memory)
        });
        let growth = self.seen.growth().map(|growth| {
            // A document has no room for zero bytes; what does not grow grows by one.
            let bytes = (WORK * growth.per_unit).max(1.0);
            (name("memory_growth"), MetricValue::Value(bytes))
        });
        series.into_iter().chain(growth).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    static HELD: AtomicU64 = AtomicU64::new(1_000_000);

    fn held() -> Option<u64> {
        Some(HELD.load(Ordering::Relaxed))
    }

    fn growth(leak: &Leak) -> f64 {
        let reported = leak.reported();
        let growth = reported
            .iter()
            .find(|(name, _)| name.as_str() == "memory_growth");
        match growth {
            Some((_, MetricValue::Value(bytes))) => *bytes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_leak_is_told_from_none() {
        let mut tight = Leak::of(|| Some(7_000)).over(100, 10_000);
        let mut leaking = Leak::of(held).over(100, 10_000);
        for index in 0..10_100 {
            HELD.fetch_add(3, Ordering::Relaxed);
            tight.after(index);
            leaking.after(index);
        }
        assert_eq!(growth(&tight).to_bits(), 1.0_f64.to_bits());
        assert!((growth(&leaking) - 3_000.0).abs() < 1.0);
        let looks = leaking.seen.series().map(|series| series.series.len());
        assert!(looks <= Some(LOOKS) && looks > Some(LOOKS / 2), "{looks:?}");
    }

    #[test]
    fn what_no_system_tells_is_not_declared() {
        assert!(Leak::declared(|| None).is_empty());
        assert_eq!(Leak::declared(held).len(), 2);
        assert!(Leak::of(|| None).reported().is_empty());
    }
}
