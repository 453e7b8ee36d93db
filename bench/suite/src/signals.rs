//! Decayed sums and windowed counts of what users do, in a concurrent map, on dashmap.
//!
//! | Part | |
//! |---|---|
//! | `window`, `buckets`, `signal` | one signal: how much it weighs and how often it happened, per window |
//! | `entity`, `holder`, `store` | the component: many entities in a map |
//! | `order` | what a memory budget needs: who was written least recently |
//! | `rollup`, `layout` | alternatives that were not chosen, kept to be measured |
//! | `events`, `start` | the workloads |
//! | `model`, `forgetting`, `check` | the truth |
//! | `write`, `raw`, `count`, `trim`, `bytes` | the scenarios and what they measure besides time |

mod buckets;
mod bytes;
mod check;
mod count;
pub(crate) mod entity;
pub(crate) mod events;
mod forgetting;
mod holder;
mod layout;
pub(crate) mod model;
mod order;
mod raw;
mod rollup;
pub(crate) mod signal;
mod start;
pub(crate) mod store;
mod trim;
pub(crate) mod window;
mod write;

use bench_harness::{Scaled, Scenario, Tier};

/// How a write grows with the number of entities.
static GROWTH: Scaled = Scaled {
    id: "signals/write/growth",
    about: "Writes of signals/write into components of three sizes, ten times apart. \
            Finding an entity takes as many steps in a large map as in a small one; what grows is the \
            share of them that miss the caches. \
            Read growth.latency, the factor per tenfold of entities, and growth.bytes_per_entity, \
            which is 1; growth.memory is less than 10, because there are as many events at most sizes.",
    smallest_tier: Tier::Pr,
    of: &write::FAMILY[0],
    items: Tier::items,
    figures: &["bytes_per_entity"],
    builds: false,
};

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    let writes = write::FAMILY.iter().map(|write| -> &dyn Scenario { write });
    let counts = count::FAMILY.iter().map(|count| -> &dyn Scenario { count });
    writes
        .chain([&raw::Raw::Array as &dyn Scenario, &raw::Raw::Map])
        .chain(counts)
        .chain([&trim::Trim as &dyn Scenario, &GROWTH])
        .collect()
}
