//! Named cases: two small runs and a policy in, verdict and reason of one row out.

use gate_schema::policy::{
    AtLimit, Limit, Machine, Margin, Operator, Policy, RowMode, Rule, Undecided,
};
use gate_schema::report::{Outcome, Reason, Report, Verdict, Warning};
use gate_schema::run::{Check, MetricValue, Mode, Run};
use gate_schema::unit::{Direction, Unit};

use super::*;
use case::{Case, Values, budget, case, judge, judge_runs, name, policy};

mod agreeing;
mod case;
mod clock;
mod curves;
mod distributions;
mod disturbed;
mod expected;
mod ladder;
mod once_wrong;
mod pairs;
mod selection;
mod series;

#[test]
fn outcomes_follow_the_lattice_and_the_policy() {
    let base = case(100.0);
    let other = Case {
        cpu: "Xeon",
        ..case(120.0)
    };
    let memory =
        |case: Case, level| case.with("rss", Unit::Bytes, Direction::Lower, Values::Exactly(level));
    let means = |means| Policy {
        incomparable: means,
        ..Policy::default()
    };
    let limited = |limit| Policy {
        inconclusive: Undecided::Pass,
        ..policy(vec![budget("time", Operator::AtMost, limit)])
    };
    for (label, baseline, candidate, policy, outcome) in [
        (
            "pass",
            base.clone(),
            case(100.0).sessions(2),
            Policy::default(),
            Outcome::Pass,
        ),
        (
            "regressed",
            base.clone(),
            case(120.0).sessions(2),
            Policy::default(),
            Outcome::Fail,
        ),
        (
            "incomparable is not a pass",
            base.clone(),
            other.clone(),
            Policy::default(),
            Outcome::Undecided,
        ),
        (
            "nothing but incomparable is no pass even if asked",
            base.clone(),
            other.clone(),
            means(Undecided::Pass),
            Outcome::Undecided,
        ),
        (
            "memory decides on another machine",
            memory(base.clone(), 1e6),
            memory(other.clone(), 1e6),
            means(Undecided::Pass),
            Outcome::Pass,
        ),
        (
            "memory fails on another machine",
            memory(base.clone(), 1e6),
            memory(other.clone(), 1.1e6),
            means(Undecided::Pass),
            Outcome::Fail,
        ),
        (
            "a budget that is kept decides, whatever the baseline has",
            base.clone(),
            case(120.0).sessions(1),
            limited(200.0),
            Outcome::Pass,
        ),
        (
            "a budget in doubt decides nothing",
            base.clone(),
            case(120.0).sessions(1),
            limited(120.0),
            Outcome::Undecided,
        ),
        (
            "nor does it on another machine, even if asked",
            base.clone(),
            other.clone(),
            Policy {
                incomparable: Undecided::Pass,
                ..limited(120.0)
            },
            Outcome::Undecided,
        ),
        (
            "undecided may fail",
            base.clone(),
            other,
            means(Undecided::Fail),
            Outcome::Fail,
        ),
    ] {
        let report = judge(&baseline, &candidate, &policy);
        assert_eq!(report.outcome, outcome, "{label}: {:#?}", report.rows);
    }
}

#[test]
fn rows_that_only_report_do_not_decide() {
    let report_only = policy(vec![Rule {
        metric: "time".into(),
        mode: Some(RowMode::Report),
        ..Rule::default()
    }]);
    let both = |level| case(level).with("rss", Unit::Bytes, Direction::Lower, Values::Exactly(1e6));
    let report = judge(&both(100.0), &both(150.0).sessions(2), &report_only);
    assert_eq!(report.outcome, Outcome::Pass, "{:#?}", report.rows);
    assert!(
        report
            .rows
            .iter()
            .any(|row| row.verdict == Verdict::Regressed && !row.gating)
    );
}

#[test]
fn exact_metrics_regress_by_one_step_beyond_the_margin() {
    let segments = |n| {
        case(100.0).with(
            "segments",
            Unit::Count,
            Direction::Lower,
            Values::Exactly(n),
        )
    };
    for (from, to, verdict) in [
        (8.0, 8.0, Verdict::Pass),
        (8.0, 9.0, Verdict::Regressed),
        (9.0, 8.0, Verdict::Improved),
        (0.0, 0.0, Verdict::Pass),
        (0.0, 1.0, Verdict::Regressed),
        (1.0, 0.0, Verdict::Improved),
    ] {
        let report = judge(
            &segments(from),
            &segments(to).sessions(2),
            &Policy::default(),
        );
        let row = report
            .rows
            .iter()
            .find(|r| r.metric == name("segments"))
            .expect("row");
        assert_eq!(row.verdict, verdict, "{from} -> {to}: {row:#?}");
    }
}

