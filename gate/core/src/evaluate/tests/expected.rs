//! What a default branch expects of two runs that a stranger measured.

use gate_schema::run::{Failure, Param};

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

/// What is said of baseline and candidate where the third run is expected.
fn judged(mut runs: [Run; 3], policy: &Policy) -> Report {
    for session in &mut runs[1].sessions {
        session.id.push_str("/candidate");
    }
    let seen = [&runs[0], &runs[1], &runs[2]].map(observed);
    let side = |at: usize| Side {
        run: &runs[at],
        observed: &seen[at],
    };
    let known = Known {
        expected: Some(side(2)),
        ..Known::default()
    };
    evaluate(side(0), side(1), &known, policy).expect("overlap")
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
            "left out of the base",
            [run(), and("lost")],
            vec![],
            Some((Verdict::Incomparable, Reason::NotOnBase)),
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
        let [baseline, candidate] = sides;
        let report = judged([baseline, candidate, and("lost")], &policy(rules));
        let of_lost: Vec<_> = (report.rows.iter())
            .filter(|row| row.scenario == name("lost"))
            .map(|row| (row.verdict, row.reason.clone()))
            .collect();
        assert_eq!(of_lost, Vec::from_iter(row), "{label}");
        assert_eq!(report.outcome, outcome, "{label}");
        assert!(report.warnings.is_empty(), "{label}: {:?}", report.warnings);
    }
}

#[test]
fn what_both_sides_declare_otherwise_than_expected_passes_nothing() {
    type Change = fn(&mut Run);
    type Line = (
        &'static str,
        Change,
        f64,
        Vec<Rule>,
        (Verdict, Reason),
        Outcome,
    );
    let easy: Change = |run| {
        let params = &mut run.manifest.scenarios[0].params;
        params.insert(name("items"), Param::Integer(1));
    };
    let pass = (Verdict::Pass, Reason::WithinMargin);
    let doubt = |parameter| (Verdict::Incomparable, Reason::NotAsPromoted { parameter });
    let only_reported = || Rule {
        mode: Some(RowMode::Report),
        ..Rule::default()
    };
    let lines: [Line; 8] = [
        (
            "as expected",
            |_| (),
            100.0,
            vec![],
            pass.clone(),
            Outcome::Pass,
        ),
        (
            "made easy",
            easy,
            100.0,
            vec![],
            doubt(Some(name("items"))),
            Outcome::Undecided,
        ),
        (
            "made easy, and worse than its base",
            easy,
            120.0,
            vec![],
            (Verdict::Regressed, Reason::BeyondMargin),
            Outcome::Fail,
        ),
        (
            "made easy, and better than its base",
            easy,
            80.0,
            vec![],
            doubt(Some(name("items"))),
            Outcome::Undecided,
        ),
        (
            "without its parameters",
            |run| run.manifest.scenarios[0].params.clear(),
            100.0,
            vec![],
            doubt(Some(name("items"))),
            Outcome::Undecided,
        ),
        (
            "of other input",
            |run| run.manifest.scenarios[0].input = format!("sha256:{:064}", 1).try_into().ok(),
            100.0,
            vec![],
            doubt(None),
            Outcome::Undecided,
        ),
        (
            "with a loss called a gain",
            |run| run.manifest.scenarios[0].metrics[0].direction = Direction::Higher,
            120.0,
            vec![],
            doubt(None),
            Outcome::Undecided,
        ),
        (
            "made easy, and only reported",
            easy,
            100.0,
            vec![only_reported()],
            pass,
            Outcome::Undecided,
        ),
    ];
    for (label, change, level, rules, expected, outcome) in lines {
        let mut runs = [case(100.0).run(), case(level).run(), case(100.0).run()];
        let [baseline, candidate, _] = &mut runs;
        for session in &mut candidate.sessions {
            session.id.push_str("/candidate");
        }
        change(baseline);
        change(candidate);
        let seen = [&runs[0], &runs[1], &runs[2]].map(observed);
        let side = |at: usize| Side {
            run: &runs[at],
            observed: &seen[at],
        };
        let known = Known {
            expected: Some(side(2)),
            ..Known::default()
        };
        let report = evaluate(side(0), side(1), &known, &policy(rules)).expect("overlap");
        let row = &report.rows[0];
        assert_eq!((row.verdict, row.reason.clone()), expected, "{label}");
        assert_eq!(report.outcome, outcome, "{label}");
        // Where nobody judges what a stranger measured, both sides are believed.
        let believed = evaluate(side(0), side(1), &Known::default(), &Policy::default());
        let believed = believed.expect("overlap");
        assert_ne!(believed.rows[0].verdict, Verdict::Incomparable, "{label}");
    }
}

