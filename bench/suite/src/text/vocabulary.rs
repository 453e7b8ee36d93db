//! The range in which generated text grows as real text does.
//!
//! Heaps' law: a text of n terms has about k n^b different ones, with b near 0.5 in English (0.49 in the
//! news of RCV1). A vocabulary of any size follows it up to some length and is used up behind that.

use std::collections::HashSet;

use super::corpus::{Corpus, TERMS};

#[test]
fn words_keep_coming_up_to_ten_thousand_documents_and_are_used_up_behind_that() {
    let corpus = Corpus::new();
    let (mut seen, mut length) = (HashSet::new(), 0_usize);
    // (different terms, terms) of the first so many documents.
    let [thousand, ten, forty] = [0..1_000_u64, 1_000..10_000, 10_000..40_000].map(|ids| {
        for terms in ids.map(|id| corpus.document(id)) {
            length += terms.len();
            seen.extend(terms);
        }
        (seen.len() as f64, length as f64)
    });
    let exponent =
        |one: (f64, f64), other: (f64, f64)| (other.0 / one.0).ln() / (other.1 / one.1).ln();
    let (as_real_text, beyond) = (exponent(thousand, ten), exponent(ten, forty));
    assert!(
        (0.5..0.6).contains(&as_real_text),
        "{as_real_text}: {thousand:?} to {ten:?}"
    );
    // Half of all terms are in use by then.
    assert!(
        (0.2..0.4).contains(&beyond),
        "{beyond}: {ten:?} to {forty:?}"
    );
    assert!(forty.0 < TERMS as f64);
}
