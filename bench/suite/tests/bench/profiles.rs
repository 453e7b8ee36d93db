//! Profiles of the real program.

use std::fs;

use super::{code_and_stderr, command, directory};

const SCENARIO: &str = "signals/write";

#[test]
fn without_perf_the_process_samples_itself_and_says_so() {
    let directory = directory();
    let arguments = [
        "profile", "--tier", "tiny", "--only", SCENARIO, "--out", "p",
    ];
    // A path that exists and has no program in it.
    let mut command = command(directory.path(), &arguments);
    let output = command.env("PATH", directory.path()).output();
    let output = output.expect("the program starts");
    let (code, stderr) = code_and_stderr(&output);
    assert_eq!(code, Some(0), "{stderr}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("by in-process (cpu-clock; perf is not installed)"),
        "{said}"
    );
    let stored = fs::read(directory.path().join("p/signals.write.folded.zst"));
    // zstd's magic number; what is inside was read back by the program itself.
    assert!(
        stored
            .expect("is there")
            .starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
    );
}

#[test]
fn one_variable_is_a_file_for_one_profile() {
    let directory = directory();
    let arguments = [
        "run",
        "--tier",
        "tiny",
        "--only",
        SCENARIO,
        "--repetitions",
        "2",
    ];
    let arguments = [&arguments[..], &["--out", "out.json"]].concat();
    let mut command = command(directory.path(), &arguments);
    let output = command.env("GATE_PROFILE", "profile").output();
    let (code, stderr) = code_and_stderr(&output.expect("the program starts"));
    assert_eq!(code, Some(2), "{stderr}");
    assert!(
        stderr.contains("$GATE_PROFILE names a file for one profile"),
        "{stderr}"
    );
    assert!(!directory.path().join("out.json").exists());
}

#[test]
fn a_profile_that_could_not_be_taken_is_the_last_word() {
    let directory = directory();
    let arguments = [
        "run", "--tier", "tiny", "--only", SCENARIO, "--out", "out.json",
    ];
    let mut command = command(directory.path(), &arguments);
    let output = command
        .args(["--sessions", "1", "--repetitions", "1"])
        .env("GATE_PROFILE", "nowhere/profile")
        .env("PATH", directory.path())
        .output();
    let (code, stderr) = code_and_stderr(&output.expect("the program starts"));
    assert_eq!(code, Some(1), "{stderr}");
    let last = stderr
        .lines()
        .rev()
        .find(|line| line.starts_with("error: "));
    assert_eq!(
        last.map(|line| line.starts_with("error: no profile: cannot write nowhere/profile")),
        Some(true),
        "{stderr}"
    );
    assert!(
        directory.path().join("out.json").exists(),
        "the run is sound"
    );
}
