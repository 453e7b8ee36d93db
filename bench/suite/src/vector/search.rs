//! The scenario `vector/search/k10`.

use std::collections::{BTreeMap, BTreeSet};

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Proportion, Unit,
};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer,
};
use usearch::Index;

use super::index::{EXPANSION_SEARCH, IndexFiles};
use super::rows::{DIMENSIONS, Generator, QUERIES, Rows};
use super::truth::{Truth, TruthFiles, distance};
use crate::random::{SEED, Stream};

/// Neighbours that are asked for.
const K: usize = 10;

/// Timed searches: twice what a p99 needs.
const OPERATIONS: usize = 20_000;

/// Largest difference between a distance in bf16 and the true one: most errors of the 384 products
/// cancel, and 0.00064 was the largest among 10,000 distances.
const ROUNDING: f32 = 0.005;

/// Approximate nearest-neighbour search, ten neighbours, one thread.
#[derive(Debug)]
pub(crate) struct VectorSearch;

impl Scenario for VectorSearch {
    fn id(&self) -> &'static str {
        "vector/search/k10"
    }

    fn about(&self) -> &'static str {
        "Ten nearest neighbours of a held-out query among clustered 384-dimensional vectors. \
         The heart of semantic search and of candidate retrieval. \
         Read latency together with recall@10: looking at fewer candidates is always faster, and is \
         no improvement when it finds the wrong ones."
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        BTreeMap::from([
            (name("items"), integer(tier.items())),
            (name("dims"), integer(DIMENSIONS)),
            (name("k"), integer(K)),
            (name("queries"), integer(QUERIES)),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        rows(tier).recipe()
    }

    fn layer(&self) -> Layer {
        Layer::Engine
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        vec![
            Box::new(IndexFiles::of(tier)),
            Box::new(TruthFiles { rows: rows(tier) }),
        ]
    }

    fn needs(&self, tier: Tier) -> Needs {
        IndexFiles::of(tier).loaded()
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        vec![
            metric(
                "recall@10",
                Kind::Proportion,
                Unit::Ratio,
                Direction::Higher,
            ),
            metric("index_bytes", Kind::Value, Unit::Bytes, Direction::Lower),
        ]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["expansion"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let generator = Generator::new(DIMENSIONS);
        let expansion = context.setting("expansion", EXPANSION_SEARCH);
        Ok(Box::new(Loaded {
            index: IndexFiles::of(tier).load(context, expansion)?,
            truth: TruthFiles { rows: rows(tier) }.load(context)?,
            queries: generator.queries(),
            order: Stream::named("vector/order").shuffled(QUERIES),
            generator,
            failures: 0,
        }))
    }
}

fn rows(tier: Tier) -> Rows {
    Rows {
        items: tier.items(),
        dimensions: DIMENSIONS,
    }
}

struct Loaded {
    index: Index,
    truth: Truth,
    queries: Vec<Vec<f32>>,
    /// The queries are asked in this order, again and again.
    order: Vec<u32>,
    generator: Generator,
    /// Timed searches that the engine refused.
    failures: usize,
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        QUERIES
    }

    fn operations(&self) -> usize {
        OPERATIONS
    }

    fn operate(&mut self, index: usize) -> u64 {
        let query = &self.queries[self.order[index % QUERIES] as usize];
        match self.index.search(query, K) {
            Ok(matches) => matches.keys.len() as u64,
            Err(_) => {
                self.failures += 1;
                0
            }
        }
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.failures > 0 {
            return Err(wrong(
                "timed searches",
                format!("{} failed", self.failures),
                "none",
            ));
        }
        for (number, query) in self.queries.iter().enumerate() {
            let place = format!("query {number}");
            let matches = self.index.search(query, K);
            let matches =
                matches.map_err(|error| wrong(&place, error.to_string(), "ten neighbours"))?;
            let distinct: BTreeSet<u64> = matches.keys.iter().copied().collect();
            if distinct.len() != K || distinct.iter().any(|&key| key >= self.index.size() as u64) {
                return Err(wrong(
                    &place,
                    format!("keys {:?}", matches.keys),
                    "ten distinct keys of rows",
                ));
            }
            if !matches.distances.is_sorted() {
                return Err(wrong(
                    &place,
                    format!("distances {:?}", matches.distances),
                    "ascending distances",
                ));
            }
            for (&key, &reported) in matches.keys.iter().zip(&matches.distances) {
                let actual = distance(query, &self.generator.row(key));
                if (reported - actual).abs() > ROUNDING {
                    return Err(wrong(
                        &format!("{place}, key {key}"),
                        format!("distance {reported}"),
                        &actual.to_string(),
                    ));
                }
            }
        }
        Ok(())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let mut hits = Vec::with_capacity(QUERIES);
        for (number, query) in self.queries.iter().enumerate() {
            let found = self.index.search(query, K)?.keys;
            let true_distance = |key| distance(query, &self.generator.row(key));
            hits.push(self.truth.hits(number, K, &found, true_distance) as u16);
        }
        let recall = Proportion::from_queries(hits, K as u16)?;
        Ok(vec![
            (name("recall@10"), MetricValue::Proportion(Box::new(recall))),
            (
                name("index_bytes"),
                MetricValue::Value(self.index.serialized_length() as f64),
            ),
        ])
    }
}

fn wrong(place: &str, found: String, expected: &str) -> WrongAnswer {
    WrongAnswer {
        place: place.to_owned(),
        found,
        expected: expected.to_owned(),
    }
}
