//! What is engaged with together, in bounded memory.

use bench_harness::Scenario;

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    Vec::new()
}
