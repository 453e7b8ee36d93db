//! The scenario `vector/two-stage/k10`: our own search over the graph that usearch built.

use std::collections::BTreeMap;

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, Traffic,
};
use usearch::{MetricKind, ScalarKind};

use super::asked::{Asked, Searcher, search_metrics, sizes};
use super::checked::SearchError;
use super::flat::Flat;
use super::flat::codes::ROUNDING;
use super::flat::files::FlatFiles;
use super::index::IndexFiles;
use super::judge::Judge;
use super::kinds::Reported;
use super::rows::QUERIES;
use super::truth::{Neighbour, TruthFiles};
use crate::random::SEED;

/// Neighbours that are asked for.
const K: usize = 10;

/// Enough for a p99.
const OPERATIONS: usize = 10_000;

/// Quantised candidates, exact re-ranking, two clients.
#[derive(Debug)]
pub(crate) struct TwoStage;

impl Scenario for TwoStage {
    fn id(&self) -> &'static str {
        "vector/two-stage/k10"
    }

    fn about(&self) -> &'static str {
        "Ten nearest neighbours in two stages, asked for by two clients at once: candidates by rows of \
         8 bits, then the best of them again by 16 bits. \
         What there is to gain over vector/search/k10-clients2, which has the same rows, the same \
         graph and the same queries: rows half as wide lie in one array without keys, and the memory \
         is asked for all rows that a hop leads to at once. \
         Compare throughput at recall@10 of 0.95 or more. compared counts the rows that a search \
         looks at on average; it does not depend on the machine, so if latency grows and it does not, \
         the rows became dearer and not more."
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let rows = IndexFiles::of(tier).rows;
        BTreeMap::from([
            (name("items"), integer(rows.items)),
            (name("dims"), integer(rows.dimensions)),
            (name("k"), integer(K)),
            (name("queries"), integer(QUERIES)),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        IndexFiles::of(tier).rows.recipe()
    }

    fn layer(&self) -> Layer {
        Layer::Facade
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        let rows = IndexFiles::of(tier).rows;
        let mut artifacts = flat(tier).artifacts();
        artifacts.push(Box::new(TruthFiles { rows }));
        artifacts
    }

    fn traffic(&self, _: Tier) -> Traffic {
        Traffic::Clients(2)
    }

    fn needs(&self, tier: Tier) -> Needs {
        flat(tier).loaded()
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let mut metrics = search_metrics("recall@10");
        metrics.push(metric(
            "compared",
            Kind::Value,
            Unit::Count,
            Direction::Lower,
        ));
        metrics
    }

    fn settings(&self) -> &'static [&'static str] {
        &["expansion", "reranked"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let rows = IndexFiles::of(tier).rows;
        let reported = Reported::by(MetricKind::IP, ScalarKind::F32).within(ROUNDING);
        let judge = Judge::of(rows, K, reported, context)?;
        let flat = flat(tier).load(context)?;
        Ok(Box::new(Asked::new(flat, judge, "recall@10", OPERATIONS)))
    }
}

fn flat(tier: Tier) -> FlatFiles {
    FlatFiles {
        index: IndexFiles::of(tier),
    }
}

impl Searcher for Flat {
    fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, SearchError> {
        Ok(Flat::search(self, query, k)?)
    }

    fn figures(&self, queries: &[Vec<f32>]) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let mut compared = 0;
        for query in queries {
            compared += self.compared(query)?;
        }
        let mean = compared as f64 / queries.len() as f64;
        let mut figures = sizes(self.bytes(), self.items());
        figures.push((name("compared"), MetricValue::Value(mean)));
        Ok(figures)
    }
}
