//! The scenario `signals/write`.

use std::collections::BTreeMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use bench_harness::memory::allocated_bytes;
use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer};
use dashmap::DashMap;

use super::entity::{Entity, SIGNALS, Signal, WINDOWS};
use super::events::{self, Event};
use super::model::{self, Expected};
use crate::random::SEED;

/// Shards of the map. Stated, because the default follows the number of cores, and the memory per
/// entity would follow it too.
const SHARDS: usize = 8;

/// Memory of an entity in the map, about.
const BYTES_PER_ENTITY: usize = 400;

/// Relative difference allowed between a sum in single precision and the true one.
const PRECISION: f64 = 1e-4;

/// Sums that have decayed this far are equal to zero: single precision ends near 1e-45.
const DECAYED: f64 = 1e-12;

/// The default hash function with fixed keys: with random keys, the layout of the map and so its
/// memory would differ from run to run.
type FixedHasher = BuildHasherDefault<DefaultHasher>;

/// Boxed values: tables grow by powers of two, and inline values would double the memory.
type Entities = DashMap<u32, Box<Entity>, FixedHasher>;

/// Writing one signal of one entity in all windows, one thread.
#[derive(Debug)]
pub(crate) struct SignalWrite;

impl Scenario for SignalWrite {
    fn id(&self) -> &'static str {
        "signals/write"
    }

    fn about(&self) -> &'static str {
        "Adds one event to five exponentially decayed windows of one of ten signals of a popular or \
         rare entity. \
         What every click costs: a lookup in a concurrent map, three dependent cache misses and five \
         decays. \
         Read latency together with bytes_per_entity, and remember that the recording overhead is a \
         noticeable part of an operation this short."
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        BTreeMap::from([
            (name("items"), integer(tier.items())),
            (name("signals"), integer(SIGNALS)),
            (name("windows"), integer(WINDOWS)),
            (name("events"), integer(events::measured(tier))),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        events::recipe(tier)
    }

    fn layer(&self) -> Layer {
        Layer::Engine
    }

    fn needs(&self, tier: Tier) -> Needs {
        Needs::memory((tier.items() * BYTES_PER_ENTITY) as u64)
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        // Declared only where the allocator tells: declared and absent would read as missing.
        let bytes = metric(
            "bytes_per_entity",
            Kind::Value,
            Unit::Bytes,
            Direction::Lower,
        );
        allocated_bytes().map(|_| bytes).into_iter().collect()
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let events = events::events(tier);
        let empty = allocated_bytes();
        let entities = filled(tier.items());
        let bytes = allocated_bytes()
            .zip(empty)
            .map(|(full, empty)| full.saturating_sub(empty));
        Ok(Box::new(Loaded {
            tier,
            entities,
            bytes,
            events,
            unknown: 0,
        }))
    }
}

/// A map of all entities, none of them touched yet.
fn filled(items: usize) -> Entities {
    let entities =
        Entities::with_capacity_and_hasher_and_shard_amount(items, FixedHasher::default(), SHARDS);
    for id in (0..).take(items) {
        entities.insert(id, Box::default());
    }
    entities
}

struct Loaded {
    tier: Tier,
    entities: Entities,
    /// What filling the map allocated.
    bytes: Option<u64>,
    events: Vec<Event>,
    /// Events whose entity was not in the map.
    unknown: usize,
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        events::warm_up(self.tier)
    }

    fn operations(&self) -> usize {
        events::measured(self.tier)
    }

    fn operate(&mut self, index: usize) -> u64 {
        let event = &self.events[index];
        match self.entities.get_mut(&event.entity) {
            Some(mut entity) => u64::from(entity.write(event)),
            None => {
                self.unknown += 1;
                0
            }
        }
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let items = self.tier.items();
        if self.unknown > 0 || self.entities.len() != items {
            let found = format!(
                "{} entities, {} events without one",
                self.entities.len(),
                self.unknown
            );
            return Err(WrongAnswer {
                place: "the map".into(),
                found,
                expected: format!("{items} and 0"),
            });
        }
        for (id, expected) in (0_u32..).zip(model::replay(items, &self.events)) {
            let entity = self.entities.get(&id);
            let signals = entity.iter().flat_map(|entity| &entity.signals);
            for (number, (signal, expected)) in signals.zip(&expected).enumerate() {
                if !is_equal(signal, expected) {
                    let place = format!("entity {id}, signal {number}");
                    return Err(WrongAnswer {
                        place,
                        found: format!("{signal:?}"),
                        expected: format!("{expected:?}"),
                    });
                }
            }
        }
        Ok(())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let per_entity = self
            .bytes
            .map(|bytes| bytes as f64 / self.tier.items() as f64);
        Ok(per_entity
            .map(|bytes| (name("bytes_per_entity"), MetricValue::Value(bytes)))
            .into_iter()
            .collect())
    }
}

fn is_equal(signal: &Signal, expected: &Expected) -> bool {
    let is_near = |(sum, expected): (&f32, &f64)| {
        (f64::from(*sum) - expected).abs() <= PRECISION * expected.abs() + DECAYED
    };
    signal.count == expected.count && signal.sums.iter().zip(&expected.sums).all(is_near)
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;

    use super::*;

    /// The scenario after all its events.
    fn played() -> Box<dyn Subject> {
        let mut subject = SignalWrite
            .load(&Context::new(Tier::Tiny, &Cache::at("unused")))
            .expect("loads");
        for index in 0..subject.warm_up() + subject.operations() {
            subject.operate(index);
        }
        subject
    }

    #[test]
    fn the_map_agrees_with_the_model() {
        assert_eq!(played().check(), Ok(()));
    }

    #[test]
    fn one_event_too_many_is_a_wrong_answer() {
        let mut subject = played();
        subject.operate(7);
        assert!(subject.check().is_err());
    }
}
