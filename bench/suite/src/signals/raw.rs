//! The scenarios `signals/write/raw` and `signals/write/engine`: what a write costs without the
//! component, and what its engine alone costs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use bench_harness::schema::{DeclaredMetric, MetricName, MetricValue, Name, Param};
use bench_harness::{Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer};
use dashmap::DashMap;

use super::check;
use super::entity::SIGNALS;
use super::events::{Event, Popularity, Trace};
use super::model::{FIRST, History};
use super::signal::{Counter, Signal};
use super::start::{self, Start};
use super::store::SHARDS;
use crate::hashing::FixedHasher;

/// The events of `signals/write`, applied to something less.
#[derive(Debug)]
pub(crate) enum Raw {
    /// An array of signals, by the number of the entity: no lookup, no locks, nothing that comes into
    /// being.
    Array,
    /// A concurrent map of counters: nothing but the lookup.
    Map,
}

fn trace(tier: Tier) -> Trace {
    Trace::of(tier, Popularity::Skewed)
}

impl Scenario for Raw {
    fn id(&self) -> &'static str {
        match self {
            Self::Array => "signals/write/raw",
            Self::Map => "signals/write/engine",
        }
    }

    fn about(&self) -> &'static str {
        match self {
            Self::Array => {
                "Adds the events of signals/write to an array that is indexed by the entity. \
                 The work itself, one cache miss and the decays, without what makes it a component: \
                 no map, no locks, and no memory saved. \
                 The distance to signals/write is the cost of the component; no change to the map can \
                 make up more than that."
            }
            Self::Map => {
                "Finds the entities of the events of signals/write in a concurrent map of counters, and \
                 adds one. \
                 What the engine does by itself: a hash, a lock, a lookup. \
                 The distance to signals/write is the cost of what a signal is besides a counter: less is done \
                 here, so that it is no layer of that."
            }
        }
    }

    fn layer(&self) -> Layer {
        match self {
            Self::Array => Layer::Raw,
            Self::Map => Layer::Engine,
        }
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        start::params(&trace(tier), Start::Full)
    }

    fn input(&self, tier: Tier) -> Recipe {
        trace(tier).recipe()
    }

    fn needs(&self, tier: Tier) -> Needs {
        start::needs(&trace(tier))
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        Vec::new()
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let trace = trace(context.tier());
        Ok(match self {
            Self::Array => Box::new(Loaded::new(trace, array(trace.items))),
            Self::Map => Box::new(Loaded::new(trace, map(trace.items))),
        })
    }
}

type Array = Vec<[Signal; SIGNALS]>;

/// Every signal written once.
fn array(items: usize) -> Array {
    let (time_s, weight) = FIRST;
    let mut signal = Signal::default();
    signal.write(time_s, weight);
    vec![[(); SIGNALS].map(|()| signal.clone()); items]
}

type Map = DashMap<u32, AtomicU64, FixedHasher>;

/// A counter for every entity.
fn map(items: usize) -> Map {
    let map = Map::with_capacity_and_hasher_and_shard_amount(items, FixedHasher::default(), SHARDS);
    for entity in (0..).take(items) {
        map.insert(entity, AtomicU64::default());
    }
    map
}

/// What the events are applied to.
trait Written {
    /// Applies one. `None` when its entity is not there.
    fn write(&mut self, event: &Event) -> Option<u64>;

    /// Compares it with what happened.
    fn check(&self, history: &History<'_>) -> Result<(), WrongAnswer>;
}

impl Written for Array {
    fn write(&mut self, event: &Event) -> Option<u64> {
        let signals = self.get_mut(event.entity as usize)?;
        let signal = signals.get_mut(usize::from(event.signal))?;
        Some(u64::from(signal.write(event.time_s, event.weight)))
    }

    fn check(&self, history: &History<'_>) -> Result<(), WrongAnswer> {
        check::signals(history, |entity, signal, now_s| {
            let signal = &self[entity as usize][usize::from(signal)];
            Some(check::answers(signal, now_s))
        })
    }
}

impl Written for Map {
    fn write(&mut self, event: &Event) -> Option<u64> {
        let counter = self.get(&event.entity)?;
        Some(counter.fetch_add(1, Ordering::Relaxed))
    }

    fn check(&self, history: &History<'_>) -> Result<(), WrongAnswer> {
        let mut expected = vec![0; self.len()];
        for event in history.events() {
            expected[event.entity as usize] += 1;
        }
        for (entity, expected) in (0_u32..).zip(expected) {
            let found = self
                .get(&entity)
                .map(|counter| counter.load(Ordering::Relaxed));
            if found != Some(expected) {
                return Err(WrongAnswer {
                    place: format!("entity {entity}"),
                    found: format!("{found:?}"),
                    expected: expected.to_string(),
                });
            }
        }
        Ok(())
    }
}

struct Loaded<W> {
    written: W,
    trace: Trace,
    events: Vec<Event>,
    /// Events whose entity was not there.
    unknown: usize,
}

impl<W: Written> Loaded<W> {
    fn new(trace: Trace, written: W) -> Self {
        Self {
            written,
            trace,
            events: trace.generate(),
            unknown: 0,
        }
    }
}

impl<W: Written> Subject for Loaded<W> {
    fn warm_up(&self) -> usize {
        self.trace.warm_up
    }

    fn operations(&self) -> usize {
        self.trace.measured
    }

    fn operate(&mut self, index: usize) -> u64 {
        let count = self.written.write(&self.events[index]);
        self.unknown += usize::from(count.is_none());
        count.unwrap_or_default()
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.unknown > 0 {
            return Err(WrongAnswer {
                place: "the entities".into(),
                found: format!("{} events without one", self.unknown),
                expected: "none".into(),
            });
        }
        self.written.check(&History::of(&self.events, true))
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;

    use super::*;

    #[test]
    fn both_agree_with_the_model_and_notice_one_event_too_many() {
        for scenario in [Raw::Array, Raw::Map] {
            let context = Context::new(Tier::Tiny, &Cache::at("unused"));
            let mut subject = scenario.load(&context).expect("loads");
            for index in 0..subject.warm_up() + subject.operations() {
                subject.operate(index);
            }
            assert_eq!(subject.check(), Ok(()), "{}", scenario.id());
            subject.operate(7);
            assert!(subject.check().is_err(), "{}", scenario.id());
        }
    }
}
