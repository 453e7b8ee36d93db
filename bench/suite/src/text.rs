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
mod steady;
pub(crate) mod truth;
mod tune;
#[cfg(test)]
mod vocabulary;
mod watched;

use bench_harness::{Scaled, Scenario, Tier};

pub use tune::tune;

/// How a search grows with the index.
static GROWTH: Scaled = Scaled {
    id: "text/search/growth",
    about: "Searches of text/search/two-terms in indexes of three sizes, ten times apart. \
            Lists of documents grow with their number, and skipping makes up for most of it. \
            Read growth.latency, the factor per tenfold of size: 10 would mean that nothing is \
            skipped. growth.segments is 1 where merging keeps their number.",
    smallest_tier: Tier::Pr,
    of: &search::SEARCHES[0],
    items: Tier::items,
    figures: &["index_bytes", "segments"],
    builds: false,
};

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    let mut scenarios: Vec<&'static dyn Scenario> = Vec::new();
    scenarios.extend(search::SEARCHES.iter().map(|one| one as &dyn Scenario));
    scenarios.extend(indexing::INDEXING.iter().map(|one| one as &dyn Scenario));
    scenarios.push(&merging::TextMerging);
    scenarios.push(&GROWTH);
    scenarios
}
