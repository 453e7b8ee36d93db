//! The searches of a collection that is written to: what they take beside the writes and before them, and
//! what they find and take over time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bench_harness::recorder::Recorder;
use bench_harness::scenario::{metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Series, Unit,
};

use super::K;
use super::ledger::{Course, Ledger, Written};
use crate::vector::rows::QUERIES;
use crate::vector::truth::Neighbour;

/// Stretches of equally many adds, each a point of what is shown over time.
const STRETCHES: usize = 10;

/// Searches kept of each stretch: every query once, where there is time for that.
const KEPT: usize = QUERIES;

/// Fewest searches of a stretch that say anything about recall: a thousand neighbours.
const MIN_KEPT: usize = 100;

/// Fewest that say anything about a p99: the first number whose largest is above it with 95 % confidence.
const MIN_TIMED: usize = 299;

/// The key of no row.
const NONE: u32 = u32::MAX;

/// One search: what was asked, after which writes, how long that took and what was found.
#[derive(Clone, Copy, Debug)]
struct Asked {
    query: u32,
    written: Written,
    at: Duration,
    elapsed: Duration,
    keys: [u32; K],
}

/// Searches, as they are made.
pub(super) struct Searches {
    /// Before anything was written.
    idle: Recorder,
    /// Those that are timed.
    busy: Mutex<Recorder>,
    /// Adds that there will be.
    added: usize,
    kept: Mutex<Kept>,
}

struct Kept {
    start: Option<Instant>,
    stretches: Vec<Vec<Asked>>,
}

/// What one stretch showed.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    at: Duration,
    recall: f64,
    /// `None` of too few searches.
    p99: Option<Duration>,
}

impl Searches {
    /// None yet, of a time in which `added` vectors come. With room for all that is kept, so that making it
    /// is not in what memory grows by.
    pub(super) fn beside(added: usize) -> Self {
        let unused = Asked {
            query: NONE,
            written: Written::default(),
            at: Duration::ZERO,
            elapsed: Duration::ZERO,
            keys: [NONE; K],
        };
        let stretch = |_| {
            // Written to, so that no page is first touched while measuring.
            let mut stretch = vec![unused; KEPT];
            stretch.clear();
            stretch
        };
        Self {
            idle: Recorder::new(),
            busy: Mutex::default(),
            added,
            kept: Mutex::new(Kept {
                start: None,
                stretches: (0..STRETCHES).map(stretch).collect(),
            }),
        }
    }

    /// One took so long before anything was written.
    pub(super) fn before(&mut self, elapsed: Duration) {
        self.idle.record(elapsed);
    }

    /// One that is timed took so long.
    pub(super) fn timed(&self, elapsed: Duration) {
        locked(&self.busy).record(elapsed);
    }

    /// A search that began after the writes `written` took `elapsed` to find that.
    pub(super) fn keep(
        &self,
        query: u32,
        written: Written,
        elapsed: Duration,
        found: &[Neighbour],
    ) {
        let mut kept = locked(&self.kept);
        let at = kept.start.get_or_insert_with(Instant::now).elapsed();
        let number = written.adds * STRETCHES / self.added.max(1);
        let stretch = &mut kept.stretches[number.min(STRETCHES - 1)];
        if stretch.len() == KEPT {
            return;
        }
        let mut keys = [NONE; K];
        for (key, found) in keys.iter_mut().zip(found) {
            *key = found.key;
        }
        stretch.push(Asked {
            query,
            written,
            at,
            elapsed,
            keys,
        });
    }

    /// What [`Self::reported`] returns.
    pub(super) fn declared() -> [DeclaredMetric; 4] {
        [
            metric("slowdown", Kind::Value, Unit::Count, Direction::Lower),
            metric("recall_min@10", Kind::Value, Unit::Ratio, Direction::Higher),
            metric(
                "recall_over_time",
                Kind::Series,
                Unit::Ratio,
                Direction::Higher,
            ),
            metric(
                "p99_over_time",
                Kind::Series,
                Unit::Nanoseconds,
                Direction::Lower,
            ),
        ]
    }

