//! The scenarios `social/filter/0.1pct` to `social/filter/50pct`.

use std::collections::{BTreeMap, HashSet};

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer};

use super::filter;
use super::graph::Graph;
use super::relations::Social;
use super::sets::Creator;

/// Number of different users who ask.
const READERS: usize = 16;

/// All items of the creators that a user follows.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) id: &'static str,
    /// Items that those creators have made, of a thousand of all items.
    pub(crate) per_mille: usize,
    /// Timed requests.
    pub(crate) operations: usize,
    /// A share that fewer items do not have: the least that a creator has made is some of them.
    pub(crate) smallest_tier: Tier,
}

impl Scenario for Followed {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        "Lists all items of the creators that a user follows, who have made a given share of all items. \
         It is what a feed of followed creators starts from, and what an exact search among few items \
         searches. \
         The answer is copied creator by creator, so latency grows with the length of the answer: where \
         one percent takes much more than a fiftieth of the time of half, somebody looks at all items. \
         Half of all items are asked for 2,000 times only, which is too few for a p99."
    }

    fn layer(&self) -> Layer {
        Layer::Facade
    }

    fn smallest_tier(&self) -> Tier {
        self.smallest_tier
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let mut params = filter::params(tier);
        params.extend([
            (name("per_mille"), integer(self.per_mille)),
            (name("readers"), integer(READERS)),
        ]);
        params
    }

    fn input(&self, tier: Tier) -> Recipe {
        Graph::recipe(tier.items())
            .with("readers", READERS)
            .with("per mille", self.per_mille)
    }

    fn needs(&self, tier: Tier) -> Needs {
        filter::needs(tier.items())
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        vec![metric(
            "bytes_per_creator",
            Kind::Value,
            Unit::Bytes,
            Direction::Lower,
        )]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let graph = Graph::new(context.tier().items());
        Ok(Box::new(Loaded::new(
            graph,
            self.per_mille,
            self.operations,
        )))
    }
}

struct Loaded {
    graph: Graph,
    /// Whom each reader follows.
    readers: Vec<Vec<Creator>>,
    social: Social,
    items: Vec<u32>,
    operations: usize,
}

impl Loaded {
    fn new(graph: Graph, per_mille: usize, operations: usize) -> Self {
        let mut outputs = vec![0; graph.creators];
        for creator in graph.creators_of_items() {
            outputs[usize::from(creator)] += 1;
        }
        let share = per_mille as f64 / 1_000.0;
        let follows = |reader| graph.follows_for_share(reader, share, &outputs);
        let readers: Vec<Vec<Creator>> = (0..READERS as u32).map(follows).collect();
        let users = (0..)
            .zip(&readers)
            .map(|(user, follows)| (follows.clone(), graph.blocks(user)));
        Self {
            social: Social::new(graph.creators_of_items(), users),
            // For the largest answer, so that it never grows while it is measured.
            items: Vec::with_capacity(graph.items),
            readers,
            graph,
            operations,
        }
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        10 * READERS
    }

    fn operations(&self) -> usize {
        self.operations
    }

    fn operate(&mut self, index: usize) -> u64 {
        self.social
            .followed_items((index % READERS) as u32, &mut self.items);
        self.items.len() as u64
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let creators: Vec<Creator> = self.graph.creators_of_items().collect();
        let mut is_listed = vec![false; creators.len()];
        for (reader, follows) in (0..).zip(&self.readers) {
            let mut follows: HashSet<Creator> = follows.iter().copied().collect();
            for blocked in self.graph.blocks(reader) {
                follows.remove(&blocked);
            }
            self.social.followed_items(reader, &mut self.items);
            let wrong = |item: usize, found: &str, expected: &str| WrongAnswer {
                place: format!("reader {reader}, item {item}"),
                found: found.into(),
                expected: expected.into(),
            };
            is_listed.fill(false);
            for &item in &self.items {
                if std::mem::replace(&mut is_listed[item as usize], true) {
                    return Err(wrong(item as usize, "twice", "once"));
                }
            }
            for (item, creator) in creators.iter().enumerate() {
                match (is_listed[item], follows.contains(creator)) {
                    (false, true) => return Err(wrong(item, "is missing", "is followed")),
                    (true, false) => return Err(wrong(item, "is listed", "is not followed")),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let bytes = self.social.bytes_per_creator();
        Ok(vec![(name("bytes_per_creator"), MetricValue::Value(bytes))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_get_their_share_and_a_change_is_noticed() {
        for per_mille in [100, 500] {
            let mut subject = Loaded::new(Graph::new(10_000), per_mille, 1);
            assert_eq!(subject.check(), Ok(()));
            let items: u64 = (0..READERS).map(|index| subject.operate(index)).sum();
            // Of 10,000 items, ten times as many as of a thousand.
            let found = items as f64 / (10 * READERS) as f64;
            assert!(
                (found / per_mille as f64 - 1.0).abs() < 0.1,
                "{found} for {per_mille}"
            );

            subject.readers[3].pop();
            let wrong = subject
                .check()
                .expect_err("one creator is no longer followed");
            assert!(wrong.place.starts_with("reader 3, item "), "{wrong}");
        }
    }
}
