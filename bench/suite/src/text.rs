//! Ranked full-text search over topical documents, on tantivy.

pub(crate) mod asking;
pub(crate) mod corpus;
mod counting;
pub(crate) mod index;
mod indexing;
pub(crate) mod live;
mod merging;
pub(crate) mod policy;
mod postings;
pub(crate) mod queries;
pub(crate) mod schema;
mod search;
pub(crate) mod truth;
mod tune;
mod watched;

use bench_harness::Scenario;

pub use tune::tune;

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    let mut scenarios: Vec<&'static dyn Scenario> = Vec::new();
    scenarios.extend(search::SEARCHES.iter().map(|one| one as &dyn Scenario));
    scenarios.extend(indexing::INDEXING.iter().map(|one| one as &dyn Scenario));
    scenarios.push(&merging::TextMerging);
    scenarios
}
