//! The scenario `vector/delete`.

use std::collections::BTreeMap;

use bench_harness::scenario::{metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer,
};
use usearch::{MetricKind, ScalarKind};

use super::asked::sizes;
use super::collection::Collection;
use super::collection::model::Model;
use super::collection::warm::Warm;
use super::filter::Survivors;
use super::judge::Judge;
use super::kinds::Reported;
use super::rows::Generator;
use super::truth::{Neighbour, Truth};
use crate::random::Stream;

/// One key of so many is deleted.
const ONE_OF: usize = 5;

/// Neighbours that are asked for afterwards.
const K: usize = 10;

/// Deleting a fifth of a collection.
#[derive(Debug)]
pub(crate) struct Delete;

impl Scenario for Delete {
    fn id(&self) -> &'static str {
        "vector/delete"
    }

    fn about(&self) -> &'static str {
        "Deletes one vector in five, in random order, one after the other. \
         What taking an item down costs at once, and what it costs those who search afterwards: the \
         engine marks the node and keeps it as a way to others. \
         recall@10 is that among the vectors that are left, so it shows what the marked nodes take \
         away from a search. bytes_per_vector counts the index per vector that is left: nothing is \
         given back until insertions take the slots. 2,000 operations on pr, which is enough for a \
         median; a p99 needs the 20,000 of nightly."
    }

    fn layer(&self) -> Layer {
        Layer::Facade
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let warm = Warm::tenth(tier);
        warm.params([("deleted", warm.rows.items / ONE_OF), ("k", K)])
    }

    fn input(&self, tier: Tier) -> Recipe {
        Warm::tenth(tier).recipe()
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        let warm = Warm::tenth(tier);
        let mut artifacts = warm.artifacts();
        artifacts.push(Box::new(warm.truth_files()));
        artifacts
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let size = |name| metric(name, Kind::Value, Unit::Bytes, Direction::Lower);
        vec![
            metric(
                "recall@10",
                Kind::Proportion,
                Unit::Ratio,
                Direction::Higher,
            ),
            size("index_bytes"),
            size("bytes_per_vector"),
        ]
    }

    fn needs(&self, tier: Tier) -> Needs {
        Warm::tenth(tier).needs(0)
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let warm = Warm::tenth(context.tier());
        let items = warm.rows.items;
        let mut deleted = Stream::named("vector/deleted").shuffled(items);
        let left = deleted.split_off(items / ONE_OF);
        let survivors = Survivors::of(items, left.into_iter());
        let generator = Generator::new(warm.rows.dimensions);
        let judge = Judge {
            queries: generator.queries(),
            truth: among(warm.truth_files().load(context)?, &survivors),
            generator,
            items,
            k: K,
            reported: Reported::by(MetricKind::IP, ScalarKind::BF16),
            survivors: Some(survivors),
        };
        Ok(Box::new(Loaded {
            collection: warm.collection(context, 0)?,
            deleted,
            judge,
            failures: 0,
            answers: Vec::new(),
        }))
    }
}

/// The true neighbours among `survivors`: of the hundred that are known, far more than are asked for
/// survive.
fn among(mut truth: Truth, survivors: &Survivors) -> Truth {
    for neighbours in &mut truth.neighbours {
        neighbours.retain(|neighbour| survivors.contains(neighbour.key));
    }
    truth
}

struct Loaded {
    collection: Collection,
    /// Keys to delete, in order.
    deleted: Vec<u32>,
    judge: Judge,
    /// Deletes that were refused.
    failures: usize,
    /// One per query, once they were checked.
    answers: Vec<Vec<Neighbour>>,
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        // What was deleted is gone, so the first deletes are as cold as they are in service.
        0
    }

    fn operations(&self) -> usize {
        self.deleted.len()
    }

    fn operate(&mut self, index: usize) -> u64 {
        let is_deleted = self.collection.delete(self.deleted[index]).is_ok();
        self.failures += usize::from(!is_deleted);
        u64::from(is_deleted)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.failures > 0 {
            return Err(WrongAnswer {
                place: "timed deletes".into(),
                found: format!("{} failed", self.failures),
                expected: "none".into(),
            });
        }
        let mut model = Model::of(self.judge.items);
        for &key in &self.deleted {
            model.remove(key);
        }
        model.check(&self.collection, &self.judge.generator)?;
        let queries = self.judge.queries.iter();
        let answers = queries.map(|query| self.collection.search(query, K));
        let answers: Result<_, _> = answers.collect();
        self.answers = answers.map_err(|error| WrongAnswer {
            place: "queries".into(),
            found: error.to_string(),
            expected: "neighbours".into(),
        })?;
        self.judge.check(&self.answers)
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let index = self.collection.index();
        let mut metrics = sizes(index.serialized_length(), self.collection.count());
        // What failed its check earlier has no answers to judge.
        if !self.answers.is_empty() {
            let recall = self.judge.recall(&self.answers)?;
            metrics.push((name("recall@10"), MetricValue::Proportion(Box::new(recall))));
        }
        Ok(metrics)
    }
}
