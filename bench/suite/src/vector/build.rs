//! The scenarios `vector/build/threads=*`: building an index, and what is lost by doing it with
//! several threads.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use bench_harness::scenario::{metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Service, Subject, Tier, Traffic,
    WrongAnswer,
};
use usearch::{Index, MetricKind, ScalarKind};

use super::checked;
use super::collection::model::{check_vector, wrong};
use super::collection::warm::Warm;
use super::index::{EXPANSION_SEARCH, IndexFiles};
use super::indexing::mend;
use super::judge::Judge;
use super::kinds::Reported;
use super::links::Links;
use super::rows::Generator;
use super::truth::Neighbour;

/// Vectors per operation.
const BATCH: usize = 256;

/// Neighbours that are asked for when it is built.
const K: usize = 10;

/// Of the stored vectors, every such one is compared with its row.
const STRIDE: usize = 8;

/// Building an index, by the number of threads.
#[derive(Debug)]
pub(crate) struct Build {
    id: &'static str,
    about: &'static str,
    threads: usize,
}

/// Both scenarios.
pub(crate) static FAMILY: [Build; 2] = [
    Build {
        id: "vector/build/threads=1",
        about: "Builds an index of 128-dimensional vectors with one thread, 256 vectors per operation. \
                The reference for building with more, and the one that gives the same graph every \
                time: orphans is 0, and recall@10 never moves unless the engine or its settings do. \
                Latency is that of a batch and grows with the index; build_time and \
                vectors_per_second are those of the whole. There are too few batches for a p99.",
        threads: 1,
    },
    Build {
        id: "vector/build/threads=2",
        about: "Builds the index of vector/build/threads=1 with two threads. \
                What a second core is worth, and what it costs: usearch can lose links when several \
                threads add at once (USearch#735), and what has lost its last link is found by no \
                search. \
                orphans counts those, over the whole graph; orphans_left counts those that are still \
                lost after every orphan was taken out and added again by one thread, and must be 0. \
                Compare build_time with threads=1.",
        threads: 2,
    },
];

/// Vectors that are added on a tier.
pub(crate) fn items(tier: Tier) -> usize {
    Warm::tenth(tier).rows.items
}

impl Build {
    fn files(&self, tier: Tier) -> IndexFiles {
        IndexFiles {
            threads: self.threads,
            ..Warm::tenth(tier).index_files()
        }
    }
}

impl Scenario for Build {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn layer(&self) -> Layer {
        Layer::Engine
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        Warm::tenth(tier).params([("batch", BATCH), ("k", K)])
    }

    fn input(&self, tier: Tier) -> Recipe {
        Warm::tenth(tier).rows.recipe()
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        vec![Box::new(Warm::tenth(tier).truth_files())]
    }

    fn traffic(&self, _: Tier) -> Traffic {
        Traffic::Clients(self.threads)
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let lower = |name, unit| metric(name, Kind::Value, unit, Direction::Lower);
        vec![
            lower("build_time", Unit::Nanoseconds),
            metric(
                "vectors_per_second",
                Kind::Value,
                Unit::PerSecond,
                Direction::Higher,
            ),
            lower("orphans", Unit::Count),
            lower("orphans_left", Unit::Count),
            metric(
                "recall@10",
                Kind::Proportion,
                Unit::Ratio,
                Direction::Higher,
            ),
        ]
    }

    fn needs(&self, tier: Tier) -> Needs {
        let files = self.files(tier);
        let rows = files.footprint().source_bytes();
        Needs::memory(files.loaded().memory_bytes + rows).with_seconds(files.needs().seconds)
    }

