//! The queries: families that differ in how many terms they have, how frequent, and how joined.

use std::collections::BTreeSet;
use std::ops::Range;

use bench_harness::Recipe;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::corpus::{Corpus, MID, QUERIES, TERMS};
use crate::random::Stream;

/// How the terms of a query are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// A hit has at least one of them.
    Any,
    /// A hit has all of them.
    All,
    /// A hit has them next to each other, in this order.
    Phrase,
}

/// A query of different terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Query {
    pub(crate) terms: Vec<u32>,
}

/// Where the terms of a query come from.
#[derive(Clone, Debug)]
enum Source {
    /// Two mid-frequency terms of one document, in ascending order.
    MidPair,
    /// That many terms of one document, each as often as the document uses it.
    Document(usize),
    /// Two terms of one document that follow each other.
    Neighbours,
    /// Two terms of these ranks, as often as the language uses them and independently of each
    /// other, so that they need not meet in any document.
    Vocabulary(Range<u32>),
}

/// Queries that ask alike.
#[derive(Debug)]
pub(crate) struct Family {
    /// The last part of the id of the scenario that asks them.
    pub(crate) name: &'static str,
    pub(crate) operator: Operator,
    source: Source,
}

/// Either of two mid-frequency terms.
pub(crate) const TWO_TERMS: Family = Family::new("two-terms", Operator::Any, Source::MidPair);

/// One term.
pub(crate) const ONE_TERM: Family = Family::new("one-term", Operator::Any, Source::Document(1));

/// Any of three terms.
pub(crate) const THREE_TERMS: Family =
    Family::new("three-terms", Operator::Any, Source::Document(3));

/// Both of two terms.
pub(crate) const AND: Family = Family::new("and", Operator::All, Source::Document(2));

/// Two terms in a row.
pub(crate) const PHRASE: Family = Family::new("phrase", Operator::Phrase, Source::Neighbours);

/// Either of two of the most frequent terms.
pub(crate) const HEAD: Family =
    Family::new("head", Operator::Any, Source::Vocabulary(0..MID.start));

/// Either of two mid-frequency terms that need not meet.
pub(crate) const MIDDLE: Family = Family::new("mid", Operator::Any, Source::Vocabulary(MID));

/// Either of two rare terms.
pub(crate) const TAIL: Family = Family::new(
    "tail",
    Operator::Any,
    Source::Vocabulary(MID.end..TERMS as u32),
);

/// All families.
pub(crate) static FAMILIES: [&Family; 8] = [
    &TWO_TERMS,
    &ONE_TERM,
    &THREE_TERMS,
    &AND,
    &PHRASE,
    &HEAD,
    &MIDDLE,
    &TAIL,
];

impl Family {
    const fn new(name: &'static str, operator: Operator, source: Source) -> Self {
        Self {
            name,
            operator,
            source,
        }
    }

    /// Number of terms of each of its queries.
    pub(crate) fn terms(&self) -> usize {
        match self.source {
            Source::Document(terms) => terms,
            Source::MidPair | Source::Neighbours | Source::Vocabulary(_) => 2,
        }
    }

    /// Everything that determines the queries over the first `items` documents, and the documents.
    pub(crate) fn recipe(&self, items: usize) -> Recipe {
        let documents = Corpus::recipe(items);
        match self.source {
            // Theirs has been in the recipe of the documents since before there were others.
            Source::MidPair => documents,
            _ => Recipe::new("queries over topical documents, version 1")
                .with("family", self.name)
                .with("terms", format_args!("{:?}", self.source))
                .with("operator", format_args!("{:?}", self.operator))
                .with_recipe("documents", &documents),
        }
    }

    /// [`QUERIES`] distinct queries. Those from documents have at least one hit each.
    pub(crate) fn queries(&self, corpus: &Corpus, items: usize) -> Vec<Query> {
        let stream = match self.source {
            Source::MidPair => Stream::named("text/queries"),
            _ => Stream::named(&format!("text/queries/{}", self.name)),
        };
        let mut seen = BTreeSet::new();
        let queries = (0..).filter_map(|attempt| {
            let mut random = stream.piece(attempt);
            let terms = self.draw(corpus, items, &mut random)?;
            let query = Query { terms };
            seen.insert(query.clone()).then_some(query)
        });
        queries.take(QUERIES).collect()
    }

