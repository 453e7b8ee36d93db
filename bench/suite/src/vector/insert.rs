//! The scenarios `vector/insert/*`: one vector or a batch, into a collection that is in use.

use std::collections::BTreeMap;

use bench_harness::scenario::{metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Proportion, Unit,
};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer,
};
use usearch::Index;

use super::checked;
use super::collection::model::{Model, check_vector, wrong};
use super::collection::warm::Warm;
use super::collection::{Collection, Insertion};
use super::links::Links;
use super::rows::Generator;

/// Vectors that are inserted while measuring, whatever the batch: enough single ones for a p99.
const MEASURED: usize = 10_000;

/// Vectors that are inserted before, at the least.
const WARM_UP: usize = 100;

/// Size of the batches that are shared among threads, and audited therefore.
const AUDITED: usize = 100;

/// Inserted vectors that are searched for.
const ASKED: usize = 1_000;

/// Inserting, by the size of a batch.
#[derive(Debug)]
pub(crate) struct Insert {
    id: &'static str,
    about: &'static str,
    /// Vectors per operation.
    batch: usize,
    /// Whether the engine is called directly.
    is_raw: bool,
}

/// All scenarios of the family.
pub(crate) static FAMILY: [Insert; 5] = [
    Insert {
        id: "vector/insert/1",
        about: "Adds one 128-dimensional vector with its metadata to a collection that is in use. \
                What publishing one item costs before it can be found: the graph is searched for its \
                neighbours, and their links are changed. \
                The collection grows from 10,000 to 20,000 vectors on pr and from 100,000 to 110,000 \
                on nightly. recall@1 asks for inserted vectors by themselves; orphans are those that \
                no search could find, however far it looked. Compare with vector/insert/raw for what \
                the checks and the metadata cost.",
        batch: 1,
        is_raw: false,
    },
    Insert {
        id: "vector/insert/raw",
        about: "Adds one 128-dimensional vector to usearch directly, the same vectors in the same \
                order as vector/insert/1. \
                What the engine alone costs: no metadata, no check of keys and scalars, no room made, \
                and nothing that keeps searches beside it right. \
                The ratio of vector/insert/1 to this is the cost of the component.",
        batch: 1,
        is_raw: true,
    },
    Insert {
        id: "vector/insert/10",
        about: "Adds ten vectors at once. \
                The smallest batch an importer sends; too small to be shared among threads. \
                1,000 operations, which is enough for a median and not for a p99.",
        batch: 10,
        is_raw: false,
    },
    Insert {
        id: "vector/insert/100",
        about: "Adds a hundred vectors at once, all or none. \
                Two threads share the work, so this takes half as long as a hundred single ones, as \
                long as two cores are free. \
                100 operations: read the median. Two threads can lose links: each batch is audited, and \
                mended counts the vectors that no search found at first and that were added again. \
                orphans counts those that are lost all the same.",
        batch: 100,
        is_raw: false,
    },
    Insert {
        id: "vector/insert/1000",
        about: "Adds a thousand vectors at once, all or none. \
                The batch of a bulk import, where the start of the second thread no longer counts. \
                Ten operations: read the mean, and mended and orphans beside it as for vector/insert/100.",
        batch: 1_000,
        is_raw: false,
    },
];

impl Insert {
    fn measured(tier: Tier) -> usize {
        MEASURED.min(tier.items())
    }

    fn warm_up(&self) -> usize {
        WARM_UP.div_ceil(self.batch)
    }

    /// Vectors that are inserted in all.
    fn inserted(&self, tier: Tier) -> usize {
        self.warm_up() * self.batch + Self::measured(tier)
    }
}

impl Scenario for Insert {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn layer(&self) -> Layer {
        match self.is_raw {
            true => Layer::Engine,
            false => Layer::Facade,
        }
    }

