//! `gate import`: from another tool's output to a comparison.

use crate::scratch::Scratch;

const FLAT: &str = r#"[
    {"search": {"p99_ms": 1.2, "ops_per_s": 5000, "rss_bytes": 1e6, "recall_ratio": 0.97}},
    {"search": {"p99_ms": 1.3, "ops_per_s": 5100, "rss_bytes": 1e6, "recall_ratio": 0.97}},
    {"search": {"p99_ms": 1.2, "ops_per_s": 4900, "rss_bytes": 1e6, "recall_ratio": 0.97}}
]"#;

#[test]
fn a_flat_file_becomes_a_run_that_compares() {
    let scratch = Scratch::new();
    scratch.write("bench.json", FLAT);
    let ran = scratch.gate(&["import", "flat", "bench.json", "--out", "run.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("machine is unknown"), "{}", ran.stderr);
    // Timings of an unknown machine are never compared, so the outcome is not a pass.
    let compared = scratch.gate(&["compare", "run.json", "run.json"]);
    assert_eq!(compared.code, 3, "{}", compared.stdout);
    assert!(
        compared.stdout.contains("incomparable") || compared.stdout.contains("not compared"),
        "{}",
        compared.stdout
    );
}

#[test]
fn an_environment_can_be_given() {
    let scratch = Scratch::new();
    scratch.write("bench.json", FLAT).write(
        "env.json",
        r#"{"fingerprint": {"cpu_model": "Zen 5"}, "tool": "bench 0.1.0"}"#,
    );
    let ran = scratch.gate(&[
        "import",
        "flat",
        "bench.json",
        "--out",
        "run.json",
        "--environment",
        "env.json",
    ]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let compared = scratch.gate(&["compare", "run.json", "run.json"]);
    // One stored session is no evidence about timings; recall and memory are exact.
    assert!(
        compared.stdout.contains("baseline has 1 of 5 sessions"),
        "{}",
        compared.stdout
    );
}

#[test]
fn what_is_not_there_or_not_right_is_refused() {
    let scratch = Scratch::new();
    scratch
        .write("empty/readme", "")
        .write("bad.json", r#"{"search": {"p99": 5}}"#)
        .write("cut.json", "{\"search\": {");
    for (arguments, expected) in [
        (&["criterion", "empty"][..], "no criterion measurements"),
        (&["criterion", "nowhere"], "hint: run `cargo bench` first"),
        (&["flat", "bad.json"], "bad.json#/search/p99"),
        (&["flat", "cut.json"], "cut off"),
        (
            &["flat", "nowhere.json"],
            "hint: check the path; it is a JSON file",
        ),
        (&["flat", "bad.json", "cut.json"], "flat takes one file"),
    ] {
        let ran = scratch.gate(&[&["import"], arguments, &["--out", "run.json"]].concat());
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(
            ran.stderr.contains(expected),
            "{arguments:?}: {}",
            ran.stderr
        );
        assert!(!scratch.path("run.json").exists(), "{arguments:?}");
    }
}

#[test]
fn imported_runs_accumulate_in_a_baseline() {
    let scratch = Scratch::new();
    scratch.write("bench.json", FLAT);
    for sessions in ["1 session", "2 sessions", "3 sessions"] {
        assert_eq!(
            scratch
                .gate(&["import", "flat", "bench.json", "--out", "run.json"])
                .code,
            0
        );
        let ran = scratch.gate(&[
            "promote",
            "run.json",
            "--by",
            "tester",
            "--reason",
            "imported",
            "--accept",
            "source,few",
        ]);
        assert!(
            ran.stdout
                .lines()
                .next()
                .is_some_and(|line| line.ends_with(sessions)),
            "{}{}",
            ran.stdout,
            ran.stderr
        );
    }
}
