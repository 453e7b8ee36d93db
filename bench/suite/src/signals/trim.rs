//! The scenario `signals/trim`: writes under a memory budget.

use std::collections::BTreeMap;
use std::mem;

use bench_harness::memory::allocated_bytes;
use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer};

use super::bytes;
use super::entity::{BLOCK_BYTES, SIGNALS};
use super::events::{Entities, Event, Popularity, Trace};
use super::forgetting::{self, Budget, Expected};
use super::holder::Holder;
use super::layout::{self, Counting, Loads};
use super::model::FIRST;
use super::start::{self, Start};
use super::store::{Options, STRIPES, Signals};
use crate::leak::Leak;

/// The budget for each entity that there could be: half of the 267 bytes that an entity with one signal
/// takes. Stated in bytes, so that a smaller entity is rewarded with more of them.
const BUDGET_BYTES_PER_ITEM: usize = 134;

/// Memory of a repetition for each of them, about: most of it is the model's.
const BYTES_PER_ITEM: usize = 500;

/// Share of the entities that count as hot: the most popular tenth, which get 80 % of the events.
const HOT: f64 = 0.1;

/// Writing signals when memory is enough for half of the entities.
#[derive(Debug)]
pub(crate) struct Trim;

fn trace(tier: Tier) -> Trace {
    Trace::of(tier, Popularity::Skewed)
}

/// The only signal of an entity that is written.
fn signal(entity: u32) -> u8 {
    (entity % SIGNALS as u32) as u8
}

impl Scenario for Trim {
    fn id(&self) -> &'static str {
        "signals/trim"
    }

    fn about(&self) -> &'static str {
        "Writes signals of popular and rare entities when memory is enough for half of the entities. \
         Every entity that comes into being pushes out the one that was not written for longest, so \
         writes that do both are in the tail: p99 is what trimming costs, and no write does more than \
         its share of it. Each entity has one signal here, so that a budget in bytes is a number of \
         entities. \
         Read latency together with hot_hit_rate, the share of writes of the most popular tenth that \
         found their entity: forgetting the wrong ones is no improvement. held_bytes is what the \
         allocator has handed out, and stays below budget_bytes; memory_growth is what all that it has \
         handed out grows by per 1,000 writes, and as many bytes come as go. \
         One write in a few thousand looks at that, in its own time."
    }

    fn layer(&self) -> Layer {
        Layer::Facade
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let mut params = start::params(&trace(tier), Start::Full);
        let budget_bytes = tier.items() * BUDGET_BYTES_PER_ITEM;
        params.insert(name("signals"), integer(1));
        params.insert(name("budget_bytes"), integer(budget_bytes));
        params
    }

    fn input(&self, tier: Tier) -> Recipe {
        trace(tier).recipe().with("signals of an entity", 1)
    }

    fn needs(&self, tier: Tier) -> Needs {
        Needs::memory((tier.items() * BYTES_PER_ITEM) as u64)
            .with_seconds(tier.items() as f64 * 4e-6)
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let rate = |name| metric(name, Kind::Value, Unit::Ratio, Direction::Higher);
        let mut metrics = vec![
            rate("hit_rate"),
            rate("hot_hit_rate"),
            metric("evictions", Kind::Value, Unit::Count, Direction::Lower),
        ];
        metrics.extend(bytes::declared("held_bytes"));
        metrics.extend(Leak::declared(allocated_bytes));
        metrics
    }

    fn settings(&self) -> &'static [&'static str] {
        // Those of the layout and the stripes of the order.
        &["boxed", "rollups", "shards", "stripes"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        layout::load(self, context, Counting::Buckets)
    }
}

