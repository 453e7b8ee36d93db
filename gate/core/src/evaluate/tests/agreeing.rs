//! How many of the candidate's sessions must show a slowdown against stored ones.

use gate_schema::report::Verdict::{self, Inconclusive, Regressed};

use super::*;

/// A candidate of sessions at these levels, against stored ones around 100.
fn verdict(sessions: &[f64]) -> Verdict {
    let mut candidate = case(100.0).sessions(sessions.len()).run();
    for (session, level) in candidate.sessions.iter_mut().zip(sessions) {
        let measured = session.scenarios[0].repetitions.iter_mut();
        for (_, value) in measured.flat_map(|r| &mut r.metrics) {
            if let MetricValue::Value(value) = value {
                *value *= level / 100.0;
            }
        }
    }
    let baseline = case(100.0).sessions(10).run();
    let seen = [&baseline, &candidate].map(pairs::observed);
    let side = |run, observed| Side { run, observed };
    let report = evaluate(
        side(&baseline, &seen[0]),
        side(&candidate, &seen[1]),
        &Known::default(),
        &Policy::default(),
    );
    report.expect("overlap").rows[0].verdict
}

#[test]
fn two_of_two_and_three_of_more_must_agree() {
    let (slow, usual) = (130.0, 100.0);
    for (label, sessions, expected) in [
        ("both of two", &[slow, slow][..], Regressed),
        ("one of two", &[slow, usual], Inconclusive),
        ("all of three", &[slow, slow, slow], Regressed),
        ("two of three", &[slow, slow, usual], Inconclusive),
        ("three of four", &[slow, usual, slow, slow], Regressed),
        ("two of four", &[slow, usual, usual, slow], Inconclusive),
        (
            "three of five",
            &[slow, usual, slow, usual, slow],
            Regressed,
        ),
    ] {
        assert_eq!(verdict(sessions), expected, "{label}");
    }
}
