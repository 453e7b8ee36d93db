//! The scenarios `signals/write/**`: the component's writes, by one thread and by several.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::mem;

use bench_harness::scenario::{Service, name};
use bench_harness::schema::{DeclaredMetric, MetricName, MetricValue, Name, Param};
use bench_harness::{
    Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, Traffic, WrongAnswer,
};

use super::events::{Event, Popularity, Trace};
use super::holder::Holder;
use super::layout::{self, Counting, Loads};
use super::model::History;
use super::signal::Counter;
use super::start::{self, Start};
use super::store::Signals;
use super::window::Window;
use super::{bytes, check};

/// Writing one signal of one entity in all windows.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) id: &'static str,
    pub(crate) about: &'static str,
    pub(crate) smallest_tier: Tier,
    /// Entities that there are.
    items: fn(Tier) -> usize,
    pub(crate) popularity: Popularity,
    pub(crate) start: Start,
    pub(crate) traffic: Traffic,
    /// Scenarios that do the same on lower layers.
    over: &'static [&'static str],
}

/// Most events of a single entity, on any tier. Its sums are in single precision, and every event rounds how
/// far they have decayed since the one before: a million of them could add up to what the check allows.
const MOST_OF_ONE: usize = 250_000;

/// By one thread, then the curves over threads.
pub(crate) static FAMILY: [Write; 13] = [
    SKEWED,
    UNIFORM,
    GROW,
    by_clients("signals/write/threads=1", 1),
    by_clients("signals/write/threads=2", 2),
    by_clients("signals/write/threads=4", 4),
    by_clients("signals/write/threads=8", 8),
    uniform("signals/write/uniform/threads=1", 1),
    uniform("signals/write/uniform/threads=2", 2),
    uniform("signals/write/uniform/threads=4", 4),
    uniform("signals/write/uniform/threads=8", 8),
    one_key("signals/write/one-key/threads=1", 1),
    one_key("signals/write/one-key/threads=4", 4),
];

/// What every click costs.
const SKEWED: Write = Write {
    id: "signals/write",
    about: "Adds one event to a signal of a popular or rare entity: five decayed sums and three buckets. \
            What every click costs when every signal of every entity exists: a lookup in a concurrent \
            map, two cache misses of which one waits for the other, four decays. \
            Read latency together with bytes_per_entity, and remember that the recording overhead is a \
            noticeable part of an operation this short.",
    smallest_tier: Tier::Tiny,
    items: Tier::items,
    popularity: Popularity::Skewed,
    start: Start::Full,
    traffic: Traffic::Alone,
    over: &["signals/write/raw"],
};

/// What a click costs that no cache helps with.
const UNIFORM: Write = Write {
    id: "signals/write/uniform",
    about: "Adds one event to a signal of any entity, all alike. \
            The worst case of signals/write: nothing is popular, so every write waits for memory. \
            The distance to signals/write is what caches are worth.",
    smallest_tier: Tier::Pr,
    popularity: Popularity::Uniform,
    over: &[],
    ..SKEWED
};

/// What the first writes cost.
const GROW: Write = Write {
    id: "signals/grow",
    about: "Writes into a component that starts empty and made no room. \
            What the first days of a system cost: entities and signals come into being, blocks and \
            tables grow. \
            The mean says what growing adds; the far tail, p99.9 and above, is a shard of the map that \
            moves to twice its size while a write waits; bytes_per_entity is that of entities that have \
            few of their signals.",
    smallest_tier: Tier::Pr,
    start: Start::Empty,
    over: &[],
    ..SKEWED
};

/// The same as [`SKEWED`] by several clients.
const fn by_clients(id: &'static str, clients: usize) -> Write {
    Write {
        id,
        about: "Several clients add events to popular and rare entities at the same time. \
                Throughput over the number of clients is the curve that says whether the component \
                scales: it should grow with every client that has a core, and not fall with more. \
                Latency with more clients than cores is mostly that of waiting for a core: read the \
                median, which must not grow with clients that wait for each other.",
        smallest_tier: Tier::Pr,
        traffic: Traffic::Clients(clients),
        over: &[],
        ..SKEWED
    }
}

/// The same as [`UNIFORM`] by several clients.
const fn uniform(id: &'static str, clients: usize) -> Write {
    Write {
        about: "Several clients add events to any entities, all alike, at the same time. \
                The curve of signals/write/threads without popular entities: clients hardly ever meet in a \
                shard of the map, and every write waits for memory, which they do side by side. \
                What throughput lacks here is not the fault of locks; the distance of the two curves is what \
                popular entities cost where clients meet.",
        popularity: Popularity::Uniform,
        ..by_clients(id, clients)
    }
}

/// All clients at one entity.
const fn one_key(id: &'static str, clients: usize) -> Write {
    Write {
        about: "Clients add events to ten signals of one and the same entity at the same time. \
                The worst that popularity can do: one lock for all of them, and cache lines that move from \
                core to core with every write. \
                Throughput cannot grow from one client to four; it says how much it falls, and the far tail \
                how long a client waits for another that lost its core while it held the lock. \
                A quarter of a million events on every tier but the smallest.",
        items: one,
        popularity: Popularity::Uniform,
        ..by_clients(id, clients)
    }
}

const fn one(_: Tier) -> usize {
    1
}

impl Write {
    fn trace(&self, tier: Tier) -> Trace {
        let items = (self.items)(tier);
        let trace = Trace::of(tier, self.popularity);
        let measured = match items {
            1 => trace.measured.min(MOST_OF_ONE),
            _ => trace.measured,
        };
        Trace {
            items,
            warm_up: measured / 10,
            measured,
            ..trace
        }
    }
}