impl Loads for Trim {
    fn load_in<H: Holder>(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let trace = trace(context.tier());
        let stripes = context.setting("stripes", STRIPES).max(1);
        let budget_bytes = trace.items * BUDGET_BYTES_PER_ITEM;
        let signals = Signals::<H>::new(Options {
            budget: Some((budget_bytes, stripes)),
            ..layout::options(context, trace.items / 2)
        });
        for event in &first(&trace) {
            signals.write(event);
        }
        let mut events = trace.generate();
        for event in &mut events {
            event.signal = signal(event.entity);
        }
        Ok(Box::new(Loaded {
            memory: Leak::of(allocated_bytes).over(trace.warm_up, trace.measured),
            first_evictions: evictions(&signals),
            signals,
            // Written to, so that no page is first touched while measuring.
            answers: vec![u32::MAX; events.len()],
            events,
            trace,
            budget: Budget {
                bytes: budget_bytes / stripes,
                stripes,
                entity_bytes: Signals::<H>::ENTITY_BYTES + BLOCK_BYTES + size_of::<H::Signal>(),
            },
        }))
    }
}

/// One event of every entity, in the order in which events of such popularity would have come last: what
/// is kept of them is what would be kept for ever, and not what happened to be there first.
fn first(trace: &Trace) -> Vec<Event> {
    let entities = Entities::new(trace.items, trace.popularity).by_last_event();
    let (time_s, weight) = FIRST;
    let event = |entity| Event {
        entity,
        time_s,
        weight,
        signal: signal(entity),
    };
    entities.into_iter().map(event).collect()
}

struct Loaded<H> {
    signals: Signals<H>,
    /// Entities that were forgotten while it was loaded.
    first_evictions: u64,
    trace: Trace,
    events: Vec<Event>,
    /// What each write answered: events of the signal since the entity came into being.
    answers: Vec<u32>,
    budget: Budget,
    /// What the allocator has handed out meanwhile.
    memory: Leak,
}

impl<H: Holder> Subject for Loaded<H> {
    fn warm_up(&self) -> usize {
        self.trace.warm_up
    }

    fn operations(&self) -> usize {
        self.trace.measured
    }

    fn operate(&mut self, index: usize) -> u64 {
        let events = self.signals.write(&self.events[index]);
        self.answers[index] = events;
        self.memory.after(index);
        u64::from(events)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let first = first(&self.trace);
        let expected = forgetting::replay(first.iter().chain(&self.events), self.budget);
        let answers = &expected.answers[first.len()..];
        let differs = |(found, expected): (&u32, &u32)| found != expected;
        if let Some(number) = self.answers.iter().zip(answers).position(differs) {
            return Err(WrongAnswer {
                place: format!("event {number}, of entity {}", self.events[number].entity),
                found: format!("{} events since it exists", self.answers[number]),
                expected: answers[number].to_string(),
            });
        }
        self.check_order(&expected)
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let entities = Entities::new(self.trace.items, self.trace.popularity);
        let mut is_hot = vec![false; self.trace.items];
        let hot = (self.trace.items as f64 * HOT) as usize;
        for &entity in &entities.ranked()[..hot] {
            is_hot[entity as usize] = true;
        }
        let writes = || {
            let writes = self.events.iter().zip(&self.answers);
            writes.skip(self.trace.warm_up)
        };
        let hot_writes = writes().filter(|(event, _)| is_hot[event.entity as usize]);
        let evictions = evictions(&self.signals) - self.first_evictions;
        let mut metrics = vec![
            (name("hit_rate"), hit_rate(writes())),
            (name("hot_hit_rate"), hit_rate(hot_writes)),
            (name("evictions"), MetricValue::Value(evictions as f64)),
        ];
        metrics.extend(self.memory.reported());
        let held = bytes::given_back(mem::take(&mut self.signals));
        metrics.extend(held.map(|bytes| (name("held_bytes"), MetricValue::Value(bytes))));
        Ok(metrics)
    }
}

