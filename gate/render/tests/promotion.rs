//! What stands in the pull request that proposes a baseline.

use gate_render::promotion;
use gate_schema::run::Run;
use serde_json::{Value, json};

const FILE: &str = "baselines/main.json";

/// A baseline that moved these levels and broke these rules.
fn baseline(changes: Vec<Value>, overridden: &[String]) -> Run {
    let session = |at: usize| json!({"id": format!("s/{at}"), "start": "2026-11-20T08:00:00Z", "mode": "single", "scenarios": []});
    let document = json!({
        "format": "gate.run/1",
        "id": "demo",
        "created": "2026-11-20T08:00:00Z",
        "source": {},
        "environment": {"fingerprint": {}, "tool": "demo 1"},
        "manifest": {"scenarios": [{"scenario": "demo/search", "params": {}, "metrics": []}]},
        "sessions": (0..5).map(session).collect::<Vec<_>>(),
        "provenance": {
            "promoted_by": "octocat",
            "promoted_at": "2026-11-20T09:00:00Z",
            "promoted_document": format!("sha256:{}", "0".repeat(64)),
            "overridden": overridden,
            "changes": changes,
        },
    });
    serde_json::from_value(document).expect("a run")
}

fn change(scenario: &str, metric: &str, unit: &str, from: f64, to: f64) -> Value {
    let level = |value: f64| json!({"value": value, "unit": unit});
    json!({"scenario": scenario, "metric": metric, "from": level(from), "to": level(to)})
}

#[test]
fn levels_stand_side_by_side_and_the_worst_first() {
    let changes = vec![
        change("demo/search", "files", "count", 0.0, 3.0),
        change("demo/search", "latency.p50", "ns", 50_000.0, 55_125.0),
        change("demo/search", "recall@10", "ratio", 0.983, 0.962),
        change("demo/insert", "throughput", "1/s", 6_200.0, 7_000.0),
        change("demo/insert", "latency.p99", "ns", 950_000.0, 1_050.0),
    ];
    let overridden = [
        "worse than the accepted level: demo/search files 0 -> 3, and 2 more".to_owned(),
        "a sentence with ``` in it, | @everyone <b>".to_owned(),
    ];
    insta::assert_snapshot!(promotion(&baseline(changes, &overridden), 3, FILE));
}

#[test]
fn a_first_baseline_moves_nothing() {
    insta::assert_snapshot!(promotion(&baseline(Vec::new(), &[]), 0, FILE));
}

#[test]
fn everything_at_once_fits_into_a_pull_request() {
    let long = "x".repeat(120);
    let changes = vec![change(&long, &long, "ns", 123_456.0, 234_567.0); 1_000];
    let overridden = vec!["y".repeat(400); 1_000];
    let text = promotion(&baseline(changes, &overridden), 1_000, FILE);
    assert!(text.chars().count() < 50_000, "{}", text.chars().count());
    assert!(
        text.contains("\nand 960 more, in `baselines/main.json`\n"),
        "{text}"
    );
    assert!(
        text.ends_with("\nand 900 more, in `baselines/main.json`\n"),
        "{text}"
    );
}
