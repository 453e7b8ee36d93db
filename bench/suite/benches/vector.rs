//! The scenarios of `vector` under criterion.

mod shared;

fn main() {
    shared::measure_all(&bench_suite::vector::scenarios());
}
