//! Nearest-neighbour search over clustered vectors, on usearch.

mod asked;
mod build;
mod built;
pub(crate) mod checked;
mod collection;
mod curve;
mod delete;
mod filter;
mod filtered;
mod filtered_truth;
mod flat;
mod get;
pub(crate) mod index;
mod indexing;
mod insert;
mod judge;
mod kinds;
mod links;
mod metadata;
pub(crate) mod rows;
mod save;
mod search;
mod signs;
mod stream;
pub(crate) mod truth;
pub(crate) mod tune;
mod two_stage;

use bench_harness::Scenario;

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    let searches = search::FAMILY.iter().map(|one| -> &dyn Scenario { one });
    let filtered = filtered::FAMILY.iter().map(|one| -> &dyn Scenario { one });
    let others: [&dyn Scenario; 2] = [&curve::SearchCurve, &two_stage::TwoStage];
    searches
        .chain(filtered)
        .chain(others)
        .chain(collection::scenarios())
        .collect()
}
