//! The verdict of one timing row: what decides it, in the order in which it is asked.

use super::*;

#[test]
fn the_ladder_of_one_timing_row() {
    use Verdict::*;
    let base = case(100.0);
    let field = |f: &str| Reason::Environment { field: name(f) };
    let shared = Policy {
        machine: Machine::Shared,
        ..Policy::default()
    };
    let at_limit = |at| {
        policy(vec![Rule {
            at_limit: Some(at),
            ..budget("time", Operator::AtMost, 100.0)
        }])
    };
    // Mostly nothing, so that the interval reaches down to it.
    let sometimes = || Case {
        metrics: vec![(
            "time",
            Unit::Count,
            Direction::Lower,
            Values::Each(&[0.0, 0.0, 1.0, 1.0, 0.0]),
        )],
        ..case(1.0)
    };
    let cases: Vec<(&str, Case, Case, Policy, Verdict, Reason)> = vec![
        (
            "unchanged",
            base.clone(),
            case(100.0).sessions(2),
            Policy::default(),
            Pass,
            Reason::WithinMargin,
        ),
        (
            "small but real",
            base.clone(),
            case(101.5).sessions(4),
            Policy::default(),
            Pass,
            Reason::SmallEffect,
        ),
        (
            "20 % slower",
            base.clone(),
            case(120.0).sessions(2),
            Policy::default(),
            Regressed,
            Reason::BeyondMargin,
        ),
        (
            "20 % faster",
            base.clone(),
            case(80.0).sessions(2),
            Policy::default(),
            Improved,
            Reason::BetterThanMargin,
        ),
        (
            "slower in one session only",
            base.clone(),
            case(120.0).sessions(1),
            Policy::default(),
            Inconclusive,
            Reason::NeedsSecondSession,
        ),
        (
            "slower against four sessions",
            base.clone().sessions(4),
            case(120.0).sessions(2),
            Policy::default(),
            Inconclusive,
            Reason::FewSessions { have: 4, need: 5 },
        ),
        (
            "slower against two sessions",
            base.clone().sessions(2),
            case(120.0).sessions(2),
            Policy::default(),
            Inconclusive,
            Reason::FewSessions { have: 2, need: 5 },
        ),
        (
            "slower on a shared machine",
            base.clone(),
            case(120.0).sessions(2),
            shared,
            Inconclusive,
            Reason::SharedMachine,
        ),
        (
            "slower on another processor",
            base.clone(),
            Case {
                cpu: "Xeon",
                ..case(120.0)
            },
            Policy::default(),
            Incomparable,
            field("cpu_model"),
        ),
        (
            "another size",
            base.clone(),
            Case {
                items: 20,
                ..case(100.0)
            },
            Policy::default(),
            Incomparable,
            Reason::Parameter {
                parameter: name("items"),
            },
        ),
        (
            "wrong answer",
            base.clone(),
            Case {
                check: Check::Failed,
                ..case(50.0)
            },
            Policy::default(),
            Missing,
            Reason::WrongAnswer,
        ),
        (
            "not measured",
            base.clone(),
            Case {
                metrics: vec![("time", Unit::Nanoseconds, Direction::Lower, Values::Absent)],
                ..case(1.0)
            },
            Policy::default(),
            Missing,
            Reason::NotMeasured,
        ),
        (
            "over its budget on a shared machine",
            base.clone(),
            case(100.0).sessions(2),
            Policy {
                machine: Machine::Shared,
                ..policy(vec![budget("time", Operator::AtMost, 90.0)])
            },
            Inconclusive,
            Reason::SharedMachine,
        ),
        (
            "over what is promised, on a shared machine",
            base.clone(),
            case(100.0).sessions(2),
            Policy {
                machine: Machine::Shared,
                ..policy(vec![Rule {
                    at_limit: Some(AtLimit::Fail),
                    ..budget("time", Operator::AtMost, 90.0)
                }])
            },
            OverBudget,
            Reason::Budget,
        ),
        (
            "clearly over budget",
            base.clone(),
            case(100.0).sessions(2),
            policy(vec![budget("time", Operator::AtMost, 90.0)]),
            OverBudget,
            Reason::Budget,
        ),
        (
            "at the limit, failing",
            base.clone(),
            case(100.0).sessions(2),
            at_limit(AtLimit::Fail),
            OverBudget,
            Reason::AtLimit,
        ),
        (
            "above a limit of nothing, to be reviewed",
            sometimes(),
            sometimes().sessions(2),
            policy(vec![Rule {
                at_limit: Some(AtLimit::Review),
                ..budget("time", Operator::AtMost, 0.0)
            }]),
            Inconclusive,
            Reason::AtLimit,
        ),
        (
            "over the limit on another machine",
            base.clone(),
            Case {
                cpu: "Xeon",
                ..case(120.0)
            },
            policy(vec![budget("time", Operator::AtMost, 90.0)]),
            OverBudget,
            Reason::Budget,
        ),
        (
            "single repetitions cannot regress",
            base.clone(),
            Case {
                repetitions: 1,
                ..case(140.0).sessions(3)
            },
            Policy::default(),
            Inconclusive,
            Reason::FewRepetitions { have: 1, need: 3 },
        ),
    ];
    for (label, baseline, candidate, policy, verdict, reason) in cases {
        let report = judge(&baseline, &candidate, &policy);
        let row = &report.rows[0];
        assert_eq!(
            (row.verdict, &row.reason),
            (verdict, &reason),
            "{label}: {row:#?}"
        );
    }
}
