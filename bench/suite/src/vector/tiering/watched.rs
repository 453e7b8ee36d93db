//! Tiers that are searched and moved between at the same time, and what both take.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bench_harness::recorder::Recorder;
use bench_harness::scenario::name;
use bench_harness::schema::{MetricName, MetricValue, Proportion};
use bench_harness::{Background, Failure, WrongAnswer};

use super::tiers::Tiers;
use crate::vector::asked::{Searcher, sizes};
use crate::vector::checked::SearchError;
use crate::vector::judge::wrong;
use crate::vector::rows::{Generator, QUERIES};
use crate::vector::truth::Neighbour;

/// How often rows change places.
const PLANS_PER_SECOND: f64 = 20.0;

/// Plans in all, as many on every machine: a little longer than the searches of the largest tier take.
const PLANS: usize = 120;

/// How long rows are moved.
pub(super) const SECONDS: f64 = PLANS as f64 / PLANS_PER_SECOND;

/// Rows that are asked for by themselves at the end.
const ASKED: usize = 500;

/// Tiers in service.
pub(super) struct Watched {
    tiers: Tiers,
    /// Where a row comes from that moves: what holds all rows at full precision, elsewhere.
    source: Generator,
    /// Searches so far, and which of them are timed: the others warm up before, or go on while rows are still moved,
    /// and ask all queries alike.
    asked: AtomicUsize,
    timed: Range<usize>,
    seen: Mutex<Seen>,
    moved: Mutex<Moved>,
}

/// Searches that are timed.
#[derive(Default)]
struct Seen {
    hot: Recorder,
    cold: Recorder,
    neighbours: usize,
    hot_ones: usize,
}

#[derive(Default)]
struct Moved {
    rows: usize,
    took: Duration,
    failures: usize,
}

impl Watched {
    /// Tiers whose first searches warm up, and of which the next `operations` are timed.
    pub(super) fn new(tiers: Tiers, source: Generator, operations: usize) -> Self {
        Self {
            tiers,
            source,
            asked: AtomicUsize::new(0),
            timed: QUERIES..QUERIES + operations,
            seen: Mutex::default(),
            moved: Mutex::default(),
        }
    }

    fn rebalance(&self) {
        let start = Instant::now();
        let rows = self.tiers.rebalance(&self.source);
        let took = start.elapsed();
        let mut moved = locked(&self.moved);
        match rows {
            Ok(rows) => moved.rows += rows,
            Err(_) => moved.failures += 1,
        }
        moved.took += took;
    }
}

impl Searcher for Watched {
    fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, SearchError> {
        let found = self.tiers.search(query, k)?;
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        if self.timed.contains(&number) {
            let mut seen = locked(&self.seen);
            seen.hot.record(found.hot);
            seen.cold.record(found.cold);
            seen.neighbours += found.nearest.len();
            seen.hot_ones += found.hot_ones;
        }
        Ok(found.nearest)
    }

    fn background(&self) -> Vec<Background<'_>> {
        vec![Background {
            name: "moving rows",
            rate: PLANS_PER_SECOND,
            steps: Some(PLANS),
            step: Box::new(|_| self.rebalance()),
        }]
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let failures = locked(&self.moved).failures;
        if failures > 0 {
            return Err(wrong("moves", format!("{failures} failed"), "none"));
        }
        self.tiers.check()
    }

    fn figures(&self, _: &[Vec<f32>]) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let items = self.tiers.items();
        let mut hits = Vec::with_capacity(ASKED);
        for key in (0..items as u32).step_by(items.div_ceil(ASKED).max(1)) {
            let found = self.tiers.look(&self.source.row(key.into()), 1)?.nearest;
            hits.push(u16::from(found.first().is_some_and(|one| one.key == key)));
        }
        let recall = MetricValue::Proportion(Box::new(Proportion::from_queries(hits, 1)?));
        let (hot, cold) = self.tiers.bytes();
        let (seen, moved) = (locked(&self.seen), locked(&self.moved));
        let value = |of, value| (name(of), MetricValue::Value(value));
        let histogram = |recorder: &Recorder| -> Result<MetricValue, Failure> {
            Ok(MetricValue::Distribution(Box::new(
                recorder.distribution()?,
            )))
        };
        let mut figures = sizes(hot + cold, items);
        figures.extend([
            (name("recall@1"), recall),
            (name("hot"), histogram(&seen.hot)?),
            (name("cold"), histogram(&seen.cold)?),
            value("hot_bytes", hot as f64),
            value("cold_bytes", cold as f64),
            value(
                "hot_share",
                seen.hot_ones as f64 / seen.neighbours.max(1) as f64,
            ),
            value("migrations", moved.rows as f64),
        ]);
        let seconds = moved.took.as_secs_f64();
        if seconds > 0.0 && moved.rows > 0 {
            figures.push(value("migrations_per_second", moved.rows as f64 / seconds));
        }
        Ok(figures)
    }
}

/// What a poisoned lock holds is whole: nothing panics half-way through changing it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
