//! The scenario `vector/search/curve`: latency by recall.

use std::collections::BTreeMap;
use std::time::Instant;

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    Curve, DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer,
};
use usearch::Index;

use super::checked;
use super::index::IndexFiles;
use super::judge::{Judge, wrong};
use super::kinds::Reported;
use super::rows::QUERIES;
use super::truth::{Neighbour, TruthFiles};
use crate::random::SEED;

/// Neighbours that are asked for.
const K: usize = 10;

/// The recall at which latencies are compared.
const AT: f64 = 0.95;

/// Latency by recall over search expansions.
#[derive(Debug)]
pub(crate) struct SearchCurve;

/// Candidates looked at per search, fewest first. Recall is below [`AT`] at the first and well above
/// it at the last, and the larger the index the more candidates that takes.
fn expansions(tier: Tier) -> &'static [usize] {
    match tier {
        Tier::Tiny | Tier::Smoke | Tier::Pr => &[10, 16, 24, 32, 48, 64],
        Tier::Nightly | Tier::Soak => &[32, 48, 64, 96, 128, 192],
    }
}

impl Scenario for SearchCurve {
    fn id(&self) -> &'static str {
        "vector/search/curve"
    }

    fn about(&self) -> &'static str {
        "Latency of ten nearest neighbours by the recall it buys, over six search expansions. \
         Builds with other settings have other recall at the same expansion, so their latencies \
         compare at equal recall only: latency_by_recall is read at a recall of 0.95, between the two \
         expansions around it. \
         Each of its points is the median of 1,000 searches. latency and throughput are those of all \
         expansions together and say little alone."
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let rows = IndexFiles::of(tier).rows;
        let expansions: Vec<String> = expansions(tier).iter().map(usize::to_string).collect();
        BTreeMap::from([
            (name("items"), integer(rows.items)),
            (name("dims"), integer(rows.dimensions)),
            (name("k"), integer(K)),
            (name("expansions"), Param::Text(expansions.join(" "))),
            (name("queries"), integer(QUERIES)),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        IndexFiles::of(tier).rows.recipe()
    }

    fn layer(&self) -> Layer {
        Layer::Engine
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        let index = IndexFiles::of(tier);
        vec![Box::new(index), Box::new(TruthFiles { rows: index.rows })]
    }

    fn needs(&self, tier: Tier) -> Needs {
        IndexFiles::of(tier).loaded()
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        vec![DeclaredMetric {
            at: Some(AT),
            ..metric(
                "latency_by_recall",
                Kind::Curve,
                Unit::Nanoseconds,
                Direction::Lower,
            )
        }]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let files = IndexFiles::of(tier);
        let steps = expansions(tier);
        let reported = Reported::by(files.metric, files.kind);
        Ok(Box::new(Sweep {
            index: files.load(context, steps[0])?,
            judge: Judge::of(files.rows, K, reported, context)?,
            steps: steps
                .iter()
                .map(|&expansion| Step::new(expansion))
                .collect(),
            failures: 0,
        }))
    }
}

/// All queries at one expansion.
struct Step {
    expansion: usize,
    /// In query order.
    elapsed_ns: Vec<u64>,
    /// In query order.
    answers: Vec<Vec<Neighbour>>,
}

impl Step {
    fn new(expansion: usize) -> Self {
        Self {
            expansion,
            elapsed_ns: Vec::with_capacity(QUERIES),
            answers: Vec::with_capacity(QUERIES),
        }
    }

    /// The median; `None` before anything was asked.
    fn median_ns(&self) -> Option<f64> {
        let mut sorted = self.elapsed_ns.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).map(|&nanos| nanos as f64)
    }
}

struct Sweep {
    index: Index,
    judge: Judge,
    steps: Vec<Step>,
    /// Searches that gave no answer.
    failures: usize,
}

impl Subject for Sweep {
    fn warm_up(&self) -> usize {
        QUERIES
    }

    fn operations(&self) -> usize {
        self.steps.len() * QUERIES
    }

    fn differs(&self) -> bool {
        // Every expansion takes longer than the one before.
        true
    }

    fn operate(&mut self, index: usize) -> u64 {
        let query = &self.judge.queries[index % QUERIES];
        // The warm-up asks as the first step does; criterion goes around and around.
        let measured = index.checked_sub(QUERIES);
        let step = measured.and_then(|index| self.steps.get_mut(index / QUERIES));
        let Some(step) = step else {
            return checked::search(&self.index, query, K).map_or(0, |found| found.len() as u64);
        };
        if index.is_multiple_of(QUERIES) {
            self.index.change_expansion_search(step.expansion);
        }
        let start = Instant::now();
        let found = checked::search(&self.index, query, K);
        let elapsed = start.elapsed();
        let Ok(found) = found else {
            self.failures += 1;
            return 0;
        };
        let count = found.len() as u64;
        if step.answers.len() < QUERIES {
            step.elapsed_ns.push(elapsed.as_nanos() as u64);
            step.answers.push(found);
        }
        count
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.failures > 0 {
            return Err(wrong(
                "timed searches",
                format!("{} failed", self.failures),
                "none",
            ));
        }
        self.steps
            .iter()
            .try_for_each(|step| self.judge.check(&step.answers))
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let mut points = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let recall = self.judge.recall(&step.answers)?;
            points.extend(step.median_ns().map(|median| (recall.ratio(), median)));
        }
        let curve = MetricValue::Curve(Box::new(Curve { points }));
        Ok(vec![(name("latency_by_recall"), curve)])
    }
}
