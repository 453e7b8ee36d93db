//! A collection in service: searched, written to beside that, and held against what should be in it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bench_harness::memory::resident_bytes;
use bench_harness::recorder::Recorder;
use bench_harness::scenario::name;
use bench_harness::schema::{MetricName, MetricValue, Proportion};
use bench_harness::{Background, Context, Failure, Service, Subject, WrongAnswer};

use super::ledger::{Course, Ledger, Written};
use super::searches::Searches;
use super::store::Store;
use super::{ADDS_PER_SECOND, DELETES_PER_SECOND, K, warm, written};
use crate::leak::Leak;
use crate::random::Stream as Randomness;
use crate::vector::collection::warm::insertion;
use crate::vector::collection::{Collection, CollectionError, Insertion};
use crate::vector::rows::QUERIES;
use crate::vector::truth::Neighbour;

/// Adds between two looks at the memory.
const ADDS_PER_LOOK: usize = 20;

/// Adds between two vectors that are looked for until they are found.
const ADDS_PER_QUESTION: usize = 100;

/// Searches for such a vector. One that so many do not find is not found by the next, either.
const TRIES: usize = 10;

/// Timed searches, and as many before anything is written: what a p99 needs.
const OPERATIONS: usize = 10_000;

/// Written vectors that are searched for.
const ASKED: usize = 1_000;

/// Share of those that must be found for the answer to be right. An approximate index may miss one
/// now and then, and one that missed so many did not take them in.
const FRESH: f64 = 0.9;

/// A collection in service.
pub(super) struct Loaded<S> {
    store: S,
    /// What should be in it.
    ledger: Ledger,
    is_written: bool,
    /// The queries are asked in this order, again and again.
    order: Vec<u32>,
    /// How many vectors to add, and the keys to delete, in order.
    added: usize,
    deleted: Vec<u32>,
    /// Vectors that were added and deleted so far.
    adds: AtomicUsize,
    deletes: AtomicUsize,
    /// Time of all adds.
    insert_ns: AtomicU64,
    /// Time from asking for an add until a search found the vector.
    found_after: Mutex<Recorder>,
    searches: Searches,
    /// What was resident meanwhile, by vectors added.
    memory: Leak,
    /// Searches and writes that were refused.
    failures: AtomicUsize,
    /// Recall before the first write.
    start: Option<Proportion>,
    /// All writes, and one answer per query after them, once they were checked.
    judged: Option<(Course, Vec<Vec<Neighbour>>)>,
}

impl<S: Store> Loaded<S> {
    /// What `store` makes of the collection of the tier, searched before anything is written to it.
    ///
    /// # Errors
    /// Whatever the engine or the disk reports.
    pub(super) fn start(
        context: &Context,
        is_written: bool,
        store: impl FnOnce(Collection) -> S,
    ) -> Result<Self, Failure> {
        let warm = warm(context.tier());
        let items = warm.rows.items;
        let truth = warm.truth_files().load(context)?;
        let [added, deleted] = written(context.tier());
        let mut loaded = Self {
            // With room for all, so that making it is not measured.
            store: store(warm.collection(context, added)?),
            ledger: Ledger::new(warm.rows, truth, K),
            is_written,
            order: Randomness::named("vector/order").shuffled(QUERIES),
            deleted: Randomness::named("vector/stream-deleted")
                .shuffled(items)
                .into_iter()
                .take(deleted)
                .collect(),
            added,
            adds: AtomicUsize::new(0),
            deletes: AtomicUsize::new(0),
            insert_ns: AtomicU64::new(0),
            found_after: Mutex::default(),
            searches: Searches::beside(added),
            memory: Leak::of(resident_bytes),
            failures: AtomicUsize::new(0),
            start: None,
            judged: None,
        };
        if is_written {
            let answers = loaded.answer()?;
            let start = loaded.ledger.course(0, &[]);
            loaded.start = Some(loaded.ledger.judge(&start).recall(&answers)?);
            for index in 0..OPERATIONS {
                let (elapsed, found) = loaded.search(loaded.number(index));
                found?;
                loaded.searches.before(elapsed);
            }
        }
        Ok(loaded)
    }