    fn settings(&self) -> &'static [&'static str] {
        &["expansion_add"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let files = self.files(context.tier());
        let items = files.rows.items;
        let index = files.empty()?;
        index.reserve_capacity_and_threads(items, self.threads)?;
        index.change_expansion_add(context.setting("expansion_add", files.expansion_add));
        index.change_expansion_search(EXPANSION_SEARCH);
        let generator = Generator::new(files.rows.dimensions);
        let mut rows = vec![0.0; items * files.rows.dimensions];
        for (key, row) in (0..).zip(rows.chunks_exact_mut(files.rows.dimensions)) {
            generator.fill(key, row);
        }
        let truth = Warm::tenth(context.tier()).truth_files().load(context)?;
        Ok(Box::new(Loaded {
            index,
            rows,
            judge: Judge {
                queries: generator.queries(),
                generator,
                truth,
                items,
                k: K,
                reported: Reported::by(MetricKind::IP, ScalarKind::BF16),
                survivors: None,
            },
            start: OnceLock::new(),
            built_ns: AtomicU64::new(0),
            failures: AtomicUsize::new(0),
            answers: Vec::new(),
        }))
    }
}

struct Loaded {
    index: Index,
    /// All rows, one after the other, so that making them is not measured.
    rows: Vec<f32>,
    judge: Judge,
    /// When the first measured batch began.
    start: OnceLock<Instant>,
    /// From then to the end of the last batch so far.
    built_ns: AtomicU64,
    /// Vectors that were refused.
    failures: AtomicUsize,
    /// One per query, once they were checked.
    answers: Vec<Vec<Neighbour>>,
}

impl Service for Loaded {
    fn serve(&self, index: usize) -> u64 {
        let start = (index >= self.warm_up()).then(|| *self.start.get_or_init(Instant::now));
        let first = index * BATCH;
        let batch = first..self.judge.items.min(first + BATCH);
        let count = batch.len();
        let dimensions = self.judge.generator.dimensions();
        for key in batch {
            let row = &self.rows[key * dimensions..(key + 1) * dimensions];
            if self.index.add(key as u64, row).is_err() {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        if let Some(start) = start {
            let built_ns = start.elapsed().as_nanos() as u64;
            self.built_ns.fetch_max(built_ns, Ordering::Relaxed);
        }
        count as u64
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        // One batch by one thread: usearch enters the first row of an index without a lock.
        1
    }

    fn operations(&self) -> usize {
        self.judge.items.div_ceil(BATCH) - self.warm_up()
    }

    fn differs(&self) -> bool {
        // The index grows.
        true
    }

    fn operate(&mut self, index: usize) -> u64 {
        self.serve(index)
    }

    fn service(&self) -> Option<&dyn Service> {
        Some(self)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let failures = self.failures.load(Ordering::Relaxed);
        if failures > 0 || self.index.size() != self.judge.items {
            return Err(WrongAnswer {
                place: "the index".into(),
                found: format!("{} vectors, {failures} refused", self.index.size()),
                expected: format!("{} and 0", self.judge.items),
            });
        }
        let mut vector = vec![0.0; self.judge.generator.dimensions()];
        for key in (0..self.judge.items as u32).step_by(STRIDE) {
            let copied = self.index.get(u64::from(key), &mut vector);
            if !matches!(copied, Ok(1)) {
                return Err(wrong(key, format!("{copied:?}"), "one vector"));
            }
            check_vector(&self.judge.generator, key, &vector)?;
        }
        let queries = self.judge.queries.iter();
        let answers = queries.map(|query| checked::search(&self.index, query, K));
        let answers: Result<_, _> = answers.collect();
        self.answers = answers.map_err(|error| WrongAnswer {
            place: "queries".into(),
            found: error.to_string(),
            expected: "neighbours".into(),
        })?;
        self.judge.check(&self.answers)
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let built_ns = self.built_ns.load(Ordering::Relaxed) as f64;
        let vectors = self.judge.items.saturating_sub(BATCH) as f64;
        let orphans = Links::of(&self.index).orphans().len();
        let left = mend(&self.index, &self.judge.generator)?;
        let mut metrics = vec![
            (name("build_time"), MetricValue::Value(built_ns)),
            (
                name("vectors_per_second"),
                MetricValue::Value(vectors * 1e9 / built_ns),
            ),
            (name("orphans"), MetricValue::Value(orphans as f64)),
            (name("orphans_left"), MetricValue::Value(left as f64)),
        ];
        // What failed its check earlier has no answers to judge.
        if !self.answers.is_empty() {
            let recall = self.judge.recall(&self.answers)?;
            metrics.push((name("recall@10"), MetricValue::Proportion(Box::new(recall))));
        }
        Ok(metrics)
    }
}
