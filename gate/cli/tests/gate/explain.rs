//! `gate explain` on real reports.

use crate::scratch::{BASELINE, Engine, Scratch, demo, run};

fn report(candidate: Engine) -> Scratch {
    let scratch = demo(candidate);
    scratch.gate(&[
        "compare",
        "main.json",
        "out.json",
        "--output",
        "verdict.json",
    ]);
    scratch
}

#[test]
fn a_regression_reads_as_an_argument() {
    let ran = report(Engine {
        latency_ns: 60_000.0,
        sessions: 2,
        ..BASELINE
    })
    .gate(&["explain", "demo/search"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn a_budget_reads_as_an_argument() {
    let worse = Engine {
        hits_of_ten: 9,
        sessions: 2,
        ..BASELINE
    };
    let ran = report(worse).gate(&["explain", "demo/search", "recall@10"]);
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn another_machine_reads_as_an_argument() {
    let scratch = demo(BASELINE);
    let mut other = run(Engine {
        sessions: 2,
        ..BASELINE
    });
    other["environment"]["fingerprint"]["cpu_model"] = serde_json::json!("Xeon");
    scratch.json("out.json", &other).gate(&[
        "compare",
        "main.json",
        "out.json",
        "--output",
        "verdict.json",
    ]);
    insta::assert_snapshot!(
        scratch
            .gate(&["explain", "demo/search", "latency.p50"])
            .stdout
    );
}

#[test]
fn a_code_is_explained_without_a_report() {
    let ran = Scratch::new().gate(&["explain", "g104"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout.starts_with("G104: A value in the document"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let scratch = report(BASELINE);
    for (arguments, expected) in [
        (&["explain", "demo/serch"][..], "the report has demo/search"),
        (&["explain", "demo/search", "p50"], "latency.p50"),
        (
            &["explain", "demo/search", "--report", "nowhere.json"],
            "error[G101]",
        ),
        (
            &["explain", "demo/search", "--report", "nowhere.json"],
            "`gate check` says at its end where its verdict.json is",
        ),
        (
            &["explain", "demo/search", "--report", "main.json"],
            "error[G103]",
        ),
    ] {
        let ran = scratch.gate(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(
            ran.stderr.contains(expected),
            "{arguments:?}: {}",
            ran.stderr
        );
    }
}

#[test]
fn everything_at_once_has_no_row_and_is_explained() {
    let scratch = report(BASELINE);
    let ran = scratch.gate(&["explain", "everything"]);
    assert!(
        ran.code == 2 && ran.stderr.contains("G107"),
        "{}",
        ran.stderr
    );
    let text = scratch.read("verdict.json");
    let mut verdict: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    verdict["uniform"] = serde_json::json!([{
        "metric": "latency.p50", "unit": "ns", "direction": "lower", "scenarios": 40, "estimate": 0.011,
        "interval": {"low": 0.008, "high": 0.014}, "margin": 0.005, "p_value": 3e-9,
        "verdict": "regressed", "gating": true,
    }]);
    scratch.json("verdict.json", &verdict);
    for arguments in [
        &["everything"][..],
        &["latency.p50"],
        &["everything", "latency.p50"],
    ] {
        let ran = scratch.gate(&[&["explain"], arguments].concat());
        let said = "everything latency.p50: regressed: latency.p50 is 1.1% [+0.8, +1.4] slower over all 40 scenarios";
        assert!(
            ran.stdout.starts_with(said),
            "{arguments:?}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
    let ran = scratch.gate(&["explain", "everything", "latency.tail"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
}
