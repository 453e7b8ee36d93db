//! The scenario `vector/update-metadata`.

use std::collections::BTreeMap;

use bench_harness::schema::{DeclaredMetric, MetricName, MetricValue, Name, Param};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer,
};

use super::collection::model::Model;
use super::collection::warm::{Warm, metadata};
use super::collection::{Collection, Metadata};
use super::rows::Generator;
use crate::random::Stream;

/// Timed updates: twice what a p99 needs.
const OPERATIONS: usize = 20_000;

/// Updates before those.
const WARM_UP: usize = 1_000;

/// Replacing the metadata of a vector.
#[derive(Debug)]
pub(crate) struct UpdateMetadata;

impl Scenario for UpdateMetadata {
    fn id(&self) -> &'static str {
        "vector/update-metadata"
    }

    fn about(&self) -> &'static str {
        "Replaces the metadata of a vector, keys in random order. \
         What an edit costs that leaves the vector alone: one lookup in a concurrent map, and nothing \
         of the engine. \
         An operation this short is memory that is waited for, and recording it is a noticeable part."
    }

    fn layer(&self) -> Layer {
        Layer::Facade
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
        Ok(Box::new(Loaded {
            collection: warm.collection(context, 0)?,
            order: Stream::named("vector/updated").shuffled(warm.rows.items),
            generator: Generator::new(warm.rows.dimensions),
            failures: 0,
        }))
    }
}

struct Loaded {
    collection: Collection,
    /// The keys are updated in this order, again and again.
    order: Vec<u32>,
    generator: Generator,
    /// Updates that were refused.
    failures: usize,
}

impl Loaded {
    /// Which key the operation updates, and to what: later by as many seconds as operations went
    /// before it, so that an update that was lost shows.
    fn update(&self, index: usize) -> (u32, Metadata) {
        let key = self.order[index % self.order.len()];
        let mut updated = metadata(key);
        updated.published_s += index as u64 + 1;
        (key, updated)
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
        let (key, updated) = self.update(index);
        let is_updated = self.collection.update_metadata(key, updated).is_ok();
        self.failures += usize::from(!is_updated);
        u64::from(key)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.failures > 0 {
            return Err(WrongAnswer {
                place: "timed updates".into(),
                found: format!("{} failed", self.failures),
                expected: "none".into(),
            });
        }
        let mut model = Model::of(self.order.len());
        for index in 0..WARM_UP + OPERATIONS {
            let (key, updated) = self.update(index);
            model.insert(key, updated);
        }
        model.check(&self.collection, &self.generator)
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        Ok(Vec::new())
    }
}
