//! What a default branch expects of two runs that a stranger measured.

use gate_schema::run::Failure;

use super::pairs::observed;
use super::*;

/// A run with the scenario `s` and another one of this name, measured alike.
fn and(other: &str) -> Run {
    let mut run = case(100.0).run();
    let mut declared = run.manifest.scenarios[0].clone();
    declared.scenario = name(other);
    run.manifest.scenarios.push(declared);
    for session in &mut run.sessions {
        let mut measured = session.scenarios[0].clone();
        measured.scenario = name(other);
        session.scenarios.push(measured);
    }
    run
}

fn failed(mut run: Run) -> Run {
    run.failures = vec![Failure {
        scenario: name("lost"),
        session: None,
        pair: None,
        how: "exit status 3".into(),
        stderr: Vec::new(),
    }];
    run
}

#[test]
fn what_is_expected_and_on_neither_side_is_never_a_pass() {
    let run = || case(100.0).run();
    let retired = || Rule {
        scenario: "lost".into(),
        mode: Some(RowMode::Report),
        ..Rule::default()
    };
    let missing = |reason| Some((Verdict::Missing, reason));
    for (label, sides, rules, row, outcome) in [
        (
            "left out of both",
            [run(), run()],
            vec![],
            missing(Reason::OnNeitherSide),
            Outcome::Fail,
        ),
        (
            "left out of the candidate",
            [and("lost"), run()],
            vec![],
            missing(Reason::NotDeclared),
            Outcome::Fail,
        ),
        (
            "failing on the candidate",
            [run(), failed(run())],
            vec![],
            missing(Reason::ScenarioFailed),
            Outcome::Fail,
        ),
        (
            "failing on the base, so that it was measured no further",
            [failed(run()), run()],
            vec![],
            Some((Verdict::Incomparable, Reason::BaselineUnusable)),
            Outcome::Undecided,
        ),
        (
            "retired by the policy",
            [run(), run()],
            vec![retired()],
            missing(Reason::OnNeitherSide),
            Outcome::Pass,
        ),
        (
            "on both sides",
            [and("lost"), and("lost")],
            vec![],
            Some((Verdict::Pass, Reason::WithinMargin)),
            Outcome::Pass,
        ),
    ] {
        let (expected, [baseline, mut candidate]) = (and("lost"), sides);
        for session in &mut candidate.sessions {
            session.id.push_str("/candidate");
        }
        let runs = [&baseline, &candidate, &expected];
        let seen = runs.map(observed);
        let side = |at: usize| Side {
            run: runs[at],
            observed: &seen[at],
        };
        let known = Known {
            expected: Some(side(2)),
            ..Known::default()
        };
        let report = evaluate(side(0), side(1), &known, &policy(rules)).expect("overlap");
        let of_lost: Vec<_> = (report.rows.iter())
            .filter(|row| row.scenario == name("lost"))
            .map(|row| (row.verdict, row.reason.clone()))
            .collect();
        assert_eq!(of_lost, Vec::from_iter(row), "{label}");
        assert_eq!(report.outcome, outcome, "{label}");
        assert!(report.warnings.is_empty(), "{label}: {:?}", report.warnings);
    }
}
