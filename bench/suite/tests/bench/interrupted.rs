//! Ctrl-C in the middle of a run.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::{cache, directory, document};

/// A run that takes for ever.
fn start(directory: &Path, cache: &Path, tier: &str, scenarios: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.arg("run");
    for scenario in scenarios {
        command.args(["--only", scenario]);
    }
    command
        .current_dir(directory)
        .env("BENCH_CACHE", cache)
        .env_remove("BENCH_PLANT")
        .args(["--tier", tier, "--out", "out.json"])
        .args(["--sessions", "1000", "--repetitions", "1000"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// To the program alone: a terminal would tell the child too.
fn interrupt(running: &Child) {
    let told = Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status();
    assert!(told.expect("kill is there").success());
}

#[test]
fn a_run_that_is_interrupted_while_preparing_prepares_nothing_more() {
    let directory = directory();
    let scenarios = ["vector/search/k10", "text/search/two-terms"];
    let mut running = start(
        directory.path(),
        &directory.path().join("cache"),
        "tiny",
        &scenarios,
    );
    let stderr = running.stderr.take().expect("is piped");
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let is_preparing = |line: &String| line.contains("preparing vector/index");
    lines.find(is_preparing).expect("it prepares");
    interrupt(&running);
    let said: Vec<String> = lines.collect();
    assert_eq!(running.wait().expect("it ends").code(), Some(1));
    let is_said = |text: &str| said.iter().any(|line| line.contains(text));
    assert!(is_said("interrupted while preparing"), "{said:?}");
    assert!(!is_said("preparing text/index"), "{said:?}");
    assert!(!directory.path().join("out.json").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_run_started_ends_when_it_is_killed() {
    let directory = directory();
    let cache = directory.path().join("cache");
    // Large enough that it is far from built when the run is killed.
    let mut running = start(directory.path(), &cache, "smoke", &["vector/search/k10"]);
    let stderr = running.stderr.take().expect("is piped");
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let is_preparing = |line: &String| line.contains("preparing vector/index");
    lines.find(is_preparing).expect("it prepares");
    running.kill().expect("it runs");
    // Until whoever prepares has let go of it as well.
    let said: Vec<String> = lines.collect();
    running.wait().expect("it ended");
    let is_built = said.iter().any(|line| line.contains("building the index"));
    assert!(!is_built, "{said:?}");
}

#[test]
fn an_interrupted_run_keeps_what_was_measured_and_names_what_is_missing() {
    let directory = directory();
    let mut running = start(directory.path(), &cache(), "tiny", &["signals/write"]);
    let stderr = running.stderr.take().expect("is piped");
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let is_measured = |line: &String| line.contains("repetition 2 signals/write");
    lines.find(is_measured).expect("it measures");

    interrupt(&running);
    let said: Vec<String> = lines.collect();
    assert_eq!(running.wait().expect("it ends").code(), Some(1));
    let is_said = |text: &str| said.iter().any(|line| line.contains(text));
    assert!(
        is_said("interrupted: what was measured is kept"),
        "{said:?}"
    );
    assert!(
        is_said("not measured: signals/write (interrupted)"),
        "{said:?}"
    );

    let run = document(directory.path());
    assert_eq!(run.validate(), Ok(()));
    assert!(run.sessions[0].scenarios[0].repetitions.len() >= 2);
    assert_eq!(run.failures[0].how, "interrupted");
}
