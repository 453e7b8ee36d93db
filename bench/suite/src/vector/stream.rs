//! The scenarios `vector/stream` and `vector/stream/idle`: searching a collection while it is written
//! to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use bench_harness::memory::resident_bytes;
use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Proportion, Unit,
};
use bench_harness::{
    Artifact, Background, Context, Failure, Layer, Needs, Recipe, Scenario, Service, Subject, Tier,
    Traffic, WrongAnswer,
};

use super::collection::warm::{Warm, insertion};
use super::collection::{Collection, CollectionError};
use super::rows::{DIMENSIONS, QUERIES, Rows};
use super::truth::Neighbour;
use crate::leak::Leak;
use crate::random::Stream as Randomness;
use ledger::Ledger;

mod ledger;
#[cfg(test)]
mod tests;

/// Vectors added per second, on a schedule.
const ADDS_PER_SECOND: f64 = 1_000.0;

/// Vectors deleted per second, on a schedule.
const DELETES_PER_SECOND: f64 = 100.0;

/// Seconds of writing, so that every machine ends with the same collection. About twice as long as the
/// timed searches take here: who is slower is beside a writer all the same.
const fn seconds(tier: Tier) -> f64 {
    match tier {
        Tier::Nightly => 10.0,
        _ => 5.0,
    }
}

/// Vectors added and deleted in all.
fn written(tier: Tier) -> [usize; 2] {
    [ADDS_PER_SECOND, DELETES_PER_SECOND].map(|rate| (rate * seconds(tier)) as usize)
}

/// Adds between two looks at the memory.
const ADDS_PER_LOOK: usize = 20;

/// Timed searches: what a p99 needs.
const OPERATIONS: usize = 10_000;

/// Neighbours that are asked for.
const K: usize = 10;

/// Written vectors that are searched for.
const ASKED: usize = 1_000;

/// Share of those that must be found for the answer to be right. An approximate index may miss one
/// now and then, and one that missed so many did not take them in.
const FRESH: f64 = 0.9;

/// Searching, with and without a writer beside it.
#[derive(Debug)]
pub(crate) struct Stream {
    id: &'static str,
    about: &'static str,
    is_written: bool,
}

/// Both scenarios.
pub(crate) static FAMILY: [Stream; 2] = [
    Stream {
        id: "vector/stream",
        about: "Ten nearest neighbours while 1,000 vectors are added and 100 deleted every second. \
                What users feel while items are published: the graph changes under every search, and \
                one of two cores is often with the writer. \
                Read the tail beside that of vector/stream/idle: the target is twice that. \
                Writing goes on for 5 s, 10 s on nightly, however soon the searches are done, so that \
                every machine ends with the same vectors. \
                recall_start@10 and recall@10 are those before the first write and after the last, \
                each among what was there: a graph that wears out falls from one to the other; fresh is the share of the written vectors that are found \
                when they are searched for; insert_time is the mean of one add beside the searches. \
                memory is what is resident over time, and memory_growth what that grows by per \
                1,000 vectors added: what they take, and what is lost at every search and write.",
        is_written: true,
    },
    Stream {
        id: "vector/stream/idle",
        about: "The searches of vector/stream while nobody writes. \
                The reference for the tail beside a writer, through the same component, with the same \
                locks and the same check of every neighbour. \
                The distance to vector/search/k10, which asks the engine directly, is what the \
                component costs.",
        is_written: false,
    },
];

/// The collection of the tier.
fn warm(tier: Tier) -> Warm {
    Warm {
        rows: Rows {
            items: tier.items(),
            dimensions: DIMENSIONS,
        },
    }
}

impl Scenario for Stream {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn layer(&self) -> Layer {
        match self.is_written {
            true => Layer::Contention,
            false => Layer::Facade,
        }
    }

