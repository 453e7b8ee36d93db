//! The `bench` program: the harness with the scenarios and verbs of this suite.

use std::process::ExitCode;

fn main() -> ExitCode {
    bench_harness::main_with(
        &bench_suite::scenarios(),
        &bench_suite::verbs(),
        std::env::args_os(),
    )
}
