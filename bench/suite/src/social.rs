//! Who follows and blocks whom.

mod filter;
mod followed;
pub(crate) mod graph;
mod relations;
mod sets;

pub use graph::Graph;
pub use relations::{Chosen, Social};
pub use sets::Creator;

use bench_harness::{Scenario, Tier};

use filter::Filter;
use followed::Followed;

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    vec![
        &Filter {
            id: "social/filter/candidates=200",
            candidates: 200,
            smallest_tier: Tier::Smoke,
        },
        &Filter {
            id: "social/filter/candidates=500",
            candidates: 500,
            smallest_tier: Tier::Pr,
        },
        &Followed {
            id: "social/filter/0.1pct",
            per_mille: 1,
            operations: 10_000,
            smallest_tier: Tier::Nightly,
        },
        &Followed {
            id: "social/filter/1pct",
            per_mille: 10,
            operations: 10_000,
            smallest_tier: Tier::Pr,
        },
        &Followed {
            id: "social/filter/10pct",
            per_mille: 100,
            operations: 10_000,
            smallest_tier: Tier::Pr,
        },
        &Followed {
            id: "social/filter/50pct",
            per_mille: 500,
            operations: 2_000,
            smallest_tier: Tier::Pr,
        },
    ]
}
