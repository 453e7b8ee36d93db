//! The scenario `text/search/two-terms`.

use std::collections::BTreeMap;
use std::path::Path;

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{Context, Failure, Recipe, Scenario, Subject, Tier, WrongAnswer};
use tantivy::Score;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::BooleanQuery;

use super::corpus::{Corpus, QUERIES};
use super::index::{self, Opened};
use super::truth::{self, Expected, TOP};
use crate::random::{SEED, Stream};

/// Timed searches: twice what a p99 needs.
const OPERATIONS: usize = 20_000;

/// Relative difference allowed between a score in single precision and the true one.
const PRECISION: f32 = 1e-4;

const INDEX_DIRECTORY: &str = "index";
const TRUTH_FILE: &str = "truth.words";

/// Ranked disjunction of two terms, ten best documents, one thread.
#[derive(Debug)]
pub struct TextSearch;

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

    fn preparation(&self, tier: Tier) -> Recipe {
        Recipe::new("index and true answers")
            .with_recipe("input", &self.input(tier))
            .with_recipe("index", &index::recipe())
            .with_code("corpus.rs", include_str!("corpus.rs"))
            .with_code("truth.rs", include_str!("truth.rs"))
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        vec![
            metric("segments", Kind::Value, Unit::Count, Direction::Lower),
            metric("index_bytes", Kind::Value, Unit::Bytes, Direction::Lower),
        ]
    }

    fn prepare(&self, context: &Context, directory: &Path) -> Result<(), Failure> {
        let (items, corpus) = (context.tier().items(), Corpus::new());
        let index = directory.join(INDEX_DIRECTORY);
        std::fs::create_dir(&index)?;
        let progress = context.phase("building the index", items);
        index::build(&corpus, items, &index, &progress)?;
        drop(progress);
        let progress = context.phase("finding the true answers", items);
        let answers = truth::answer(&corpus, items, &corpus.queries(items), &progress);
        Ok(truth::save(&directory.join(TRUTH_FILE), &answers)?)
    }

    fn load(&self, context: &Context, directory: &Path) -> Result<Box<dyn Subject>, Failure> {
        let opened = Opened::open(&directory.join(INDEX_DIRECTORY))?;
        let queries = Corpus::new().queries(context.tier().items());
        // Built here, so that parsing is not measured.
        let queries = queries.iter().map(|query| {
            BooleanQuery::new_multiterms_query(
                query.iter().map(|&term| opened.term(term)).collect(),
            )
        });
        Ok(Box::new(Loaded {
            queries: queries.collect(),
            opened,
            expected: truth::load(&directory.join(TRUTH_FILE))?,
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
    use super::*;

    #[test]
    fn the_engine_agrees_with_the_model_and_a_changed_truth_is_noticed() {
        let (context, directory) = (
            Context::new(Tier::Tiny),
            tempfile::tempdir().expect("a directory"),
        );
        TextSearch
            .prepare(&context, directory.path())
            .expect("prepares");
        let load = || TextSearch.load(&context, directory.path()).expect("loads");
        assert_eq!(load().check(), Ok(()));

        let path = directory.path().join(TRUTH_FILE);
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
