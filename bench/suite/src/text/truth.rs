//! The true answers: BM25 over plain postings lists, in double precision, without an engine.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use bench_harness::{Artifact, Context, Failure, Needs, Phase, Recipe, Tier};
use tantivy::fieldnorm::FieldNormReader;

use super::corpus::{Corpus, Query};
use crate::{engine, words};

/// Ranked documents per query.
pub(crate) const TOP: usize = 10;

/// The constants of BM25 (Robertson and Zaragoza 2009), as the engine fixes them.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// What a query must answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expected {
    /// Number of documents with at least one of the terms.
    pub(crate) hits: u32,
    /// Scores of the best documents, best first: [`TOP`] of them, or all if there are fewer hits.
    pub(crate) scores: Vec<f32>,
}

const FILE: &str = "truth.words";

/// Bytes per document while answering: postings of the terms that occur in queries.
const BYTES_PER_DOCUMENT: usize = 400;

/// Documents read per second, at the least.
const DOCUMENTS_PER_SECOND: f64 = 100_000.0;

/// The true answers to the corpus's queries over its first documents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TruthFiles {
    items: usize,
}

impl TruthFiles {
    pub(crate) fn of(tier: Tier) -> Self {
        Self {
            items: tier.items(),
        }
    }

    pub(crate) fn path(&self, context: &Context) -> Result<PathBuf, Failure> {
        Ok(context.prepared(self)?.join(FILE))
    }
}

impl Artifact for TruthFiles {
    fn name(&self) -> String {
        "text/truth".into()
    }

    fn recipe(&self) -> Recipe {
        Recipe::new("BM25 over plain postings")
            .with_recipe("input", &Corpus::recipe(self.items))
            // Its rounding of lengths is part of what a score means.
            .with("tantivy", engine::TANTIVY)
            .with("top", TOP)
            .with_code("truth.rs", include_str!("truth.rs"))
            .with_code("corpus.rs", include_str!("corpus.rs"))
    }

    fn needs(&self) -> Needs {
        Needs::memory((self.items * BYTES_PER_DOCUMENT) as u64)
            .with_seconds(self.items as f64 / DOCUMENTS_PER_SECOND)
    }

    fn build(&self, context: &Context, directory: &Path) -> Result<(), Failure> {
        let progress = context.phase("finding the true answers", self.items);
        let corpus = Corpus::new();
        let queries = corpus.queries(self.items);
        let answers = answer(&corpus, self.items, &queries, &progress);
        Ok(save(&directory.join(FILE), &answers)?)
    }
}

/// One document of a postings list.
#[derive(Clone, Copy)]
struct Posting {
    document: u32,
    frequency: u32,
}

/// Answers all queries over the first `items` documents.
pub(crate) fn answer(
    corpus: &Corpus,
    items: usize,
    queries: &[Query],
    progress: &Phase,
) -> Vec<Expected> {
    let collection = Collection::read(corpus, items, queries, progress);
    queries
        .iter()
        .map(|query| collection.answer(query))
        .collect()
}

/// What BM25 needs to know about the documents.
struct Collection {
    /// Postings of the terms that occur in queries, by document.
    postings: HashMap<u32, Vec<Posting>>,
    /// Lengths in the engine's one-byte rounding, which is part of what a score means there.
    rounded_lengths: Vec<u8>,
    mean_length: f64,
}

impl Collection {
    fn read(corpus: &Corpus, items: usize, queries: &[Query], progress: &Phase) -> Self {
        let mut postings: HashMap<u32, Vec<Posting>> = queries
            .iter()
            .flatten()
            .map(|&term| (term, Vec::new()))
            .collect();
        let mut rounded_lengths = Vec::with_capacity(items);
        let mut all_terms = 0;
        for document in 0..items as u32 {
            let terms = corpus.document(u64::from(document));
            all_terms += terms.len();
            rounded_lengths.push(FieldNormReader::fieldnorm_to_id(terms.len() as u32));
            for term in terms {
                let Some(list) = postings.get_mut(&term) else {
                    continue;
                };
                match list.last_mut() {
                    Some(last) if last.document == document => last.frequency += 1,
                    _ => list.push(Posting {
                        document,
                        frequency: 1,
                    }),
                }
            }
            progress.advance(1);
        }
        Self {
            postings,
            rounded_lengths,
            mean_length: all_terms as f64 / items as f64,
        }
    }

    fn answer(&self, query: &Query) -> Expected {
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for term in query {
            let list = &self.postings[term];
            let rarity = self.rarity(list.len());
            for posting in list {
                *scores.entry(posting.document).or_default() += rarity * self.weight(posting);
            }
        }
        let hits = scores.len() as u32;
        let mut best: Vec<f64> = scores.into_values().collect();
        best.sort_unstable_by(|a, b| b.total_cmp(a));
        best.truncate(TOP);
        Expected {
            hits,
            scores: best.into_iter().map(|score| score as f32).collect(),
        }
    }

    /// Inverse document frequency.
    fn rarity(&self, with_term: usize) -> f64 {
        let (all, with_term) = (self.rounded_lengths.len() as f64, with_term as f64);
        (1.0 + (all - with_term + 0.5) / (with_term + 0.5)).ln()
    }

    /// Saturated and length-normalised term frequency.
    fn weight(&self, posting: &Posting) -> f64 {
        let length =
            FieldNormReader::id_to_fieldnorm(self.rounded_lengths[posting.document as usize]);
        let norm = K1 * (1.0 - B + B * f64::from(length) / self.mean_length);
        let frequency = f64::from(posting.frequency);
        (K1 + 1.0) * frequency / (frequency + norm)
    }
}

/// Saves answers: per query the hits, then as many scores as hits allow.
pub(crate) fn save(path: &Path, answers: &[Expected]) -> io::Result<()> {
    let words = answers.iter().flat_map(|expected| {
        [expected.hits]
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
    while let Some((&hits, behind)) = rest.split_first() {
        let Some((scores, behind)) = behind.split_at_checked(TOP.min(hits as usize)) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "fewer scores than hits",
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
    use super::*;

    #[test]
    fn scores_by_hand() {
        // Two documents of length 2 and 4; term 7 occurs once in the first and twice in the second.
        let postings = vec![
            Posting {
                document: 0,
                frequency: 1,
            },
            Posting {
                document: 1,
                frequency: 2,
            },
        ];
        let collection = Collection {
            postings: HashMap::from([(7, postings), (8, Vec::new())]),
            rounded_lengths: vec![
                FieldNormReader::fieldnorm_to_id(2),
                FieldNormReader::fieldnorm_to_id(4),
            ],
            mean_length: 3.0,
        };
        let expected = collection.answer(&[7, 8]);
        let rarity = (1.0_f64 + 0.5 / 2.5).ln();
        let first = rarity * 2.2 * 2.0 / (2.0 + 1.2 * (0.25 + 0.75 * 4.0 / 3.0));
        let second = rarity * 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * 2.0 / 3.0));
        assert_eq!(
            expected,
            Expected {
                hits: 2,
                scores: vec![first as f32, second as f32]
            }
        );
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
                scores: vec![1.5; TOP],
            },
        ];
        save(&path, &answers).expect("is writable");
        assert_eq!(load(&path).expect("is whole"), answers);
        words::write(&path, [3, 0]).expect("is writable");
        assert!(load(&path).is_err());
    }
}
