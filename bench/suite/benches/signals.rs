//! The scenarios of `signals` under criterion.

mod shared;

fn main() {
    shared::measure_all(&bench_suite::signals::scenarios());
}
