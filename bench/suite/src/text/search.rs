//! The scenarios `text/search/*`: one per family of queries.

use std::collections::BTreeMap;
use std::hint::black_box;

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer,
};

use super::asking::{Answer, PRECISION, Questions, scores, wrong};
use super::corpus::QUERIES;
use super::index::{IndexFiles, Opened};
use super::queries::{self, Family};
use super::truth::{TOP, TruthFiles};
use crate::random::SEED;
use crate::signals::events::{Popularity, SKEW};

/// Ten best documents for each query of a family, one thread.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) id: &'static str,
    pub(crate) about: &'static str,
    pub(crate) family: &'static Family,
    /// How often each query is asked.
    pub(crate) popularity: Popularity,
    pub(crate) smallest_tier: Tier,
    /// Timed searches of that tier; smaller ones have [`OPERATIONS`].
    pub(crate) pr: usize,
    pub(crate) nightly: usize,
}

/// Timed searches: twice what a p99 needs.
const OPERATIONS: usize = 20_000;

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
            (name("items"), integer(tier.items())),
            (name("terms"), integer(self.family.terms())),
            (name("top"), integer(TOP)),
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
        let queries = self.family.recipe(tier.items());
        match self.popularity {
            Popularity::Uniform => queries,
            Popularity::Skewed => Recipe::new("queries by popularity, version 1")
                .with("skew", SKEW)
                .with_recipe("queries", &queries),
        }
    }

    fn layer(&self) -> Layer {
        Layer::Engine
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        vec![
            Box::new(IndexFiles::of(tier.items())),
            Box::new(TruthFiles::of(tier.items())),
        ]
    }

    fn needs(&self, tier: Tier) -> Needs {
        IndexFiles::of(tier.items()).opened()
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        vec![
            metric("segments", Kind::Value, Unit::Count, Direction::Lower),
            metric("index_bytes", Kind::Value, Unit::Bytes, Direction::Lower),
        ]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["scorings"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let opened = IndexFiles::of(tier.items()).open(context)?;
        let operations = match tier {
            Tier::Nightly => self.nightly,
            Tier::Pr => self.pr,
            Tier::Tiny | Tier::Smoke => OPERATIONS,
        };
        let questions = Questions::load(context, tier.items(), self.family, opened.fields)?;
        Ok(Box::new(Loaded {
            questions: questions.by_popularity(self.popularity, operations),
            opened,
            operations,
            answers: vec![None; QUERIES],
            failures: 0,
            scorings: context.setting("scorings", 0),
        }))
    }
}

struct Loaded {
    opened: Opened,
    questions: Questions,
    operations: usize,
    /// The last answer to each query.
    answers: Vec<Option<Answer>>,
    /// Searches that the engine refused.
    failures: usize,
    /// Planted: how often every answer is scored again.
    scorings: usize,
}

