//! The scenario `text/search/two-terms`.

use std::collections::BTreeMap;

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer,
};
use tantivy::Score;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::BooleanQuery;

use super::corpus::{Corpus, QUERIES};
use super::index::{IndexFiles, Opened};
use super::truth::{self, Expected, TOP, TruthFiles};
use crate::random::{SEED, Stream};

/// Timed searches: twice what a p99 needs.
const OPERATIONS: usize = 20_000;

/// Relative difference allowed between a score in single precision and the true one.
const PRECISION: f32 = 1e-4;

/// Ranked disjunction of two terms, ten best documents, one thread.
#[derive(Debug)]
pub(crate) struct TextSearch;

impl Scenario for TextSearch {
    fn id(&self) -> &'static str {
        "text/search/two-terms"
    }

    fn about(&self) -> &'static str {
        "Ten best documents by BM25 for either of two mid-frequency terms. \
         The commonest shape of a full-text query, over an index in the state that twenty commits \
         leave it in. \
         Read latency together with segments: every segment is searched apart, so a merge policy \
         that leaves more of them slows every query down."
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        BTreeMap::from([
            (name("items"), integer(tier.items())),
            (name("terms"), integer(2)),
            (name("top"), integer(TOP)),
            (name("queries"), integer(QUERIES)),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        Corpus::recipe(tier.items())
    }

    fn layer(&self) -> Layer {
        Layer::Engine
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        vec![
            Box::new(IndexFiles::of(tier)),
            Box::new(TruthFiles::of(tier)),
        ]
    }

    fn needs(&self, tier: Tier) -> Needs {
        IndexFiles::of(tier).opened()
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        vec![
            metric("segments", Kind::Value, Unit::Count, Direction::Lower),
            metric("index_bytes", Kind::Value, Unit::Bytes, Direction::Lower),
        ]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let opened = IndexFiles::of(tier).open(context)?;
        let queries = Corpus::new().queries(tier.items());
        // Built here, so that parsing is not measured.
        let queries = queries.iter().map(|query| {
            BooleanQuery::new_multiterms_query(
                query.iter().map(|&term| opened.term(term)).collect(),
            )
        });
        Ok(Box::new(Loaded {
            queries: queries.collect(),
            opened,
            expected: truth::load(&TruthFiles::of(tier).path(context)?)?,
            order: Stream::named("text/order").shuffled(QUERIES),
            failures: 0,
        }))
    }
}

struct Loaded {
    opened: Opened,
    queries: Vec<BooleanQuery>,
    expected: Vec<Expected>,
    /// The queries are asked in this order, again and again.
    order: Vec<u32>,
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
        match self
            .opened
            .searcher
            .search(query, &TopDocs::with_limit(TOP).order_by_score())
        {
            Ok(best) => best.len() as u64,
            Err(_) => {
                self.failures += 1;
                0
            }
        }
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.failures > 0 {
            return Err(wrong(
                "timed searches".into(),
                format!("{} failed", self.failures),
                "none".into(),
            ));
        }
        for (number, (query, expected)) in self.queries.iter().zip(&self.expected).enumerate() {
            let collectors = (Count, TopDocs::with_limit(TOP).order_by_score());
            let found = self.opened.searcher.search(query, &collectors);
            let (hits, best) = found
                .map_err(|error| wrong(place(number), error.to_string(), "an answer".into()))?;
            if hits != expected.hits as usize {
                return Err(wrong(
                    place(number),
                    format!("{hits} hits"),
                    expected.hits.to_string(),
                ));
            }
            let scores: Vec<Score> = best.into_iter().map(|(score, _)| score).collect();
            if !are_equal(&scores, &expected.scores) {
                return Err(wrong(
                    place(number),
                    format!("scores {scores:?}"),
                    format!("{:?}", expected.scores),
                ));
            }
        }
        Ok(())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let segments = self.opened.searcher.segment_readers().len();
        Ok(vec![
            (name("segments"), MetricValue::Value(segments as f64)),
            (
                name("index_bytes"),
                MetricValue::Value(self.opened.bytes()? as f64),
            ),
        ])
    }
}

/// Compares scores only: documents with equal scores may come in any order.
fn are_equal(scores: &[Score], expected: &[Score]) -> bool {
    scores.len() == expected.len()
        && scores
            .iter()
            .zip(expected)
            .all(|(score, expected)| (score - expected).abs() <= PRECISION * expected)
}

fn place(number: usize) -> String {
    format!("query {number}")
}

fn wrong(place: String, found: String, expected: String) -> WrongAnswer {
    WrongAnswer {
        place,
        found,
        expected,
    }
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;
    use bench_harness::prepare::prepare;

    use super::*;

    #[test]
    fn the_engine_agrees_with_the_model_and_a_changed_truth_is_noticed() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        prepare(&TextSearch, Tier::Tiny, &cache).expect("prepares");
        let context = Context::new(Tier::Tiny, &cache);
        let load = || TextSearch.load(&context).expect("loads");
        assert_eq!(load().check(), Ok(()));

        let path = TruthFiles::of(Tier::Tiny).path(&context).expect("is there");
        let answers = truth::load(&path).expect("is whole");
        // The number of scores on disk follows from the hits, up to the limit.
        let number = answers
            .iter()
            .rposition(|expected| expected.hits as usize >= TOP)
            .expect("some query hits often");
        let change = |change: &dyn Fn(&mut Expected)| {
            let mut changed = answers.clone();
            change(&mut changed[number]);
            truth::save(&path, &changed).expect("is writable");
            load().check().expect_err("the engine is right").place
        };
        assert_eq!(change(&|expected| expected.hits += 1), place(number));
        assert_eq!(
            change(&|expected| expected.scores[0] *= 1.001),
            place(number)
        );
    }
}
