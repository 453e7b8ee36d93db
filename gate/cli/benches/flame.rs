//! Two profiles of 10 MB each, from text to differential flamegraph.
//!
//! `cargo bench -p gate-cli --bench flame`; the time is criterion's, the peak memory that of the whole
//! process, which holds both texts too. The figures are quoted in `docs/performance.md`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use gate_render::{FlameSide, differential_flamegraph};

/// Size of each text.
const BYTES: usize = 10_000_000;

/// Depth of the stacks: a third of what perf records at most.
const DEPTH: u64 = 40;

/// A made-up profile of 5,000 functions.
fn folded(seed: u64) -> String {
    let mut random = seed;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut text = String::with_capacity(BYTES + 4096);
    while text.len() < BYTES {
        text.push_str("bench;main");
        for level in 0..DEPTH {
            // Few functions near the root and many near the leaves, as programs have.
            let _ = write!(text, ";engine::level{level}::f{}", next(2 + level * 6));
        }
        let _ = writeln!(text, " {}", 1 + next(50));
    }
    text
}

fn draw(baseline: &str, candidate: &str) -> String {
    let read = |text: &str| {
        let profile = gate_import::profile::read(text.as_bytes()).expect("sound");
        gate_core::profile::normalise(&profile.stacks)
    };
    let sides = [read(baseline), read(candidate)];
    let [baseline, candidate] = [0, 1].map(|at| FlameSide {
        stacks: &sides[at],
        about: None,
    });
    differential_flamegraph(&baseline, &candidate, None).expect("has samples")
}

fn flame(criterion: &mut Criterion) {
    let texts = [folded(1), folded(2)];
    let mut group = criterion.benchmark_group("flame");
    group.sample_size(10);
    group.bench_function("differential/10MB", |bencher| {
        bencher.iter(|| draw(black_box(&texts[0]), black_box(&texts[1])));
    });
    group.finish();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    println!("{}", peak.unwrap_or("VmHWM: unknown"));
}

criterion_group!(benches, flame);
criterion_main!(benches);
