//! `vector/search/k10` under criterion.

mod shared;

fn main() {
    shared::measure(&bench_suite::vector::VectorSearch);
}
