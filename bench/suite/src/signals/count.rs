//! The scenarios `signals/count/**`: how often something happened lately.

use std::collections::BTreeMap;

use bench_harness::scenario::{integer, name};
use bench_harness::schema::{DeclaredMetric, MetricName, MetricValue, Name, Param};
use bench_harness::{Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer};

use super::events::{Event, Popularity, SPAN_S, Trace};
use super::holder::Holder;
use super::layout::{self, Counting, Loads};
use super::model::History;
use super::start::{self, Start};
use super::store::Signals;
use super::window::Window;

/// The moment that is asked about: the last of the span. Popular signals were written seconds ago, and
/// most of the others have been silent for days, of which the count has to know.
const NOW_S: u32 = SPAN_S - 1;

/// Counting the events of one signal in one window.
#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) id: &'static str,
    pub(crate) about: &'static str,
    pub(crate) window: Window,
    pub(crate) counting: Counting,
}

const SHORT: &str = "Events of one signal of a popular or rare entity within a short window. \
    What ranking asks of every candidate: a lookup, two cache misses, and the sum of a ring of buckets. \
    All windows cost about the same, because waiting for memory outweighs adding.";

const MONTH: &str = "Events of one signal of a popular or rare entity within thirty days. \
    The longest window that forgets, and the one that was feared: asked of raw events it would read \
    thousands of them, of buckets it reads thirty. \
    Compare with signals/count/30d-rollup, the same question to counts that are kept up with every \
    write: only if those are much faster are they worth what they cost in signals/write.";

const ROLLUP: &str = "Events of one signal within thirty days, from a running count. \
    The alternative to signals/count/30d, which was not chosen: every write takes out what leaves the \
    windows, every signal is 16 bytes larger. \
    Read it beside signals/count/30d, and `--plant 'signals/write:rollups=1'` beside signals/write.";

const ALWAYS: &str = "Events of one signal of a popular or rare entity since it exists. \
    One number that is there already, so this is the price of finding a signal. \
    What the other windows take beyond it is the price of counting.";

/// The windows one by one, and the alternative.
pub(crate) static FAMILY: [Count; 6] = [
    Count {
        id: "signals/count/1h",
        about: SHORT,
        window: Window::Hour,
        counting: Counting::Buckets,
    },
    Count {
        id: "signals/count/24h",
        about: SHORT,
        window: Window::Day,
        counting: Counting::Buckets,
    },
    Count {
        id: "signals/count/7d",
        about: SHORT,
        window: Window::Week,
        counting: Counting::Buckets,
    },
    Count {
        id: "signals/count/30d",
        about: MONTH,
        window: Window::Month,
        counting: Counting::Buckets,
    },
    Count {
        id: "signals/count/30d-rollup",
        about: ROLLUP,
        window: Window::Month,
        counting: Counting::Rollups,
    },
    Count {
        id: "signals/count/all",
        about: ALWAYS,
        window: Window::Always,
        counting: Counting::Buckets,
    },
];

/// As many events as entities: enough that most have something to count.
fn trace(tier: Tier) -> Trace {
    Trace {
        items: tier.items(),
        popularity: Popularity::Skewed,
        warm_up: 0,
        measured: tier.items(),
    }
}

/// Timed questions: far more than a p99 needs, because they take less than a microsecond.
fn questions(tier: Tier) -> usize {
    match tier {
        Tier::Tiny => 20_000,
        _ => 200_000,
    }
}

/// Questions before those: a tenth.
fn warm_up(tier: Tier) -> usize {
    questions(tier) / 10
}

impl Scenario for Count {
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
        let mut params = start::params(&trace(tier), Start::Full);
        params.insert(name("questions"), integer(questions(tier)));
        params
    }

    fn input(&self, tier: Tier) -> Recipe {
        trace(tier)
            .recipe()
            .with("questions", questions(tier))
            .with("warm-up questions", warm_up(tier))
    }

    fn needs(&self, tier: Tier) -> Needs {
        start::needs(&trace(tier))
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        Vec::new()
    }

    fn settings(&self) -> &'static [&'static str] {
        layout::SETTINGS
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        layout::load(self, context, self.counting)
    }
}

impl Loads for Count {
    fn load_in<H: Holder>(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let trace = trace(tier);
        let events = trace.generate();
        let signals = Start::Full.component::<H>(context, trace.items);
        for event in &events {
            signals.write(event);
        }
        Ok(Box::new(Loaded {
            signals,
            events,
            window: self.window,
            questions: trace.questions(warm_up(tier) + questions(tier)),
            warm_up: warm_up(tier),
            answered: 0,
        }))
    }
}

struct Loaded<H> {
    signals: Signals<H>,
    events: Vec<Event>,
    window: Window,
    /// Entity and signal.
    questions: Vec<(u32, u8)>,
    warm_up: usize,
    /// Sum of all answers that were given.
    answered: u64,
}

impl<H: Holder> Subject for Loaded<H> {
    fn warm_up(&self) -> usize {
        self.warm_up
    }

    fn operations(&self) -> usize {
        self.questions.len() - self.warm_up
    }

    fn operate(&mut self, index: usize) -> u64 {
        let (entity, signal) = self.questions[index];
        let count = u64::from(self.signals.count(entity, signal, self.window, NOW_S));
        self.answered += count;
        count
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let history = History::of(&self.events, true);
        let mut all = 0;
        for &(entity, signal) in &self.questions {
            let found = self.signals.count(entity, signal, self.window, NOW_S);
            let expected = history.past(entity, signal).count(self.window, NOW_S);
            if found != expected {
                return Err(WrongAnswer {
                    place: format!("entity {entity}, signal {signal}"),
                    found: found.to_string(),
                    expected: expected.to_string(),
                });
            }
            all += u64::from(expected);
        }
        if self.answered != all {
            return Err(WrongAnswer {
                place: "the sum of all timed answers".into(),
                found: self.answered.to_string(),
                expected: all.to_string(),
            });
        }
        Ok(())
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
    fn every_window_agrees_with_the_model_in_every_layout() {
        for scenario in &FAMILY {
            for setting in ["boxed", "rollups"] {
                let context = Context::new(Tier::Tiny, &Cache::at("unused"))
                    .with_settings([(setting.to_owned(), 1)].into());
                let mut subject = scenario.load(&context).expect("loads");
                for index in 0..subject.warm_up() + subject.operations() {
                    subject.operate(index);
                }
                assert_eq!(subject.check(), Ok(()), "{} {setting}", scenario.id);
            }
        }
    }

    #[test]
    fn one_answer_too_many_is_a_wrong_answer() {
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        let [.., always] = &FAMILY;
        let mut subject = always.load(&context).expect("loads");
        for index in 0..subject.warm_up() + subject.operations() {
            subject.operate(index);
        }
        subject.operate(0);
        assert!(subject.check().is_err());
    }

    #[test]
    fn some_are_silent_and_some_are_not() {
        let trace = trace(Tier::Tiny);
        let events = trace.generate();
        let history = History::of(&events, true);
        for (window, range) in [(Window::Hour, 0..50), (Window::Month, 1_000..30_000)] {
            let count = |(entity, signal)| history.past(entity, signal).count(window, NOW_S);
            let all: u32 = trace.questions(2_000).into_iter().map(count).sum();
            assert!(range.contains(&all), "{window:?}: {all}");
        }
    }
}
