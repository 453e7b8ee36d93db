//! The true answers: BM25 over plain postings lists, in double precision, without an engine.

use std::io;
use std::path::{Path, PathBuf};

use bench_harness::{Artifact, Context, Failure, Needs, Recipe};
use tantivy::fieldnorm::FieldNormReader;

use super::corpus::Corpus;
use super::postings::{Collection, Posting};
use super::queries::{FAMILIES, Family, Operator, Query};
use crate::{engine, words};

/// Ranked documents per query, unless a scenario says otherwise.
pub(crate) const TOP: usize = 10;

/// Ranked documents per query that are kept: enough for every scenario.
pub(crate) const MOST: usize = 100;

/// What a document is worth that has a term with the right beginning, as the engine fixes it.
const PREFIX_SCORE: f32 = 1.0;

/// The constants of BM25 (Robertson and Zaragoza 2009), as the engine fixes them.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// What a query must answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expected {
    /// Number of documents that match.
    pub(crate) hits: u32,
    /// Scores of the best documents, best first: [`MOST`] of them, or all if there are fewer hits.
    pub(crate) scores: Vec<f32>,
}

/// Bytes per document while answering: postings of the terms that occur in queries.
const BYTES_PER_DOCUMENT: usize = 500;

/// Documents read per second, at the least.
const DOCUMENTS_PER_SECOND: f64 = 30_000.0;

/// The true answers to the queries of all families over the first documents of the corpus.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TruthFiles {
    items: usize,
}

impl TruthFiles {
    pub(crate) fn of(items: usize) -> Self {
        Self { items }
    }

    pub(crate) fn path(&self, context: &Context, family: &Family) -> Result<PathBuf, Failure> {
        Ok(context.prepared(self)?.join(file(family)))
    }
}

impl Artifact for TruthFiles {
    fn name(&self) -> String {
        "text/truth".into()
    }

    fn recipe(&self) -> Recipe {
        let recipe = FAMILIES
            .iter()
            .fold(Recipe::new("BM25 over plain postings"), |recipe, family| {
                recipe.with_recipe(family.name, &family.recipe(self.items))
            });
        recipe
            // Its rounding of lengths is part of what a score means.
            .with("tantivy", engine::TANTIVY)
            .with("top", MOST)
            .with_code("truth.rs", include_str!("truth.rs"))
            .with_code("postings.rs", include_str!("postings.rs"))
            .with_code("queries.rs", include_str!("queries.rs"))
            .with_code("corpus.rs", include_str!("corpus.rs"))
    }

    fn needs(&self) -> Needs {
        Needs::memory((self.items * BYTES_PER_DOCUMENT) as u64)
            .with_seconds(self.items as f64 / DOCUMENTS_PER_SECOND)
    }

    fn build(&self, context: &Context, directory: &Path) -> Result<(), Failure> {
        let corpus = Corpus::new();
        let asked: Vec<Vec<Query>> = FAMILIES
            .iter()
            .map(|family| family.queries(&corpus, self.items))
            .collect();
        let all = FAMILIES
            .iter()
            .zip(&asked)
            .flat_map(|(family, queries)| queries.iter().map(|query| (family.operator, query)));
        let progress = context.phase("reading the documents", self.items);
        let collection = Collection::read(&corpus, self.items, all, &progress);
        drop(progress);
        let progress = context.phase("finding the true answers", FAMILIES.len());
        for (family, queries) in FAMILIES.iter().zip(&asked) {
            let answers: Vec<Expected> = queries
                .iter()
                .map(|query| answer(&collection, family.operator, query))
                .collect();
            save(&directory.join(file(family)), &answers)?;
            progress.advance(1);
        }
        Ok(())
    }
}

fn file(family: &Family) -> String {
    format!("{}.words", family.name)
}

/// One list of postings of a query, and what an occurrence in it is worth.
struct Scored<'c> {
    postings: &'c [Posting],
    rarity: f64,
}