#[test]
fn a_metric_named_as_a_statistic_hides_no_declaration() {
    let run = |level, is_strange: bool| {
        let mut case = case(100.0);
        if is_strange {
            let values = Values::Around(100.0);
            case = case.with("latency.p50", Unit::Nanoseconds, Direction::Lower, values);
        }
        let values = Values::Latencies(level);
        let case = case.with("latency", Unit::Nanoseconds, Direction::Lower, values);
        let mut run = case.run();
        if is_strange {
            let metrics = &mut run.manifest.scenarios[0].metrics;
            let latency = metrics.last_mut().expect("it was declared");
            latency.direction = Direction::Higher;
        }
        run
    };
    let runs = [run(10.0, true), run(12.0, true), run(10.0, false)];
    let report = judged(runs, &Policy::default());
    let p50 = report
        .rows
        .iter()
        .filter(|row| row.metric == name("latency.p50"));
    let p50: Vec<Verdict> = p50.map(|row| row.verdict).collect();
    assert_eq!(p50, [Verdict::Incomparable; 2], "{:#?}", report.rows);
}

#[test]
fn advice_leaves_open_what_is_gone_and_fails_what_is_broken() {
    let wrong = || {
        let mut run = and("lost");
        for session in &mut run.sessions {
            session.scenarios[1].check = Check::Failed;
        }
        run
    };
    let unmeasured = || {
        let mut run = and("lost");
        for session in &mut run.sessions {
            session.scenarios.truncate(1);
        }
        run
    };
    let slower = || case(120.0).run();
    for (label, candidate, advised) in [
        ("there", and("lost"), Outcome::Pass),
        ("not declared", case(100.0).run(), Outcome::Undecided),
        ("not measured", unmeasured(), Outcome::Undecided),
        ("wrong", wrong(), Outcome::Fail),
        ("failed", failed(case(100.0).run()), Outcome::Fail),
        (
            "not declared, and the rest is slower",
            slower(),
            Outcome::Fail,
        ),
    ] {
        let mut runs = [and("lost"), candidate];
        for session in &mut runs[1].sessions {
            session.id.push_str("/candidate");
        }
        let seen = [&runs[0], &runs[1]].map(observed);
        let side = |at: usize| Side {
            run: &runs[at],
            observed: &seen[at],
        };
        let policy = Policy::default();
        let report = evaluate(side(0), side(1), &Known::default(), &policy).expect("overlap");
        let is_there = advised == Outcome::Pass;
        assert_eq!(report.outcome == Outcome::Fail, !is_there, "{label}");
        assert_eq!(crate::outcome::advise(&report, &policy), advised, "{label}");
    }
}

/// A policy that gates percentiles alone, and a candidate that has none any more.
#[test]
fn a_gating_row_does_not_vanish_with_the_kind_of_its_metric() {
    let run = |values| {
        let case = case(100.0).with("latency", Unit::Nanoseconds, Direction::Lower, values);
        case.run()
    };
    let percentiles = || run(Values::Latencies(10.0));
    let alone = || run(Values::Around(10.0));
    let report_all = Rule {
        mode: Some(RowMode::Report),
        ..Rule::default()
    };
    let gate_p99 = Rule {
        mode: Some(RowMode::Gate),
        ..budget("p99", Operator::AtMost, 1e9)
    };
    let policy = policy(vec![report_all, gate_p99]);
    for (label, sides) in [
        ("by the candidate", [percentiles(), alone(), percentiles()]),
        ("by both sides", [alone(), alone(), percentiles()]),
    ] {
        let report = judged(sides, &policy);
        let gating: Vec<_> = (report.rows.iter())
            .filter(|row| row.gating)
            .map(|row| (row.metric.as_str(), row.verdict, &row.reason))
            .collect();
        let expected = ("latency.p99", Verdict::Incomparable, &Reason::Declaration);
        assert_eq!(gating, [expected], "{label}");
        assert_eq!(report.outcome, Outcome::Undecided, "{label}");
    }
}
