//! Asking the engine the queries of a family, and comparing its answers with the true ones.

use std::ops::Bound;

use bench_harness::{Context, Failure, WrongAnswer};
use tantivy::collector::TopDocs;
use tantivy::query::{
    BooleanQuery, ConstScoreQuery, PhrasePrefixQuery, PhraseQuery, RangeQuery, TermQuery,
};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, Score, Searcher, Term};

use super::corpus::{Corpus, QUERIES, TERMS};
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
    operator: Operator,
    /// As they were drawn.
    drawn: Vec<Query>,
    queries: Vec<Box<dyn tantivy::query::Query>>,
    fields: Fields,
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
        let drawn = family.queries(&Corpus::new(), items);
        // Built here, so that parsing is not measured.
        let queries = drawn
            .iter()
            .map(|query| in_engine(family.operator, query, fields));
        Ok(Self {
            operator: family.operator,
            queries: queries.collect(),
            drawn,
            fields,
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
        self.best(searcher, number, TOP)
    }

    /// Searches for the `top` best documents.
    pub(crate) fn best(
        &self,
        searcher: &Searcher,
        number: usize,
        top: usize,
    ) -> tantivy::Result<Answer> {
        let best = TopDocs::with_limit(top).order_by_score();
        searcher.search(&self.queries[number], &best)
    }

    /// Counts the documents that match, without ranking them.
    pub(crate) fn count(&self, searcher: &Searcher, number: usize) -> tantivy::Result<usize> {
        self.queries[number].count(searcher)
    }

    /// Compares the number of documents that match each query with the true one.
    pub(crate) fn check_hits(&self, searcher: &Searcher) -> Result<(), WrongAnswer> {
        (0..self.queries.len()).try_for_each(|number| {
            let hits = self
                .count(searcher, number)
                .map_err(|error| wrong(place(number), error.to_string(), "an answer".into()))?;
            self.check_count(number, hits)
        })
    }

    /// Compares a number of documents that match with the true one.
    pub(crate) fn check_count(&self, number: usize, hits: usize) -> Result<(), WrongAnswer> {
        let expected = self.expected[number].hits;
        if hits == expected as usize {
            return Ok(());
        }
        let found = format!("{hits} hits");
        Err(wrong(place(number), found, expected.to_string()))
    }

    /// Whether the documents of an answer match the query: each is made again and read.
    pub(crate) fn check_documents(
        &self,
        searcher: &Searcher,
        corpus: &Corpus,
        number: usize,
        answer: &Answer,
    ) -> Result<(), WrongAnswer> {
        let failed = |error: tantivy::TantivyError| {
            wrong(
                place(number),
                error.to_string(),
                "documents with ids".into(),
            )
        };
        let query = &self.drawn[number];
        let ids = searcher.schema().get_field_name(self.fields.id(0).field());
        for &(_, found) in answer {
            let segment = searcher.segment_reader(found.segment_ord);
            let column = segment.fast_fields().u64(ids).map_err(failed)?;
            // An id that is none's is never a hit's.
            let id = column.first(found.doc_id).unwrap_or(u64::MAX);
            let is_hit = u32::try_from(id)
                .is_ok_and(|id| query.matches(self.operator, id, &corpus.document(id.into())));
            if !is_hit {
                let expected = format!("documents that match {:?} {query:?}", self.operator);
                return Err(wrong(place(number), format!("document {id}"), expected));
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
            self.check_scores(number, TOP, scores(&answer), PRECISION)
        })
    }

    /// Compares the `top` scores of an answer with the true ones, up to a relative difference of `precision`.
    /// Not the documents: those with equal scores may come in any order.
    pub(crate) fn check_scores(
        &self,
        number: usize,
        top: usize,
        answer: impl IntoIterator<Item = Score>,
        precision: Score,
    ) -> Result<(), WrongAnswer> {
        let expected = &self.expected[number].scores;
        let expected = &expected[..top.min(expected.len())];
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
    let Some((first, end)) = query.window else {
        return of_terms(operator, terms);
    };
    let (first, end) = (fields.id(first.into()), fields.id(end.into()));
    let window = RangeQuery::new(Bound::Included(first), Bound::Excluded(end));
    // A filter decides and does not rank.
    let window = ConstScoreQuery::new(Box::new(window), 0.0);
    Box::new(BooleanQuery::intersection(vec![
        of_terms(operator, terms),
        Box::new(window),
    ]))
}

fn of_terms(operator: Operator, terms: Vec<Term>) -> Box<dyn tantivy::query::Query> {
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
        Operator::Prefix => {
            let mut query = PhrasePrefixQuery::new(terms);
            // Unless told otherwise it takes the first fifty terms and leaves out the others.
            query.set_max_expansions(TERMS as u32);
            Box::new(query)
        }
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
