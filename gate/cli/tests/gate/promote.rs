//! `gate promote`: what is written, and that the next comparison can read it.

use serde_json::{Value, json};

use crate::scratch::{BASELINE, Engine, Scratch, run};

mod refused;

fn promote(scratch: &Scratch, arguments: &[&str]) -> crate::scratch::Ran {
    scratch.gate(
        &[
            &[
                "promote",
                "out.json",
                "--baseline",
                "main.json",
                "--by",
                "tester",
            ],
            arguments,
        ]
        .concat(),
    )
}

/// A run of `demo/search` that does not measure its memory.
pub(crate) fn without_memory(engine: Engine) -> Value {
    let mut document = run(engine);
    let metrics = &mut document["manifest"]["scenarios"][0]["metrics"];
    metrics.as_array_mut().expect("metrics").remove(1);
    for session in document["sessions"].as_array_mut().expect("sessions") {
        let repetitions = &mut session["scenarios"][0]["repetitions"];
        for repetition in repetitions.as_array_mut().expect("repetitions") {
            repetition["metrics"]
                .as_object_mut()
                .expect("metrics")
                .remove("peak_rss");
        }
    }
    document
}

fn of_sessions(sessions: usize) -> Value {
    run(Engine {
        sessions,
        ..BASELINE
    })
}

