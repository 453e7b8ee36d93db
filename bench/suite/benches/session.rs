//! The scenarios of `session` under criterion.

mod shared;

fn main() {
    shared::measure_all(&bench_suite::session::scenarios());
}
