//! Decayed counters of what users do, in a concurrent map, on dashmap.

mod entity;
mod events;
mod model;
mod write;

use bench_harness::Scenario;

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    vec![&write::SignalWrite]
}
