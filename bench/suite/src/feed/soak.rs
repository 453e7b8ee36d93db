//! The scenario `feed/soak`: feeds for half an hour beside writes, to see what creeps.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bench_harness::memory::resident_bytes;
use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::slope::Slope;
use bench_harness::watch::Watch;
use bench_harness::{
    Artifact, Background, Context, Failure, Layer, Needs, Recipe, Scenario, Service, Subject, Tier,
    Traffic, WrongAnswer,
};

use super::engine::Sets;
use super::request::Request;
use super::serving::{Loaded, WRITES, What};
use super::{POISSON, RATE};

/// Between two looks at what may creep.
const LOOKS_PER_SECOND: f64 = 1.0;

/// Memory is said to grow by the hour.
const HOUR_S: f64 = 3_600.0;

/// How long it goes on: as long as shows a leak, and in tests as long as shows that it works.
const fn seconds(tier: Tier) -> usize {
    match tier {
        Tier::Soak => 30 * 60,
        Tier::Tiny | Tier::Smoke | Tier::Pr | Tier::Nightly => 2,
    }
}

/// The requests of it. Busy, so that feeds are checked when all is written.
const FEEDS: Request = Request {
    id: "feed/soak",
    what: What::Retrieve,
    sets: Sets::Blocks,
    is_busy: true,
    traffic: POISSON,
    layer: Layer::Contention,
    smallest_tier: Tier::Soak,
};

/// Feeds on a schedule for a long time.
#[derive(Debug)]
pub(super) struct Soak;

impl Scenario for Soak {
    fn id(&self) -> &'static str {
        FEEDS.id
    }

    fn about(&self) -> &'static str {
        "Feeds of feed/retrieve at a fixed rate beside 2,000 writes per second, for half an hour. \
         What no short measurement sees: memory that is lost at every request, and answers that take longer by \
         the hour. Nothing is added, every write is of a signal that is there, so memory should stay where it is. \
         leak is what resident memory grows by in an hour, the median of the slopes between all looks at it, and \
         leak.low and leak.high are the ends of its 95 % interval; 1 B is none. answered_trend and service_trend \
         are what was answered per second, and the time that took, at the end over at the beginning: 1 is steady."
    }

    fn layer(&self) -> Layer {
        FEEDS.layer
    }

    fn smallest_tier(&self) -> Tier {
        FEEDS.smallest_tier
    }

    fn is_on(&self, tier: Tier) -> bool {
        tier == Tier::Soak
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let mut params = FEEDS.params(tier);
        params.insert(name("items_per_second"), integer(0));
        params.insert(name("seconds"), integer(seconds(tier)));
        params
    }

    fn input(&self, tier: Tier) -> Recipe {
        FEEDS.input(tier)
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        FEEDS.artifacts(tier)
    }

    fn traffic(&self, _: Tier) -> Traffic {
        FEEDS.traffic
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let value = |of, unit, direction| metric(of, Kind::Value, unit, direction);
        let mut metrics = FEEDS.metrics();
        // Factors; a ratio ends at 1.
        metrics.push(value("answered_trend", Unit::Count, Direction::Higher));
        metrics.push(value("service_trend", Unit::Count, Direction::Lower));
        if resident_bytes().is_some() {
            let leak = |of| value(of, Unit::Bytes, Direction::Lower);
            metrics.extend(["leak", "leak.low", "leak.high"].map(leak));
        }
        metrics
    }

    fn needs(&self, tier: Tier) -> Needs {
        let needs = FEEDS.needs(tier);
        let (seconds, writes) = (seconds(tier) as f64, WRITES * seconds(tier) as f64);
        // The events are listed again to be checked, and put in order.
        let events = (64.0 * writes) as u64;
        Needs::memory(needs.memory_bytes + events).with_seconds(seconds + 30.0)
    }

    fn settings(&self) -> &'static [&'static str] {
        FEEDS.settings()
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let requests = (RATE * seconds(context.tier()) as f64) as usize;
        Ok(Box::new(Soaking {
            feeds: FEEDS.open(context)?,
            requests,
            course: Course::default(),
        }))
    }
}

