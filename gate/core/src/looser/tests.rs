//! What counts as looser.

use gate_schema::policy::{Limit, Operator, Rule};

use super::*;

fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings {
        margin: Margin::Relative(0.03),
        budget: Some(budget(Operator::AtMost, 50.0)),
        mode: RowMode::Gate,
        at_limit: AtLimit::Fail,
        min_samples: None,
    };
    change(&mut settings);
    settings
}

fn budget(operator: Operator, limit: f64) -> Budget {
    Budget {
        operator,
        limit,
        unit: None,
        text: String::new(),
    }
}

#[test]
fn what_tolerates_more_is_looser() {
    type Edit = fn(&mut Settings);
    let cases: [(&str, Edit, &[&str]); 13] = [
        ("the same", |_| (), &[]),
        ("wider", |s| s.margin = Margin::Relative(0.05), &["margin"]),
        ("narrower", |s| s.margin = Margin::Relative(0.01), &[]),
        (
            "another kind",
            |s| s.margin = Margin::Absolute(0.01),
            &["margin"],
        ),
        ("unjudged", |s| s.margin = Margin::Unjudged, &["margin"]),
        ("no budget", |s| s.budget = None, &["budget"]),
        (
            "higher ceiling",
            |s| s.budget = Some(budget(Operator::AtMost, 60.0)),
            &["budget"],
        ),
        (
            "lower ceiling",
            |s| s.budget = Some(budget(Operator::AtMost, 40.0)),
            &[],
        ),
        (
            "ceiling left out",
            |s| s.budget = Some(budget(Operator::Below, 50.0)),
            &[],
        ),
        (
            "a floor instead",
            |s| s.budget = Some(budget(Operator::AtLeast, 1.0)),
            &["budget"],
        ),
        ("reported only", |s| s.mode = RowMode::Report, &["mode"]),
        ("in pairs only", |s| s.mode = RowMode::Pairs, &["mode"]),
        (
            "more samples and review",
            |s| (s.min_samples, s.at_limit) = (Some(10), AtLimit::Review),
            &["at-limit", "min-samples"],
        ),
    ];
    for (name, edit, expected) in cases {
        assert_eq!(
            loosened(&settings(|_| ()), &settings(edit), false),
            expected,
            "{name}"
        );
    }
    let floor = |limit| Some(budget(Operator::AtLeast, limit));
    assert!(is_budget_looser(floor(0.95).as_ref(), floor(0.9).as_ref()));
    assert!(!is_budget_looser(
        floor(0.95).as_ref(),
        floor(0.99).as_ref()
    ));
    let below = budget(Operator::Below, 5.0);
    assert!(is_budget_looser(
        Some(&below),
        Some(&budget(Operator::AtMost, 5.0))
    ));
}

#[test]
fn settings_of_all_rows_are_looked_at() {
    let strict = Policy::default();
    let loose = Policy {
        inconclusive: Undecided::Pass,
        machine: Machine::Shared,
        uniform: RowMode::Report,
        false_discovery: 0.001,
        ignore_environment: ["kernel".to_owned()].into(),
        ..Policy::default()
    };
    let told: Vec<&str> = looser(&strict, &loose, &[])
        .iter()
        .map(|l| l.setting)
        .collect();
    assert_eq!(
        told,
        [
            "false-discovery",
            "ignore-environment",
            "inconclusive",
            "machine",
            "uniform"
        ]
    );
    assert_eq!(looser(&loose, &strict, &[]), []);
}

#[test]
fn rules_of_rows_that_no_baseline_has_are_looked_at() {
    let rule = |scenario: &str, metric: &str, limit: f64| Rule {
        budget: Some(Limit::Budget(budget(Operator::AtMost, limit))),
        scenario: scenario.into(),
        metric: metric.into(),
        line: 1,
        ..Rule::default()
    };
    let policy = |rules: &[Rule]| Policy {
        rules: [Policy::default().rules, rules.to_vec()].concat(),
        ..Policy::default()
    };
    let held = rule("vector/**", "p99", 5.0);
    let off = Rule {
        budget: Some(Limit::None),
        ..rule("text/*", "*", 0.0)
    };
    let everything = rule("**", "p99", 5.0);
    for (name, before, now, expected) in [
        ("the same", vec![held.clone()], vec![held.clone()], ""),
        (
            "stricter",
            vec![held.clone()],
            vec![rule("vector/**", "p99", 4.0)],
            "",
        ),
        (
            "raised",
            vec![held.clone()],
            vec![rule("vector/**", "p99", 9.0)],
            "budget vector/** p99",
        ),
        ("gone", vec![held.clone()], vec![], "budget vector/** p99"),
        (
            "said otherwise",
            vec![held.clone()],
            vec![rule("vector/*", "p99", 5.0), rule("vector/**", "p99", 5.0)],
            "",
        ),
        (
            "an exception",
            vec![held.clone()],
            vec![held.clone(), rule("{text,vector}/[n]ew", "p99", 9.0)],
            "budget {text,vector}/[n]ew p99",
        ),
        (
            "switched off",
            vec![everything.clone()],
            vec![everything.clone(), off.clone()],
            "budget text/* *",
        ),
        (
            "no longer overridden",
            vec![off, everything.clone()],
            vec![everything],
            "",
        ),
        (
            "overlapping",
            vec![held.clone()],
            vec![held.clone(), rule("**/new", "latency.p99", 9.0)],
            "budget **/new latency.p99",
        ),
        (
            "of a metric with a slash",
            vec![rule("**", "*", 5.0)],
            vec![rule("**", "*", 5.0), rule("**", "allocs/op", 9.0)],
            "budget ** allocs/op",
        ),
        (
            "moved",
            vec![rule("*/new", "p99", 9.0), held.clone()],
            vec![held, rule("*/new", "p99", 9.0)],
            "budget */new p99, budget vector/** p99",
        ),
    ] {
        let told: Vec<String> = looser(&policy(&before), &policy(&now), &[])
            .into_iter()
            .map(|l| (l.setting, l.row.expect("a row")))
            .map(|(setting, (scenario, metric))| format!("{setting} {scenario} {metric}"))
            .collect();
        assert_eq!(told.join(", "), expected, "{name}");
    }
}
