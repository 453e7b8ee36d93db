//! The scenarios `vector/view/cold` and `vector/view/warm`: an index served from its file.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bench_harness::scenario::{metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer,
};
use usearch::Index;

use super::faults::Faults;
use super::saved::{K, Saved, compare, files, params};
use crate::vector::rows::{Generator, QUERIES};

/// Searching a mapped index.
#[derive(Debug)]
pub(crate) struct View {
    id: &'static str,
    about: &'static str,
    /// Whether the file's pages are dropped first.
    is_cold: bool,
    operations: usize,
    warm_up: usize,
}

/// Both scenarios.
pub(crate) static FAMILY: [View; 2] = [
    View {
        id: "vector/view/cold",
        about: "Searches an index that is mapped from its file, when none of the file is in memory. \
                What a machine that has just started answers with, and the reason to load instead: \
                a page that is not there yet is waited for, with all that the system reads ahead of \
                it. read_ahead is that number of bytes, a setting of the disk (0 where the system \
                does not tell): where it is megabytes, the first few reads bring in the whole file, \
                and most of the 100 searches of latency wait for nothing. \
                So read view_time (mapping, which reads the graph and the keys), first_query (the \
                search after it) and major_faults (reads that were waited for; 0 is a wrong answer, \
                because nothing was cold), and compare them where read_ahead is the same. \
                Compare with vector/view/warm and vector/load.",
        is_cold: true,
        operations: 100,
        warm_up: 0,
    },
    View {
        id: "vector/view/warm",
        about: "Searches an index that is mapped from its file, when all of the file is in memory. \
                A mapped index shares its pages with other processes and starts at once; the price \
                is that pages are mapped one by one. \
                view_time and first_query are those of vector/view/cold without the disk; 2,000 \
                searches after 1,000 others, which is enough for a median and not for a p99. Latency \
                should be that of vector/search/k10 over as many vectors.",
        is_cold: false,
        operations: 2_000,
        warm_up: QUERIES,
    },
];

impl Scenario for View {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn layer(&self) -> Layer {
        Layer::Engine
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        params(tier)
    }

    fn input(&self, tier: Tier) -> Recipe {
        files(tier).rows.recipe()
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        vec![Box::new(files(tier))]
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let lower = |name, unit| metric(name, Kind::Value, unit, Direction::Lower);
        let mut metrics = vec![
            lower("view_time", Unit::Nanoseconds),
            lower("first_query", Unit::Nanoseconds),
        ];
        // Declared only where the system tells: declared and absent would read as missing.
        if Faults::now().is_some() {
            metrics.push(lower("minor_faults", Unit::Count));
            metrics.push(lower("major_faults", Unit::Count));
        }
        if self.is_cold {
            metrics.push(lower("read_ahead", Unit::Bytes));
        }
        metrics
    }

    fn needs(&self, tier: Tier) -> Needs {
        let index = files(tier).loaded().memory_bytes;
        // The mapped one and the one it is compared with.
        Needs::memory(2 * index).with_disk(index)
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let (saved, _) = Saved::create(context)?;
        if self.is_cold {
            saved.drop_pages()?;
        }
        let faults = Faults::now();
        let start = Instant::now();
        let index = saved.view()?;
        let view = start.elapsed();
        let generator = Generator::new(files(context.tier()).rows.dimensions);
        Ok(Box::new(Loaded {
            index,
            saved,
            queries: generator.queries(),
            is_cold: self.is_cold,
            operations: self.operations,
            warm_up: self.warm_up,
            view,
            first_query: None,
            start: faults,
            end: None,
            failures: 0,
        }))
    }
}

struct Loaded {
    index: Index,
    saved: Saved,
    queries: Vec<Vec<f32>>,
    is_cold: bool,
    operations: usize,
    warm_up: usize,
    /// Time of mapping.
    view: Duration,
    /// Time of the first search after that.
    first_query: Option<Duration>,
    /// Page faults up to mapping, and up to the end of the last search.
    start: Option<Faults>,
    end: Option<Faults>,
    /// Searches that the engine refused.
    failures: usize,
}

impl Loaded {
    /// From mapping to the last search.
    fn faults(&self) -> Option<Faults> {
        Some(self.end?.since(self.start?))
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        self.warm_up
    }

    fn operations(&self) -> usize {
        self.operations
    }

    fn waits_for_disk(&self) -> bool {
        self.is_cold
    }

    fn operate(&mut self, index: usize) -> u64 {
        let start = self.first_query.is_none().then(Instant::now);
        let found = self.index.search(&self.queries[index % QUERIES], K);
        if let Some(start) = start {
            self.first_query = Some(start.elapsed());
        }
        self.failures += usize::from(!matches!(&found, Ok(found) if found.keys.len() == K));
        found.map_or(0, |found| found.keys.len() as u64)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        // Before anything else touches a page.
        self.end = Faults::now();
        let wrong = |place: &str, found: String, expected: &str| WrongAnswer {
            place: place.into(),
            found,
            expected: expected.into(),
        };
        if self.failures > 0 {
            let found = format!("{} failed", self.failures);
            return Err(wrong("timed searches", found, "none"));
        }
        if self.is_cold && self.faults().is_some_and(|faults| faults.major == 0) {
            let found = "no page came from the disk".into();
            return Err(wrong("the file", found, "one that can leave the memory"));
        }
        let loaded = self.saved.load();
        let loaded =
            loaded.map_err(|error| wrong("the saved file", error.to_string(), "an index"))?;
        compare(&self.queries, &self.index, &loaded)
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let value = |of, value| (name(of), MetricValue::Value(value));
        let mut metrics = vec![value("view_time", self.view.as_nanos() as f64)];
        let first_query = self.first_query.map(|first| first.as_nanos() as f64);
        metrics.extend(first_query.map(|first| value("first_query", first)));
        if let Some(faults) = self.faults() {
            metrics.push(value("minor_faults", faults.minor as f64));
            metrics.push(value("major_faults", faults.major as f64));
        }
        if self.is_cold {
            let bytes = self.saved.read_ahead_bytes().unwrap_or_default();
            metrics.push(value("read_ahead", bytes as f64));
        }
        Ok(metrics)
    }
}
