//! Plain postings lists of the terms and phrases that queries ask for.

use std::collections::HashMap;

use bench_harness::Phase;
use tantivy::fieldnorm::FieldNormReader;

use super::corpus::{Corpus, TERMS};
use super::queries::{Operator, Query, beginnings};

/// One document of a postings list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posting {
    pub(super) document: u32,
    pub(super) frequency: u32,
}

/// Documents in ascending order, each with how often.
pub(super) type Postings = Vec<Posting>;

/// What BM25 needs to know about the documents.
pub(super) struct Collection {
    /// Postings of the terms that occur in queries.
    pub(super) terms: HashMap<u32, Postings>,
    /// Postings of the phrases that are asked for.
    pub(super) phrases: HashMap<[u32; 2], Postings>,
    /// How many documents have a term that begins as one of these does, for those that are asked for.
    pub(super) prefixes: HashMap<u32, u32>,
    /// Lengths in the engine's one-byte rounding, which is part of what a score means there.
    pub(super) rounded_lengths: Vec<u8>,
    pub(super) mean_length: f64,
}

impl Collection {
    /// Reads the first `items` documents for what `queries` ask.
    pub(super) fn read<'q>(
        corpus: &Corpus,
        items: usize,
        queries: impl IntoIterator<Item = (Operator, &'q Query)>,
        progress: &Phase,
    ) -> Self {
        let mut lists = Lists::empty();
        for (operator, query) in queries {
            lists.want(operator, query);
        }
        let mut rounded_lengths = Vec::with_capacity(items);
        let mut all_terms = 0;
        for document in 0..items as u32 {
            let terms = corpus.document(u64::from(document));
            all_terms += terms.len();
            rounded_lengths.push(FieldNormReader::fieldnorm_to_id(terms.len() as u32));
            lists.add(document, &terms);
            progress.advance(1);
        }
        let mean_length = all_terms as f64 / items as f64;
        lists.into_collection(rounded_lengths, mean_length)
    }
}

/// Postings while they are read: looking a term up is an index, because every term of every
/// document is.
struct Lists {
    terms: Vec<Option<Postings>>,
    phrases: HashMap<[u32; 2], Postings>,
    /// By term, whether a phrase starts with it.
    starts_phrase: Vec<bool>,
    /// By what terms begin with. Their postings would be longer than those of all terms together.
    prefixes: Vec<Option<Tally>>,
}

/// Counts documents, each once.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    documents: u32,
    /// The one that was counted last.
    last: Option<u32>,
}

impl Tally {
    fn count(&mut self, document: u32) {
        if self.last.replace(document) != Some(document) {
            self.documents += 1;
        }
    }
}

impl Lists {
    fn empty() -> Self {
        Self {
            terms: vec![None; TERMS],
            phrases: HashMap::new(),
            starts_phrase: vec![false; TERMS],
            prefixes: vec![None; TERMS],
        }
    }

    fn want(&mut self, operator: Operator, query: &Query) {
        if operator == Operator::Prefix {
            for &prefix in &query.terms {
                self.prefixes[prefix as usize].get_or_insert_default();
            }
            return;
        }
        for &term in &query.terms {
            self.terms[term as usize].get_or_insert_default();
        }
        if let (Operator::Phrase, &[first, second]) = (operator, query.terms.as_slice()) {
            self.phrases.insert([first, second], Vec::new());
            self.starts_phrase[first as usize] = true;
        }
    }

    fn add(&mut self, document: u32, terms: &[u32]) {
        for &term in terms {
            if let Some(list) = &mut self.terms[term as usize] {
                count(list, document);
            }
            for beginning in beginnings(term) {
                if let Some(tally) = &mut self.prefixes[beginning as usize] {
                    tally.count(document);
                }
            }
        }
        for pair in terms.windows(2) {
            if self.starts_phrase[pair[0] as usize]
                && let Some(list) = self.phrases.get_mut(pair)
            {
                count(list, document);
            }
        }
    }

    fn into_collection(self, rounded_lengths: Vec<u8>, mean_length: f64) -> Collection {
        let terms = (0..).zip(self.terms);
        let prefixes = (0..).zip(self.prefixes);
        Collection {
            terms: terms
                .filter_map(|(term, list)| Some((term, list?)))
                .collect(),
            phrases: self.phrases,
            prefixes: prefixes
                .filter_map(|(prefix, tally)| Some((prefix, tally?.documents)))
                .collect(),
            rounded_lengths,
            mean_length,
        }
    }
}

/// Counts one more occurrence in the last document.
fn count(list: &mut Postings, document: u32) {
    match list.last_mut() {
        Some(last) if last.document == document => last.frequency += 1,
        _ => list.push(Posting {
            document,
            frequency: 1,
        }),
    }
}
