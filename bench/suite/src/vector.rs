//! Nearest-neighbour search over clustered vectors, on usearch.

mod asked;
mod build;
mod built;
pub(crate) mod checked;
mod collection;
mod curve;
mod delete;
mod disk;
mod exact;
mod filter;
mod filtered;
mod filtered_truth;
mod flat;
pub(crate) mod footprint;
mod get;
pub(crate) mod index;
mod indexing;
mod insert;
mod judge;
pub(crate) mod kinds;
mod links;
mod metadata;
pub(crate) mod rows;
mod save;
mod search;
mod signs;
mod stream;
mod tiering;
pub(crate) mod truth;
pub(crate) mod tune;
mod two_stage;

use bench_harness::{Scaled, Scenario, Tier};

/// How searching and building grow with the index.
static GROWTH: [Scaled; 2] = [
    Scaled {
        id: "vector/search/growth",
        about: "Searches of vector/search/k10 in indexes of three sizes, ten times apart. \
                A graph is worth its memory because a search grows as the logarithm of its size: ten \
                times the vectors cost a fraction more and not ten times as much. \
                Read growth.latency, the factor per tenfold of size: a search that lost its graph \
                shows here at sizes that do not hurt yet. growth.index_bytes is 10 for an index that \
                costs the same for every vector; growth.memory is a little less, because the queries \
                are there once for each size.",
        smallest_tier: Tier::Pr,
        of: &search::FAMILY[0],
        items: Tier::items,
        figures: &["index_bytes"],
        builds: false,
    },
    Scaled {
        id: "vector/build/growth",
        about: "Builds the index of vector/build/threads=1 at three sizes, ten times apart. \
                Adding a vector searches for its neighbours first, so a batch grows as a search does. \
                Read growth.latency, the factor by which a batch of 256 takes longer in an index of \
                ten times the size, averaged over its growing from empty. growth.build_time is that of \
                the whole index, and growth.memory that of what it and its rows take.",
        // A tenth of the items: smaller ones are a batch.
        smallest_tier: Tier::Nightly,
        of: &build::FAMILY[0],
        items: build::items,
        figures: &[],
        builds: true,
    },
];

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    let searches = search::FAMILY.iter().map(|one| -> &dyn Scenario { one });
    let filtered = filtered::FAMILY.iter().map(|one| -> &dyn Scenario { one });
    let others: [&dyn Scenario; 3] = [&curve::SearchCurve, &two_stage::TwoStage, &tiering::Tiering];
    searches
        .chain(filtered)
        .chain(others)
        .chain(disk::FAMILY.iter().map(|one| -> &dyn Scenario { one }))
        .chain(collection::scenarios())
        .chain(GROWTH.iter().map(|one| -> &dyn Scenario { one }))
        .collect()
}
