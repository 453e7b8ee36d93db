//! What users prefer, merged over their sessions.

mod merge;
mod model;
mod sessions;
mod traces;
mod user;

pub use sessions::{DIMENSIONS, Refused, Session, Sessions};

use bench_harness::{Layer, Scenario, Tier, Traffic};

use merge::Merge;

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    vec![
        &Merge {
            id: "session/merge",
            traffic: Traffic::Alone,
            layer: Layer::Facade,
            smallest_tier: Tier::Smoke,
        },
        &Merge {
            id: "session/merge/clients=2",
            traffic: Traffic::Clients(2),
            layer: Layer::Contention,
            smallest_tier: Tier::Pr,
        },
    ]
}
