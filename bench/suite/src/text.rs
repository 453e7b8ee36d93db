//! Ranked full-text search over topical documents, on tantivy.

mod corpus;
mod index;
mod search;
mod truth;

use bench_harness::Scenario;

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    vec![&search::TextSearch]
}
