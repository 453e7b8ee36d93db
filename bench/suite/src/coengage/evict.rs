//! The scenario `coengage/evict`.

use std::collections::BTreeMap;

use bench_harness::memory::allocated_bytes;
use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer};

use super::events::{self, Event, Generator};
use super::index::{Bounds, CoEngagement, EVICTIONS_PER_EVENT};
use super::model::{self, Model};
use super::neighbours::KEPT;
use crate::leak::Leak;
use crate::random::SEED;

/// The index may take this much more than the model says, for what the allocator rounds.
const SLACK: f64 = 1.05;

/// Bounds over that many items: one in twenty is kept.
pub(crate) fn bounds(items: usize) -> Bounds {
    Bounds::new(events::users(items), items / 20)
}

/// The parameters of everything over the events of `tier`.
pub(crate) fn params(tier: Tier) -> BTreeMap<Name, Param> {
    let bounds = bounds(tier.items());
    BTreeMap::from([
        (name("items"), integer(tier.items())),
        (name("users"), integer(bounds.users)),
        (name("capacity"), integer(bounds.capacity)),
        (name("events"), integer(events::measured(tier))),
        (name("seed"), integer(SEED as usize)),
    ])
}

/// Memory for an index with these bounds, the events of `tier`, and the model and the counts that check
/// it.
pub(crate) fn needs(tier: Tier, bounds: Bounds) -> Needs {
    let events = events::warm_up(tier) + events::measured(tier);
    Needs::memory((2 * model::bytes(bounds) + 256 * events) as u64)
}

/// Recording one event in an index that fills up and is emptied again and again.
#[derive(Debug)]
pub(crate) struct Evict;

impl Scenario for Evict {
    fn id(&self) -> &'static str {
        "coengage/evict"
    }

    fn about(&self) -> &'static str {
        "Records that a user engaged with an item, in an index of items engaged with together that \
         fills to twice its capacity and is emptied to its capacity, several times. \
         Every event pairs the item with the user's last four, and while the index is emptied it also \
         evicts the two items whose last engagement is longest ago. \
         Emptying all at once would stop one event in tens of thousands for most of a millisecond, where \
         no p99 sees it: so read evictions_per_event_max together with latency. \
         entries_max and index_bytes are the bound, and the order of all evictions is checked against \
         a sequential model. \
         memory_growth is what all memory grows by per 1,000 events once the index was full: nothing, \
         because all of it is there from the start. \
         One event in a few thousand looks at that, in its own time."
    }

    fn layer(&self) -> Layer {
        Layer::Facade
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        params(tier)
    }

    fn input(&self, tier: Tier) -> Recipe {
        events::recipe(tier)
    }

    fn needs(&self, tier: Tier) -> Needs {
        needs(tier, bounds(tier.items()))
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let count = |text| metric(text, Kind::Value, Unit::Count, Direction::Lower);
        let mut metrics = vec![
            count("entries_max"),
            count("evictions"),
            count("evictions_per_event_max"),
        ];
        // Declared only where the allocator tells: declared and absent would read as missing.
        let bytes = metric("index_bytes", Kind::Value, Unit::Bytes, Direction::Lower);
        metrics.extend(allocated_bytes().map(|_| bytes));
        metrics.extend(Leak::declared(allocated_bytes));
        metrics
    }

    fn settings(&self) -> &'static [&'static str] {
        &["evictions_per_event"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let bounds = Bounds {
            evictions_per_event: context.setting("evictions_per_event", EVICTIONS_PER_EVENT),
            ..bounds(tier.items())
        };
        let empty = allocated_bytes();
        let index = CoEngagement::new(bounds);
        let full = allocated_bytes();
        Ok(Box::new(Loaded {
            bytes: full
                .zip(empty)
                .map(|(full, empty)| full.saturating_sub(empty)),
            ..Loaded::new(tier, bounds, index)
        }))
    }
}

struct Loaded {
    tier: Tier,
    bounds: Bounds,
    index: CoEngagement,
    /// What making the index allocated.
    bytes: Option<u64>,
    events: Vec<Event>,
    /// Items that had to leave, in this order.
    evicted: Vec<u32>,
    most_at_once: usize,
    entries_max: usize,
    /// What the allocator has handed out since the index was full.
    memory: Leak,
}

impl Loaded {
    /// Before its first event, and with memory that nobody measured.
    fn new(tier: Tier, bounds: Bounds, index: CoEngagement) -> Self {
        let generator = Generator::new(tier.items());
        let events = generator.events(events::warm_up(tier) + events::measured(tier));
        Self {
            tier,
            bounds,
            index,
            bytes: None,
            // Every event brings in at most one item, so this never grows while it is measured.
            evicted: Vec::with_capacity(events.len()),
            events,
            most_at_once: 0,
            entries_max: 0,
            memory: Leak::of(allocated_bytes).over(events::warm_up(tier), events::measured(tier)),
        }
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        events::warm_up(self.tier)
    }

    fn operations(&self) -> usize {
        events::measured(self.tier)
    }

