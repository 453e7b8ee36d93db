//! `signals/write` under criterion.

mod shared;

fn main() {
    shared::measure(&bench_suite::signals::SignalWrite);
}