    fn answer(&self) -> Result<Vec<Vec<Neighbour>>, CollectionError> {
        let queries = self.ledger.queries.iter();
        queries.map(|query| self.store.search(query, K)).collect()
    }

    /// The query that the operation `index` asks.
    fn number(&self, index: usize) -> u32 {
        self.order[index % QUERIES]
    }

    /// Searches for a query, and how long that takes.
    fn search(&self, number: u32) -> (Duration, Result<Vec<Neighbour>, CollectionError>) {
        let query = &self.ledger.queries[number as usize];
        let start = Instant::now();
        let found = self.store.search(query, K);
        (start.elapsed(), found)
    }

    /// What was written so far.
    fn written(&self) -> Written {
        Written {
            adds: self.adds.load(Ordering::Relaxed),
            deletes: self.deletes.load(Ordering::Relaxed),
        }
    }

    /// Adds the row after all that are there.
    fn add(&self, step: usize) {
        let inserted = insertion(&self.ledger.generator, (self.ledger.items() + step) as u32);
        let start = Instant::now();
        self.count(self.store.insert(&inserted), &self.adds);
        let elapsed = start.elapsed().as_nanos() as u64;
        self.insert_ns.fetch_add(elapsed, Ordering::Relaxed);
        if step.is_multiple_of(ADDS_PER_QUESTION) && self.finds(&inserted) {
            self.found_after().record(start.elapsed());
        }
        if step.is_multiple_of(ADDS_PER_LOOK) {
            self.memory.look(step);
        }
    }

    /// Whole whatever happened elsewhere: recording does not panic.
    fn found_after(&self) -> MutexGuard<'_, Recorder> {
        self.found_after
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Searches for a vector until it is found, or was looked for often enough.
    fn finds(&self, inserted: &Insertion) -> bool {
        (0..TRIES).any(|_| {
            let found = self.store.search(&inserted.vector, K);
            found.is_ok_and(|found| found.iter().any(|found| found.key == inserted.key))
        })
    }

    /// Deletes one of those that were there at the start.
    fn delete(&self, step: usize) {
        if let Some(&key) = self.deleted.get(step) {
            self.count(self.store.delete(key), &self.deletes);
        }
    }

