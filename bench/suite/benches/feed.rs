//! The scenarios of `feed` under criterion.

mod shared;

fn main() {
    shared::measure_all(&bench_suite::feed::scenarios());
}
