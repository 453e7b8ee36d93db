//! What is no step of the code, as issues: drift, and the machine.

use serde_json::{Value, json};

use super::{GitHub, issue, keep_issues};
use crate::scratch::Scratch;

fn night(day: usize) -> Value {
    json!({"created": format!("2026-11-{day:02}T03:17:00Z"), "commit": format!("{day:040x}")})
}

/// `latency` got a tenth worse or better, from the night before `day` on.
fn step(day: usize, scenario: &str, way: &str, suspect: &str) -> Value {
    let to = if way == "worse" { 110.0 } else { 90.0 };
    json!({
        "scenario": scenario, "metric": "latency.p50", "way": way, "suspect": suspect, "is_new": true, "score": 9.0,
        "from": {"value": 100.0, "unit": "ns"}, "to": {"value": to, "unit": "ns"},
        "good": night(day - 2), "bad": night(day - 1),
    })
}

/// It crept away since the second night, to `to` from 100.
fn drift(metric: &str, to: f64, suspect: &str) -> Value {
    json!({
        "scenario": "demo/a", "metric": metric, "way": "worse", "suspect": suspect, "score": 5.0,
        "from": {"value": 100.0, "unit": "ns"}, "to": {"value": to, "unit": "ns"}, "since": night(2),
    })
}

/// The trend of a night that tells two statistics of one metric.
fn trend(day: usize, steps: &[Value], drifts: &[Value]) -> Value {
    let row = |metric: &str| json!({"scenario": "demo/a", "metric": metric, "since": night(1)});
    json!({
        "format": "gate.trend/1", "exit_code": "fail", "tier": "nightly", "runs": 30, "alike": 30,
        "newest": night(day), "told": 2, "untold": 0, "needed": 17, "steps": steps, "drifts": drifts,
        "machines": [{"night": night(3), "fields": [{"field": "kernel", "baseline": "6.1", "candidate": "6.2"}]}],
        "rows": [row("latency.p50"), row("latency.mean")],
    })
}

/// What a night wrote, held back as the workflow does.
fn told(scratch: &Scratch, github: &GitHub, trend: &Value) -> String {
    scratch.json("trend.json", trend);
    issue(scratch, github, &["--hold", "held.txt"])
}

#[test]
fn a_drift_has_one_issue_until_it_is_gone() {
    let (scratch, github) = (Scratch::new(), GitHub::start());
    let both = |to| {
        [
            drift("latency.p50", to, "code"),
            drift("latency.mean", to, "code"),
        ]
    };
    let said = told(&scratch, &github, &trend(10, &[], &both(107.0)));
    assert_eq!(said, "opened: demo/a latency crept away");
    let said = told(&scratch, &github, &trend(11, &[], &both(109.0)));
    assert_eq!(said, "updated: demo/a latency crept away");
    let [issue] = &github.issues()[..] else {
        panic!("{:?}", github.issues());
    };
    assert_eq!(issue["labels"], json!(["perf-regression"]));
    let body = issue["body"].as_str().expect("text");
    for expected in [
        "- `latency.mean` worse: 100 ns -> 109 ns (+9.0%)",
        &format!("compare/{:040x}...{:040x}", 2, 11),
        "Not confirmed by a fresh measurement: a drift is seen over weeks.",
    ] {
        assert!(body.contains(expected), "{expected}: {body}");
    }
    // A step of the metric says it, too; that is no reason to say it twice, or that it is gone.
    let one = [step(12, "demo/a", "worse", "code")];
    assert_eq!(
        told(&scratch, &github, &trend(12, &one, &both(120.0))),
        "held back: demo/a latency got worse"
    );
    assert_eq!(
        told(&scratch, &github, &trend(13, &one, &[])),
        "held back: demo/a latency got worse"
    );
    let last: Vec<String> = (14..18)
        .map(|day| told(&scratch, &github, &trend(day, &[], &[])))
        .collect();
    assert_eq!(
        last,
        [
            "one night without it: demo/a latency crept away",
            "2 nights without it: demo/a latency crept away",
            "closed: demo/a latency crept away",
            "no issue has to change",
        ]
    );
}

#[test]
fn what_github_does_not_take_hides_no_new_step() {
    for (label, said) in [
        ("perf-regression", ""),
        ("perf-host-drift", "held back: demo/a latency got worse\n"),
    ] {
        let (scratch, github) = (Scratch::new(), GitHub::without(label));
        let one = [step(10, "demo/a", "worse", "code")];
        scratch.json("trend.json", &trend(10, &one, &[]));
        let ran = keep_issues(&scratch, &github, &["--hold", "held.txt"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (4, said), "{}", ran.stderr);
        let question = format!("{:040x} {:040x} 5.0000% demo/a latency.p50\n", 8, 9);
        assert_eq!(scratch.read("held.txt"), question, "{label}");
    }
}

#[test]
fn what_the_machine_did_is_one_issue_of_its_own() {
    let (scratch, github) = (Scratch::new(), GitHub::start());
    let steps = [
        step(10, "demo/a", "worse", "everything"),
        step(10, "demo/b", "better", "same_commit"),
    ];
    let drifts = [drift("latency.mean", 107.0, "everything")];
    let said = told(&scratch, &github, &trend(10, &steps, &drifts));
    assert_eq!(said, "opened: The machine that measures at night changed");
    let same = trend(11, &steps, &drifts);
    assert_eq!(told(&scratch, &github, &same), "no issue has to change");
    assert_eq!(scratch.read("held.txt"), "", "the code is not asked about");
    let [issue] = &github.issues()[..] else {
        panic!("{:?}", github.issues());
    };
    assert_eq!(issue["labels"], json!(["perf-host-drift"]));
    let body = issue["body"].as_str().expect("text");
    for expected in [
        "- `demo/a latency.p50` worse: 100 ns -> 110 ns (+10.0%), first on `2026-11-09`: so did most timings",
        "- `demo/b latency.p50` better: 100 ns -> 90.0 ns (-10.0%), first on `2026-11-09`: the runs are of one commit",
        "- `demo/a latency.mean` crept worse: 100 ns -> 107 ns (+7.0%) since `2026-11-02`: so did most timings",
        "Last known change of its conditions: `kernel` on `2026-11-03`.",
    ] {
        assert!(body.contains(expected), "{expected}: {body}");
    }
    let last: Vec<String> = (12..16)
        .map(|day| told(&scratch, &github, &trend(day, &[], &[])))
        .collect();
    let title = "The machine that measures at night changed";
    assert_eq!(
        last,
        [
            format!("one night without it: {title}"),
            format!("2 nights without it: {title}"),
            format!("closed: {title}"),
            "no issue has to change".to_owned(),
        ]
    );
}
