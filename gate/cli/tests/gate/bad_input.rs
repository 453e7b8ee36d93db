//! Everything a user can feed it: a clear error that names the place, exit 2, nothing written.

use serde_json::{Value, json};

use crate::scratch::{BASELINE, Engine, demo, run};

const CANDIDATE: Engine = Engine {
    sessions: 1,
    ..BASELINE
};
const FIRST: &str = "/sessions/0/scenarios/0/repetitions/0/metrics";

/// Runs a comparison whose candidate is `content` and returns what stderr says.
fn refused(content: &[u8]) -> String {
    let scratch = demo(CANDIDATE);
    scratch.write("out.json", content);
    let before = scratch.names();
    let ran = scratch.gate(&[
        "compare",
        "main.json",
        "out.json",
        "--output",
        "verdict.json",
    ]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert_eq!(scratch.names(), before, "nothing is written");
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    ran.stderr
}

fn edited(pointer: &str, value: Value) -> Vec<u8> {
    let mut document = run(CANDIDATE);
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    document.pointer_mut(parent).expect("the parent exists")[key] = value;
    document.to_string().into_bytes()
}

#[test]
fn documents_that_are_not_json() {
    let sound = run(CANDIDATE).to_string();
    let deep = format!(
        "{{\"format\": \"gate.run/1\", \"id\": {}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let with_number = |number: &str| sound.replacen("50000000", number, 1).into_bytes();
    for (name, content, expected) in [
        ("empty", Vec::new(), "error[G102]: the file is empty"),
        (
            "blank",
            b" \n\n ".to_vec(),
            "error[G102]: the file is empty",
        ),
        (
            "garbage",
            vec![0x7f; 100_000],
            "error[G102]: not a JSON object",
        ),
        (
            "a list",
            b"[1, 2]".to_vec(),
            "error[G102]: not a JSON object",
        ),
        (
            "truncated",
            sound.as_bytes()[..sound.len() / 2].to_vec(),
            "hint: the file is cut off",
        ),
        ("deep nesting", deep.into_bytes(), "out.json#/id"),
        ("NaN", with_number("NaN"), "JSON has no NaN"),
        (
            "Infinity",
            with_number("Infinity"),
            "JSON has no NaN or Infinity",
        ),
        (
            "1e400",
            with_number("1e400"),
            "no measurement is that large",
        ),
    ] {
        let error = refused(&content);
        assert!(
            error.contains(expected) && error.contains("out.json"),
            "{name}: {error}"
        );
    }
}

#[test]
fn documents_with_a_wrong_value_name_the_pointer() {
    let mut duplicate = run(CANDIDATE);
    let scenarios = duplicate
        .pointer_mut("/sessions/0/scenarios")
        .and_then(Value::as_array_mut)
        .expect("a list");
    scenarios.push(scenarios[0].clone());
    let rss = format!("{FIRST}/peak_rss");
    let latency = format!("{FIRST}/latency");
    for (name, content, expected) in [
        (
            "newer version",
            edited("/format", json!("gate.run/2")),
            "error[G103]: unsupported document format `gate.run/2`",
        ),
        (
            "newer version says how",
            edited("/format", json!("gate.run/2")),
            "the gate release that wrote the document",
        ),
        (
            "another format",
            edited("/format", json!("other")),
            "gate import",
        ),
        (
            "negative",
            edited(&rss, json!(-5)),
            "out.json#/sessions/0/scenarios/0/repetitions/0/metrics/peak_rss",
        ),
        (
            "zero",
            edited(&rss, json!(0)),
            "error[G104]: zero where nothing real is zero",
        ),
        (
            "duplicate scenario",
            duplicate.to_string().into_bytes(),
            "error[G104]: `demo/search` appears twice",
        ),
        (
            "wrong type",
            edited(&rss, json!("big")),
            "out.json#/sessions/0/scenarios/0/repetitions/0/metrics/peak_rss",
        ),
        (
            "unknown field",
            edited("/sesions", json!([])),
            "unknown field `sesions`",
        ),
        (
            "unknown unit",
            edited("/manifest/scenarios/0/metrics/1/unit", json!("MB")),
            "unknown variant `MB`",
        ),
        (
            "no sessions",
            edited("/sessions", json!([])),
            "error[G104]: no sessions",
        ),
        (
            "histogram",
            edited(&latency, json!({"count": 1, "sum": 1.0, "hdr": "AAAA"})),
            "histogram does not decode: truncated",
        ),
        (
            "undeclared",
            edited(&format!("{FIRST}/speed"), json!(1)),
            "`speed` is not in the manifest",
        ),
    ] {
        let error = refused(&content);
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn a_histogram_that_disagrees_with_its_count() {
    let mut document = run(CANDIDATE);
    document
        .pointer_mut(&format!("{FIRST}/latency"))
        .expect("there")["count"] = json!(1999);
    let error = refused(document.to_string().as_bytes());
    assert!(
        error.contains("histogram holds 2000 samples but count says 1999"),
        "{error}"
    );
    assert!(
        error.contains(&format!("out.json#{FIRST}/latency")),
        "{error}"
    );
}

#[test]
fn both_documents_are_reported_in_one_go() {
    let scratch = demo(CANDIDATE);
    let ran = scratch
        .write("main.json", "")
        .gate(&["compare", "main.json", "nowhere.json"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("main.json") && ran.stderr.contains("nowhere.json"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("2 errors"), "{}", ran.stderr);
}

#[test]
fn a_directory_is_not_a_document() {
    let ran = demo(CANDIDATE).gate(&["compare", "main.json", "."]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("error[G101]") && ran.stderr.contains("directory"),
        "{}",
        ran.stderr
    );
}

#[test]
fn runs_without_a_common_scenario_are_never_a_pass() {
    let text = run(CANDIDATE)
        .to_string()
        .replace("demo/search", "demo/other");
    assert!(refused(text.as_bytes()).contains("error[G106]"));
}

#[test]
fn a_metric_whose_unit_changed_is_incomparable() {
    let scratch = demo(CANDIDATE);
    let text = run(CANDIDATE).to_string().replace(
        r#""kind":"value","name":"peak_rss","unit":"B""#,
        r#""kind":"value","name":"peak_rss","unit":"count""#,
    );
    assert_ne!(text, run(CANDIDATE).to_string());
    scratch.write("out.json", text).write("gate.toml", "");
    let ran = scratch.gate(&["compare", "main.json", "out.json"]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("incomparable"), "{}", ran.stdout);
}

#[test]
fn a_policy_with_mistakes_reports_them_all() {
    let scratch = demo(CANDIDATE);
    scratch.write(
        "gate.toml",
        "macine = \"shared\"\n\n[[rule]]\nmetric = \"p99\"\nbudget = \"<= 50 parsecs\"\n",
    );
    let ran = scratch.gate(&["compare", "main.json", "out.json"]);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.stderr);
}

#[test]
fn rules_that_are_not_tables_are_not_silently_nothing() {
    for rules in ["rule = [1, 2]", "rule = [\"x\"]", "rule = 5"] {
        let scratch = demo(CANDIDATE);
        scratch.write("gate.toml", rules);
        let ran = scratch.gate(&["compare", "main.json", "out.json"]);
        assert_eq!(ran.code, 2, "{rules}: {}", ran.stdout);
        assert!(
            ran.stderr.contains("error[G203]"),
            "{rules}: {}",
            ran.stderr
        );
    }
}

#[test]
fn an_output_that_fails_takes_no_other_along() {
    let scratch = demo(CANDIDATE);
    let sound = scratch.gate(&["compare", "main.json", "out.json"]);
    let arguments = [
        "compare",
        "main.json",
        "out.json",
        "--output",
        "/dev/full",
        "--output",
        "verdict.json",
    ];
    let ran = scratch.gate(&arguments);
    assert_eq!(
        (ran.code, &ran.stdout),
        (2, &sound.stdout),
        "{}",
        ran.stderr
    );
    let said = format!("without this the exit code is {}\n", sound.code);
    assert!(ran.stderr.ends_with(&said), "{}", ran.stderr);
    assert!(scratch.read("verdict.json").starts_with('{'));
    let over_policy = [
        "compare",
        "main.json",
        "out.json",
        "--policy",
        "gate.toml",
        "--output",
        "gate.toml",
    ];
    assert_eq!(scratch.gate(&over_policy).code, 2);
    scratch.write("policy.txt", "");
    let over_policy = [
        "compare",
        "main.json",
        "out.json",
        "--policy",
        "policy.txt",
        "--output",
        "policy.txt",
    ];
    assert!(scratch.gate(&over_policy).stderr.contains("error[G302]"));
}

#[test]
fn a_policy_that_is_not_there_says_how_to_get_one() {
    let ran = demo(CANDIDATE).gate(&[
        "compare",
        "main.json",
        "out.json",
        "--policy",
        "nowhere.toml",
    ]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("gate init"), "{}", ran.stderr);
}

#[test]
fn a_budget_in_the_wrong_unit_points_at_its_rule() {
    let scratch = demo(CANDIDATE);
    scratch.write("gate.toml", "[[rule]]\nbudget = \"<= 50ms\"\n");
    let ran = scratch.gate(&["compare", "main.json", "out.json"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("error[G204]") && ran.stderr.contains("gate.toml:1"),
        "{}",
        ran.stderr
    );
}

#[test]
fn outputs_that_cannot_be_written() {
    for (output, expected) in [
        ("missing/verdict.json", "error[G301]"),
        ("main.json", "error[G302]"),
        ("./out.json", "error[G302]"),
        ("verdict.xyz", "end it in .json, .md, .html or .txt"),
        ("/dev/full", "No space left on device"),
    ] {
        let scratch = demo(CANDIDATE);
        let before = (
            scratch.names(),
            scratch.read("main.json"),
            scratch.read("out.json"),
        );
        let ran = scratch.gate(&["compare", "main.json", "out.json", "--output", output]);
        assert_eq!(ran.code, 2, "{output}: {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{output}: {}", ran.stderr);
        assert_eq!(
            (
                scratch.names(),
                scratch.read("main.json"),
                scratch.read("out.json")
            ),
            before,
            "{output}"
        );
    }
}

#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    let scratch = demo(CANDIDATE);
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let output = std::process::Command::new(crate::scratch::gate(&scratch.path(".")).get_program())
        .args(["compare", "main.json", "out.json"])
        .current_dir(scratch.path("."))
        .stdout(full)
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the answer"));
}

#[test]
fn usage_errors_exit_with_two() {
    let scratch = demo(CANDIDATE);
    for arguments in [
        &["compare"][..],
        &["compare", "a", "b", "--format", "yaml"],
        &["juggle"],
        &[],
    ] {
        assert_eq!(scratch.gate(arguments).code, 2, "{arguments:?}");
    }
}