    fn operate(&mut self, index: usize) -> u64 {
        let event = self.events[index];
        let earlier = self.evicted.len();
        let evicted = &mut self.evicted;
        self.index
            .record(event.user, event.item, event.weight, |item| {
                evicted.push(item)
            });
        self.most_at_once = self.most_at_once.max(self.evicted.len() - earlier);
        self.entries_max = self.entries_max.max(self.index.len());
        if !self.evicted.is_empty() {
            self.memory.after(index);
        }
        self.index.len() as u64
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let model = Model::replay(self.bounds, &self.events);
        same("evictions", &self.evicted, &model.evicted)?;
        let order: Vec<u32> = self.index.oldest_first().collect();
        same("order of use", &order, &model.oldest_first())?;
        let mut found = Vec::new();
        for &item in &order {
            self.index.related(item, KEPT, &mut found);
            same(
                &format!("neighbours of item {item}"),
                &found,
                &model.related(item),
            )?;
        }
        let allowed = model::bytes(self.bounds) as f64 * SLACK;
        let bytes = self
            .bytes
            .unwrap_or_default()
            .max(self.index.bytes() as u64);
        if bytes as f64 > allowed {
            return Err(WrongAnswer {
                place: "memory of the index".into(),
                found: format!("{bytes} bytes"),
                expected: format!("at most {allowed:.0}"),
            });
        }
        Ok(())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let count = |text, number: usize| (name(text), MetricValue::Value(number as f64));
        let mut metrics = vec![
            count("entries_max", self.entries_max),
            count("evictions", self.evicted.len()),
            count("evictions_per_event_max", self.most_at_once),
        ];
        metrics.extend(self.memory.reported());
        metrics.extend(self.bytes.map(|bytes| count("index_bytes", bytes as usize)));
        Ok(metrics)
    }
}

/// Compares two sequences; the answer names the first difference.
fn same<T: PartialEq + std::fmt::Debug>(
    place: &str,
    found: &[T],
    expected: &[T],
) -> Result<(), WrongAnswer> {
    let longer = found.len().max(expected.len());
    let Some(at) = (0..longer).find(|&at| found.get(at) != expected.get(at)) else {
        return Ok(());
    };
    let show =
        |element: Option<&T>| element.map_or("nothing".into(), |element| format!("{element:?}"));
    Err(WrongAnswer {
        place: format!("{place}, number {at}"),
        found: show(found.get(at)),
        expected: show(expected.get(at)),
    })
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;

    use super::*;

    fn played(bounds: Bounds) -> Loaded {
        let mut subject = Loaded::new(Tier::Tiny, bounds, CoEngagement::new(bounds));
        for index in 0..subject.warm_up() + subject.operations() {
            subject.operate(index);
        }
        subject
    }

    #[test]
    fn the_index_agrees_with_the_model_and_stays_within_its_bounds() {
        for capacity in [1, 7, 100, 400] {
            let mut subject = played(Bounds::new(100, capacity));
            assert_eq!(subject.check(), Ok(()), "capacity {capacity}");
            assert_eq!(subject.entries_max, 2 * capacity);
            assert!(subject.evicted.len() > 2 * capacity, "capacity {capacity}");
        }
    }

    #[test]
    fn everything_declared_is_reported() {
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        let mut subject = Evict.load(&context).expect("loads");
        for index in 0..subject.warm_up() + subject.operations() {
            subject.operate(index);
        }
        let reported = subject.report().expect("reports");
        for declared in Evict.metrics() {
            let is_reported = reported.iter().any(|(name, _)| *name == declared.name);
            assert!(is_reported, "{}", declared.name);
        }
    }

    #[test]
    fn eviction_is_spread_over_events_unless_it_is_planted_otherwise() {
        for (evictions_per_event, expected) in [(1, 1), (2, 2), (5, 5), (1_000_000, 100)] {
            let mut subject = played(Bounds {
                evictions_per_event,
                ..Bounds::new(100, 100)
            });
            assert_eq!(subject.check(), Ok(()));
            assert_eq!(subject.most_at_once, expected);
        }
    }

    #[test]
    fn another_order_or_another_weight_is_a_wrong_answer() {
        let mut subject = played(bounds(1_000));
        subject.evicted.swap(10, 11);
        let wrong = subject.check().expect_err("the order is another");
        assert_eq!(wrong.place, "evictions, number 10");

        let mut subject = played(bounds(1_000));
        let last = subject.events.len() - 1;
        subject.operate(last);
        assert!(subject.check().is_err());
    }

    #[test]
    fn strangers_and_no_capacity_are_no_accident() {
        let mut index = CoEngagement::new(Bounds::new(1, 0));
        index.record(5, 7, 1, |_| {});
        assert!(index.is_empty());
        let mut index = CoEngagement::new(Bounds::new(1, 10));
        index.record(5, 7, 1, |_| {});
        index.record(5, 8, 1, |_| {});
        index.record(0, u32::MAX, 1, |_| {});
        let mut related = Vec::new();
        index.related(7, 10, &mut related);
        assert_eq!((index.len(), related.len()), (2, 0));
    }
}
