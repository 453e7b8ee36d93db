//! What the noise of a machine is learned from besides its calibration: checks.

use super::*;

#[test]
fn a_check_adds_its_sessions_but_for_noisy_ones() {
    let of = |name: &str, effects: &[f64], noise| Pairs {
        noise,
        ..pairs(name, effects)
    };
    let all = [
        of("quiet", &[0.0], 1.0),
        of("again", &[0.0, 0.0], 1.0),
        of("undecided", &[0.025], 2.0),
        of("noisy", &[0.0], 30.0),
    ];
    let known = calibrated(&["quiet", "again", "undecided", "noisy"]);
    let runs = runs(&all);
    let (report, _) = check(&runs, Some(&known), &Policy::default());
    assert_eq!(of_row(&report, "undecided"), Verdict::Inconclusive);
    let seen = [observed(&runs[0]), observed(&runs[1])];
    let arms = [(&runs[0], &seen[0]), (&runs[1], &seen[1])];
    let calibration = Calibration {
        arms: arms.map(|(run, observed)| Side { run, observed }),
        dropped: 1,
        created: "2026-11-21T08:00:00Z",
        judged: Some(&report),
    };
    let added = |earlier: &Noise| {
        let learned = learn(Some(earlier), &calibration, &Policy::default()).expect("learned");
        learned.validate().expect("valid");
        learned
    };
    // Ten sessions were calibrated, by ids that those of the check share but for the prefix.
    let mut earlier = known.clone();
    for session in earlier.rows.iter_mut().flat_map(|row| &mut row.sessions) {
        session.id = format!("calibrate-{}", session.id);
    }
    let learned = added(&earlier);
    let sessions = |noise: &Noise| -> Vec<(String, usize)> {
        let rows = noise.rows.iter();
        rows.map(|row| (row.scenario.to_string(), row.sessions.len()))
            .collect()
    };
    let expected = [
        ("again", 12),
        ("noisy", 10),
        ("quiet", 11),
        ("undecided", 11),
    ];
    let expected = expected.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(sessions(&learned), expected);
    for (row, before) in learned.rows.iter().zip(&earlier.rows) {
        assert_eq!(row.warm_up, before.warm_up, "{}", row.scenario);
    }
    // Twice is once.
    assert_eq!(added(&learned), learned);
}

fn of_row(report: &Report, scenario: &str) -> Verdict {
    of(report, scenario).verdict
}
