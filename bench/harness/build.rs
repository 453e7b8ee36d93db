//! Captures how the benchmarks were compiled: a running program can no longer find that out.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Cargo separates flags by the unit separator, because a flag may contain spaces.
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS")
        .unwrap_or_default()
        .replace('\u{1f}', " ");
    for (name, value) in [
        ("BENCH_RUSTC", rustc_version()),
        ("BENCH_PROFILE", env::var("PROFILE").unwrap_or_default()),
        ("BENCH_RUSTFLAGS", flags),
        (
            "BENCH_TARGET_FEATURES",
            env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default(),
        ),
    ] {
        println!("cargo::rustc-env={name}={value}");
    }
}

/// The first line of `rustc --version`; empty when the compiler does not answer, which the
/// harness shows as "unknown" rather than refusing to build.
fn rustc_version() -> String {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let Ok(output) = Command::new(rustc).arg("--version").output() else {
        return String::new();
    };
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
