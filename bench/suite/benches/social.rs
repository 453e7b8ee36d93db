//! The scenarios of `social` under criterion.

mod shared;

fn main() {
    shared::measure_all(&bench_suite::social::scenarios());
}
