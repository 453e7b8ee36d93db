//! The scenario `text/merging`.

use std::collections::BTreeMap;

use bench_harness::memory::resident_bytes;
use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{
    Artifact, Background, Context, Failure, Layer, Needs, Recipe, Scenario, Service, Subject, Tier,
    Traffic, WrongAnswer,
};

use super::corpus::QUERIES;
use super::index::IndexFiles;
use super::policy::{FACTOR, Merging};
use super::queries::{Family, TWO_TERMS};
use super::truth::{TOP, TruthFiles};
use super::watched::{REPLACED, Watched};
use crate::leak::Leak;
use crate::random::SEED;

/// What is asked.
pub(crate) const FAMILY: &Family = &TWO_TERMS;

/// Commits per second, and documents replaced by each: together a fifth of what one core indexes, so
/// that searches and merges are left something on two.
pub(crate) const COMMITS_PER_SECOND: f64 = 10.0;
pub(crate) const BATCH: usize = 500;

/// Fewest commits before searches count, so that a lull between two large merges is not taken for a steady
/// state. On the middle tier, the number of segments last met a new most or least with commit 22; played on
/// segments that hold nothing, that of the largest does with commit 96.
const fn run_in(tier: Tier) -> usize {
    match tier {
        Tier::Nightly => 128,
        _ => 48,
    }
}

/// Commits beside searches: four to the power of three, in which every level but the largest is merged
/// once. As many on every machine.
const COMMITS: usize = 64;

/// Timed searches: as many as one client makes here in a little less than those commits take.
const fn measured(tier: Tier) -> usize {
    match tier {
        Tier::Nightly => 10_000,
        _ => 50_000,
    }
}

/// Searches beside an index that is written, committed and merged.
#[derive(Debug)]
pub(crate) struct TextMerging;

impl Scenario for TextMerging {
    fn id(&self) -> &'static str {
        "text/merging"
    }

    fn about(&self) -> &'static str {
        "Searches of two terms by one client, while 5,000 documents a second are replaced and \
         committed 500 at a time, in an index that has been in service for long. \
         Segments only become fewer by being merged, and merging takes a core and the disk while \
         searches go on: this is where a merge policy pays or is paid for. \
         Every document is replaced by itself, so every commit has the same true answers, and each \
         is checked to hold all documents. \
         Before searches count, at least 48 commits, 128 on nightly, run in, each with all its merges, \
         until as many commits left no more and no fewer segments than any before as had come before: \
         from then on the policy's cycle of merges only repeats. `steady_from` is the commit that last \
         did; where it is missing, four times as many did not lead to a steady state. \
         Then there are 64 commits, however many searches a machine makes meanwhile. \
         Read `latency` beside `idle`, the same searches before anything was written; `slowdown` is \
         the quotient of their p99. `segments_max` and `segments_median` are those that searches \
         met after each commit, `segments_over_time` is their course, `write_amplification` is how \
         often each byte was written in all, \
         `commit` lasts from the last document until searches see it, and `merging` is the share \
         of the searches that began while a merge was being written. `memory_growth` is what resident \
         memory grows by per 1,000 documents replaced: those that are deleted and not yet merged away, and \
         segments that were merged and are still held. \
         If a merge blocked searches, `latency` would have the length of merges in its tail."
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn layer(&self) -> Layer {
        Layer::Contention
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        BTreeMap::from([
            (name("items"), integer(tier.items())),
            (
                name("commits_per_second"),
                integer(COMMITS_PER_SECOND as usize),
            ),
            (name("replaced_per_commit"), integer(BATCH)),
            (name("commits"), integer(COMMITS)),
            (name("run_in_commits"), integer(run_in(tier))),
            (name("top"), integer(TOP)),
            (name("queries"), integer(QUERIES)),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        Recipe::new("documents replaced by themselves, version 1")
            .with("replaced", REPLACED)
            .with_recipe("queries", &FAMILY.recipe(tier.items()))
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        vec![
            Box::new(IndexFiles::of(tier.items())),
            Box::new(TruthFiles::of(tier.items())),
        ]
    }

    fn traffic(&self, _: Tier) -> Traffic {
        Traffic::Clients(1)
    }

    fn needs(&self, tier: Tier) -> Needs {
        let opened = IndexFiles::of(tier.items()).opened();
        // Segments that were merged stay until no search reads them.
        let seconds = match tier {
            Tier::Nightly => 60.0,
            _ => 20.0,
        };
        Needs::memory(2 * opened.memory_bytes)
            .with_disk(opened.memory_bytes)
            .with_seconds(seconds)
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let value = |name, unit| metric(name, Kind::Value, unit, Direction::Lower);
        let mut metrics = vec![
            metric("idle", Kind::Histogram, Unit::Nanoseconds, Direction::Lower),
            value("slowdown", Unit::Count),
            value("segments_max", Unit::Count),
            value("segments_median", Unit::Count),
            metric(
                "segments_over_time",
                Kind::Series,
                Unit::Count,
                Direction::Lower,
            ),
            value("write_amplification", Unit::Count),
            value("commit", Unit::Nanoseconds),
            value("commit_max", Unit::Nanoseconds),
            value("merging", Unit::Ratio),
            value("steady_from", Unit::Count),
        ];
        metrics.extend(Leak::declared(resident_bytes));
        metrics
    }

    fn settings(&self) -> &'static [&'static str] {
        &[FACTOR]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let files = IndexFiles::of(tier.items());
        let mut watched = Watched::start(context, &files, FAMILY, &Merging::of(context))?;
        let fewest = run_in(tier);
        watched.run_in(fewest..4 * fewest, BATCH)?;
        Ok(Box::new(Loaded {
            watched,
            operations: measured(tier),
        }))
    }
}

struct Loaded {
    watched: Watched,
    operations: usize,
}

impl Service for Loaded {
    fn serve(&self, index: usize) -> u64 {
        self.watched.search(index)
    }

    fn background(&self) -> Vec<Background<'_>> {
        vec![Background {
            name: "replacing documents",
            rate: COMMITS_PER_SECOND,
            steps: Some(COMMITS),
            step: Box::new(|step| self.watched.write(step, BATCH)),
        }]
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        QUERIES
    }

    fn operations(&self) -> usize {
        self.operations
    }

    fn operate(&mut self, index: usize) -> u64 {
        self.serve(index)
    }

    fn service(&self) -> Option<&dyn Service> {
        Some(self)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        self.watched.check()
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        // Too short to commit once is too short to be measured: then all are missing.
        let Some(figures) = self.watched.figures() else {
            return Ok(Vec::new());
        };
        let values = [
            ("slowdown", figures.slowdown()),
            ("segments_max", figures.most as f64),
            ("segments_median", figures.median as f64),
            ("write_amplification", figures.amplification),
            ("commit", figures.commit.as_nanos() as f64),
            ("commit_max", figures.longest_commit.as_nanos() as f64),
            ("merging", figures.beside_merges),
        ];
        let mut metrics: Vec<_> = values
            .into_iter()
            .map(|(text, value)| (name(text), MetricValue::Value(value)))
            .collect();
        let steady = figures
            .steady_from
            .map(|commit| (name("steady_from"), MetricValue::Value(commit as f64)));
        metrics.extend(steady);
        metrics.extend(self.watched.memory());
        let idle = MetricValue::Distribution(Box::new(figures.idle.distribution()?));
        metrics.push((name("idle"), idle));
        let segments = self.watched.segments();
        metrics.extend(segments.map(|series| {
            let segments = MetricValue::Series(Box::new(series));
            (name("segments_over_time"), segments)
        }));
        Ok(metrics)
    }
}
