//! The `bench` program: the harness with the scenarios of this suite.

use std::process::ExitCode;

fn main() -> ExitCode {
    bench_harness::main(&bench_suite::scenarios())
}
