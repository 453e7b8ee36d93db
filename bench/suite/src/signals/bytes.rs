//! What a component takes in memory.

use bench_harness::memory::allocated_bytes;
use bench_harness::scenario::metric;
use bench_harness::schema::{DeclaredMetric, Direction, Kind, Unit};

/// A metric in bytes, smaller being better. Declared only where the allocator tells: declared and
/// absent would read as missing.
pub(crate) fn declared(name: &'static str) -> Option<DeclaredMetric> {
    let bytes = metric(name, Kind::Value, Unit::Bytes, Direction::Lower);
    allocated_bytes().map(|_| bytes)
}

/// Drops a component and tells how many bytes the allocator got back: exactly what it held, whatever
/// else has come and gone since it was made.
pub(crate) fn given_back<T>(component: T) -> Option<f64> {
    let full = allocated_bytes();
    drop(component);
    full.zip(allocated_bytes())
        .map(|(full, empty)| full.saturating_sub(empty) as f64)
}