    /// The p99 of the timed searches in that of those before, recall and p99 over time, and the least recall of
    /// any stretch; without what too few searches were made for.
    pub(super) fn reported(
        &self,
        ledger: &Ledger,
        course: &Course,
    ) -> Vec<(MetricName, MetricValue)> {
        let points = self.points(ledger, course);
        let series = |of, value: fn(&Point) -> Option<f64>| {
            let series = points
                .iter()
                .filter_map(|point| Some((point.at.as_secs_f64(), value(point)?)));
            let series: Vec<(f64, f64)> = series.collect();
            let is_any = !series.is_empty();
            is_any.then(|| (name(of), MetricValue::Series(Box::new(Series { series }))))
        };
        let value = |of, value| (name(of), MetricValue::Value(value));
        let least = points.iter().map(|point| point.recall).reduce(f64::min);
        [
            self.slowdown().map(|times| value("slowdown", times)),
            least.map(|recall| value("recall_min@10", recall)),
            series("recall_over_time", |point| Some(point.recall)),
            series("p99_over_time", |point| {
                point.p99.map(|p99| p99.as_nanos() as f64)
            }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The p99 beside writes, in that before them.
    fn slowdown(&self) -> Option<f64> {
        let busy = locked(&self.busy);
        let p99 = |recorder: &Recorder| recorder.quantile(0.99).as_secs_f64();
        let is_known = busy.count() > 0 && self.idle.count() > 0;
        is_known.then(|| p99(&busy) / p99(&self.idle))
    }

    /// One per stretch that was searched often enough.
    fn points(&self, ledger: &Ledger, course: &Course) -> Vec<Point> {
        let kept = locked(&self.kept);
        let stretches = kept.stretches.iter();
        stretches
            .filter(|stretch| stretch.len() >= MIN_KEPT)
            .map(|stretch| {
                let hits = stretch.iter().map(|asked| {
                    let found: Vec<u32> = asked
                        .keys
                        .into_iter()
                        .take_while(|&key| key != NONE)
                        .collect();
                    ledger.hits(course, asked.query as usize, asked.written, &found)
                });
                let mut elapsed: Vec<Duration> =
                    stretch.iter().map(|asked| asked.elapsed).collect();
                elapsed.sort_unstable();
                let p99 = elapsed[(elapsed.len() * 99).div_ceil(100) - 1];
                Point {
                    at: stretch[0].at,
                    recall: hits.sum::<usize>() as f64 / (K * stretch.len()) as f64,
                    p99: (elapsed.len() >= MIN_TIMED).then_some(p99),
                }
            })
            .collect()
    }
}

/// What a poisoned lock holds is whole: nothing panics half-way through changing it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;
    use bench_harness::{Context, Tier};

    use super::*;
    use crate::vector::rows::{Generator, Rows};
    use crate::vector::truth::Truth;

    const ITEMS: usize = 200;
    const ADDED: usize = 1_000;

    fn ledger() -> Ledger {
        let rows = Rows {
            items: ITEMS,
            dimensions: 8,
        };
        let generator = Generator::new(rows.dimensions);
        let queries = generator.queries();
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        let progress = context.phase("comparing", ITEMS);
        let truth = Truth::compute(&generator, &queries, ITEMS, 1, &progress);
        Ledger::new(rows, truth, K)
    }

    fn answer(keys: &[u32]) -> Vec<Neighbour> {
        let found = keys.iter().map(|&key| Neighbour { key, distance: 0.0 });
        found.collect()
    }

    #[test]
    fn what_wears_out_in_the_middle_is_the_least_recall() {
        let ledger = ledger();
        let course = ledger.course(0, &[]);
        let mut searches = Searches::beside(ADDED);
        for _ in 0..100 {
            searches.before(Duration::from_micros(10));
        }
        let right = ledger.judge(&course).truth.neighbours;
        // (adds so far, searches, right ones among ten, microseconds each)
        for (adds, count, good, micros) in [
            (0, 2 * KEPT, 10, 10),
            (300, MIN_TIMED, 9, 20),
            (499, MIN_TIMED - 1, 6, 30),
            (700, MIN_KEPT - 1, 0, 90),
            (ADDED, MIN_KEPT, 9, 10),
        ] {
            let written = Written { adds, deletes: 0 };
            let elapsed = Duration::from_micros(micros);
            for number in 0..count {
                let query = number % QUERIES;
                let keys: Vec<u32> = right[query][..good].iter().map(|n| n.key).collect();
                searches.keep(query as u32, written, elapsed, &answer(&keys));
            }
        }
        let points = searches.points(&ledger, &course);
        let micros = |point: &Point| point.p99.map(|p99| p99.as_micros());
        let shown: Vec<(f64, Option<u128>)> = points
            .iter()
            .map(|point| (point.recall, micros(point)))
            .collect();
        let expected = [(1.0, Some(10)), (0.9, Some(20)), (0.6, None), (0.9, None)];
        assert_eq!(shown, expected);
        assert!(points.is_sorted_by_key(|point| point.at));

        let least = |searches: &Searches| {
            let reported = searches.reported(&ledger, &course);
            let names: Vec<String> = reported.iter().map(|(name, _)| name.to_string()).collect();
            let values = reported.into_iter().filter_map(|(_, value)| match value {
                MetricValue::Value(value) => Some(value),
                _ => None,
            });
            (names, values.collect::<Vec<f64>>())
        };
        let over_time = ["recall_min@10", "recall_over_time", "p99_over_time"];
        let (names, values) = least(&searches);
        assert_eq!(names, over_time, "nothing was timed");
        assert!((values[0] - 0.6).abs() < 1e-9, "{values:?}");
        searches.timed(Duration::from_micros(20));
        let (names, values) = least(&searches);
        assert_eq!(names[0], "slowdown");
        assert!((values[0] - 2.0).abs() < 0.01, "{values:?}");
        assert!(least(&Searches::beside(ADDED)).0.is_empty());
    }

    #[test]
    fn a_search_is_held_against_what_was_there_when_it_began() {
        let ledger = ledger();
        let course = ledger.course(ADDED, &[]);
        // Found before they came, and found when they were there.
        let at = |adds| {
            let searches = Searches::beside(ADDED);
            let end = ledger.judge(&course).truth.neighbours;
            for (query, neighbours) in end.iter().enumerate().take(MIN_KEPT) {
                let start = neighbours.iter().filter(|n| (n.key as usize) < ITEMS);
                let keys: Vec<u32> = start.take(K).map(|n| n.key).collect();
                let written = Written { adds, deletes: 0 };
                searches.keep(
                    query as u32,
                    written,
                    Duration::from_micros(1),
                    &answer(&keys),
                );
            }
            searches.points(&ledger, &course)[0].recall
        };
        assert!((at(0) - 1.0).abs() < 1e-9, "all that was there");
        assert!(at(ADDED) < 0.5, "most came later: {}", at(ADDED));
    }
}