    fn merge(&self) {
        if self.store.merge().is_err() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn count(&self, done: Result<(), CollectionError>, successes: &AtomicUsize) {
        let counter = match done {
            Ok(()) => successes,
            Err(_) => &self.failures,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Keys that were deleted so far.
    fn gone(&self) -> &[u32] {
        &self.deleted[..self.deletes.load(Ordering::Relaxed)]
    }

    /// One per written vector that is asked for: whether it was found.
    fn fresh(&self) -> Result<Vec<u16>, CollectionError> {
        let adds = self.adds.load(Ordering::Relaxed);
        let keys = (0..adds).step_by(adds.div_ceil(ASKED).max(1));
        let is_found = |step: usize| {
            let key = (self.ledger.items() + step) as u32;
            let row = self.ledger.generator.row(u64::from(key));
            let found = self.store.search(&row, K)?;
            Ok(u16::from(found.iter().any(|found| found.key == key)))
        };
        keys.map(is_found).collect()
    }
}

impl<S: Store> Service for Loaded<S> {
    fn serve(&self, index: usize) -> u64 {
        let (number, written) = (self.number(index), self.written());
        let (elapsed, found) = self.search(number);
        match found {
            Ok(found) => {
                if self.is_written {
                    self.searches.keep(number, written, elapsed, &found);
                    // Those of the warm-up are asked again untimed.
                    if index >= QUERIES {
                        self.searches.timed(elapsed);
                    }
                }
                found.len() as u64
            }
            Err(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                0
            }
        }
    }

    fn background(&self) -> Vec<Background<'_>> {
        if !self.is_written {
            return Vec::new();
        }
        let writes = [
            Background {
                name: "adding",
                rate: ADDS_PER_SECOND,
                steps: Some(self.added),
                step: Box::new(|step| self.add(step)),
            },
            Background {
                name: "deleting",
                rate: DELETES_PER_SECOND,
                steps: Some(self.deleted.len()),
                step: Box::new(|step| self.delete(step)),
            },
        ];
        // As long as there are adds.
        let merges = |rate: f64| (rate * self.added as f64 / ADDS_PER_SECOND) as usize;
        let merging = S::MERGES_PER_SECOND.map(|rate| Background {
            name: "merging",
            rate,
            steps: Some(merges(rate)),
            step: Box::new(|_| self.merge()),
        });
        writes.into_iter().chain(merging).collect()
    }
}

impl<S: Store> Subject for Loaded<S> {
    fn warm_up(&self) -> usize {
        QUERIES
    }

    fn operations(&self) -> usize {
        OPERATIONS
    }

    fn operate(&mut self, index: usize) -> u64 {
        self.serve(index)
    }

    fn service(&self) -> Option<&dyn Service> {
        Some(self)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let wrong = |place: &str, found: String, expected: &str| WrongAnswer {
            place: place.into(),
            found,
            expected: expected.into(),
        };
        let failures = self.failures.load(Ordering::Relaxed);
        if failures > 0 {
            let found = format!("{failures} failed");
            return Err(wrong("timed searches and writes", found, "none"));
        }
        let adds = self.adds.load(Ordering::Relaxed);
        let refused = |error: CollectionError| wrong("queries", error.to_string(), "neighbours");
        let answers = self.answer().map_err(refused)?;
        let course = self.ledger.course(adds, self.gone());
        self.ledger.judge(&course).check(&answers)?;
        self.judged = Some((course, answers));

        let fresh = self.fresh().map_err(refused)?;
        let found = fresh.iter().map(|&hits| usize::from(hits)).sum::<usize>();
        if (found as f64) < FRESH * fresh.len() as f64 {
            let found = format!("{found} of {} found", fresh.len());
            return Err(wrong("written vectors", found, "nearly all"));
        }
        // What is not merged yet was asked for as it is.
        let merged = self.store.merge();
        merged.map_err(|error| wrong("the last merge", error.to_string(), "vectors"))?;
        self.ledger
            .check(self.store.collection(), adds, self.gone())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let share = |of, share| (name(of), MetricValue::Proportion(Box::new(share)));
        let mut metrics = Vec::new();
        let adds = self.adds.load(Ordering::Relaxed);
        // What failed its check earlier has nothing to judge.
        if let Some((course, answers)) = &self.judged {
            let recall = self.ledger.judge(course).recall(answers)?;
            metrics.push(share("recall@10", recall));
            if self.is_written {
                metrics.extend(self.searches.reported(&self.ledger, course));
            }
        }
        metrics.extend(
            self.start
                .take()
                .map(|start| share("recall_start@10", start)),
        );
        if adds > 0 {
            metrics.push(share("fresh", Proportion::from_queries(self.fresh()?, 1)?));
            let mean_ns = self.insert_ns.load(Ordering::Relaxed) as f64 / adds as f64;
            metrics.push((name("insert_time"), MetricValue::Value(mean_ns)));
            let found_after = self.found_after();
            if found_after.count() > 0 {
                let median_ns = found_after.quantile(0.5).as_nanos() as f64;
                metrics.push((name("found_after"), MetricValue::Value(median_ns)));
            }
            metrics.extend(self.memory.reported());
            metrics.extend(self.store.figures());
        }
        Ok(metrics)
    }
}