impl<H: Holder> Loaded<H> {
    /// Compares what was forgotten, in which order the others follow, and what they take.
    fn check_order(&self, expected: &Expected) -> Result<(), WrongAnswer> {
        let wrong = |place: String, found: String, expected: String| WrongAnswer {
            place,
            found,
            expected,
        };
        let evictions = evictions(&self.signals);
        if evictions != expected.evictions {
            return Err(wrong(
                "evictions".into(),
                evictions.to_string(),
                expected.evictions.to_string(),
            ));
        }
        let stripes = self
            .signals
            .order()
            .into_iter()
            .flat_map(|order| order.stripes());
        let mut entities = 0;
        for (number, (stripe, expected)) in stripes.zip(&expected.left).enumerate() {
            let found: Vec<u32> = stripe.latest_first().collect();
            let differs = |(found, expected): (&u32, &u32)| found != expected;
            if found.len() != expected.len() || found.iter().zip(expected).any(differs) {
                return Err(wrong(
                    format!("the order of stripe {number}"),
                    format!("{} entities, latest {:?}", found.len(), found.first()),
                    format!("{} entities, latest {:?}", expected.len(), expected.first()),
                ));
            }
            if stripe.bytes() > self.budget.bytes {
                return Err(wrong(
                    format!("stripe {number}"),
                    format!("{} bytes", stripe.bytes()),
                    format!("{} at the most", self.budget.bytes),
                ));
            }
            entities += found.len();
        }
        if self.signals.len() != entities {
            return Err(wrong(
                "the map".into(),
                format!("{} entities", self.signals.len()),
                format!("{entities}, those in the order"),
            ));
        }
        Ok(())
    }
}

/// Entities that were forgotten so far.
fn evictions<H: Holder>(signals: &Signals<H>) -> u64 {
    let stripes = signals
        .order()
        .into_iter()
        .flat_map(|order| order.stripes());
    stripes.map(|stripe| stripe.evictions()).sum()
}

/// Share of writes that found their entity.
fn hit_rate<'w>(writes: impl Iterator<Item = (&'w Event, &'w u32)>) -> MetricValue {
    let (mut hits, mut all) = (0_u32, 0_u32);
    for (_, &events) in writes {
        hits += u32::from(events > 1);
        all += 1;
    }
    MetricValue::Value(f64::from(hits) / f64::from(all.max(1)))
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;

    use super::*;

    #[test]
    fn what_is_forgotten_agrees_with_the_model_in_every_layout() {
        for settings in [
            &[][..],
            &[("boxed", 1)],
            &[("rollups", 1)],
            &[("stripes", 1)],
            &[("stripes", 7), ("shards", 2)],
        ] {
            let planted = settings
                .iter()
                .map(|&(name, value)| (name.to_owned(), value));
            let context =
                Context::new(Tier::Tiny, &Cache::at("unused")).with_settings(planted.collect());
            let mut subject = Trim.load(&context).expect("loads");
            for index in 0..subject.warm_up() + subject.operations() {
                subject.operate(index);
            }
            assert_eq!(subject.check(), Ok(()), "{settings:?}");
            subject.operate(7);
            assert!(subject.check().is_err(), "{settings:?}");
        }
    }

    #[test]
    fn hot_entities_are_kept() {
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        let mut subject = Trim.load(&context).expect("loads");
        for index in 0..subject.warm_up() + subject.operations() {
            subject.operate(index);
        }
        let metrics = subject.report().expect("reports");
        for declared in Trim.metrics() {
            let is_reported = metrics.iter().any(|(name, _)| *name == declared.name);
            assert!(is_reported, "{}", declared.name);
        }
        let rate = |wanted: &str| {
            let found = metrics.iter().find(|(name, _)| name.as_str() == wanted);
            match found {
                Some((_, MetricValue::Value(rate))) => *rate,
                _ => f64::NAN,
            }
        };
        assert!(rate("hot_hit_rate") > 0.99, "{}", rate("hot_hit_rate"));
        assert!(
            (0.8..0.99).contains(&rate("hit_rate")),
            "{}",
            rate("hit_rate")
        );
    }
}
