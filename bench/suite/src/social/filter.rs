//! The scenarios `social/filter/candidates=200` and `social/filter/candidates=500`.

use std::collections::{BTreeMap, HashSet};

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer};
use rand::RngExt;

use super::graph::{self, Graph};
use super::relations::Social;
use crate::random::{SEED, Stream};

/// Number of different requests.
const REQUESTS: usize = 1_000;

/// Timed requests: five times what a p99 needs.
const OPERATIONS: usize = 50_000;

/// Bytes of all sets and items per item, about: a tenth of a user and a hundredth of a creator, once
/// more while they are collected.
const BYTES_PER_ITEM: usize = 80;

/// Memory for the relations over that many items.
pub(crate) fn needs(items: usize) -> Needs {
    Needs::memory((items * BYTES_PER_ITEM + (32 << 20)) as u64)
}

/// Hiding the candidates whose creators the user blocks.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) id: &'static str,
    /// Items of a request.
    pub(crate) candidates: usize,
    pub(crate) smallest_tier: Tier,
}

impl Scenario for Filter {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        "Removes the items from a list of candidates whose creators the user has blocked. \
         Every feed and every search does this before it ranks: most of the time goes into looking up \
         who made each candidate, one read at a random place per item, and not into asking whether \
         that creator is blocked. \
         Read latency together with bytes_per_user, which a bitmap for every user would make five \
         times as large."
    }

    fn layer(&self) -> Layer {
        Layer::Facade
    }

    fn smallest_tier(&self) -> Tier {
        self.smallest_tier
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let mut params = params(tier);
        params.extend([
            (name("candidates"), integer(self.candidates)),
            (name("requests"), integer(REQUESTS)),
        ]);
        params
    }

    fn input(&self, tier: Tier) -> Recipe {
        Graph::recipe(tier.items())
            .with("requests", REQUESTS)
            .with("candidates", self.candidates)
    }

    fn needs(&self, tier: Tier) -> Needs {
        needs(tier.items())
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let bytes = |text| metric(text, Kind::Value, Unit::Bytes, Direction::Lower);
        vec![bytes("bytes_per_user"), bytes("bytes_per_creator")]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let graph = Graph::new(context.tier().items());
        Ok(Box::new(Loaded::new(graph, self.candidates)))
    }
}

/// The parameters of everything over the graph of `tier`.
pub(crate) fn params(tier: Tier) -> BTreeMap<Name, Param> {
    let (users, creators) = graph::population(tier.items());
    BTreeMap::from([
        (name("items"), integer(tier.items())),
        (name("users"), integer(users)),
        (name("creators"), integer(creators)),
        (name("seed"), integer(SEED as usize)),
    ])
}

struct Request {
    user: u32,
    candidates: Vec<u32>,
}

struct Loaded {
    graph: Graph,
    social: Social,
    requests: Vec<Request>,
    visible: Vec<u32>,
}

impl Loaded {
    fn new(graph: Graph, candidates: usize) -> Self {
        let request = |number| {
            let mut random = Stream::named("social/requests").piece(number);
            let mut below = |count: usize| random.random_range(0..count as u32);
            Request {
                user: below(graph.users),
                candidates: (0..candidates).map(|_| below(graph.items)).collect(),
            }
        };
        Self {
            social: graph.relations(),
            requests: (0..REQUESTS as u64).map(request).collect(),
            visible: Vec::with_capacity(candidates),
            graph,
        }
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        REQUESTS
    }

    fn operations(&self) -> usize {
        OPERATIONS
    }

    fn operate(&mut self, index: usize) -> u64 {
        let request = &self.requests[index % REQUESTS];
        self.social
            .visible(request.user, &request.candidates, &mut self.visible);
        self.visible.len() as u64
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        for (number, request) in self.requests.iter().enumerate() {
            self.social
                .visible(request.user, &request.candidates, &mut self.visible);
            let blocked: HashSet<u16> = self.graph.blocks(request.user).into_iter().collect();
            let expected: Vec<u32> = request
                .candidates
                .iter()
                .copied()
                .filter(|&item| !blocked.contains(&self.graph.creator(item)))
                .collect();
            if self.visible != expected {
                return Err(WrongAnswer {
                    place: format!("request {number} of user {}", request.user),
                    found: format!("items {:?}", self.visible),
                    expected: format!("{expected:?}"),
                });
            }
        }
        Ok(())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let bytes = |text, bytes| (name(text), MetricValue::Value(bytes));
        Ok(vec![
            bytes("bytes_per_user", self.social.bytes_per_user()),
            bytes("bytes_per_creator", self.social.bytes_per_creator()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_blocked_is_hidden_and_a_change_is_noticed() {
        let mut subject = Loaded::new(Graph::new(10_000), 500);
        assert_eq!(subject.check(), Ok(()));
        let kept: Vec<u64> = (0..REQUESTS).map(|index| subject.operate(index)).collect();
        assert!(kept.iter().any(|&kept| kept < 500), "something is blocked");
        assert!(kept.contains(&500), "not by everybody");

        // The relations of everybody else.
        let users = (0..1_000).map(|user| (Vec::new(), subject.graph.blocks(user + 1)));
        subject.social = Social::new(subject.graph.creators_of_items(), users);
        assert!(subject.check().is_err());
    }
}
