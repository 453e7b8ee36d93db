//! What is engaged with together, in bounded memory.

mod events;
mod evict;
mod index;
mod model;
mod neighbours;
mod recency;
mod related;
mod truth;

pub use index::{Bounds, CoEngagement};
pub use neighbours::Neighbour;

use bench_harness::Scenario;

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    vec![&evict::Evict, &related::Related]
}