/// Answers one query by going through all its lists at once.
fn answer(collection: &Collection, operator: Operator, query: &Query) -> Expected {
    if operator == Operator::Prefix {
        let hits = collection.prefixes[&query.terms[0]];
        let scores = vec![PREFIX_SCORE; MOST.min(hits as usize)];
        return Expected { hits, scores };
    }
    let mut lists = lists(collection, operator, query);
    let needed = match operator {
        Operator::Any | Operator::Phrase | Operator::Prefix => 1,
        Operator::All => query.terms.len(),
    };
    let mut hits = 0;
    let mut best = Vec::with_capacity(MOST + 1);
    loop {
        let heads = lists.iter().filter_map(|list| list.postings.first());
        let Some(document) = heads.map(|posting| posting.document).min() else {
            break;
        };
        let (mut matched, mut score) = (0, 0.0);
        for list in &mut lists {
            if let Some((posting, rest)) = list.postings.split_first()
                && posting.document == document
            {
                matched += 1;
                score += list.rarity * weight(collection, posting);
                list.postings = rest;
            }
        }
        if matched >= needed {
            hits += 1;
            keep(&mut best, score);
        }
    }
    Expected {
        hits,
        scores: best.into_iter().map(|score| score as f32).collect(),
    }
}

/// The lists of a query, cut down to its window. How rare a term is depends on all documents.
fn lists<'c>(collection: &'c Collection, operator: Operator, query: &Query) -> Vec<Scored<'c>> {
    let mut lists = uncut(collection, operator, query);
    if let Some((first, end)) = query.window {
        for list in &mut lists {
            let before =
                |document: u32| list.postings.partition_point(|one| one.document < document);
            list.postings = &list.postings[before(first)..before(end)];
        }
    }
    lists
}

fn uncut<'c>(collection: &'c Collection, operator: Operator, query: &Query) -> Vec<Scored<'c>> {
    let of_terms = query.terms.iter().map(|term| {
        let postings = collection.terms[term].as_slice();
        let rarity = rarity(collection, postings.len());
        Scored { postings, rarity }
    });
    match (operator, query.terms.as_slice()) {
        // A phrase is as rare as its terms are together, however often they are next to each other.
        (Operator::Phrase, terms) => vec![Scored {
            rarity: of_terms.map(|list| list.rarity).sum(),
            postings: &collection.phrases[terms],
        }],
        (Operator::Any | Operator::All | Operator::Prefix, _) => of_terms.collect(),
    }
}

/// Keeps `best` the [`MOST`] highest scores, highest first.
fn keep(best: &mut Vec<f64>, score: f64) {
    let place = best.partition_point(|&kept| kept >= score);
    if place < MOST {
        best.insert(place, score);
        best.truncate(MOST);
    }
}

/// Inverse document frequency.
fn rarity(collection: &Collection, with_term: usize) -> f64 {
    let all = collection.rounded_lengths.len() as f64;
    let with_term = with_term as f64;
    (1.0 + (all - with_term + 0.5) / (with_term + 0.5)).ln()
}

/// Saturated and length-normalised term frequency.
fn weight(collection: &Collection, posting: &Posting) -> f64 {
    let rounded = collection.rounded_lengths[posting.document as usize];
    let length = f64::from(FieldNormReader::id_to_fieldnorm(rounded));
    let norm = K1 * (1.0 - B + B * length / collection.mean_length);
    let frequency = f64::from(posting.frequency);
    (K1 + 1.0) * frequency / (frequency + norm)
}

/// Saves answers: per query the hits, the number of scores, and the scores.
pub(crate) fn save(path: &Path, answers: &[Expected]) -> io::Result<()> {
    let words = answers.iter().flat_map(|expected| {
        [expected.hits, expected.scores.len() as u32]
            .into_iter()
            .chain(expected.scores.iter().map(|score| score.to_bits()))
    });
    words::write(path, words)
}