#[test]
fn a_promoted_baseline_is_small_canonical_and_comparable() {
    let scratch = Scratch::new();
    scratch.json("out.json", &run(BASELINE));
    let ran = promote(&scratch, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let baseline = scratch.read("main.json");
    assert_eq!(
        baseline.matches("\"hdr\"").count(),
        1,
        "one pooled histogram, statistics otherwise"
    );
    assert!(baseline.ends_with("}\n"));
    let value: Value = serde_json::from_str(&baseline).expect("JSON");
    assert_eq!(value["provenance"]["promoted_by"], "tester");
    assert_eq!(value["pooled"][0]["scenario"], "demo/search");
    // One repetition per line: 6 sessions of 5.
    assert_eq!(
        baseline
            .lines()
            .filter(|line| line.trim_start().starts_with(r#"{"metrics":"#))
            .count(),
        30
    );
    let compared = scratch.gate(&["compare", "main.json", "out.json"]);
    assert_eq!(compared.code, 0, "{}", compared.stdout);
}

#[test]
fn sessions_accumulate_up_to_twenty_and_changes_are_kept() {
    let scratch = Scratch::new();
    scratch.json("out.json", &run(BASELINE));
    assert_eq!(promote(&scratch, &[]).code, 0);
    for (step, latency_ns) in [55_000.0, 56_000.0, 57_000.0].into_iter().enumerate() {
        scratch.json(
            "out.json",
            &run(Engine {
                latency_ns,
                ..BASELINE
            }),
        );
        let ran = promote(&scratch, &["--reason", "checks more", "--accept", "worse"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let baseline: Value = serde_json::from_str(&scratch.read("main.json")).expect("JSON");
        let sessions = baseline["sessions"].as_array().expect("sessions");
        assert_eq!(sessions.len(), (6 * (step + 2)).min(20));
        assert_eq!(
            sessions.last().expect("some")["id"],
            format!("s5-{latency_ns}")
        );
        if step == 0 {
            let changed: Vec<&Value> = baseline["provenance"]["changes"]
                .as_array()
                .expect("changes")
                .iter()
                .map(|c| &c["metric"])
                .collect();
            assert!(changed.contains(&&json!("latency.p50")), "{changed:?}");
            assert!(ran.stdout.contains("latency.p50"), "{}", ran.stdout);
            let overridden = &baseline["provenance"]["overridden"][0];
            let overridden = overridden.as_str().expect("a sentence");
            assert!(overridden.starts_with("worse than the accepted level: demo/search latency"));
            let said = format!("  accepted for the reason: {overridden}\n");
            assert!(ran.stdout.contains(&said), "{}", ran.stdout);
        }
    }
}

/// How many sessions the baseline holds, and how many of them hold each metric of its first scenario.
fn held(scratch: &Scratch, metrics: [&str; 2]) -> (usize, [usize; 2]) {
    let baseline: Value = serde_json::from_str(&scratch.read("main.json")).expect("JSON");
    let sessions = baseline["sessions"].as_array().expect("sessions");
    let holding = metrics.map(|metric| {
        let of = |session: &&Value| {
            let repetitions = &session["scenarios"][0]["repetitions"];
            let mut repetitions = repetitions.as_array().expect("repetitions").iter();
            repetitions.all(|repetition| repetition["metrics"][metric] != Value::Null)
        };
        sessions.iter().filter(of).count()
    });
    (sessions.len(), holding)
}

#[test]
fn a_metric_more_or_less_costs_the_others_no_session() {
    let scratch = Scratch::new();
    let later = |nanoseconds: f64| Engine {
        latency_ns: BASELINE.latency_ns + nanoseconds,
        ..BASELINE
    };
    let metrics = ["latency", "peak_rss"];
    let reason = ["--reason", "nobody looks at it", "--accept", "missing"];
    for (document, arguments, sessions) in [
        (without_memory(BASELINE), &[][..], (6, [6, 0])),
        (run(later(1.0)), &[], (12, [12, 6])),
        (without_memory(later(2.0)), &reason, (18, [18, 0])),
    ] {
        scratch.json("out.json", &document);
        let ran = promote(&scratch, arguments);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(held(&scratch, metrics), sessions);
        let compared = scratch.gate(&["compare", "main.json", "out.json"]);
        assert_eq!(compared.code, 0, "{}", compared.stdout);
    }
}

#[test]
fn a_metric_that_is_declared_differently_loses_its_own_history() {
    let scratch = Scratch::new();
    scratch.json("out.json", &run(BASELINE));
    assert_eq!(promote(&scratch, &[]).code, 0);
    let mut document = run(Engine {
        latency_ns: BASELINE.latency_ns + 1.0,
        ..BASELINE
    });
    document["manifest"]["scenarios"][0]["metrics"][1]["direction"] = json!("higher");
    scratch.json("out.json", &document);
    let ran = promote(&scratch, &["--reason", "the more the better"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    let said =
        "error[G401]: peak_rss of demo/search is declared differently, which drops its history";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(ran.stderr.contains("--accept redefined"), "{}", ran.stderr);
    let accept = ["--reason", "the more the better", "--accept", "redefined"];
    let ran = promote(&scratch, &accept);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(held(&scratch, ["latency", "peak_rss"]), (12, [12, 6]));
}

#[test]
fn few_sessions_are_enough_where_others_are_kept() {
    let scratch = Scratch::new();
    scratch.json("out.json", &of_sessions(1));
    let ran = promote(&scratch, &[]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    let said = "error[G401]: the baseline would hold 1 session of demo/search, and needs 3";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    scratch.json("out.json", &of_sessions(3));
    assert_eq!(promote(&scratch, &[]).code, 0);
    let mut fourth = of_sessions(1);
    fourth["sessions"][0]["id"] = json!("fourth");
    scratch.json("out.json", &fourth);
    let ran = promote(&scratch, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_metric_more_needs_sessions_of_its_own() {
    let scratch = Scratch::new();
    scratch.json("out.json", &without_memory(BASELINE));
    assert_eq!(promote(&scratch, &[]).code, 0);
    let mut one = of_sessions(1);
    one["sessions"][0]["id"] = json!("another");
    scratch.json("out.json", &one);
    let ran = promote(&scratch, &[]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    let said =
        "error[G401]: the baseline would hold 1 session of peak_rss of demo/search, and needs 3";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn a_baseline_is_not_promoted_onto_itself() {
    let scratch = Scratch::new();
    scratch.json("main.json", &run(BASELINE));
    let ran = scratch.gate(&["promote", "main.json", "--baseline", "main.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("error[G302]"), "{}", ran.stderr);
}

#[test]
fn the_folder_of_a_first_baseline_is_made() {
    let scratch = Scratch::new();
    scratch.json("out.json", &run(BASELINE));
    let ran = scratch.gate(&["promote", "out.json", "--by", "tester"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(scratch.path("baselines/main.json").exists());
}

#[test]
fn what_changes_is_written_for_the_pull_request() {
    let scratch = Scratch::new();
    scratch.json("out.json", &run(BASELINE));
    assert_eq!(promote(&scratch, &["--output", "out.json"]).code, 2);
    assert_eq!(
        promote(&scratch, &["--output", "nowhere/change.md"]).code,
        2
    );
    assert_eq!(scratch.names(), ["out.json"], "nothing is written");
    assert_eq!(promote(&scratch, &[]).code, 0);
    let slower = Engine {
        latency_ns: 55_000.0,
        ..BASELINE
    };
    scratch.json("out.json", &run(slower));
    let accept = ["--reason", "checks more", "--accept", "worse"];
    let ran = promote(
        &scratch,
        &[&accept[..], &["--output", "change.md"]].concat(),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(scratch.read("change.md"));
}
