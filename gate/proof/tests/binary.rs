//! The command, as a shell runs it.

use std::process::{Command, Output};

use gate_proof::outcomes::Recording;

fn proof(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_proof"))
        .args(arguments)
        .output()
        .expect("the binary starts")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("tables are UTF-8")
}

#[test]
fn a_recording_gives_the_same_tables_again() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("recording.json");
    let file = file.to_str().expect("the path is UTF-8");
    let simulated = proof(&[
        "simulate",
        "--gates",
        "3",
        "--scenarios",
        "4",
        "--history",
        "3",
        "--effect",
        "0%",
        "--effect",
        "10%",
        "--regime",
        "hosted",
        "--rivals",
        "--out",
        file,
    ]);
    assert!(simulated.status.success(), "{simulated:?}");
    let text = stdout(&simulated);
    assert_eq!(text.matches("**gate**, 5+10 pairs").count(), 2, "{text}");
    assert!(
        text.contains("| +10 % in 1 |") && text.contains("Bencher"),
        "{text}"
    );
    assert_eq!(stdout(&proof(&["table", file])), text);
}

#[test]
fn recordings_of_both_kinds_are_shown_together() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let [simulated, real] = ["simulated.json", "real.json"].map(|name| directory.join(name));
    let [simulated, real] = [&simulated, &real].map(|p| p.to_str().expect("the path is UTF-8"));
    let small = ["--gates", "1", "--scenarios", "2", "--history", "3"];
    let first = proof(&[&["simulate", "--out", simulated][..], &small].concat());
    assert!(first.status.success(), "{first:?}");
    let text = include_str!("real.json");
    std::fs::write(real, text).expect("the directory is writable");
    let both = proof(&["table", simulated, real]);
    assert_eq!(
        stdout(&both),
        format!("{}\n{}", stdout(&first), include_str!("real.md")),
    );
    let of_the_future = text.replace("gate.proof-real/1", "gate.proof-real/2");
    std::fs::write(real, of_the_future).expect("the directory is writable");
    let refused = proof(&["table", real]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("gate.proof-real/2"));
}

#[test]
fn what_was_compared_once_is_recorded_without_calibration_and_time() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("stored.json");
    let file = file.to_str().expect("the path is UTF-8");
    let small = ["--gates", "1", "--scenarios", "2", "--stored", "3"];
    let compared = proof(&[&["simulate", "--out", file][..], &small].concat());
    assert!(compared.status.success(), "{compared:?}");
    let text = std::fs::read_to_string(file).expect("was written");
    let recording = Recording::parse(&text).expect("a recording");
    let conditions = &recording.outcomes[0].conditions;
    assert_eq!(conditions.history, 0);
    assert_eq!(conditions.budget.to_bits(), 1.0_f64.to_bits());
}

#[test]
fn a_neighbour_ends_with_its_standard_input() {
    // `output` closes it at once.
    let ended = proof(&["neighbour", "--seed", "1"]);
    assert!(ended.status.success(), "{ended:?}");
}

#[test]
fn mistakes_are_named_and_exit_with_2() {
    for (arguments, said) in [
        (&["simulate", "--effect", "5"][..], "write a percentage"),
        (
            &["simulate", "--regime", "calm"],
            "[possible values: quiet, hosted",
        ),
        (
            &["simulate", "--workload", "recall", "--rivals"],
            "needs --workload latency",
        ),
        (
            &["simulate", "--planted", "3", "--scenarios", "2"],
            "--planted 3 of --scenarios 2: there are not that many",
        ),
        (&["table", "nothing.json"], "nothing.json"),
        (
            &["check", "--gates", "1", "--out", "o", "--case", "work-6"],
            "[possible values: unchanged, work-5",
        ),
        (
            &["check", "--gates", "1", "--out", "o", "--budget", "60"],
            "write it as 10m or 90s",
        ),
        (
            &["check", "--gates", "1", "--out", "o", "--plant-only", "a{b"],
            "write a glob over scenario names",
        ),
        (
            &["check", "--gates", "1", "--out", "o", "--bench", "no-bench"],
            "no-bench: ",
        ),
    ] {
        let output = proof(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}
