//! The scenarios `vector/count` and `vector/list-keys`: what a collection says about itself.

use std::collections::BTreeMap;

use bench_harness::schema::{DeclaredMetric, MetricName, MetricValue, Name, Param};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer,
};

use super::Collection;
use super::model::Model;
use super::warm::Warm;

/// Asking a collection about itself.
#[derive(Debug)]
pub(crate) struct Overview {
    id: &'static str,
    about: &'static str,
    question: Question,
    /// Times the question is asked per operation.
    times: usize,
    operations: usize,
    warm_up: usize,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
enum Question {
    Count,
    Keys,
}

/// Both scenarios.
pub(crate) static FAMILY: [Overview; 2] = [
    Overview {
        id: "vector/count",
        about: "Asks a collection 1,000 times how many vectors it has. \
                Dashboards and planners ask this all the time, and it must not depend on how many \
                there are. \
                A thousand at once, because one takes less than recording it: latency is that of a \
                thousand.",
        question: Question::Count,
        times: 1_000,
        operations: 10_000,
        warm_up: 100,
    },
    Overview {
        id: "vector/list-keys",
        about: "Lists all keys of a collection. \
                What an export or a consistency check begins with, while others read and write: every \
                shard of the map is locked for its turn only. \
                Latency is proportional to the number of vectors; 1,000 operations, which is enough \
                for a median and not for a p99.",
        question: Question::Keys,
        times: 1,
        operations: 1_000,
        warm_up: 10,
    },
];

impl Scenario for Overview {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn layer(&self) -> Layer {
        Layer::Facade
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        Warm::tenth(tier).params([("times", self.times)])
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
            items: warm.rows.items,
            question: self.question,
            times: self.times,
            operations: self.operations,
            warm_up: self.warm_up,
            wrong: 0,
        }))
    }
}

struct Loaded {
    collection: Collection,
    items: usize,
    question: Question,
    times: usize,
    operations: usize,
    warm_up: usize,
    /// Answers that were not the number of vectors.
    wrong: usize,
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        self.warm_up
    }

    fn operations(&self) -> usize {
        self.operations
    }

    fn operate(&mut self, _: usize) -> u64 {
        for _ in 0..self.times {
            let answer = match self.question {
                Question::Count => self.collection.count(),
                Question::Keys => self.collection.keys().len(),
            };
            self.wrong += usize::from(answer != self.items);
        }
        self.wrong as u64
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.wrong > 0 {
            return Err(WrongAnswer {
                place: "timed answers".into(),
                found: format!("{} wrong", self.wrong),
                expected: format!("{} vectors every time", self.items),
            });
        }
        let mut keys = self.collection.keys();
        keys.sort_unstable();
        Model::of(self.items).check_keys(self.collection.count(), &keys)
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        Ok(Vec::new())
    }
}
