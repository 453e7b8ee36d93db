//! How many of the candidate's sessions must show a slowdown against stored ones.

use super::*;

/// A candidate of sessions at these levels, against stored ones around 100.
fn decided(sessions: &[f64]) -> (Verdict, Reason) {
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
    let row = &report.expect("overlap").rows[0];
    (row.verdict, row.reason.clone())
}

#[test]
fn two_of_two_and_else_three_and_more_than_half_must_agree() {
    let (slow, usual) = (130.0, 100.0);
    let regressed = (Verdict::Regressed, Reason::BeyondMargin);
    let open = |reason| (Verdict::Inconclusive, reason);
    let disagree = |agreeing, of| open(Reason::SessionsDisagree { agreeing, of });
    for (label, sessions, expected) in [
        ("one", &[slow][..], open(Reason::NeedsSecondSession)),
        ("both of two", &[slow, slow], regressed.clone()),
        ("one of two", &[slow, usual], disagree(1, 2)),
        ("all of three", &[slow, slow, slow], regressed.clone()),
        ("two of three", &[slow, slow, usual], disagree(2, 3)),
        (
            "three of four",
            &[slow, usual, slow, slow],
            regressed.clone(),
        ),
        ("two of four", &[slow, usual, usual, slow], disagree(2, 4)),
        (
            "three of five",
            &[slow, usual, slow, usual, slow],
            regressed.clone(),
        ),
        (
            "three of six",
            &[slow, usual, slow, usual, slow, usual],
            disagree(3, 6),
        ),
        (
            "four of six",
            &[slow, usual, slow, usual, slow, slow],
            regressed.clone(),
        ),
        (
            "four of seven",
            &[slow, usual, slow, usual, slow, slow, usual],
            regressed.clone(),
        ),
    ] {
        assert_eq!(decided(sessions), expected, "{label}");
    }
}
