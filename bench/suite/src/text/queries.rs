//! The queries: families that differ in how many terms they have, how frequent, and how joined.

use std::collections::BTreeSet;
use std::iter::successors;
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
    /// A hit has a term that begins as the only one of the query does.
    Prefix,
}

/// A query of different terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Query {
    pub(crate) terms: Vec<u32>,
    /// The first document that may be a hit and the one behind the last; all may if `None`.
    pub(crate) window: Option<(u32, u32)>,
}

impl Query {
    /// Whether a document of these terms is a hit: found by reading it, without an index.
    pub(crate) fn matches(&self, operator: Operator, document: u32, terms: &[u32]) -> bool {
        let is_within = |(first, end): (u32, u32)| (first..end).contains(&document);
        let asked = self.terms.as_slice();
        self.window.is_none_or(is_within)
            && match operator {
                Operator::Any => asked.iter().any(|term| terms.contains(term)),
                Operator::All => asked.iter().all(|term| terms.contains(term)),
                Operator::Phrase => terms.windows(asked.len()).any(|some| some == asked),
                Operator::Prefix => terms
                    .iter()
                    .any(|&term| beginnings(term).any(|beginning| asked.contains(&beginning))),
            }
    }
}

/// The terms that a term begins with as text, itself included: `t123` begins with `t12`.
pub(super) fn beginnings(term: u32) -> impl Iterator<Item = u32> {
    successors(Some(term), |&longer| (longer >= 10).then_some(longer / 10))
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
    /// A term of one document without its last letter, but for those of at most two letters: there are nine
    /// of them, too few for a percentile and each as long as a hundred others.
    Stem,
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
    /// One of so many documents may be a hit, in a window of its own for every query; all may if `None`.
    one_in: Option<usize>,
}

/// Either of two mid-frequency terms.
pub(crate) const TWO_TERMS: Family = Family::new("two-terms", Operator::Any, Source::MidPair);

/// One term.
pub(crate) const ONE_TERM: Family = Family::new("one-term", Operator::Any, Source::Document(1));

/// Any of three terms.
pub(crate) const THREE_TERMS: Family =
    Family::new("three-terms", Operator::Any, Source::Document(3));

/// Any of four terms.
pub(crate) const FOUR_TERMS: Family = Family::new("four-terms", Operator::Any, Source::Document(4));

/// Any of five terms.
pub(crate) const FIVE_TERMS: Family = Family::new("five-terms", Operator::Any, Source::Document(5));

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

/// Whatever begins as a term does, all but its last letter.
pub(crate) const PREFIX: Family = Family::new("prefix", Operator::Prefix, Source::Stem);

/// Either of two mid-frequency terms, in a tenth of the documents.
pub(crate) const IN_A_TENTH: Family =
    Family::new("filtered-10pct", Operator::Any, Source::MidPair).among_one_in(10);

/// Either of two mid-frequency terms, in a hundredth of the documents.
pub(crate) const IN_A_HUNDREDTH: Family =
    Family::new("filtered-1pct", Operator::Any, Source::MidPair).among_one_in(100);

/// All families.
pub(crate) static FAMILIES: [&Family; 13] = [
    &TWO_TERMS,
    &ONE_TERM,
    &THREE_TERMS,
    &AND,
    &PHRASE,
    &HEAD,
    &MIDDLE,
    &TAIL,
    &FOUR_TERMS,
    &FIVE_TERMS,
    &PREFIX,
    &IN_A_TENTH,
    &IN_A_HUNDREDTH,
];

impl Family {
    const fn new(name: &'static str, operator: Operator, source: Source) -> Self {
        Self {
            name,
            operator,
            source,
            one_in: None,
        }
    }

    const fn among_one_in(self, documents: usize) -> Self {
        Self {
            one_in: Some(documents),
            ..self
        }
    }

    /// Whether these are the queries that there were before there were others.
    fn is_first(&self) -> bool {
        matches!(self.source, Source::MidPair) && self.one_in.is_none()
    }

    /// Number of terms of each of its queries.
    pub(crate) fn terms(&self) -> usize {
        match self.source {
            Source::Document(terms) => terms,
            Source::Stem => 1,
            Source::MidPair | Source::Neighbours | Source::Vocabulary(_) => 2,
        }
    }

    /// Everything that determines the queries over the first `items` documents, and the documents.
    pub(crate) fn recipe(&self, items: usize) -> Recipe {
        let documents = Corpus::recipe(items);
        if self.is_first() {
            // Theirs has been in the recipe of the documents since before there were others.
            return documents;
        }
        let recipe = Recipe::new("queries over topical documents, version 1")
            .with("family", self.name)
            .with("terms", format_args!("{:?}", self.source))
            .with("operator", format_args!("{:?}", self.operator));
        let recipe = match self.one_in {
            None => recipe,
            Some(one_in) => recipe.with("one document in", one_in),
        };
        recipe.with_recipe("documents", &documents)
    }

