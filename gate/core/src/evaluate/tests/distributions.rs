//! The distributions behind the rows, which change no verdict.

use gate_schema::id::Digest;
use gate_schema::report::{Distribution, Quantiles};
use gate_schema::run::Provenance;

use super::*;

fn timed(level: f64) -> Case {
    let latency = (
        "latency",
        Unit::Nanoseconds,
        Direction::Lower,
        Values::Latencies(level),
    );
    Case {
        metrics: vec![latency],
        ..case(1.0)
    }
}

fn distributions(report: &Report) -> Vec<Distribution> {
    let known = report.distributions.clone();
    known.map_or(Vec::new(), |known| known.metrics)
}

fn median(side: &Option<Quantiles>) -> f64 {
    let side = side.as_ref().expect("known");
    side.values[11]
}

fn close(actual: f64, expected: f64) -> bool {
    (actual / expected - 1.0).abs() < 0.02
}

#[test]
fn a_histogram_is_kept_once_however_many_rows_it_has() {
    let report = judge(&timed(10.0), &timed(12.0), &Policy::default());
    assert!(report.rows.len() > 3);
    let [latency] = &distributions(&report)[..] else {
        panic!("one distribution");
    };
    assert_eq!(latency.metric, name("latency"));
    assert_eq!(
        latency.baseline.as_ref().map(|side| side.count),
        Some(6 * 5 * 2_000)
    );
    // Operations are spread evenly up to two thousand levels.
    assert!(close(median(&latency.baseline), 10_000.0), "{latency:?}");
    assert!(close(median(&latency.candidate), 12_000.0), "{latency:?}");
}

#[test]
fn nothing_is_kept_where_no_histogram_is() {
    let report = judge(&case(1e6), &case(1e6), &Policy::default());
    assert_eq!(report.distributions, None);
}

#[test]
fn what_was_not_compared_is_left_out() {
    let other = Case {
        cpu: "Zen 4",
        ..timed(10.0)
    };
    let report = judge(&other, &timed(12.0), &Policy::default());
    assert!(report.rows.iter().all(|row| row.baseline.is_none()));
    let [latency] = &distributions(&report)[..] else {
        panic!("one distribution");
    };
    assert_eq!(latency.baseline, None);
    assert!(close(median(&latency.candidate), 12_000.0), "{latency:?}");
}

/// A promoted baseline keeps statistics, and one histogram of its newest session.
#[test]
fn a_promoted_baseline_still_shows_its_distribution() {
    let provenance = Provenance {
        promoted_by: "someone".into(),
        promoted_at: "2026-11-20T08:00:00Z".into(),
        reason: None,
        workflow_run: None,
        promoted_document: Digest::from_bytes(&[0; 32]),
        content: None,
        overridden: Vec::new(),
        changes: Vec::new(),
    };
    let promoted = crate::promote::baseline(&timed(10.0).run(), None, provenance).expect("sound");
    let report = judge_runs(&promoted, &timed(12.0).run(), &Policy::default()).expect("overlap");
    let [latency] = &distributions(&report)[..] else {
        panic!("one distribution");
    };
    assert_eq!(
        latency.baseline.as_ref().map(|side| side.count),
        Some(5 * 2_000)
    );
    assert!(close(median(&latency.baseline), 10_000.0), "{latency:?}");
}
