//! Asking the engine the queries of a family, and comparing its answers with the true ones.

use bench_harness::{Context, Failure, WrongAnswer};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, PhraseQuery, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, Score, Searcher};

use super::corpus::{Corpus, QUERIES};
use super::queries::{Family, Operator, Query};
use super::schema::Fields;
use super::truth::{self, Expected, TOP, TruthFiles};
use crate::order::Order;
use crate::random::Stream;
use crate::signals::events::Popularity;

/// Relative difference allowed between a score in single precision and the true one.
pub(crate) const PRECISION: Score = 1e-4;

/// The best documents of one search, best first.
pub(crate) type Answer = Vec<(Score, DocAddress)>;

/// The scores of an answer, in its order.
pub(crate) fn scores(answer: &Answer) -> impl Iterator<Item = Score> {
    answer.iter().map(|(score, _)| *score)
}

/// The queries of a family in the engine's form, with the true answers.
pub(crate) struct Questions {
    queries: Vec<Box<dyn tantivy::query::Query>>,
    expected: Vec<Expected>,
    order: Order,
}

impl Questions {
    /// Those over the first `items` documents, whose truth is prepared.
    pub(crate) fn load(
        context: &Context,
        items: usize,
        family: &Family,
        fields: Fields,
    ) -> Result<Self, Failure> {
        let queries = family.queries(&Corpus::new(), items);
        // Built here, so that parsing is not measured.
        let queries = queries
            .iter()
            .map(|query| in_engine(family.operator, query, fields));
        Ok(Self {
            queries: queries.collect(),
            expected: truth::load(&TruthFiles::of(items).path(context, family)?)?,
            order: order(Popularity::Uniform, 0),
        })
    }

    /// The same, asked as often as they are popular in so many operations after the warm-up.
    pub(crate) fn by_popularity(self, popularity: Popularity, operations: usize) -> Self {
        Self {
            order: order(popularity, operations),
            ..self
        }
    }

    /// Number of the query that the operation `index` asks.
    pub(crate) fn asked(&self, index: usize) -> usize {
        self.order.asked(index)
    }

    /// The query `number` in the engine's form.
    pub(crate) fn query(&self, number: usize) -> &dyn tantivy::query::Query {
        self.queries[number].as_ref()
    }

    /// Searches for the [`TOP`] best documents.
    pub(crate) fn ask(&self, searcher: &Searcher, number: usize) -> tantivy::Result<Answer> {
        let best = TopDocs::with_limit(TOP).order_by_score();
        searcher.search(&self.queries[number], &best)
    }

    /// Compares the number of documents that match each query with the true one.
    pub(crate) fn check_hits(&self, searcher: &Searcher) -> Result<(), WrongAnswer> {
        for (number, (query, expected)) in self.queries.iter().zip(&self.expected).enumerate() {
            let hits = query
                .count(searcher)
                .map_err(|error| wrong(place(number), error.to_string(), "an answer".into()))?;
            if hits != expected.hits as usize {
                let expected = expected.hits.to_string();
                return Err(wrong(place(number), format!("{hits} hits"), expected));
            }
        }
        Ok(())
    }

    /// Asks every query, and compares its number of hits and its best scores with the true ones.
    pub(crate) fn check_answers(&self, searcher: &Searcher) -> Result<(), WrongAnswer> {
        self.check_hits(searcher)?;
        (0..self.queries.len()).try_for_each(|number| {
            let answer = self
                .ask(searcher, number)
                .map_err(|error| wrong(place(number), error.to_string(), "an answer".into()))?;
            self.check_scores(number, scores(&answer), PRECISION)
        })
    }

    /// Compares the scores of an answer with the true ones, up to a relative difference of `precision`. Not the
    /// documents: those with equal scores may come in any order.
    pub(crate) fn check_scores(
        &self,
        number: usize,
        answer: impl IntoIterator<Item = Score>,
        precision: Score,
    ) -> Result<(), WrongAnswer> {
        let expected = &self.expected[number].scores;
        let is_near =
            |(score, expected): (Score, Score)| (score - expected).abs() <= precision * expected;
        let scores: Vec<Score> = answer.into_iter().collect();
        let pairs = scores.iter().copied().zip(expected.iter().copied());
        if scores.len() == expected.len() && pairs.into_iter().all(is_near) {
            return Ok(());
        }
        let (found, expected) = (format!("scores {scores:?}"), format!("{expected:?}"));
        Err(wrong(place(number), found, expected))
    }
}

fn order(popularity: Popularity, operations: usize) -> Order {
    Order::of(Stream::named("text/order"), QUERIES, popularity, operations)
}

fn in_engine(operator: Operator, query: &Query, fields: Fields) -> Box<dyn tantivy::query::Query> {
    let terms: Vec<_> = query.terms.iter().map(|&rank| fields.term(rank)).collect();
    match operator {
        Operator::Any => Box::new(BooleanQuery::new_multiterms_query(terms)),
        Operator::All => {
            let terms = terms.into_iter().map(|term| {
                let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
                Box::new(query) as Box<dyn tantivy::query::Query>
            });
            Box::new(BooleanQuery::intersection(terms.collect()))
        }
        Operator::Phrase => Box::new(PhraseQuery::new(terms)),
    }
}

pub(crate) fn place(number: usize) -> String {
    format!("query {number}")
}

pub(crate) fn wrong(place: String, found: String, expected: String) -> WrongAnswer {
    WrongAnswer {
        place,
        found,
        expected,
    }
}