    /// [`QUERIES`] distinct queries. Those from documents have at least one hit each.
    pub(crate) fn queries(&self, corpus: &Corpus, items: usize) -> Vec<Query> {
        let stream = match self.is_first() {
            true => Stream::named("text/queries"),
            false => Stream::named(&format!("text/queries/{}", self.name)),
        };
        let mut seen = BTreeSet::new();
        let queries = (0..).filter_map(|attempt| {
            let mut random = stream.piece(attempt);
            let query = self.draw(corpus, items, &mut random)?;
            seen.insert(query.clone()).then_some(query)
        });
        queries.take(QUERIES).collect()
    }

    /// One query, or `None` when what was drawn is none.
    fn draw(&self, corpus: &Corpus, items: usize, random: &mut Pcg64Mcg) -> Option<Query> {
        if let Source::Vocabulary(ranks) = &self.source {
            let mut terms: Vec<u32> = (0..2).map(|_| within(ranks, corpus, random)).collect();
            // Which comes first makes no difference, so it makes no other query.
            terms.sort_unstable();
            let terms = different(terms)?;
            return Some(Query {
                terms,
                window: None,
            });
        }
        let id = random.random_range(0..items as u64);
        let terms = self.draw_from(&corpus.document(id), random)?;
        let window = self.one_in.map(|one_in| {
            let width = items.div_ceil(one_in).max(1);
            // Anywhere around the document that the terms are from, so that there is a hit.
            let first = (id as usize).saturating_sub(random.random_range(0..width));
            let first = first.min(items - width);
            (first as u32, (first + width) as u32)
        });
        Some(Query { terms, window })
    }

    /// The terms of one query from a document.
    fn draw_from(&self, document: &[u32], random: &mut Pcg64Mcg) -> Option<Vec<u32>> {
        let mut any = || document[random.random_range(0..document.len())];
        match self.source {
            Source::MidPair => mid_pair(document, random),
            Source::Document(terms) => different((0..terms).map(|_| any()).collect()),
            Source::Neighbours => {
                let first = random.random_range(0..document.len());
                different(document.get(first..first + 2)?.to_vec())
            }
            Source::Stem => Some(any())
                .filter(|&term| term >= 100)
                .map(|term| vec![term / 10]),
            Source::Vocabulary(_) => None,
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
            for Query { terms, window } in queries {
                assert_eq!(terms.len(), family.terms(), "{name}");
                let width = window.map(|(first, end)| (end - first) as usize);
                assert_eq!(width, family.one_in.map(|one_in| 1_000 / one_in), "{name}");
                assert!(window.is_none_or(|(_, end)| end <= 1_000), "{name}");
                assert!(different(terms.clone()).is_some(), "{name}: {terms:?}");
                let ranks = match &family.source {
                    Source::MidPair => MID,
                    Source::Vocabulary(ranks) => ranks.clone(),
                    Source::Document(_) | Source::Neighbours | Source::Stem => continue,
                };
                assert!(
                    terms.is_sorted() && terms.iter().all(|term| ranks.contains(term)),
                    "{name}: {terms:?}"
                );
            }
        }
    }

    #[test]
    fn queries_from_documents_have_a_hit() {
        let corpus = Corpus::new();
        let documents: Vec<Vec<u32>> = (0..1_000).map(|id| corpus.document(id)).collect();
        for family in FAMILIES {
            if matches!(family.source, Source::Vocabulary(_)) {
                continue;
            }
            for query in family.queries(&corpus, 1_000).iter().step_by(20) {
                let mut documents = (0..).zip(&documents);
                let is_hit = documents.any(|(id, terms)| query.matches(family.operator, id, terms));
                assert!(is_hit, "{}: {query:?}", family.name);
            }
        }
    }

    #[test]
    fn hits_by_hand() {
        let document = [7, 12_345, 9, 12];
        let all = None;
        for (operator, terms, window, expected) in [
            (Operator::Any, vec![8, 9], all, true),
            (Operator::Any, vec![8, 123], all, false),
            (Operator::Any, vec![9], Some((3, 4)), true),
            (Operator::Any, vec![9], Some((4, 9)), false),
            (Operator::Any, vec![9], Some((0, 3)), false),
            (Operator::All, vec![12, 7], all, true),
            (Operator::All, vec![12, 8], all, false),
            (Operator::Phrase, vec![9, 12], all, true),
            (Operator::Phrase, vec![12, 9], all, false),
            (Operator::Phrase, vec![7, 9], all, false),
            (Operator::Prefix, vec![1_234], all, true),
            (Operator::Prefix, vec![12], all, true),
            (Operator::Prefix, vec![1_235], all, false),
            (Operator::Prefix, vec![2], all, false),
            (Operator::Prefix, vec![123_456], all, false),
        ] {
            let query = Query { terms, window };
            let is_hit = query.matches(operator, 3, &document);
            assert_eq!(is_hit, expected, "{operator:?} {query:?}");
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
            ("four-terms", vec![10_561, 353, 9_146, 45_881]),
            ("five-terms", vec![74_301, 3_525, 4_418, 39_104, 28]),
            ("prefix", vec![15]),
            ("filtered-10pct", vec![1_069, 3_601]),
            ("filtered-1pct", vec![72, 130]),
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
