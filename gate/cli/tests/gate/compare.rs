//! `gate compare` on sound documents.

use serde_json::{Value, json};

use crate::scratch::{BASELINE, Engine, demo, gate, run};

const CANDIDATE: Engine = Engine {
    sessions: 2,
    ..BASELINE
};

#[test]
fn each_outcome_has_its_exit_code_and_stands_in_the_first_line() {
    let slower = Engine {
        latency_ns: 60_000.0,
        ..CANDIDATE
    };
    let other_machine = |mut document: Value| {
        document["environment"]["fingerprint"]["cpu_model"] = json!("Intel Xeon 8581C");
        document
    };
    let without_scenario = |mut document: Value| {
        for session in document["sessions"].as_array_mut().expect("sessions") {
            session["scenarios"] = json!([]);
        }
        document
    };
    for (name, candidate, arguments, code, first_line) in [
        ("unchanged", run(CANDIDATE), &[][..], 0, "PASS"),
        ("slower", run(slower), &[], 1, "FAIL"),
        (
            "faster",
            run(Engine {
                latency_ns: 40_000.0,
                ..CANDIDATE
            }),
            &[],
            0,
            "PASS",
        ),
        (
            "worse recall",
            run(Engine {
                hits_of_ten: 9,
                ..CANDIDATE
            }),
            &[],
            1,
            "FAIL",
        ),
        (
            "slower, one session",
            run(Engine {
                sessions: 1,
                ..slower
            }),
            &[],
            3,
            "UNDECIDED",
        ),
        (
            "slower, one session, passed",
            run(Engine {
                sessions: 1,
                ..slower
            }),
            &["--inconclusive", "pass"],
            0,
            "PASS",
        ),
        (
            "slower, one session, failed",
            run(Engine {
                sessions: 1,
                ..slower
            }),
            &["--inconclusive", "fail"],
            1,
            "FAIL",
        ),
        (
            "slower, shared machine",
            run(slower),
            &["--machine", "shared"],
            3,
            "UNDECIDED",
        ),
        (
            "other machine",
            other_machine(run(slower)),
            &[],
            3,
            "UNDECIDED",
        ),
        (
            "other machine, budgets decide",
            other_machine(run(slower)),
            &["--incomparable", "pass"],
            0,
            "PASS",
        ),
        (
            "scenario deleted",
            without_scenario(run(CANDIDATE)),
            &[],
            1,
            "FAIL  demo/search is missing: declared and not measured\n",
        ),
    ] {
        let scratch = demo(CANDIDATE);
        scratch.json("out.json", &candidate);
        let ran = scratch.gate(&[&["compare", "main.json", "out.json"], arguments].concat());
        assert_eq!(ran.code, code, "{name}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.starts_with(first_line), "{name}: {}", ran.stdout);
    }
}

#[test]
fn recall_under_its_floor_is_named_before_anything_else() {
    let ran = demo(Engine {
        hits_of_ten: 8,
        latency_ns: 30_000.0,
        ..CANDIDATE
    })
    .gate(&["compare", "main.json", "out.json"]);
    assert_eq!(ran.code, 1);
    let first = ran.stdout.lines().next().unwrap_or_default();
    assert!(
        first.contains("recall@10") && first.contains("0.95"),
        "{first}"
    );
    assert!(
        ran.stdout.contains("traded recall@10 for speed"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("improved"), "{}", ran.stdout);
}

#[test]
fn the_table_is_what_people_see() {
    let ran = demo(Engine {
        latency_ns: 60_000.0,
        ..CANDIDATE
    })
    .gate(&[
        "compare",
        "main.json",
        "out.json",
        "--all",
        "--width",
        "120",
    ]);
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn the_formats_agree_and_outputs_are_written_whole() {
    let scratch = demo(CANDIDATE);
    let arguments = [
        "compare",
        "main.json",
        "out.json",
        "--output",
        "v.json",
        "--output",
        "v.md",
        "--output",
        "v.txt",
    ];
    assert_eq!(scratch.gate(&arguments).code, 0);
    assert_eq!(
        scratch.names(),
        [
            "gate.toml",
            "main.json",
            "out.json",
            "v.json",
            "v.md",
            "v.txt"
        ]
    );
    let as_json = scratch.gate(&["compare", "main.json", "out.json", "--format", "json"]);
    assert_eq!(scratch.read("v.json"), as_json.stdout);
    let report: gate_schema::report::Report =
        serde_json::from_str(&as_json.stdout).expect("a report");
    assert_eq!(report.exit_code as i32, 0);
    assert_eq!(
        scratch.read("v.md"),
        scratch
            .gate(&["compare", "main.json", "out.json", "--format", "markdown"])
            .stdout
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let scratch = demo(Engine {
        latency_ns: 52_000.0,
        ..CANDIDATE
    });
    let ran = || {
        scratch
            .gate(&["compare", "main.json", "out.json", "--format", "json"])
            .stdout
    };
    assert_eq!(ran(), ran());
}

#[test]
fn colour_only_when_asked_and_never_without_words() {
    let scratch = demo(Engine {
        latency_ns: 60_000.0,
        ..CANDIDATE
    });
    let plain = scratch.gate(&["compare", "main.json", "out.json"]).stdout;
    let coloured = scratch
        .gate(&["compare", "main.json", "out.json", "--colour", "always"])
        .stdout;
    assert!(!plain.contains('\u{1b}') && plain.is_ascii(), "{plain}");
    assert!(coloured.contains('\u{1b}'));
}

#[test]
fn a_rule_that_matches_nothing_cannot_be_missed() {
    let scratch = demo(CANDIDATE);
    scratch.write(
        "gate.toml",
        "[[rule]]\nscenario = \"dmeo/**\"\nmetric = \"p99\"\nbudget = \"<= 1ms\"\n",
    );
    let ran = scratch.gate(&["compare", "main.json", "out.json"]);
    assert!(ran.stdout.contains("dmeo/**"), "{}", ran.stdout);
    assert!(ran.stderr.contains("gate.toml:1"), "{}", ran.stderr);
}

#[test]
fn without_a_policy_file_the_built_in_one_is_used_and_said() {
    let scratch = demo(CANDIDATE);
    std::fs::remove_file(scratch.path("gate.toml")).expect("there");
    let ran = scratch.gate(&["compare", "main.json", "out.json"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("built-in policy"), "{}", ran.stderr);
}

#[test]
fn a_reader_that_stops_reading_changes_nothing() {
    let scratch = demo(Engine {
        latency_ns: 60_000.0,
        ..CANDIDATE
    });
    let script =
        "\"$GATE\" compare main.json out.json --all | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}";
    let binary = gate(&scratch.path(".")).get_program().to_owned();
    let output = std::process::Command::new("bash")
        .args(["-c", script])
        .env("GATE", binary)
        .current_dir(scratch.path("."))
        .output()
        .expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "1");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn init_writes_the_default_policy_once() {
    let scratch = demo(CANDIDATE);
    assert_eq!(scratch.gate(&["init", "fresh.toml"]).code, 0);
    let with_it = scratch.gate(&["compare", "main.json", "out.json", "--policy", "fresh.toml"]);
    // The defaults it repeats are no typos where a run has nothing for them.
    assert_eq!((with_it.code, with_it.stderr.as_str()), (0, ""));
    let other_names = run(CANDIDATE).to_string().replace("recall@10", "accuracy");
    scratch
        .write("main.json", &other_names)
        .write("out.json", &other_names);
    let without_recall =
        scratch.gate(&["compare", "main.json", "out.json", "--policy", "fresh.toml"]);
    assert_eq!(without_recall.stderr, "");
    let again = scratch.gate(&["init", "fresh.toml"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("exists already"), "{}", again.stderr);
}
