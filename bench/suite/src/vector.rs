//! Nearest-neighbour search over clustered vectors, on usearch.

mod index;
mod rows;
mod search;
mod truth;

use bench_harness::Scenario;

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    vec![&search::VectorSearch]
}
