//! The scenario `coengage/related`.

use std::collections::BTreeMap;

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Proportion, Unit,
};
use bench_harness::{Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer};

use super::events::{self, Event, Generator};
use super::evict;
use super::index::{Bounds, CoEngagement};
use super::model::Model;
use super::neighbours::Neighbour;
use super::truth;

/// Related items that are asked for.
const K: usize = 10;

/// Number of questions: for items of the events that follow, so the popular are asked for often.
const QUERIES: usize = 1_000;

/// Events that an item asked for was at least in: enough that it has ten neighbours that mean
/// something.
const KNOWN: usize = 20;

/// Timed questions: as short as they are, fewer would be over before the clock settles.
const OPERATIONS: usize = 200_000;

/// Bounds over that many items. Full, the index would hold every item, so that none leaves: what
/// eviction costs is another scenario's question.
fn bounds(items: usize) -> Bounds {
    Bounds::new(events::users(items), items / 2)
}

/// The ten items most engaged with together with an item.
#[derive(Debug)]
pub(crate) struct Related;

impl Scenario for Related {
    fn id(&self) -> &'static str {
        "coengage/related"
    }

    fn about(&self) -> &'static str {
        "Ten items most engaged with together with a given well-known one, heaviest first. \
         What stands below every item as related: one lookup, then the best of the 32 neighbours that \
         are kept. \
         Read latency together with recall@10, the share of the ten that full counts of all pairs \
         would have given: keeping fewer neighbours is faster, and loses more of them among the many \
         that come once."
    }

    fn layer(&self) -> Layer {
        Layer::Facade
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let mut params = evict::params(tier);
        params.extend([
            (name("capacity"), integer(bounds(tier.items()).capacity)),
            (name("k"), integer(K)),
            (name("queries"), integer(QUERIES)),
        ]);
        params
    }

    fn input(&self, tier: Tier) -> Recipe {
        events::recipe(tier)
            .with("queries", QUERIES)
            .with("least events of a query", KNOWN)
    }

    fn needs(&self, tier: Tier) -> Needs {
        evict::needs(tier, bounds(tier.items()))
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        vec![metric(
            "recall@10",
            Kind::Proportion,
            Unit::Ratio,
            Direction::Higher,
        )]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let count = events::warm_up(tier) + events::measured(tier);
        Ok(Box::new(Loaded::new(tier.items(), count, QUERIES)))
    }
}

struct Loaded {
    bounds: Bounds,
    index: CoEngagement,
    events: Vec<Event>,
    queries: Vec<u32>,
    related: Vec<Neighbour>,
}

impl Loaded {
    /// An index after `count` events, and the well-known items among those of the events that follow.
    fn new(items: usize, count: usize, queries: usize) -> Self {
        let mut events = Generator::new(items).events(count + 5 * queries);
        let following = events.split_off(count);
        let mut known = vec![0; items];
        let bounds = bounds(items);
        let mut index = CoEngagement::new(bounds);
        for event in &events {
            index.record(event.user, event.item, event.weight, |_| {});
            known[event.item as usize] += 1;
        }
        let following = following.iter().map(|event| event.item);
        let queries = following
            .filter(|&item| known[item as usize] >= KNOWN)
            .take(queries);
        Self {
            bounds,
            index,
            queries: queries.collect(),
            events,
            related: Vec::new(),
        }
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        self.queries.len()
    }

    fn operations(&self) -> usize {
        OPERATIONS
    }

    fn operate(&mut self, index: usize) -> u64 {
        let item = self.queries[index % self.queries.len()];
        self.index.related(item, K, &mut self.related);
        self.related.len() as u64
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let model = Model::replay(self.bounds, &self.events);
        for &item in &self.queries {
            self.index.related(item, K, &mut self.related);
            let mut expected = model.related(item);
            expected.truncate(K);
            if self.related != expected {
                return Err(WrongAnswer {
                    place: format!("item {item}"),
                    found: format!("{:?}", self.related),
                    expected: format!("{expected:?}"),
                });
            }
        }
        Ok(())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let weights = truth::weights(&self.events, &self.queries);
        let mut hits = Vec::with_capacity(self.queries.len());
        for item in &self.queries {
            self.index.related(*item, K, &mut self.related);
            let found = self.related.iter().map(|neighbour| neighbour.item);
            hits.push(truth::hits(&weights[item], K, found) as u16);
        }
        let recall = Proportion::from_queries(hits, K as u16)?;
        Ok(vec![(
            name("recall@10"),
            MetricValue::Proportion(Box::new(recall)),
        )])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_agrees_with_the_model_and_finds_most() {
        let mut subject = Loaded::new(1_000, 20_000, 100);
        assert_eq!(subject.queries.len(), 100);
        assert_eq!(subject.check(), Ok(()));
        let report = subject.report().expect("reports");
        let (_, MetricValue::Proportion(recall)) = &report[0] else {
            panic!("recall is a proportion");
        };
        assert!(recall.ratio() > 0.7, "{}", recall.ratio());
    }

    #[test]
    fn a_forgotten_event_is_a_wrong_answer() {
        let mut subject = Loaded::new(1_000, 20_000, 100);
        subject.events.remove(19_000);
        assert!(subject.check().is_err());
    }
}
