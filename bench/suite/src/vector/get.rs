//! The scenarios `vector/get` and `vector/get/raw`.

use std::collections::BTreeMap;

use bench_harness::schema::{DeclaredMetric, MetricName, MetricValue, Name, Param};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer,
};
use usearch::Index;

use super::collection::Collection;
use super::collection::model::{Model, check_vector, wrong};
use super::collection::warm::{Warm, metadata};
use super::rows::Generator;
use crate::random::Stream;

/// Timed reads: twice what a p99 needs.
const OPERATIONS: usize = 20_000;

/// Reads before those.
const WARM_UP: usize = 1_000;

/// Reading a vector by its key.
#[derive(Debug)]
pub(crate) struct Get {
    id: &'static str,
    about: &'static str,
    /// Whether the engine is called directly.
    is_raw: bool,
}

/// Both scenarios.
pub(crate) static FAMILY: [Get; 2] = [
    Get {
        id: "vector/get",
        about: "Copies a 128-dimensional vector and its metadata by their key, keys in random order. \
                What shows or ranks an item that is known already does this, and must not notice it: \
                two lookups in hash tables, one vector, no search. \
                An operation this short is memory that is waited for, and recording it is a \
                noticeable part. Compare with vector/get/raw for what the component adds.",
        is_raw: false,
    },
    Get {
        id: "vector/get/raw",
        about: "Copies a 128-dimensional vector from usearch by its key, the keys of vector/get in the \
                same order. \
                What the engine alone costs: no metadata, and nothing that keeps the vector from \
                being replaced while it is copied. \
                The ratio of vector/get to this is the cost of the component; recording is a \
                noticeable part of both.",
        is_raw: true,
    },
];

impl Scenario for Get {
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
        match self.is_raw {
            true => &[],
            false => &["vector/get/raw"],
        }
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        Warm::tenth(tier).params([])
    }

    fn input(&self, tier: Tier) -> Recipe {
        Warm::tenth(tier).recipe()
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        Warm::tenth(tier).artifacts()
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        Vec::new()
    }

    fn needs(&self, tier: Tier) -> Needs {
        Warm::tenth(tier).needs(0)
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let warm = Warm::tenth(context.tier());
        let target = match self.is_raw {
            true => Target::Engine(warm.index(context, 0)?),
            false => Target::Component(warm.collection(context, 0)?),
        };
        Ok(Box::new(Loaded {
            order: Stream::named("vector/get").shuffled(warm.rows.items),
            generator: Generator::new(warm.rows.dimensions),
            vector: vec![0.0; warm.rows.dimensions],
            target,
            failures: 0,
            creators: 0,
        }))
    }
}

/// What is read from.
enum Target {
    Engine(Index),
    Component(Collection),
}

struct Loaded {
    target: Target,
    /// The keys are read in this order, again and again.
    order: Vec<u32>,
    generator: Generator,
    /// Where vectors are copied to.
    vector: Vec<f32>,
    /// Reads that were refused.
    failures: usize,
    /// Sum of all creators that were read.
    creators: u64,
}

impl Loaded {
    fn key(&self, index: usize) -> u32 {
        self.order[index % self.order.len()]
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        WARM_UP
    }

    fn operations(&self) -> usize {
        OPERATIONS
    }

    fn operate(&mut self, index: usize) -> u64 {
        let key = self.key(index);
        match &self.target {
            Target::Engine(engine) => {
                let copied = engine.get(u64::from(key), &mut self.vector);
                self.failures += usize::from(!matches!(copied, Ok(1)));
            }
            Target::Component(collection) => match collection.get(key, &mut self.vector) {
                Ok(metadata) => self.creators += u64::from(metadata.creator),
                Err(_) => self.failures += 1,
            },
        }
        u64::from(self.vector[0].to_bits())
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let asked = (0..WARM_UP + OPERATIONS).map(|index| self.key(index));
        let creators = match self.target {
            Target::Engine(_) => 0,
            Target::Component(_) => asked.map(|key| u64::from(metadata(key).creator)).sum(),
        };
        if (self.failures, self.creators) != (0, creators) {
            let said =
                |failures, creators| format!("{failures} failed, creators {creators} in sum");
            return Err(WrongAnswer {
                place: "timed reads".into(),
                found: said(self.failures, self.creators),
                expected: said(0, creators),
            });
        }
        match &self.target {
            Target::Component(collection) => {
                Model::of(self.order.len()).check(collection, &self.generator)
            }
            Target::Engine(index) => {
                for &key in self.order.iter().step_by(8) {
                    let copied = index.get(u64::from(key), &mut self.vector);
                    if !matches!(copied, Ok(1)) {
                        return Err(wrong(key, format!("{copied:?}"), "one vector"));
                    }
                    check_vector(&self.generator, key, &self.vector)?;
                }
                Ok(())
            }
        }
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        Ok(Vec::new())
    }
}