impl Scenario for Write {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn layer(&self) -> Layer {
        Layer::Facade
    }

    fn over(&self) -> &'static [&'static str] {
        self.over
    }

    fn smallest_tier(&self) -> Tier {
        self.smallest_tier
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        start::params(&self.trace(tier), self.start)
    }

    fn input(&self, tier: Tier) -> Recipe {
        self.trace(tier).recipe()
    }

    fn traffic(&self, _: Tier) -> Traffic {
        self.traffic
    }

    fn needs(&self, tier: Tier) -> Needs {
        start::needs(&self.trace(tier))
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        bytes::declared("bytes_per_entity").into_iter().collect()
    }

    fn settings(&self) -> &'static [&'static str] {
        // Those of the layout and a plant of extra work.
        &["boxed", "rollups", "shards", "decays"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        layout::load(self, context, Counting::Buckets)
    }
}

impl Loads for Write {
    fn load_in<H: Holder>(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let trace = self.trace(context.tier());
        Ok(Box::new(Loaded {
            signals: self.start.component::<H>(context, trace.items),
            events: trace.generate(),
            trace,
            start: self.start,
            decays: context.setting("decays", 0),
        }))
    }
}

struct Loaded<H> {
    signals: Signals<H>,
    trace: Trace,
    events: Vec<Event>,
    start: Start,
    /// Planted: how often every write decays the sums of its signal again.
    decays: usize,
}

impl<H: Holder> Loaded<H> {
    /// Decays the sums of the signal that `event` was written to, as a reader would, `decays` times.
    ///
    /// Never inlined, so that a profile can name it.
    #[inline(never)]
    fn decay_again(&self, event: &Event) {
        self.signals.read(event.entity, |entity| {
            for _ in 0..self.decays {
                let signal = black_box(entity.signal(event.signal));
                for window in Window::ALL {
                    black_box(signal.map(|signal| signal.sum(window, event.time_s)));
                }
            }
        });
    }
}

impl<H: Holder> Subject for Loaded<H> {
    fn warm_up(&self) -> usize {
        self.trace.warm_up
    }

    fn operations(&self) -> usize {
        self.trace.measured
    }

    fn operate(&mut self, index: usize) -> u64 {
        self.serve(index)
    }

    fn service(&self) -> Option<&dyn Service> {
        Some(self)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let history = History::of(&self.events, self.start == Start::Full);
        check::component(&self.signals, &history, self.trace.items)
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let entities = self.signals.len();
        let signals = mem::take(&mut self.signals);
        let metric = |bytes| {
            let per_entity = bytes / entities as f64;
            (name("bytes_per_entity"), MetricValue::Value(per_entity))
        };
        Ok(bytes::given_back(signals).map(metric).into_iter().collect())
    }
}

impl<H: Holder> Service for Loaded<H> {
    fn serve(&self, index: usize) -> u64 {
        let event = &self.events[index];
        let events = self.signals.write(event);
        if self.decays > 0 {
            self.decay_again(event);
        }
        u64::from(events)
    }
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;

    use super::*;

    /// Loads the scenario and writes all its events, in the given order.
    fn played(scenario: &Write, settings: &[&str], is_reversed: bool) -> Box<dyn Subject> {
        let settings = settings.iter().map(|name| ((*name).to_owned(), 1));
        let context =
            Context::new(Tier::Tiny, &Cache::at("unused")).with_settings(settings.collect());
        let mut subject = scenario.load(&context).expect("loads");
        let count = subject.warm_up() + subject.operations();
        for index in 0..count {
            subject.operate(if is_reversed {
                count - 1 - index
            } else {
                index
            });
        }
        subject
    }

    #[test]
    fn the_component_agrees_with_the_model_in_every_layout() {
        for scenario in [SKEWED, UNIFORM, GROW, one_key("signals/write/one-key", 4)] {
            for settings in [
                &[][..],
                &["boxed"],
                &["rollups"],
                &["boxed", "rollups", "shards"],
                &["decays"],
            ] {
                let mut subject = played(&scenario, settings, false);
                assert_eq!(subject.check(), Ok(()), "{} {settings:?}", scenario.id);
            }
        }
    }

    #[test]
    fn the_order_of_events_does_not_matter() {
        // Several clients write in no order, and are checked by the same model.
        for scenario in [SKEWED, one_key("signals/write/one-key", 4)] {
            assert_eq!(played(&scenario, &[], true).check(), Ok(()));
        }
    }

    #[test]
    fn clients_meet_at_one_entity_and_nothing_is_lost() {
        let scenario = one_key("signals/write/one-key", 4);
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        let mut subject = scenario.load(&context).expect("loads");
        let count = subject.warm_up() + subject.operations();
        let service = subject.service().expect("serves several");
        std::thread::scope(|scope| {
            for client in 0..4 {
                scope.spawn(move || {
                    for index in (client..count).step_by(4) {
                        service.serve(index);
                    }
                });
            }
        });
        assert_eq!(subject.check(), Ok(()));
        for tier in [Tier::Pr, Tier::Nightly] {
            let trace = scenario.trace(tier);
            assert_eq!((trace.items, trace.measured), (1, MOST_OF_ONE), "{tier:?}");
        }
        assert!(
            scenario
                .trace(Tier::Tiny)
                .generate()
                .iter()
                .all(|event| event.entity == 0)
        );
    }

    #[test]
    fn one_event_too_many_is_a_wrong_answer() {
        let mut subject = played(&SKEWED, &[], false);
        subject.operate(7);
        assert!(subject.check().is_err());
    }
}
