//! The scenarios `text/search/*`: by family of queries, and by what is wanted of the hits.

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
use super::corpus::{Corpus, QUERIES};
use super::index::{IndexFiles, Opened};
use super::queries::Family;
use super::truth::TruthFiles;
use crate::random::SEED;
use crate::signals::events::{Popularity, SKEW};

mod family;

pub(crate) use family::SEARCHES;

/// The queries of a family, one thread.
#[derive(Debug)]
pub(crate) struct Search {
    id: &'static str,
    about: &'static str,
    family: &'static Family,
    wanted: Wanted,
    /// How often each query is asked.
    popularity: Popularity,
    smallest_tier: Tier,
    /// Timed searches of that tier; smaller ones have [`OPERATIONS`].
    pr: usize,
    nightly: usize,
}

/// What is asked of the documents that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// So many of the best.
    Best(usize),
    /// How many there are.
    Count,
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
            (name("queries"), integer(QUERIES)),
            (name("seed"), integer(SEED as usize)),
        ]);
        match self.wanted {
            Wanted::Best(top) => params.insert(name("top"), integer(top)),
            Wanted::Count => params.insert(name("wanted"), Param::Text("count".into())),
        };
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
            Tier::Nightly | Tier::Soak => self.nightly,
            Tier::Pr => self.pr,
            Tier::Tiny | Tier::Smoke => OPERATIONS,
        };
        let questions = Questions::load(context, tier.items(), self.family, opened.fields)?;
        Ok(Box::new(Loaded {
            questions: questions.by_popularity(self.popularity, operations),
            opened,
            wanted: self.wanted,
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
    wanted: Wanted,
    operations: usize,
    /// The last answer to each query.
    answers: Vec<Option<Reply>>,
    /// Searches that the engine refused.
    failures: usize,
    /// Planted: how often every answer is scored again.
    scorings: usize,
}

/// What was answered.
#[derive(Clone)]
enum Reply {
    Best(Answer),
    Count(usize),
}

impl Loaded {
    fn reply(&self, number: usize) -> tantivy::Result<Reply> {
        let searcher = &self.opened.searcher;
        match self.wanted {
            Wanted::Best(top) => {
                let answer = self.questions.best(searcher, number, top)?;
                if self.scorings > 0 {
                    self.score_again(&answer);
                }
                Ok(Reply::Best(answer))
            }
            Wanted::Count => self.questions.count(searcher, number).map(Reply::Count),
        }
    }

    fn check_reply(
        &self,
        corpus: &Corpus,
        number: usize,
        reply: &Reply,
    ) -> Result<(), WrongAnswer> {
        let (questions, searcher) = (&self.questions, &self.opened.searcher);
        match (self.wanted, reply) {
            (Wanted::Best(top), Reply::Best(answer)) => {
                questions.check_scores(number, top, scores(answer), PRECISION)?;
                questions.check_documents(searcher, corpus, number, answer)
            }
            (_, Reply::Best(answer)) => questions.check_count(number, answer.len()),
            (_, Reply::Count(count)) => questions.check_count(number, *count),
        }
    }

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
        match self.reply(number) {
            Ok(reply) => {
                let found = match &reply {
                    Reply::Best(answer) => answer.len(),
                    Reply::Count(count) => *count,
                };
                self.answers[number] = Some(reply);
                found as u64
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
        let corpus = Corpus::new();
        // Every query is asked while warming up, so none is missing but in a test.
        let replies = self.answers.iter().enumerate();
        replies
            .filter_map(|(number, reply)| Some((number, reply.as_ref()?)))
            .try_for_each(|(number, reply)| self.check_reply(&corpus, number, reply))
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
            let number = answers
                .iter()
                .rposition(|expected| !expected.scores.is_empty());
            let number = number.expect("some query has a hit");
            let change = |change: &dyn Fn(&mut Expected)| {
                let mut changed = answers.clone();
                change(&mut changed[number]);
                save(&path, &changed).expect("is writable");
                let wrong = asked(search, &context).check();
                wrong.expect_err("the engine is right").place
            };
            assert_eq!(change(&|expected| expected.hits += 1), place(number));
            if search.wanted != Wanted::Count {
                let noticed = change(&|expected| expected.scores[0] *= 1.001);
                assert_eq!(noticed, place(number));
            }
            // Others ask the same queries.
            save(&path, &answers).expect("is writable");
        }
    }

    #[test]
    fn documents_that_do_not_match_are_noticed() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        let context = Context::new(Tier::Tiny, &cache);
        let corpus = Corpus::new();
        prepare(&SEARCHES[0], Tier::Tiny, &cache).expect("prepares");
        let opened = IndexFiles::of(Tier::Tiny.items()).open(&context);
        let opened = opened.expect("opens");
        for search in &SEARCHES {
            let items = Tier::Tiny.items();
            let questions = Questions::load(&context, items, search.family, opened.fields);
            let questions = questions.expect("loads");
            let check = |number: usize, asked: usize| {
                let answer = questions.best(&opened.searcher, asked, 1).expect("answers");
                questions.check_documents(&opened.searcher, &corpus, number, &answer)
            };
            // What is the best of one query is no hit of some other.
            let is_noticed = (1..QUERIES).any(|asked| check(0, asked).is_err());
            assert!(is_noticed, "{}", search.id);
            assert_eq!(check(0, 0), Ok(()), "{}", search.id);
        }
    }
}