#[test]
fn a_speed_up_bought_with_recall_is_a_trade() {
    let engine = |level, every| {
        case(level).with(
            "recall@10",
            Unit::Ratio,
            Direction::Higher,
            Values::Recall { every },
        )
    };
    let floor = policy(vec![budget("recall@10", Operator::AtLeast, 0.95)]);
    let report = judge(&engine(100.0, 50), &engine(60.0, 1).sessions(2), &floor);
    let verdicts: Vec<_> = report
        .rows
        .iter()
        .map(|r| (r.metric.as_str(), r.verdict, &r.reason))
        .collect();
    let traded = Reason::TradedQuality {
        metric: name("recall@10"),
    };
    assert_eq!(
        verdicts,
        [
            ("recall@10", Verdict::OverBudget, &Reason::Budget),
            ("time", Verdict::Pass, &traded)
        ]
    );
}

#[test]
fn recall_is_compared_query_by_query() {
    let engine = |every| {
        case(100.0).with(
            "recall@10",
            Unit::Ratio,
            Direction::Higher,
            Values::Recall { every },
        )
    };
    // 2 of 100 queries lose a hit: 0.2 points, inside the margin of half a point.
    for (from, to, verdict) in [
        (50, 50, Verdict::Pass),
        (1000, 50, Verdict::Pass),
        (50, 2, Verdict::Regressed),
    ] {
        let report = judge(&engine(from), &engine(to).sessions(1), &Policy::default());
        let row = report
            .rows
            .iter()
            .find(|r| r.metric == name("recall@10"))
            .expect("row");
        assert_eq!(row.verdict, verdict, "{from} -> {to}: {row:#?}");
    }
}

#[test]
fn what_only_one_side_has() {
    let with_rate = |case: Case| {
        case.with(
            "rate",
            Unit::PerSecond,
            Direction::Higher,
            Values::Around(1e6),
        )
    };
    let removed = judge(
        &with_rate(case(100.0)),
        &case(100.0).sessions(2),
        &Policy::default(),
    );
    assert_eq!(
        (removed.rows[0].verdict, &removed.rows[0].reason),
        (Verdict::Missing, &Reason::NotDeclared)
    );
    let added = judge(
        &case(100.0),
        &with_rate(case(100.0)).sessions(2),
        &Policy::default(),
    );
    assert!(
        added
            .rows
            .iter()
            .any(|r| (r.verdict, &r.reason) == (Verdict::Added, &Reason::NotInBaseline))
    );
}

#[test]
fn a_rule_that_matches_nothing_is_a_warning() {
    let typo = policy(vec![Rule {
        scenario: "vectr/**".into(),
        margin: Some(Margin::Unjudged),
        line: 12,
        ..Rule::default()
    }]);
    let report = judge(&case(100.0), &case(100.0).sessions(2), &typo);
    let expected = Warning::RuleMatchesNothing {
        line: 12,
        scenario: "vectr/**".into(),
        metric: "*".into(),
    };
    assert_eq!(report.warnings, [expected, Warning::ComparedWithItself]);
}

#[test]
fn a_budget_in_another_unit_is_a_mistake_in_the_policy() {
    let mut wrong = budget("time", Operator::AtMost, 1e9);
    if let Some(Limit::Budget(budget)) = &mut wrong.budget {
        budget.unit = Some(Unit::Bytes);
    }
    let (b, c) = (case(100.0).run(), case(100.0).run());
    let error = judge_runs(&b, &c, &policy(vec![wrong]));
    assert!(matches!(error, Err(EvaluateError::Unit(_))), "{error:?}");
}

#[test]
fn scaling_the_unit_and_swapping_the_direction_change_no_verdict() {
    for (from, to) in [(100.0, 100.0), (100.0, 120.0), (100.0, 80.0)] {
        let plain = judge(&case(from), &case(to).sessions(2), &Policy::default());
        let scaled = judge(
            &case(from * 1e6),
            &case(to * 1e6).sessions(2),
            &Policy::default(),
        );
        assert_eq!(
            plain.rows[0].verdict, scaled.rows[0].verdict,
            "{from} -> {to}"
        );
        let rate = |level: f64, sessions| {
            let values = Values::Around(1e9 / level);
            Case {
                metrics: vec![("rate", Unit::PerSecond, Direction::Higher, values)],
                ..case(1.0).sessions(sessions)
            }
        };
        let mirrored = judge(&rate(from, 6), &rate(to, 2), &Policy::default());
        assert_eq!(
            plain.rows[0].verdict, mirrored.rows[0].verdict,
            "{from} -> {to} as a rate"
        );
    }
}

#[test]
fn the_same_input_gives_the_same_report() {
    let judge = || judge(&case(100.0), &case(110.0).sessions(2), &Policy::default());
    assert_eq!(judge(), judge());
}
