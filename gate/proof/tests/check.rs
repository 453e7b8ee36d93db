//! Whole gates of stand-ins: scripts that end as real gates do on bad days.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use gate_core::evaluate::Known;
use gate_proof::documents::{Documents, Part, Seen};
use gate_proof::judge::{Gate, Judge as _};
use gate_proof::noise::{Regime, Simulated};
use gate_proof::real::record::{GateRecord, Recording};
use gate_proof::workload::{Fleet, Workload};
use tempfile::TempDir;

/// Leaves the documents of a gate that passed where it is told to, and counts gates in `count`.
const PASSES: &str = r#"#!/bin/sh
while [ "$1" != --runs ]; do shift; done
leave() { cp documents/*.json "$1"; }
echo gate >> count
gates=$(wc -l < count)
"#;

/// A repository with a stand-in for gate that goes on as `then` says.
fn repository(then: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("inside the directory")).expect("writable");
        fs::write(path, text).expect("writable");
    };
    write("baselines/gate.toml", "[measure]\nbuild = \"make\"\n");
    write("bench", "");
    write("gate", &format!("{PASSES}{then}\n"));
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(directory.path().join("gate"), executable).expect("writable");
    for (name, text) in documents() {
        write(&format!("documents/{name}"), &text);
    }
    directory
}

fn documents() -> [(&'static str, String); 3] {
    let fleet = Fleet::new(Simulated::new(1, Regime::Quiet, 1), Workload::Counter, 1);
    let mut left = Documents::new(&fleet).expect("sound documents");
    let part = Part {
        scenario: 0,
        pairs: 5,
    };
    left.measure(&fleet, 0, &[part]).expect("sound documents");
    let sides = [&left.baseline, &left.candidate].map(|run| Seen::new(run).expect("sound"));
    let sides = [sides[0].side(), sides[1].side()];
    let report = Gate::default().evaluate(sides, &Known::default());
    let verdict = serde_json::to_string(&report.expect("comparable")).expect("JSON");
    let [baseline, candidate] =
        [&left.baseline, &left.candidate].map(|run| serde_json::to_string(run).expect("JSON"));
    [
        ("verdict.json", verdict),
        ("baseline.json", baseline),
        ("candidate.json", candidate),
    ]
}

fn check(repository: &TempDir, gates: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_proof"))
        .current_dir(repository.path())
        .args([
            "check",
            "--case",
            "unchanged",
            "--out",
            "out.json",
            "--gates",
            gates,
        ])
        .args(["--bench", "bench", "--gate", "gate"])
        .args(more)
        .output()
        .expect("the binary starts")
}

fn recorded(repository: &TempDir) -> Vec<GateRecord> {
    let path = repository.path().join("out.json");
    let text = fs::read_to_string(path).expect("a recording");
    Recording::parse(&text).expect("a recording").gates
}

/// Exit codes, whether a verdict is known, and what broke.
fn ends(gates: &[GateRecord]) -> Vec<(i32, bool, &str)> {
    let end = |gate: &GateRecord| (gate.exit_code, gate.said.is_some());
    let gates = gates.iter();
    gates
        .map(|gate| {
            let (code, said) = end(gate);
            (code, said, gate.broken.as_deref().unwrap_or_default())
        })
        .collect()
}

#[test]
fn gates_that_end_without_a_verdict_are_recorded_and_shown() {
    let repository = repository(
        r#"case $gates in
            1) leave "$2"; echo 'it panicked'; exit 101 ;;
            2) leave "$2"; exit 0 ;;
            3) kill -9 $$ ;;
            4) exit 0 ;;
            5) leave "$2"; exit 3 ;;
            6) leave "$2"; echo '{' > "$2/candidate.json"; exit 1 ;;
            7) leave "$2"; exit 2 ;;
        esac"#,
    );
    let output = check(&repository, "7", &["--rivals"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(
        stderr.contains("broken: exit status: 101\n  it panicked\n"),
        "{stderr}"
    );
    let gates = recorded(&repository);
    let unreadable = "candidate.json: EOF while parsing an object at line 2 column 0";
    assert_eq!(
        ends(&gates),
        [
            (101, false, "exit status: 101"),
            (0, true, ""),
            (-1, false, "signal: 9 (SIGKILL)"),
            (0, false, "exit status: 0 without a verdict"),
            (3, true, ""),
            (1, false, unreadable),
            (2, false, "exit status: 2"),
        ]
    );
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("| idle | 7 | 14.3 % | [0.4, 57.9] | 5 |"),
        "{stdout}"
    );
}

#[test]
fn what_always_breaks_is_given_up_and_its_turns_do_not_come_again() {
    let repository = repository("exit 101");
    for (gates, said) in [(3, "3 gates in a row broke"), (6, "3 gates in a row broke")] {
        let output = check(&repository, "7", &[]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
        assert_eq!(recorded(&repository).len(), gates);
    }
    assert!(
        check(&repository, "7", &[]).status.success(),
        "the last one"
    );
}

#[test]
fn a_verdict_counts_although_it_was_interrupted_and_an_interrupted_gate_does_not() {
    // The interruption is passed on to the gate, which ends one way or the other.
    let repository = repository(
        r#"leave "$2"
        if [ $gates = 1 ]; then trap 'exit 0' INT; else trap 'exit 2' INT; fi
        kill -INT $PPID
        while :; do :; done"#,
    );
    for _ in 0..2 {
        let output = check(&repository, "5", &["--neighbour"]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.contains("interrupted; out.json holds every gate"),
            "{stderr}"
        );
        assert_eq!(ends(&recorded(&repository)), [(0, true, "")]);
    }
}

#[test]
fn a_gate_that_lost_its_neighbour_is_broken_and_the_next_gets_another() {
    if !Path::new("/proc/self/status").exists() {
        return;
    }
    // Waits until the neighbour is a zombie and none of its threads is left, so that nobody can miss its end.
    let repository = repository(
        r#"leave "$2"
        if [ $gates = 1 ]; then
            for process in /proc/[0-9]*; do
                if grep -q "^PPid:.$PPID\$" $process/status && grep -q neighbour $process/cmdline; then
                    kill -9 ${process#/proc/}
                    until grep -q '^State:.Z' $process/status && [ $(ls $process/task | wc -l) = 1 ]; do :; done
                fi
            done 2> /dev/null
        fi"#,
    );
    let output = check(&repository, "2", &["--neighbour"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        ends(&recorded(&repository)),
        [
            (0, true, "the neighbour ended before the gate did"),
            (0, true, "")
        ]
    );
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("| neighbour | 2 | 0.0 % | [0.0, 84.2] | 1 |"),
        "{stdout}"
    );
}

#[test]
fn a_plant_in_a_part_of_the_scenarios_is_recorded_and_shown_as_a_case_of_its_own() {
    let repository = repository(
        r#"leave "$2"
        echo "$@" | grep :work= >> planted
        exit 0"#,
    );
    let all = ["--case", "work-5"];
    for only in ["simulated/*", "text/**", "simulated/*"] {
        let part = [&all[..], &["--plant-only", only]].concat();
        let output = check(&repository, "1", &part);
        assert!(output.status.success(), "{output:?}");
    }
    let output = check(&repository, "1", &all);
    let gates = recorded(&repository);
    let only = |gate: &GateRecord| gate.plant_only.clone().unwrap_or_default();
    let parts: Vec<String> = gates.iter().map(only).collect();
    assert_eq!(parts, ["", "simulated/*", "text/**", ""], "each once");
    assert_eq!(
        ends(&gates),
        [
            (0, true, ""),
            (0, true, ""),
            (
                0,
                true,
                "work-5 in `text/**` is in no scenario that was measured"
            ),
            (0, true, ""),
        ]
    );
    let stdout = String::from_utf8_lossy(&output.stdout);
    for row in [
        "| work-5 | idle | 1 | 0.0 %",
        "| work-5 in `simulated/*` | idle | 1 | 0.0 %",
    ] {
        assert!(stdout.contains(row), "{stdout}");
    }
    let planted = fs::read_to_string(repository.path().join("planted")).expect("was planted");
    let plants = ["=simulated/*:work=5% ", "=text/**:work=5% ", "=**:work=5% "];
    for (line, plant) in planted.lines().zip(plants) {
        assert!(line.contains(plant), "{line}");
    }
    assert_eq!(planted.lines().count(), plants.len());
}

#[test]
fn other_calibrations_and_waivers_are_other_settings() {
    let repository = repository(r#"leave "$2""#);
    assert!(check(&repository, "1", &[]).status.success());
    for name in ["baselines/noise/machine.json", "baselines/waivers.toml"] {
        let path = repository.path().join(name);
        fs::create_dir_all(path.parent().expect("inside the directory")).expect("writable");
        fs::write(&path, "").expect("writable");
        let output = check(&repository, "2", &[]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(
            stderr.contains("other settings: policy was sha256:"),
            "{stderr}"
        );
        fs::remove_file(path).expect("writable");
    }
    assert!(check(&repository, "2", &[]).status.success());
}
