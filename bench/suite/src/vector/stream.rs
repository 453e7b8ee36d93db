//! The scenarios `vector/stream`, `vector/stream/delta` and `vector/stream/idle`: searching a collection while it
//! is written to.
//!
//! | Part | Holds |
//! |---|---|
//! | `store` | what is searched and written to |
//! | `delta` | a buffer in front of a collection |
//! | `loaded` | the collection in service, and its checks |
//! | `ledger` | what should be found at every moment |
//! | `searches` | what searches take and find over time |

use std::collections::BTreeMap;

use bench_harness::memory::resident_bytes;
use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{DeclaredMetric, Direction, Kind, Name, Param, Unit};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, Traffic,
};

use super::collection::warm::Warm;
use super::rows::{DIMENSIONS, QUERIES, Rows};
use crate::leak::Leak;
use delta::{Delta, MERGES_PER_SECOND};
use loaded::Loaded;
use searches::Searches;

mod delta;
mod ledger;
mod loaded;
mod searches;
mod store;
#[cfg(test)]
mod tests;

/// Vectors added per second, on a schedule.
const ADDS_PER_SECOND: f64 = 1_000.0;

/// Vectors deleted per second, on a schedule.
const DELETES_PER_SECOND: f64 = 100.0;

/// Seconds of writing, so that every machine ends with the same collection. About twice as long as the
/// timed searches take here: who is slower is beside a writer all the same.
const fn seconds(tier: Tier) -> f64 {
    match tier {
        Tier::Nightly => 10.0,
        _ => 5.0,
    }
}

/// Vectors added and deleted in all.
fn written(tier: Tier) -> [usize; 2] {
    [ADDS_PER_SECOND, DELETES_PER_SECOND].map(|rate| (rate * seconds(tier)) as usize)
}

/// Neighbours that are asked for.
const K: usize = 10;

/// Searching, with and without a writer beside it.
#[derive(Debug)]
pub(crate) struct Stream {
    id: &'static str,
    about: &'static str,
    writes: Writes,
}

/// Where an added vector goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writes {
    /// None is added.
    Nowhere,
    /// Into the graph, at once.
    Graph,
    /// Into a buffer, and later into the graph.
    Buffer,
}

/// The scenarios.
pub(crate) static FAMILY: [Stream; 3] = [
    Stream {
        id: "vector/stream",
        about: "Ten nearest neighbours while 1,000 vectors are added and 100 deleted every second. \
                What users feel while items are published: the graph changes under every search, and \
                one of two cores is often with the writer. \
                slowdown is the p99 in that of as many searches before the first write: the target is 2. \
                Writing goes on for 5 s, 10 s on nightly, however soon the searches are done, so that \
                every machine ends with the same vectors. \
                recall_start@10 and recall@10 are those before the first write and after the last, \
                each among what was there: a graph that wears out falls from one to the other. \
                recall_over_time and p99_over_time are those of up to 1,000 searches at the begin of each \
                tenth of the adds, no p99 of fewer than 299, each search held against what was there when \
                it began; recall_min@10 is the least of these recalls. fresh is the share of the written \
                vectors that are found when they are searched for in the end; found_after is the median \
                time from asking for an add until a search finds the vector; insert_time is the mean of \
                one add beside the searches. \
                memory is what is resident over time, and memory_growth what that grows by per \
                1,000 vectors added: what they take, and what is lost at every search and write.",
        writes: Writes::Graph,
    },
    Stream {
        id: "vector/stream/delta",
        about: "The searches and writes of vector/stream with a buffer before the graph: an added vector waits \
                in a list, every search compares it with all that wait, and twice a second all of them are \
                linked into the graph, by one thread. \
                What an index does that takes writes at once and orders them later: an add costs a copy, and \
                the same linking is done all the same. \
                Read insert_time, slowdown and recall_min@10 beside those of vector/stream: what a buffer \
                gains for who adds, and what it takes from who searches. merge_time is what linking one vector \
                takes, buffered the most that waited when merging began. The other figures are those of \
                vector/stream; recall@10 and fresh are asked for while the last of the vectors still wait.",
        writes: Writes::Buffer,
    },
    Stream {
        id: "vector/stream/idle",
        about: "The searches of vector/stream while nobody writes. \
                The reference for the tail beside a writer, through the same component, with the same \
                locks and the same check of every neighbour. \
                The distance to vector/search/k10, which asks the engine directly, is what the \
                component costs.",
        writes: Writes::Nowhere,
    },
];

impl Stream {
    fn is_written(&self) -> bool {
        self.writes != Writes::Nowhere
    }
}

/// The collection of the tier.
fn warm(tier: Tier) -> Warm {
    Warm {
        rows: Rows {
            items: tier.items(),
            dimensions: DIMENSIONS,
        },
    }
}

impl Scenario for Stream {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn layer(&self) -> Layer {
        match self.is_written() {
            true => Layer::Contention,
            false => Layer::Facade,
        }
    }

    fn over(&self) -> &'static [&'static str] {
        match self.is_written() {
            true => &[],
            false => &["vector/search/k10"],
        }
    }

    fn smallest_tier(&self) -> Tier {
        match self.writes {
            // One scenario of half a minute of waiting is enough for a pull request.
            Writes::Buffer => Tier::Nightly,
            Writes::Graph | Writes::Nowhere => Tier::Pr,
        }
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let mut params = warm(tier).params([("k", K), ("queries", QUERIES)]);
        if self.is_written() {
            for (of, rate) in [("adds", ADDS_PER_SECOND), ("deletes", DELETES_PER_SECOND)] {
                params.insert(name(of), Param::Text(format!("{rate}/s")));
            }
            let [added, deleted] = written(tier);
            params.insert(name("added"), integer(added));
            params.insert(name("deleted"), integer(deleted));
        }
        if self.writes == Writes::Buffer {
            let merges = Param::Text(format!("{MERGES_PER_SECOND}/s"));
            params.insert(name("merges"), merges);
        }
        params
    }

    fn input(&self, tier: Tier) -> Recipe {
        warm(tier).recipe()
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        let warm = warm(tier);
        let mut artifacts = warm.artifacts();
        artifacts.push(Box::new(warm.truth_files()));
        artifacts
    }

    fn traffic(&self, _: Tier) -> Traffic {
        Traffic::Clients(1)
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let share = |name| metric(name, Kind::Proportion, Unit::Ratio, Direction::Higher);
        let mut metrics = vec![share("recall@10")];
        if self.is_written() {
            metrics.push(share("recall_start@10"));
            metrics.push(share("fresh"));
            metrics.extend(
                ["insert_time", "found_after"]
                    .map(|time| metric(time, Kind::Value, Unit::Nanoseconds, Direction::Lower)),
            );
            metrics.extend(Searches::declared());
            metrics.extend(Leak::declared(resident_bytes));
        }
        if self.writes == Writes::Buffer {
            metrics.extend(Delta::declared());
        }
        metrics
    }

    fn needs(&self, tier: Tier) -> Needs {
        let [added, _] = written(tier);
        let needs = warm(tier).needs(added);
        match self.is_written() {
            // With the searches before the first write.
            true => needs.with_seconds(6.5 + seconds(tier)),
            false => needs,
        }
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let is_written = self.is_written();
        Ok(match self.writes {
            Writes::Buffer => Box::new(Loaded::start(context, is_written, Delta::over)?),
            Writes::Graph | Writes::Nowhere => {
                Box::new(Loaded::start(context, is_written, |collection| collection)?)
            }
        })
    }
}
