//! Feeds and searches: several components behind one request.

use bench_harness::Scenario;

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    Vec::new()
}
