//! The scenarios of `coengage` under criterion.

mod shared;

fn main() {
    shared::measure_all(&bench_suite::coengage::scenarios());
}
