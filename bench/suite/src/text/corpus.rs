//! The documents: terms by Zipf-Mandelbrot rank, mixed with topics.
//!
//! If terms were drawn independently, two mid-frequency terms would almost never meet in a
//! document, and a query for both would do unrealistically little. So every document is about two
//! or three of 200 topics, and each topic prefers 2,000 terms of its own.

use std::ops::Range;

use bench_harness::Recipe;
use rand::RngExt;
use rand_distr::{Distribution, LogNormal};
use rand_pcg::Pcg64Mcg;

use crate::random::{SEED, Stream};

/// Number of distinct queries of a family.
pub(crate) const QUERIES: usize = 1_000;

/// Number of distinct terms. A term is its rank: 0 is the most frequent.
pub(crate) const TERMS: usize = 100_000;

/// Exponent and offset of the Zipf-Mandelbrot law, as fitted to English text.
const EXPONENT: f64 = 1.07;
const OFFSET: f64 = 2.7;

const TOPICS: usize = 200;
const TERMS_PER_TOPIC: usize = 2_000;

/// Share of a document's terms that its topics choose.
const TOPICAL: f64 = 0.5;

/// Median number of terms of a document, and the spread of its logarithm: 90 % have 20 to 80.
const MEDIAN_LENGTH: f64 = 40.0;
const LENGTH_SPREAD: f64 = 0.42;

/// Ranks of mid-frequency terms: frequent enough to cost something, rare enough to mean something.
pub(crate) const MID: Range<u32> = 50..5_000;

/// Makes any document from its id alone.
pub(crate) struct Corpus {
    documents: Stream,
    vocabulary: Ranks,
    topics: Vec<Vec<u32>>,
    topical: Ranks,
    length: LogNormal<f64>,
}

impl Corpus {
    pub(crate) fn new() -> Self {
        let topics = Stream::named("text/topics");
        let topic = |id: usize| {
            let mut random = topics.piece(id as u64);
            // Uniform in the logarithm of the rank: a topic has as many terms between ranks 50 and
            // 500 as between 500 and 5,000, so that its common terms meet in its documents.
            let ranks = f64::from(MID.start).ln()..(TERMS as f64).ln();
            (0..TERMS_PER_TOPIC)
                .map(|_| random.random_range(ranks.clone()).exp() as u32)
                .collect()
        };
        Self {
            documents: Stream::named("text/documents"),
            vocabulary: Ranks::new(TERMS),
            topics: (0..TOPICS).map(topic).collect(),
            topical: Ranks::new(TERMS_PER_TOPIC),
            length: LogNormal::new(MEDIAN_LENGTH.ln(), LENGTH_SPREAD)
                .expect("the parameters are in range"),
        }
    }

    /// Everything that determines the documents, and the queries of two terms, of `items`.
    pub(crate) fn recipe(items: usize) -> Recipe {
        Recipe::new("topical documents, version 1")
            .with("seed", SEED)
            .with("items", items)
            .with("queries", QUERIES)
            .with("terms", TERMS)
            .with("exponent", EXPONENT)
            .with("offset", OFFSET)
            .with("topics", TOPICS)
            .with("terms per topic", TERMS_PER_TOPIC)
            .with("topical share", TOPICAL)
            .with("median length", MEDIAN_LENGTH)
            .with("length spread", LENGTH_SPREAD)
            .with(
                "query terms",
                format_args!("ranks {} to {}", MID.start, MID.end),
            )
    }

    /// The terms of the document `id`, in order, with repeats.
    pub(crate) fn document(&self, id: u64) -> Vec<u32> {
        let mut random = self.documents.piece(id);
        let subjects: Vec<usize> = (0..random.random_range(2..=3))
            .map(|_| random.random_range(0..TOPICS))
            .collect();
        let length = self.length.sample(&mut random).round().max(1.0) as usize;
        let draw = |_| {
            if random.random_bool(TOPICAL) {
                let topic = subjects[random.random_range(0..subjects.len())];
                self.topics[topic][self.topical.sample(&mut random)]
            } else {
                self.term(&mut random)
            }
        };
        (0..length).map(draw).collect()
    }

    /// A term drawn as often as the language uses it, whatever the document is about.
    pub(crate) fn term(&self, random: &mut Pcg64Mcg) -> u32 {
        self.vocabulary.sample(random) as u32
    }
}

/// Ranks from 0 with Zipf-Mandelbrot frequencies.
struct Ranks {
    cumulative: Vec<f64>,
}

impl Ranks {
    fn new(count: usize) -> Self {
        let weights = (0..count).map(|rank| (rank as f64 + 1.0 + OFFSET).powf(-EXPONENT));
        let cumulative = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self {
            cumulative: cumulative.collect(),
        }
    }

    fn sample(&self, random: &mut Pcg64Mcg) -> usize {
        let total = self.cumulative[self.cumulative.len() - 1];
        let drawn = random.random::<f64>() * total;
        self.cumulative
            .partition_point(|&sum| sum <= drawn)
            .min(self.cumulative.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_depends_on_its_id_only() {
        let (one, other) = (Corpus::new(), Corpus::new());
        let batch: Vec<_> = (0..20).map(|id| one.document(id)).collect();
        assert_eq!(other.document(13), batch[13]);
        assert_ne!(batch[12], batch[13]);
    }

    #[test]
    fn version_1_never_changes() {
        // A change here makes every stored run incomparable: raise the version of the recipe.
        assert_eq!(
            Corpus::new().document(1)[..6],
            [37695, 26530, 45056, 2785, 191, 13709]
        );
    }

    #[test]
    fn lengths_and_frequencies_look_like_text() {
        let corpus = Corpus::new();
        let documents: Vec<_> = (0..2_000).map(|id| corpus.document(id)).collect();
        let usual = documents
            .iter()
            .filter(|document| (20..=80).contains(&document.len()))
            .count();
        assert!(
            (1_700..1_950).contains(&usual),
            "{usual} of 2000 documents have 20 to 80 terms"
        );
        let terms: Vec<u32> = documents.concat();
        let head =
            terms.iter().filter(|&&term| term < MID.start).count() as f64 / terms.len() as f64;
        assert!((0.1..0.4).contains(&head), "head terms are {head} of all");
    }
}
