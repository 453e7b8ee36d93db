//! The scenarios `vector/search/*`: usearch as it is, by number of neighbours, dimensions, metric and
//! kind of scalars.

use std::collections::BTreeMap;

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{DeclaredMetric, Direction, Kind, Name, Param, Unit};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, Traffic,
};
use usearch::{MetricKind, ScalarKind};

use super::asked::{Asked, search_metrics};
use super::flat::codes::{CodesFiles, ROUNDING};
use super::index::{EXPANSION_SEARCH, IndexFiles};
use super::judge::Judge;
use super::kinds::{Reported, kind_name, metric_name};
use super::rows::{QUERIES, Rows};
use super::truth::TruthFiles;
use crate::random::SEED;

mod family;
mod searchers;

pub(crate) use family::FAMILY;

use searchers::{Engine, Reranked};

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
    /// Whether all of the graph is walked in search of orphans.
    audits: bool,
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
        BTreeMap::from([
            (name("items"), integer((self.items)(tier))),
            (name("dims"), integer(self.dimensions)),
            (name("k"), integer(self.k)),
            (name("metric"), Param::Text(metric_name(self.metric).into())),
            (name("scalars"), Param::Text(kind_name(self.kind).into())),
            (name("queries"), integer(QUERIES)),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        self.rows(tier).recipe()
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
        Needs::memory(index + codes.unwrap_or_default())
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let mut metrics = search_metrics(self.recall());
        if self.audits {
            let lower = |name, unit| metric(name, Kind::Value, unit, Direction::Lower);
            metrics.push(lower("orphans", Unit::Count));
            metrics.push(lower("audit_time", Unit::Nanoseconds));
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
        let engine = Engine::new(self.index(tier).load(context, expansion)?, self.audits);
        let reported = match self.reranked {
            None => Reported::by(self.metric, self.kind),
            Some(_) => Reported::by(MetricKind::IP, ScalarKind::F32).within(ROUNDING),
        };
        let judge = Judge::of(rows, self.k, reported, context)?;
        let (recall, operations) = (self.recall(), self.operations);
        let distances = context.setting("distances", 0);
        Ok(match self.codes(tier).zip(self.reranked) {
            None => Box::new(Asked::new(engine, judge, recall, operations).comparing(distances)),
            Some((codes, reranked)) => {
                let candidates = context.setting("reranked", reranked);
                let searcher = Reranked::new(engine, codes.load(context)?, candidates);
                Box::new(Asked::new(searcher, judge, recall, operations).comparing(distances))
            }
        })
    }
}
