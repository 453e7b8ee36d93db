//! The scenarios `vector/save` and `vector/load`, and in [`view`] those of a mapped index.
//!
//! | Part | Holds |
//! |---|---|
//! | `saved` | a saved index of this process alone, and dropping it from the page cache |
//! | `faults` | page faults of this process |
//! | `view` | `vector/view/cold` and `vector/view/warm` |

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

use super::rows::Generator;
pub(in crate::vector) use saved::forget_pages;
use saved::{Saved, compare, files, params};

mod faults;
mod saved;
#[cfg(test)]
mod tests;
pub(crate) mod view;

/// Times that the index is saved or loaded.
const OPERATIONS: usize = 5;

/// Saving an index to a file, or loading it from one.
#[derive(Debug)]
pub(crate) struct Store {
    id: &'static str,
    about: &'static str,
    what: What,
}

/// What one operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Save,
    Load,
}

/// Both scenarios.
pub(crate) static FAMILY: [Store; 2] = [
    Store {
        id: "vector/save",
        about: "Saves an index of 384-dimensional vectors to a file, over the one saved before it. \
                What a checkpoint costs: all nodes are written one after the other, into the page \
                cache and not to the disk, because the engine does not sync. \
                bytes_per_second is of the file; five operations, so read the mean. The file is loaded \
                again and must give the same answers.",
        what: What::Save,
    },
    Store {
        id: "vector/load",
        about: "Loads an index of 384-dimensional vectors from a file in the page cache and drops the \
                one loaded before it. \
                What a restart costs before the first answer: every vector is copied and every key \
                entered into a table. \
                bytes_per_second is of the file, first_query the time of the first search after it; \
                five operations, so read the mean. Compare with vector/view/warm, which maps the file \
                instead.",
        what: What::Load,
    },
];

impl Scenario for Store {
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
        let mut metrics = vec![
            metric("file_bytes", Kind::Value, Unit::Bytes, Direction::Lower),
            metric(
                "bytes_per_second",
                Kind::Value,
                Unit::PerSecond,
                Direction::Higher,
            ),
        ];
        if self.what == What::Load {
            metrics.push(metric(
                "first_query",
                Kind::Value,
                Unit::Nanoseconds,
                Direction::Lower,
            ));
        }
        metrics
    }

    fn needs(&self, tier: Tier) -> Needs {
        let index = files(tier).loaded().memory_bytes;
        // The one that is loaded and the one it is compared with.
        Needs::memory(2 * index).with_disk(files(tier).footprint().file_bytes())
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let (saved, index) = Saved::create(context)?;
        let generator = Generator::new(files(context.tier()).rows.dimensions);
        Ok(Box::new(Loaded {
            what: self.what,
            original: index,
            queries: generator.queries(),
            saved,
            loaded: None,
            operated: Duration::ZERO,
            first_queries: Duration::ZERO,
            failures: 0,
        }))
    }
}

struct Loaded {
    what: What,
    /// The index as the artifact has it.
    original: Index,
    queries: Vec<Vec<f32>>,
    saved: Saved,
    /// What was loaded last.
    loaded: Option<Index>,
    /// Time of all savings or loadings, without the searches after them.
    operated: Duration,
    /// Time of the first search after each loading.
    first_queries: Duration,
    /// Operations that the engine refused.
    failures: usize,
}

impl Loaded {
    fn save_or_load(&mut self) -> Result<(), Failure> {
        if self.what == What::Save {
            return self.saved.save(&self.original);
        }
        // Dropped first: a process that restarts has nothing else in memory.
        self.loaded = None;
        self.loaded = Some(self.saved.load()?);
        Ok(())
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        1
    }

    fn operations(&self) -> usize {
        OPERATIONS
    }

    fn operate(&mut self, index: usize) -> u64 {
        let start = Instant::now();
        let is_done = self.save_or_load().is_ok();
        let elapsed = start.elapsed();
        let start = Instant::now();
        let answered = self.loaded.as_ref().map(|loaded| {
            let found = loaded.search(&self.queries[index % self.queries.len()], saved::K);
            found.is_ok_and(|found| !found.keys.is_empty())
        });
        // The warm-up is not part of what is reported.
        if index >= self.warm_up() {
            self.operated += elapsed;
            self.first_queries += start.elapsed();
        }
        self.failures += usize::from(!is_done || answered == Some(false));
        u64::from(is_done)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.failures > 0 {
            return Err(WrongAnswer {
                place: "timed operations".into(),
                found: format!("{} failed", self.failures),
                expected: "none".into(),
            });
        }
        let loaded = match self.loaded.take() {
            Some(loaded) => Ok(loaded),
            None => self.saved.load(),
        };
        let loaded = loaded.map_err(|error| WrongAnswer {
            place: "the saved file".into(),
            found: error.to_string(),
            expected: "an index".into(),
        })?;
        compare(&self.queries, &loaded, &self.original)
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let bytes = self.saved.bytes()? as f64;
        let per_second = bytes * OPERATIONS as f64 / self.operated.as_secs_f64();
        let value = |of, value| (name(of), MetricValue::Value(value));
        let mut metrics = vec![
            value("file_bytes", bytes),
            value("bytes_per_second", per_second),
        ];
        if self.what == What::Load {
            let mean_ns = self.first_queries.as_nanos() as f64 / OPERATIONS as f64;
            metrics.push(value("first_query", mean_ns));
        }
        Ok(metrics)
    }
}
