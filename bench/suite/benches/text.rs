//! `text/search/two-terms` under criterion.

mod shared;

fn main() {
    shared::measure(&bench_suite::text::TextSearch);
}
