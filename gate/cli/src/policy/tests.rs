use std::path::Path;

use gate_schema::policy::{
    AtLimit, Budget, Limit, Machine, Margin, Operator, Policy, RowMode, Rule, Undecided,
};
use gate_schema::unit::Unit;

use super::{DEFAULT, parse};
use crate::diagnostic::render;

fn read(text: &str) -> Result<Policy, String> {
    parse::policy(Path::new("gate.toml"), text).map_err(|problems| render(&problems))
}

#[test]
fn the_commented_default_equals_the_defaults_in_code() {
    let written = read(DEFAULT).expect("the default is valid");
    let built_in = Policy::default();
    // Its rules come after the built-in ones and must say the same again.
    let (first, second) = written.rules.split_at(built_in.rules.len());
    let without_lines = |rules: &[Rule]| -> Vec<Rule> {
        rules
            .iter()
            .map(|r| Rule {
                line: 0,
                ..r.clone()
            })
            .collect()
    };
    assert_eq!(first, built_in.rules);
    assert_eq!(without_lines(second), built_in.rules);
    assert_eq!(
        Policy {
            rules: Vec::new(),
            ..written
        },
        Policy {
            rules: Vec::new(),
            ..built_in
        }
    );
}

#[test]
fn every_setting_is_read() {
    let policy = read(
        r#"
false-discovery = "5%"
inconclusive = "pass"
incomparable = "fail"
machine = "shared"
min-sessions = 8
ignore-environment = ["kernel"]

[[rule]]
scenario = "vector/**"
metric = "recall@10"
margin = "0.5 points"
budget = ">= 95%"
mode = "report"
at-limit = "review"
min-samples = 20_000
"#,
    )
    .expect("valid");
    assert!((policy.false_discovery - 0.05).abs() < 1e-12);
    assert_eq!(
        (policy.inconclusive, policy.incomparable),
        (Undecided::Pass, Undecided::Fail)
    );
    assert_eq!((policy.machine, policy.min_sessions), (Machine::Shared, 8));
    assert!(policy.ignore_environment.contains("kernel"));
    let budget = Budget {
        operator: Operator::AtLeast,
        limit: 0.95,
        unit: Some(Unit::Ratio),
        text: ">= 95%".into(),
    };
    assert_eq!(
        policy.rules.last(),
        Some(&Rule {
            scenario: "vector/**".into(),
            metric: "recall@10".into(),
            margin: Some(Margin::Absolute(0.005)),
            budget: Some(Limit::Budget(budget)),
            mode: Some(RowMode::Report),
            at_limit: Some(AtLimit::Review),
            min_samples: Some(20_000),
            line: 9,
        })
    );
}

#[test]
fn all_mistakes_are_reported_at_once_with_line_and_caret() {
    let text = r#"
false-discovery = 0.01
inconclusiv = "pass"
machine = "laptop"

[[rule]]
metric = "p99"
budget = "<= 50 parsecs"
margin = "0%"
colour = "red"

[[rule]]
budget = "50ms"
margin = "3"
min-samples = -5
"#;
    insta::assert_snapshot!(read(text).expect_err("nine mistakes"));
}

#[test]
fn broken_toml_names_the_line() {
    insta::assert_snapshot!(
        read("margin = \nfalse-discovery = \"1%\"\n[[rule\n").expect_err("not TOML")
    );
}