/// Loads what [`save`] saved.
pub(crate) fn load(path: &Path) -> io::Result<Vec<Expected>> {
    let words = words::read(path)?;
    let mut rest = words.as_slice();
    let mut answers = Vec::new();
    while !rest.is_empty() {
        let answer = match rest {
            &[hits, scores, ref behind @ ..] => behind
                .split_at_checked(scores as usize)
                .map(|(scores, behind)| (hits, scores, behind)),
            _ => None,
        };
        let Some((hits, scores, behind)) = answer else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "fewer scores than there should be",
            ));
        };
        answers.push(Expected {
            hits,
            scores: scores.iter().map(|&bits| f32::from_bits(bits)).collect(),
        });
        rest = behind;
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn postings(of: &[(u32, u32)]) -> Vec<Posting> {
        of.iter()
            .map(|&(document, frequency)| Posting {
                document,
                frequency,
            })
            .collect()
    }

    /// Two documents of length 2 and 4: `7 9` and `7 9 9 7`.
    fn collection() -> Collection {
        Collection {
            terms: HashMap::from([
                (7, postings(&[(0, 1), (1, 2)])),
                (8, Vec::new()),
                (9, postings(&[(0, 1), (1, 2)])),
                (3, postings(&[(1, 1)])),
            ]),
            phrases: HashMap::from([([9, 7], postings(&[(1, 1)]))]),
            prefixes: HashMap::from([(12, 2)]),
            rounded_lengths: vec![
                FieldNormReader::fieldnorm_to_id(2),
                FieldNormReader::fieldnorm_to_id(4),
            ],
            mean_length: 3.0,
        }
    }

    #[test]
    fn scores_by_hand() {
        let common = (1.0_f64 + 0.5 / 2.5).ln();
        let rare = (1.0_f64 + 1.5 / 1.5).ln();
        let short = 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * 2.0 / 3.0));
        let long = |frequency: f64| 2.2 * frequency / (frequency + 1.2 * (0.25 + 0.75 * 4.0 / 3.0));
        let all = None;
        for (operator, terms, window, expected) in [
            (
                Operator::Any,
                vec![7, 8],
                all,
                vec![common * long(2.0), common * short],
            ),
            // As rare as among all documents.
            (
                Operator::Any,
                vec![7, 8],
                Some((0, 1)),
                vec![common * short],
            ),
            (
                Operator::Any,
                vec![7, 8],
                Some((1, 2)),
                vec![common * long(2.0)],
            ),
            (Operator::All, vec![7, 9], Some((2, 9)), vec![]),
            (Operator::Prefix, vec![12], all, vec![1.0, 1.0]),
            (Operator::Any, vec![8], all, vec![]),
            (
                Operator::Any,
                vec![3, 7],
                all,
                vec![rare * long(1.0) + common * long(2.0), common * short],
            ),
            (
                Operator::All,
                vec![3, 7],
                all,
                vec![rare * long(1.0) + common * long(2.0)],
            ),
            (Operator::All, vec![7, 8], all, vec![]),
            (
                Operator::Phrase,
                vec![9, 7],
                all,
                vec![(common + common) * long(1.0)],
            ),
        ] {
            let query = Query { terms, window };
            let found = answer(&collection(), operator, &query);
            let scores: Vec<f32> = expected.into_iter().map(|score| score as f32).collect();
            let hits = scores.len() as u32;
            assert_eq!(found, Expected { hits, scores }, "{operator:?} {query:?}");
        }
    }

    #[test]
    fn the_best_are_kept_in_order() {
        let mut best = Vec::new();
        // Every number below 130 once, and one of them twice.
        for score in (0_u32..130).map(|at| at * 37 % 130).chain([77]) {
            keep(&mut best, f64::from(score));
        }
        let mut expected: Vec<f64> = (0..130).chain([77]).map(f64::from).collect();
        expected.sort_by(|a, b| b.total_cmp(a));
        expected.truncate(MOST);
        assert_eq!(best, expected);
    }

    #[test]
    fn answers_survive_the_disk() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("answers");
        let answers = [
            Expected {
                hits: 1,
                scores: vec![0.5],
            },
            Expected {
                hits: 0,
                scores: Vec::new(),
            },
            Expected {
                hits: 300,
                scores: vec![1.5; MOST],
            },
        ];
        save(&path, &answers).expect("is writable");
        assert_eq!(load(&path).expect("is whole"), answers);
        for cut in [&[3][..], &[3, 2, 0]] {
            words::write(&path, cut.iter().copied()).expect("is writable");
            assert!(load(&path).is_err(), "{cut:?}");
        }
    }
}