    /// The terms of one query, or `None` when what was drawn is no query.
    fn draw(&self, corpus: &Corpus, items: usize, random: &mut Pcg64Mcg) -> Option<Vec<u32>> {
        let document = |random: &mut Pcg64Mcg| {
            let id = random.random_range(0..items as u64);
            corpus.document(id)
        };
        match &self.source {
            Source::MidPair => mid_pair(&document(random), random),
            Source::Document(terms) => {
                let document = document(random);
                let drawn = (0..*terms).map(|_| document[random.random_range(0..document.len())]);
                different(drawn.collect())
            }
            Source::Neighbours => {
                let document = document(random);
                let first = random.random_range(0..document.len());
                different(document.get(first..first + 2)?.to_vec())
            }
            Source::Vocabulary(ranks) => {
                let mut terms: Vec<u32> = (0..2).map(|_| within(ranks, corpus, random)).collect();
                // Which comes first makes no difference, so it makes no other query.
                terms.sort_unstable();
                different(terms)
            }
        }
    }
}

fn different(terms: Vec<u32>) -> Option<Vec<u32>> {
    let distinct: BTreeSet<&u32> = terms.iter().collect();
    (distinct.len() == terms.len()).then_some(terms)
}

fn mid_pair(document: &[u32], random: &mut Pcg64Mcg) -> Option<Vec<u32>> {
    let terms: BTreeSet<u32> = document
        .iter()
        .copied()
        .filter(|term| MID.contains(term))
        .collect();
    let terms: Vec<u32> = terms.into_iter().collect();
    if terms.len() < 2 {
        return None;
    }
    let first = random.random_range(0..terms.len() - 1);
    let second = random.random_range(first + 1..terms.len());
    Some(vec![terms[first], terms[second]])
}

/// A term of these ranks: every class is at least a tenth of the language, so this soon ends.
fn within(ranks: &Range<u32>, corpus: &Corpus, random: &mut Pcg64Mcg) -> u32 {
    loop {
        let term = corpus.term(random);
        if ranks.contains(&term) {
            return term;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_distinct_and_of_their_class() {
        let corpus = Corpus::new();
        for family in FAMILIES {
            let queries = family.queries(&corpus, 1_000);
            let name = family.name;
            assert_eq!(
                queries.iter().collect::<BTreeSet<_>>().len(),
                QUERIES,
                "{name}"
            );
            for Query { terms } in queries {
                assert_eq!(terms.len(), family.terms(), "{name}");
                assert!(different(terms.clone()).is_some(), "{name}: {terms:?}");
                let ranks = match &family.source {
                    Source::MidPair => MID,
                    Source::Vocabulary(ranks) => ranks.clone(),
                    Source::Document(_) | Source::Neighbours => continue,
                };
                assert!(
                    terms.is_sorted() && terms.iter().all(|term| ranks.contains(term)),
                    "{name}: {terms:?}"
                );
            }
        }
    }

    #[test]
    fn version_1_never_changes() {
        // A change here makes every stored run incomparable: raise the version of the recipe.
        let corpus = Corpus::new();
        let first: Vec<(&str, Vec<u32>)> = FAMILIES
            .iter()
            .map(|family| (family.name, family.queries(&corpus, 1_000)[0].terms.clone()))
            .collect();
        let expected = [
            ("two-terms", vec![2_019, 2_797]),
            ("one-term", vec![93]),
            ("three-terms", vec![8_374, 28, 2_632]),
            ("and", vec![421, 280]),
            ("phrase", vec![33_918, 116]),
            ("head", vec![6, 8]),
            ("mid", vec![330, 417]),
            ("tail", vec![20_185, 45_523]),
        ];
        assert_eq!(first, expected);
    }

    #[test]
    fn recipes_differ() {
        let recipes: BTreeSet<String> = FAMILIES
            .iter()
            .map(|family| family.recipe(1_000).to_string())
            .collect();
        assert_eq!(recipes.len(), FAMILIES.len());
    }
}
