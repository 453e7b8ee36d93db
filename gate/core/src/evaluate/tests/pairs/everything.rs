//! All scenarios together: a slowdown that no row shows alone.

use super::*;

#[test]
fn a_slowdown_of_everything_is_found_where_no_row_is() {
    let ids: Vec<String> = (0..40).map(|at| format!("s/{at}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let noise = calibrated(&ids);
    for (effect, scenarios, mode, verdicts, outcome) in [
        (
            0.01,
            40,
            RowMode::Gate,
            vec![Verdict::Regressed],
            Outcome::Fail,
        ),
        (
            0.01,
            40,
            RowMode::Report,
            vec![Verdict::Regressed],
            Outcome::Pass,
        ),
        (0.0, 40, RowMode::Gate, vec![Verdict::Pass], Outcome::Pass),
        (-0.01, 40, RowMode::Gate, vec![Verdict::Pass], Outcome::Pass),
        (0.003, 40, RowMode::Gate, vec![Verdict::Pass], Outcome::Pass),
        (0.01, 9, RowMode::Gate, vec![], Outcome::Pass),
    ] {
        let all: Vec<Pairs> = ids[..scenarios]
            .iter()
            .map(|id| pairs(id, &[effect]))
            .collect();
        let policy = Policy {
            uniform: mode,
            ..Policy::default()
        };
        let (report, _) = check(&runs(&all), Some(&noise), &policy);
        let found: Vec<Verdict> = report
            .uniform
            .iter()
            .map(|uniform| uniform.verdict)
            .collect();
        assert_eq!(
            (found, report.outcome),
            (verdicts, outcome),
            "{effect} in {scenarios}"
        );
        assert!(report.rows.iter().all(|row| row.verdict == Verdict::Pass));
    }
}

#[test]
fn one_bad_scenario_is_not_everything() {
    let ids: Vec<String> = (0..12).map(|at| format!("s/{at}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut all: Vec<Pairs> = ids.iter().map(|id| pairs(id, &[0.0])).collect();
    all[0] = pairs(ids[0], &[0.2, 0.2]);
    let (report, _) = check(&runs(&all), Some(&calibrated(&ids)), &Policy::default());
    assert_eq!(of(&report, ids[0]).verdict, Verdict::Regressed);
    let [together] = &report.uniform[..] else {
        panic!("one metric is tested, not {:?}", report.uniform)
    };
    assert_eq!((together.verdict, together.scenarios), (Verdict::Pass, 11));
}
