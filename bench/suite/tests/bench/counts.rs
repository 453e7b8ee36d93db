//! Counts of instructions, with a valgrind that only does as if.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use bench_harness::schema::{Check, MetricValue, Run};
use tempfile::TempDir;

use super::{code_and_stderr, command, directory};

const SCENARIO: &str = "signals/write";

/// Runs the program and says that it took two hundred thousand instructions.
const VALGRIND: &str = r#"#!/bin/sh
out=
for word in "$@"; do case $word in --callgrind-out-file=*) out=${word#*=} ;; esac; done
while test "$1" != "${1#--}"; do shift; done
test $# = 0 || "$@" || exit
test -z "$out" || echo "totals: 200000" > "$out"
"#;

/// `bench count` of the tiny tier; `valgrind` is the only program that is found.
fn count(valgrind: Option<&str>, arguments: &[&str]) -> (TempDir, Option<i32>, String) {
    let directory = directory();
    let programs = directory.path().join("bin");
    fs::create_dir(&programs).expect("writable");
    if let Some(valgrind) = valgrind {
        let path = programs.join("valgrind");
        fs::write(&path, valgrind).expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
    }
    let all = [&["count", "--tier", "tiny", "--out", "out.json"], arguments].concat();
    let output = command(directory.path(), &all)
        .env("PATH", programs)
        .output();
    let (code, stderr) = code_and_stderr(&output.expect("the program starts"));
    (directory, code, stderr)
}

#[test]
fn a_document_holds_instructions_and_nothing_else() {
    let (directory, code, stderr) = count(Some(VALGRIND), &["--only", SCENARIO]);
    assert_eq!(code, Some(0), "{stderr}");
    let text = fs::read(directory.path().join("out.json")).expect("is there");
    let run: Run = serde_json::from_slice(&text).expect("is a run");
    run.validate().expect("is valid");
    let declared = &run.manifest.scenarios[0].metrics;
    assert_eq!(declared.len(), 1);
    let name = &declared[0].name;
    assert_eq!(name.as_str(), "instructions");
    let measured = &run.sessions[0].scenarios[0];
    assert_eq!(measured.check, Check::Passed);
    assert_eq!(
        measured.repetitions.len(),
        3,
        "so many equal ones are exact"
    );
    for repetition in &measured.repetitions {
        // Of twenty thousand operations.
        assert_eq!(repetition.metric(name), Some(&MetricValue::Value(10.0)));
    }
}

#[test]
fn what_cannot_be_counted_is_said_and_not_written() {
    let hangs = "#!/bin/sh\ntest \"$1\" = --tool=callgrind || exit 0\nwhile :; do :; done";
    let unknown = "#!/bin/sh\ntest \"$1\" = --version || { echo 'unhandled instruction bytes: 0x62' >&2; exit 132; }";
    for (name, valgrind, arguments, code, said) in [
        (
            "no valgrind",
            None,
            &["--only", SCENARIO][..],
            2,
            "valgrind is not installed, so there is no count of instructions\n  hint: ",
        ),
        (
            "a plant by the clock",
            Some(VALGRIND),
            &["--only", SCENARIO, "--plant", "signals/write:work=20%"],
            2,
            "made by the clock",
        ),
        (
            "a build for another processor",
            Some(unknown),
            &["--only", SCENARIO],
            1,
            "does not know an instruction of this build\n  | unhandled instruction bytes: 0x62\n  hint: ",
        ),
        (
            "a count that hangs",
            Some(hangs),
            &["--only", SCENARIO, "--timeout", "1"],
            1,
            "the process did not end within 1 s and was killed",
        ),
    ] {
        let (directory, ended, stderr) = count(valgrind, arguments);
        assert_eq!(ended, Some(code), "{name}: {stderr}");
        assert!(stderr.contains(said), "{name}: {stderr}");
        let is_written = directory.path().join("out.json").exists();
        // A scenario that should have been counted is missing in the document, not left out of it.
        assert_eq!(is_written, code == 1, "{name}");
    }
}

#[test]
fn an_interruption_keeps_what_was_counted() {
    // Asks for the end as Ctrl-C does, instead of counting the last scenario.
    let run = "test $# = 0 ||";
    let ask = format!(
        "case \"$*\" in *\"counted {SCENARIO}\"*) kill -INT $PPID; exit 130 ;; esac\n{run}"
    );
    let valgrind = VALGRIND.replace(run, &ask);
    let first = "text/search/two-terms";
    let arguments = ["--only", first, "--only", SCENARIO, "--repetitions", "1"];
    let (directory, code, stderr) = count(Some(&valgrind), &arguments);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains("interrupted: what was counted is kept"),
        "{stderr}"
    );
    let text = fs::read(directory.path().join("out.json")).expect("is there");
    let run: Run = serde_json::from_slice(&text).expect("is a run");
    run.validate().expect("is valid");
    assert_eq!(run.manifest.scenarios.len(), 2);
    assert_eq!(run.sessions[0].scenarios[0].scenario.as_str(), first);
    assert_eq!(run.failures[0].scenario.as_str(), SCENARIO);
    assert_eq!(run.failures[0].how, "interrupted");
}