    fn over(&self) -> &'static [&'static str] {
        match self.is_written {
            true => &[],
            false => &["vector/search/k10"],
        }
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let mut params = warm(tier).params([("k", K), ("queries", QUERIES)]);
        if self.is_written {
            for (of, rate) in [("adds", ADDS_PER_SECOND), ("deletes", DELETES_PER_SECOND)] {
                params.insert(name(of), Param::Text(format!("{rate}/s")));
            }
            let [added, deleted] = written(tier);
            params.insert(name("added"), integer(added));
            params.insert(name("deleted"), integer(deleted));
        }
        params
    }

    fn input(&self, tier: Tier) -> Recipe {
        warm(tier).recipe()
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        let warm = warm(tier);
        let mut artifacts = warm.artifacts();
        artifacts.push(Box::new(warm.truth_files()));
        artifacts
    }

    fn traffic(&self, _: Tier) -> Traffic {
        Traffic::Clients(1)
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let share = |name| metric(name, Kind::Proportion, Unit::Ratio, Direction::Higher);
        let mut metrics = vec![share("recall@10")];
        if self.is_written {
            metrics.push(share("recall_start@10"));
            metrics.push(share("fresh"));
            metrics.push(metric(
                "insert_time",
                Kind::Value,
                Unit::Nanoseconds,
                Direction::Lower,
            ));
            metrics.extend(Leak::declared(resident_bytes));
        }
        metrics
    }

    fn needs(&self, tier: Tier) -> Needs {
        let [added, _] = written(tier);
        let needs = warm(tier).needs(added);
        match self.is_written {
            true => needs.with_seconds(1.5 + seconds(tier)),
            false => needs,
        }
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let warm = warm(context.tier());
        let items = warm.rows.items;
        let truth = warm.truth_files().load(context)?;
        let [added, deleted] = written(context.tier());
        let mut loaded = Loaded {
            // With room for all, so that making it is not measured.
            collection: warm.collection(context, added)?,
            ledger: Ledger::new(warm.rows, truth, K),
            is_written: self.is_written,
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
            memory: Leak::of(resident_bytes),
            failures: AtomicUsize::new(0),
            start: None,
            answers: Vec::new(),
        };
        if self.is_written {
            let answers = loaded.answer()?;
            loaded.start = Some(loaded.ledger.judge(0, &[]).recall(&answers)?);
        }
        Ok(Box::new(loaded))
    }
}

struct Loaded {
    collection: Collection,
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
    /// What was resident meanwhile, by vectors added.
    memory: Leak,
    /// Searches and writes that were refused.
    failures: AtomicUsize,
    /// Recall before the first write.
    start: Option<Proportion>,
    /// One per query, once they were checked.
    answers: Vec<Vec<Neighbour>>,
}

impl Loaded {
    fn answer(&self) -> Result<Vec<Vec<Neighbour>>, CollectionError> {
        let queries = self.ledger.queries.iter();
        queries
            .map(|query| self.collection.search(query, K))
            .collect()
    }

    /// Adds the row after all that are there.
    fn add(&self, step: usize) {
        let inserted = insertion(&self.ledger.generator, (self.ledger.items() + step) as u32);
        let start = Instant::now();
        self.count(self.collection.insert(&inserted), &self.adds);
        let elapsed = start.elapsed().as_nanos() as u64;
        self.insert_ns.fetch_add(elapsed, Ordering::Relaxed);
        if step.is_multiple_of(ADDS_PER_LOOK) {
            self.memory.look(step);
        }
    }

    /// Deletes one of those that were there at the start.
    fn delete(&self, step: usize) {
        if let Some(&key) = self.deleted.get(step) {
            self.count(self.collection.delete(key), &self.deletes);
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
            let found = self.collection.search(&row, K)?;
            Ok(u16::from(found.iter().any(|found| found.key == key)))
        };
        keys.map(is_found).collect()
    }
}

impl Service for Loaded {
    fn serve(&self, index: usize) -> u64 {
        let query = &self.ledger.queries[self.order[index % QUERIES] as usize];
        match self.collection.search(query, K) {
            Ok(found) => found.len() as u64,
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
        vec![
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
        ]
    }
}

impl Subject for Loaded {
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
        self.ledger.check(&self.collection, adds, self.gone())?;
        let refused = |error: CollectionError| wrong("queries", error.to_string(), "neighbours");
        let answers = self.answer().map_err(refused)?;
        self.ledger.judge(adds, self.gone()).check(&answers)?;
        self.answers = answers;

        let fresh = self.fresh().map_err(refused)?;
        let found = fresh.iter().map(|&hits| usize::from(hits)).sum::<usize>();
        if (found as f64) < FRESH * fresh.len() as f64 {
            let found = format!("{found} of {} found", fresh.len());
            return Err(wrong("written vectors", found, "nearly all"));
        }
        Ok(())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let share = |of, share| (name(of), MetricValue::Proportion(Box::new(share)));
        let mut metrics = Vec::new();
        let adds = self.adds.load(Ordering::Relaxed);
        // What failed its check earlier has no answers to judge.
        if !self.answers.is_empty() {
            let recall = self.ledger.judge(adds, self.gone()).recall(&self.answers)?;
            metrics.push(share("recall@10", recall));
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
            metrics.extend(self.memory.reported());
        }
        Ok(metrics)
    }
}
