//! The scenarios `vector/search/*`: usearch as it is, by number of neighbours, dimensions, metric and
//! kind of scalars.

use std::collections::BTreeMap;

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{DeclaredMetric, Direction, Kind, Name, Param, Unit};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, Traffic,
};
use usearch::{MetricKind, ScalarKind};

use super::asked::{Asked, RECALL_OF_ROUNDING, search_metrics};
use super::flat::codes::{CodesFiles, ROUNDING};
use super::index::{EXPANSION_SEARCH, IndexFiles};
use super::judge::Judge;
use super::kinds::{Reported, kind_name, metric_name};
use super::rows::{QUERIES, Rows};
use super::truth::TruthFiles;
use crate::random::SEED;
use crate::signals::events::{Popularity, SKEW};

mod family;
mod searchers;

pub(crate) use family::FAMILY;

use searchers::{Engine, Reranked};

/// Loading, warming up, searching and checking; and comparing a query with one row more, as it is kept.
const SEARCHING_SECONDS: f64 = 2.0;
const SECONDS_PER_COMPARISON: f64 = 50e-9;

/// Approximate nearest-neighbour search by usearch: one workload of the family.
#[derive(Debug)]
pub(crate) struct Search {
    id: &'static str,
    about: &'static str,
    smallest_tier: Tier,
    /// Number of rows.
    items: fn(Tier) -> usize,
    dimensions: usize,
    metric: MetricKind,
    kind: ScalarKind,
    k: usize,
    /// Candidates that are compared again by 16-bit rows; `None` leaves the engine's answer alone.
    reranked: Option<usize>,
    traffic: Traffic,
    /// How often each query is asked.
    popularity: Popularity,
    /// Whether all of the graph is walked in search of orphans.
    audits: bool,
    /// Whether it says what rounding alone loses.
    compares_all: bool,
    /// Timed searches.
    operations: usize,
}

impl Search {
    fn rows(&self, tier: Tier) -> Rows {
        Rows {
            items: (self.items)(tier),
            dimensions: self.dimensions,
        }
    }

    fn index(&self, tier: Tier) -> IndexFiles {
        IndexFiles {
            metric: self.metric,
            kind: self.kind,
            ..IndexFiles::over(self.rows(tier))
        }
    }

    fn codes(&self, tier: Tier) -> Option<CodesFiles> {
        let rows = self.rows(tier);
        self.reranked.map(|_| CodesFiles { rows })
    }

    fn recall(&self) -> &'static str {
        match self.k {
            1 => "recall@1",
            100 => "recall@100",
            _ => "recall@10",
        }
    }
}

impl Scenario for Search {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn smallest_tier(&self) -> Tier {
        self.smallest_tier
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let mut params = BTreeMap::from([
            (name("items"), integer((self.items)(tier))),
            (name("dims"), integer(self.dimensions)),
            (name("k"), integer(self.k)),
            (name("metric"), Param::Text(metric_name(self.metric).into())),
            (name("scalars"), Param::Text(kind_name(self.kind).into())),
            (name("queries"), integer(QUERIES)),
            (name("seed"), integer(SEED as usize)),
        ]);
        if self.popularity == Popularity::Skewed {
            let popularity = Param::Text(self.popularity.to_string());
            params.insert(name("popularity"), popularity);
        }
        params
    }

    fn input(&self, tier: Tier) -> Recipe {
        let rows = self.rows(tier).recipe();
        match self.popularity {
            Popularity::Uniform => rows,
            Popularity::Skewed => Recipe::new("queries by popularity, version 1")
                .with("skew", SKEW)
                .with_recipe("rows", &rows),
        }
    }

    fn layer(&self) -> Layer {
        match self.reranked {
            None => Layer::Engine,
            Some(_) => Layer::Facade,
        }
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        let rows = self.rows(tier);
        let mut artifacts: Vec<Box<dyn Artifact>> =
            vec![Box::new(self.index(tier)), Box::new(TruthFiles { rows })];
        if let Some(codes) = self.codes(tier) {
            artifacts.push(Box::new(codes));
        }
        artifacts
    }

    fn traffic(&self, _: Tier) -> Traffic {
        self.traffic
    }

    fn needs(&self, tier: Tier) -> Needs {
        let codes = self.codes(tier).map(|codes| codes.loaded().memory_bytes);
        let index = self.index(tier).loaded().memory_bytes;
        let needs = Needs::memory(index + codes.unwrap_or_default());
        match self.compares_all {
            true => {
                let comparisons = (QUERIES * (self.items)(tier)) as f64;
                needs.with_seconds(SEARCHING_SECONDS + comparisons * SECONDS_PER_COMPARISON)
            }
            false => needs,
        }
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let mut metrics = search_metrics(self.recall());
        if self.audits {
            let lower = |name, unit| metric(name, Kind::Value, unit, Direction::Lower);
            metrics.push(lower("orphans", Unit::Count));
            metrics.push(lower("audit_time", Unit::Nanoseconds));
        }
        if self.compares_all {
            let (unit, direction) = (Unit::Ratio, Direction::Higher);
            let recall = metric(RECALL_OF_ROUNDING, Kind::Proportion, unit, direction);
            metrics.push(recall);
        }
        metrics
    }