impl Loaded {
    /// Turns the scores of an answer into frequencies and back by BM25, `scorings` times.
    ///
    /// Never inlined, so that a profile can name it.
    #[inline(never)]
    fn score_again(&self, answer: &Answer) {
        for _ in 0..self.scorings {
            for (score, document) in black_box(answer) {
                let length = f64::from(document.doc_id % 512 + 1);
                let norm = 1.2 * (1.0 - 0.75 + 0.75 * length / 256.0);
                let frequency = f64::from(*score) * norm / (2.2 - f64::from(*score).min(2.0));
                black_box((1.0 + length).ln() * 2.2 * frequency / (frequency + norm));
            }
        }
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
        let number = self.questions.asked(index);
        match self.questions.ask(&self.opened.searcher, number) {
            Ok(answer) => {
                if self.scorings > 0 {
                    self.score_again(&answer);
                }
                let found = answer.len() as u64;
                self.answers[number] = Some(answer);
                found
            }
            Err(_) => {
                self.failures += 1;
                0
            }
        }
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.failures > 0 {
            let found = format!("{} failed", self.failures);
            return Err(wrong("searches".into(), found, "none".into()));
        }
        self.questions.check_hits(&self.opened.searcher)?;
        for (number, answer) in self.answers.iter().enumerate() {
            // Every query is asked while warming up, so none is missing but in a test.
            if let Some(answer) = answer {
                self.questions
                    .check_scores(number, scores(answer), PRECISION)?;
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

/// The commonest shape of a query.
const TWO_TERMS: Search = Search {
    id: "text/search/two-terms",
    about: "Ten best documents by BM25 for either of two mid-frequency terms. \
            The commonest shape of a full-text query, over an index in the state that 27 \
            commits leave it in. \
            Read latency together with segments: every segment is searched apart, so a merge \
            policy that leaves more of them slows every query down.",
    family: &queries::TWO_TERMS,
    popularity: Popularity::Uniform,
    smallest_tier: Tier::Tiny,
    pr: OPERATIONS,
    nightly: OPERATIONS,
};

/// The scenarios, `two-terms` first: the smallest tier has no other.
pub(crate) static SEARCHES: [Search; 9] = [
    TWO_TERMS,
    Search {
        id: "text/search/zipf",
        about: "The searches of text/search/two-terms, some queries far more often than others: the first \
                of 1,000 is 13 % of all, the i-th 1 / i^0.99 of that. \
                What real traffic looks like, where popular queries find the lists they need in the \
                caches. \
                Read latency beside text/search/two-terms: the distance is what caches are worth, and \
                what one popular query costs by itself.",
        popularity: Popularity::Skewed,
        smallest_tier: Tier::Pr,
        ..TWO_TERMS
    },
    Search {
        id: "text/search/one-term",
        about: "Ten best documents by BM25 for one term, drawn from documents. \
                What a search costs before it has to join anything: finding the term in each \
                segment, and one list. \
                Half of the terms are rare and take microseconds, so read p50 as the fixed cost of \
                a search and p99 as the cost of a long list.",
        family: &queries::ONE_TERM,
        popularity: Popularity::Uniform,
        smallest_tier: Tier::Pr,
        pr: OPERATIONS,
        nightly: OPERATIONS,
    },
    Search {
        id: "text/search/three-terms",
        about: "Ten best documents by BM25 for any of three terms of one document, as often as \
                documents use them. \
                One frequent term among them makes most documents a hit, and the engine has to skip \
                those that cannot be among the best. \
                Read it beside `text/search/two-terms`: when it grows alone, skipping became worse.",
        family: &queries::THREE_TERMS,
        popularity: Popularity::Uniform,
        smallest_tier: Tier::Pr,
        pr: 10_000,
        nightly: 10_000,
    },
    Search {
        id: "text/search/and",
        about: "Ten best documents by BM25 that have both of two terms of one document, as often as \
                documents use them. \
                Intersecting goes at the speed of the rarer term. \
                Every query has a hit; read p99 as that of two frequent terms.",
        family: &queries::AND,
        popularity: Popularity::Uniform,
        smallest_tier: Tier::Pr,
        pr: OPERATIONS,
        nightly: OPERATIONS,
    },
    Search {
        id: "text/search/phrase",
        about: "Ten best documents by BM25 that have two terms next to each other, as some document \
                does. \
                The only search that reads positions, a third of the index: for every document with \
                both terms, to find that most have them apart. \
                Read p99 as that of two frequent terms.",
        family: &queries::PHRASE,
        popularity: Popularity::Uniform,
        smallest_tier: Tier::Pr,
        pr: 10_000,
        nightly: 10_000,
    },
    Search {
        id: "text/search/head",
        about: "Ten best documents by BM25 for either of two of the 50 most frequent terms. \
                Nearly every document is a hit, so this is the longest that a disjunction takes and \
                what the latency promised to users has to bear. \
                Operations are slow and therefore few, 2,000 on the largest tier: p99 lies between \
                p98.5 and p99.4 of all, so read p50 first.",
        family: &queries::HEAD,
        popularity: Popularity::Uniform,
        smallest_tier: Tier::Pr,
        pr: 5_000,
        nightly: 2_000,
    },
    Search {
        id: "text/search/mid",
        about: "Ten best documents by BM25 for either of two mid-frequency terms that were not drawn \
                from one document. \
                In `text/search/two-terms` some documents have both and soon make the others not \
                worth looking at; here there may be none. \
                Read it beside that one: the difference is what skipping gains.",
        family: &queries::MIDDLE,
        popularity: Popularity::Uniform,
        smallest_tier: Tier::Pr,
        pr: OPERATIONS,
        nightly: OPERATIONS,
    },
    Search {
        id: "text/search/tail",
        about: "Ten best documents by BM25 for either of two rare terms. \
                Lists are so short that finding them in every segment is most of the work. \
                Read it as the price of a segment: it grows with their number and hardly with that \
                of documents.",
        family: &queries::TAIL,
        popularity: Popularity::Uniform,
        smallest_tier: Tier::Pr,
        pr: OPERATIONS,
        nightly: OPERATIONS,
    },
];

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;
    use bench_harness::prepare::prepare;

    use super::*;
    use crate::text::asking::place;
    use crate::text::truth::{Expected, load, save};

    fn asked(search: &Search, context: &Context) -> Box<dyn Subject> {
        let mut subject = search.load(context).expect("loads");
        for index in 0..subject.warm_up() {
            subject.operate(index);
        }
        subject
    }

    #[test]
    fn the_engine_agrees_with_the_model_and_a_changed_truth_is_noticed() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        let context = Context::new(Tier::Tiny, &cache);
        for search in &SEARCHES {
            prepare(search, Tier::Tiny, &cache).expect("prepares");
            assert_eq!(asked(search, &context).check(), Ok(()), "{}", search.id);

            let path = TruthFiles::of(Tier::Tiny.items())
                .path(&context, search.family)
                .expect("is there");
            let answers = load(&path).expect("is whole");
            // The number of scores on disk follows from the hits, up to the limit.
            let often = |expected: &Expected| expected.hits as usize >= TOP;
            let Some(number) = answers.iter().rposition(often) else {
                continue;
            };
            let change = |change: &dyn Fn(&mut Expected)| {
                let mut changed = answers.clone();
                change(&mut changed[number]);
                save(&path, &changed).expect("is writable");
                let wrong = asked(search, &context).check();
                wrong.expect_err("the engine is right").place
            };
            assert_eq!(change(&|expected| expected.hits += 1), place(number));
            assert_eq!(
                change(&|expected| expected.scores[0] *= 1.001),
                place(number)
            );
            // Others ask the same queries.
            save(&path, &answers).expect("is writable");
        }
    }
}
