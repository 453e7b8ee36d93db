//! The scenarios of `text` under criterion.

mod shared;

fn main() {
    shared::measure_all(&bench_suite::text::scenarios());
}