    fn settings(&self) -> &'static [&'static str] {
        match self.reranked {
            None => &["expansion", "distances"],
            Some(_) => &["expansion", "reranked", "distances"],
        }
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let rows = self.rows(tier);
        let expansion = context.setting("expansion", EXPANSION_SEARCH);
        let index = self.index(tier).load(context, expansion)?;
        if let Traffic::Clients(clients) = self.traffic {
            // Loading makes room for as many threads as there are cores and fails the others.
            index.reserve_capacity_and_threads(index.size(), clients)?;
        }
        let engine = Engine::new(index, self.audits, self.compares_all);
        let reported = match self.reranked {
            None => Reported::by(self.metric, self.kind),
            Some(_) => Reported::by(MetricKind::IP, ScalarKind::F32).within(ROUNDING),
        };
        let judge = Judge::of(rows, self.k, reported, context)?;
        let (recall, operations) = (self.recall(), self.operations);
        let distances = context.setting("distances", 0);
        Ok(match self.codes(tier).zip(self.reranked) {
            None => Box::new(
                Asked::new(engine, judge, recall, operations)
                    .by_popularity(self.popularity)
                    .comparing(distances),
            ),
            Some((codes, reranked)) => {
                let candidates = context.setting("reranked", reranked);
                let searcher = Reranked::new(engine, codes.load(context)?, candidates);
                Box::new(
                    Asked::new(searcher, judge, recall, operations)
                        .by_popularity(self.popularity)
                        .comparing(distances),
                )
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use bench_harness::cache::Cache;
    use bench_harness::prepare::prepare;
    use bench_harness::schema::MetricValue;

    use super::*;

    fn found(id: &str) -> &'static Search {
        let search = FAMILY.iter().find(|search| search.id == id);
        search.expect("is one of the family")
    }

    #[test]
    fn what_compares_all_rows_says_how_long() {
        for search in &FAMILY {
            let seconds = search.needs(Tier::Nightly).seconds;
            let comparisons = QUERIES * (search.items)(Tier::Nightly);
            // The dot product of two rows that are in the cache takes 12 ns.
            let is_stated = seconds > comparisons as f64 * 12e-9;
            assert_eq!(is_stated, search.compares_all, "{}", search.id);
        }
    }

    #[test]
    fn popular_queries_have_an_identity_of_their_own_and_are_checked() {
        let (zipf, uniform) = (found("vector/search/zipf"), found("vector/search/k10"));
        assert_ne!(
            zipf.input(Tier::Tiny).to_string(),
            uniform.input(Tier::Tiny).to_string()
        );
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        prepare(zipf, Tier::Tiny, &cache).expect("prepares");
        let context = Context::new(Tier::Tiny, &cache);
        let mut subject = zipf.load(&context).expect("loads");
        for index in 0..subject.warm_up() + 500 {
            assert_eq!(subject.operate(index), 10);
        }
        assert_eq!(subject.check(), Ok(()));
    }

    #[test]
    fn what_rounding_alone_loses_is_told_from_what_the_graph_loses() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        let recalls = |id: &str, expansion: usize| {
            let search = found(id);
            prepare(search, Tier::Tiny, &cache).expect("prepares");
            let settings = [("expansion".to_owned(), expansion)].into();
            let context = Context::new(Tier::Tiny, &cache).with_settings(settings);
            let subject = &mut search.load(&context).expect("loads");
            let report = subject.report().expect("reports");
            ["recall@10", RECALL_OF_ROUNDING].map(|of| {
                let value = report.iter().find(|(name, _)| name.as_str() == of);
                match value {
                    Some((_, MetricValue::Proportion(recall))) => recall.hits,
                    other => panic!("{id}: {of}: {other:?}"),
                }
            })
        };
        for id in ["vector/search/f16", "vector/search/b1"] {
            let [wide, exact] = recalls(id, 200);
            let [narrow, unchanged] = recalls(id, 1);
            assert!(narrow < wide, "{id}: {narrow} of {wide}");
            assert_eq!(exact, unchanged, "{id}");
        }
        let [_, of_halves] = recalls("vector/search/f16", 200);
        let [_, of_signs] = recalls("vector/search/b1", 200);
        assert!(of_signs < of_halves, "{of_signs} of {of_halves}");
    }

    #[test]
    fn a_crowd_is_answered_whole() {
        let crowd = found("vector/search/k10-clients100");
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        prepare(crowd, Tier::Tiny, &cache).expect("prepares");
        let context = Context::new(Tier::Tiny, &cache);
        let mut subject = crowd.load(&context).expect("loads");
        let service = subject.service().expect("serves many");
        thread::scope(|scope| {
            for client in 0..100 {
                scope.spawn(move || {
                    for index in 0..10 {
                        assert_eq!(service.serve(client * 10 + index), 10);
                    }
                });
            }
        });
        assert_eq!(subject.check(), Ok(()));
    }
}