/// The engine of feeds, and what is seen of it.
struct Soaking {
    feeds: Loaded,
    requests: usize,
    course: Course,
}

impl Subject for Soaking {
    fn warm_up(&self) -> usize {
        self.feeds.warm_up()
    }

    fn operations(&self) -> usize {
        self.requests
    }

    fn operate(&mut self, index: usize) -> u64 {
        self.serve(index)
    }

    fn service(&self) -> Option<&dyn Service> {
        Some(self)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        self.feeds.check()
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let mut metrics = self.feeds.report()?;
        metrics.extend(self.course.report());
        Ok(metrics)
    }
}

impl Service for Soaking {
    fn serve(&self, index: usize) -> u64 {
        let start = Instant::now();
        let shown = self.feeds.serve(index);
        if index >= self.feeds.warm_up {
            self.course.served(start.elapsed());
        }
        shown
    }

    fn background(&self) -> Vec<Background<'_>> {
        vec![
            Background {
                name: "writing signals",
                rate: WRITES,
                steps: None,
                step: Box::new(|_| self.feeds.engine.write_again()),
            },
            Background {
                name: "looking at memory",
                rate: LOOKS_PER_SECOND,
                steps: None,
                step: Box::new(|_| self.course.look(Instant::now(), resident_bytes())),
            },
        ]
    }
}

/// What is seen over time, at moments in seconds since the first look.
#[derive(Default)]
struct Course {
    memory: Watch,
    answered: Watch,
    service: Watch,
    since: Mutex<Since>,
}

/// What happened since the last look.
#[derive(Default)]
struct Since {
    first: Option<Instant>,
    last: Option<Instant>,
    requests: u64,
    time: Duration,
}

impl Course {
    /// A request was served, and took so long.
    fn served(&self, time: Duration) {
        if let Ok(mut since) = self.since.lock() {
            since.requests += 1;
            since.time += time;
        }
    }

    /// Looks, as soon as requests are served: what comes before is the warm-up.
    fn look(&self, now: Instant, bytes: Option<u64>) {
        let Ok(mut since) = self.since.lock() else {
            return;
        };
        let (requests, time) = (mem::take(&mut since.requests), mem::take(&mut since.time));
        if requests == 0 && since.first.is_none() {
            return;
        }
        let first = *since.first.get_or_insert(now);
        let at = now.duration_since(first).as_secs_f64();
        // The first of them counts from some moment between two looks.
        if let Some(last) = since.last.replace(now) {
            let elapsed = now.duration_since(last).as_secs_f64();
            self.answered.see(at, requests as f64 / elapsed);
            if requests > 0 {
                self.service
                    .see(at, time.as_nanos() as f64 / requests as f64);
            }
        }
        if let Some(bytes) = bytes {
            self.memory.see(at, bytes as f64);
        }
    }

    fn report(&self) -> Vec<(MetricName, MetricValue)> {
        let mut metrics = Vec::new();
        let mut value = |of, value| metrics.push((name(of), MetricValue::Value(value)));
        for (of, watch) in [
            ("answered_trend", &self.answered),
            ("service_trend", &self.service),
        ] {
            if let Some(trend) = trend(watch) {
                value(of, trend);
            }
        }
        if let Some(leak) = self.memory.growth() {
            // A document has no room for zero bytes; what does not grow grows by one.
            let bytes = |per_second: f64| (HOUR_S * per_second).max(1.0);
            value("leak", bytes(leak.per_unit));
            value("leak.low", bytes(leak.interval.0));
            value("leak.high", bytes(leak.interval.1));
        }
        metrics
    }
}