    fn over(&self) -> &'static [&'static str] {
        // The raw one adds single vectors.
        match (self.is_raw, self.batch) {
            (false, 1) => &["vector/insert/raw"],
            _ => &[],
        }
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        Warm::tenth(tier).params([("batch", self.batch), ("inserted", self.inserted(tier))])
    }

    fn input(&self, tier: Tier) -> Recipe {
        Warm::tenth(tier).recipe()
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        Warm::tenth(tier).artifacts()
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let mut metrics = vec![
            metric("recall@1", Kind::Proportion, Unit::Ratio, Direction::Higher),
            metric("orphans", Kind::Value, Unit::Count, Direction::Lower),
        ];
        if self.batch >= AUDITED {
            metrics.push(metric("mended", Kind::Value, Unit::Count, Direction::Lower));
        }
        metrics
    }

    fn needs(&self, tier: Tier) -> Needs {
        Warm::tenth(tier).needs(self.inserted(tier))
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let warm = Warm::tenth(tier);
        let more = self.inserted(tier);
        let generator = Generator::new(warm.rows.dimensions);
        Ok(Box::new(Loaded {
            warm,
            batch: self.batch,
            warm_up: self.warm_up(),
            operations: Self::measured(tier) / self.batch,
            target: match self.is_raw {
                true => Target::Engine(warm.index(context, more)?),
                false => Target::Component(warm.collection(context, more)?),
            },
            inserted: warm.next(&generator, more),
            generator,
            failures: 0,
        }))
    }
}

/// What is inserted into.
enum Target {
    Engine(Index),
    Component(Collection),
}

impl Target {
    fn index(&self) -> &Index {
        match self {
            Self::Engine(index) => index,
            Self::Component(collection) => collection.index(),
        }
    }
}

struct Loaded {
    warm: Warm,
    batch: usize,
    warm_up: usize,
    operations: usize,
    target: Target,
    /// Batch after batch.
    inserted: Vec<Insertion>,
    generator: Generator,
    /// Batches that were refused.
    failures: usize,
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        self.warm_up
    }

    fn operations(&self) -> usize {
        self.operations
    }

    fn differs(&self) -> bool {
        // The collection grows.
        true
    }

    fn operate(&mut self, index: usize) -> u64 {
        let batch = &self.inserted[index * self.batch..(index + 1) * self.batch];
        let is_inserted = match &self.target {
            Target::Engine(engine) => batch
                .iter()
                .all(|one| engine.add(u64::from(one.key), &one.vector).is_ok()),
            Target::Component(collection) => collection.insert_batch(batch).is_ok(),
        };
        self.failures += usize::from(!is_inserted);
        self.batch as u64
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.failures > 0 {
            return Err(WrongAnswer {
                place: "timed inserts".into(),
                found: format!("{} failed", self.failures),
                expected: "none".into(),
            });
        }
        let collection = match &self.target {
            Target::Engine(index) => return self.check_engine(index),
            Target::Component(collection) => collection,
        };
        let mut model = Model::of(self.warm.rows.items);
        for inserted in &self.inserted {
            model.insert(inserted.key, inserted.metadata);
        }
        model.check(collection, &self.generator)
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let index = self.target.index();
        let stride = self.inserted.len().div_ceil(ASKED);
        let mut hits = Vec::with_capacity(ASKED);
        for inserted in self.inserted.iter().step_by(stride) {
            let found = checked::search(index, &inserted.vector, 1)?;
            let is_found = found.first().is_some_and(|first| first.key == inserted.key);
            hits.push(u16::from(is_found));
        }
        let recall = Proportion::from_queries(hits, 1)?;
        let orphans = Links::of(index).orphans().len();
        let mut metrics = vec![
            (name("recall@1"), MetricValue::Proportion(Box::new(recall))),
            (name("orphans"), MetricValue::Value(orphans as f64)),
        ];
        if let (true, Target::Component(collection)) = (self.batch >= AUDITED, &self.target) {
            let mended = MetricValue::Value(collection.mended() as f64);
            metrics.push((name("mended"), mended));
        }
        Ok(metrics)
    }
}

impl Loaded {
    /// Whether the engine has every row, and the inserted ones as they are.
    fn check_engine(&self, index: &Index) -> Result<(), WrongAnswer> {
        let (found, expected) = (index.size(), self.warm.rows.items + self.inserted.len());
        if found != expected {
            return Err(WrongAnswer {
                place: "the index".into(),
                found: format!("{found} vectors"),
                expected: expected.to_string(),
            });
        }
        let mut vector = vec![0.0; self.generator.dimensions()];
        for inserted in &self.inserted {
            let copied = index.get(u64::from(inserted.key), &mut vector);
            if !matches!(copied, Ok(1)) {
                return Err(wrong(inserted.key, format!("{copied:?}"), "one vector"));
            }
            check_vector(&self.generator, inserted.key, &vector)?;
        }
        Ok(())
    }
}
