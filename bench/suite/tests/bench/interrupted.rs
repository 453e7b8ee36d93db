//! Ctrl-C in the middle of a run.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::{cache, directory, document};

#[test]
fn an_interrupted_run_keeps_what_was_measured_and_names_what_is_missing() {
    let directory = directory();
    let mut running = Command::new(env!("CARGO_BIN_EXE_bench"))
        .current_dir(directory.path())
        .env("BENCH_CACHE", cache())
        .env_remove("BENCH_PLANT")
        .args(["run", "--tier", "tiny", "--only", "signals/write"])
        .args(["--sessions", "1000", "--repetitions", "1000"])
        .args(["--out", "out.json"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let stderr = running.stderr.take().expect("is piped");
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let is_measured = |line: &String| line.contains("repetition 2 signals/write");
    lines.find(is_measured).expect("it measures");

    // To the program alone: a terminal would tell the child too.
    let told = Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status();
    assert!(told.expect("kill is there").success());
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