/// What a figure is at the end over what it was at the beginning, on the straight line through all that was seen.
/// `None` of too little, and where that line does not stay above nothing.
fn trend(watch: &Watch) -> Option<f64> {
    let points = watch.by_work();
    let slope = Slope::of(&points)?;
    let (first, last) = (points.first()?, points.last()?);
    let mut values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    values.sort_by(f64::total_cmp);
    let middle = values[values.len() / 2];
    let half = slope.per_unit * (last.0 - first.0) / 2.0;
    (half.abs() < middle).then(|| (middle + half) / (middle - half))
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;
    use bench_harness::prepare::prepare;

    use super::*;
    use crate::signals::events::Event;

    /// What is reported of a minute in which memory grows by so many bytes per second, and requests take longer by
    /// so many nanoseconds per second.
    fn reported(leak: u64, slower_ns: u64) -> BTreeMap<String, f64> {
        let (course, start) = (Course::default(), Instant::now());
        course.look(start, Some(1));
        for second in 0..60 {
            for _ in 0..300 {
                course.served(Duration::from_nanos(100_000 + second * slower_ns));
            }
            let now = start + Duration::from_secs(second + 1);
            // Pages come and go.
            let wobble = second * 7_919 % 101;
            course.look(now, Some(50_000_000 + second * leak + wobble));
        }
        let values = course
            .report()
            .into_iter()
            .map(|(name, value)| match value {
                MetricValue::Value(value) => (name.to_string(), value),
                other => panic!("{other:?} is no value"),
            });
        values.collect()
    }

    #[test]
    fn what_creeps_is_told_from_what_stays() {
        let steady = reported(0, 0);
        assert!(
            steady["leak"] < 36_000.0 && steady["leak.low"] <= 1.0,
            "{steady:?}"
        );
        assert!((steady["answered_trend"] - 1.0).abs() < 1e-9, "{steady:?}");
        assert!((steady["service_trend"] - 1.0).abs() < 1e-9, "{steady:?}");

        let creeping = reported(30_000, 1_000);
        let leak = 30_000.0 * HOUR_S;
        assert!((creeping["leak"] / leak - 1.0).abs() < 0.01, "{creeping:?}");
        assert!(creeping["leak.low"] > 0.9 * leak && creeping["leak.high"] < 1.1 * leak);
        assert!((creeping["answered_trend"] - 1.0).abs() < 1e-9);
        assert!(
            (creeping["service_trend"] - 1.58).abs() < 0.03,
            "{creeping:?}"
        );
        let declared = Soak.metrics();
        for (name, value) in creeping {
            let metric = declared.iter().find(|metric| metric.name.as_str() == name);
            let unit = metric.expect("is declared").unit;
            assert_eq!(unit.check(value), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_goes_on_beside_feeds_writes_and_looks() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        prepare(&Soak, Tier::Tiny, &cache).expect("prepares");
        let mut subject = Soak.load(&Context::new(Tier::Tiny, &cache)).expect("loads");
        assert_eq!(subject.operations(), 600, "300 a second for two seconds");
        let warm_up = subject.warm_up();
        let service = subject.service().expect("for several threads");
        let mut beside = service.background();
        for round in 0..10 {
            service.serve(warm_up + round);
            for background in &mut beside {
                (background.step)(round);
            }
        }
        drop(beside);
        assert_eq!(subject.check(), Ok(()));
        let reported = subject.report().expect("is reported");
        let of = |of: &str| reported.iter().any(|(name, _)| name.as_str() == of);
        assert!(of("recall@100") && of("stage.vectors"), "those of feeds");
        if resident_bytes().is_some() {
            assert!(
                of("leak") && of("leak.low") && of("leak.high"),
                "{reported:?}"
            );
        }
    }

    #[test]
    fn feeds_are_right_after_signals_were_written_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        prepare(&Soak, Tier::Tiny, &cache).expect("prepares");
        let context = Context::new(Tier::Tiny, &cache);
        let open = || FEEDS.open(&context).expect("loads");
        let mut feeds = open();
        let before = feeds.engine.now_s();
        for _ in 0..30_000 {
            feeds.engine.write_again();
        }
        assert_eq!(feeds.engine.now_s(), before + 14, "at 2,000 per second");
        assert_eq!(feeds.check(), Ok(()));

        // A write that nobody knows of.
        let event = feeds.engine.happened().pop().expect("was written");
        for signal in 0..10 {
            for entity in 0..1_000 {
                let event = Event {
                    entity,
                    signal,
                    weight: 1_000.0,
                    ..event.clone()
                };
                feeds.engine.signals.write(&event);
            }
        }
        assert!(feeds.check().is_err(), "likes that never happened");
    }
}
