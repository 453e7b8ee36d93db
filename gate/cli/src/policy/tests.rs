use std::path::Path;
use std::time::Duration;

use gate_schema::policy::{
    AtLimit, Budget, Limit, Machine, Margin, Operator, Policy, RowMode, Rule, Undecided,
};
use gate_schema::unit::Unit;

use super::{DEFAULT, Measure, parse};
use crate::diagnostic::render;

fn read_all(text: &str) -> Result<(Policy, Option<Measure>), String> {
    parse::policy(Path::new("gate.toml"), text).map_err(|problems| render(&problems))
}

fn read(text: &str) -> Result<Policy, String> {
    read_all(text).map(|(policy, _)| policy)
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
uniform = "report"
ignore-environment = ["kernel"]

[[rule]]
scenario = "vector/**"
metric = "recall@10"
margin = "0.5 points"
drift-budget = "1 point"
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
    assert_eq!(policy.uniform, RowMode::Report);
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
            drift_budget: Some(Margin::Absolute(0.01)),
            budget: Some(Limit::Budget(budget)),
            mode: Some(RowMode::Report),
            at_limit: Some(AtLimit::Review),
            min_samples: Some(20_000),
            line: 10,
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
fn a_glob_that_is_left_open_is_a_mistake() {
    for glob in ["vector/{search,build", "!{text", "[a-", "text\\"] {
        let text = format!("[[rule]]\nscenario = '{glob}'\nbudget = \"<= 50ms\"\n");
        let problems = read(&text).expect_err(glob);
        let is_told = problems.contains("G203") && problems.contains("gate.toml:2:");
        assert!(is_told, "{problems}");
    }
    for glob in ["vector/{search,build}", "!text/*", "map/get\\[4\\]"] {
        let text = format!("[[rule]]\nscenario = '{glob}'\n");
        assert!(read(&text).is_ok(), "{glob}");
    }
}

#[test]
fn broken_toml_names_the_line() {
    insta::assert_snapshot!(
        read("margin = \nfalse-discovery = \"1%\"\n[[rule\n").expect_err("not TOML")
    );
}

#[test]
fn how_to_measure_is_read() {
    let (policy, measure) = read_all(
        r#"
[measure]
build = "make bench"
list = "./bench list"
command = """
./bench $GATE_SCENARIO > $GATE_OUT
"""
timeout = "90s"
warm-up-starts = 2
pairs = 3
rerun-pairs = 1_000
budget = "1h 30m"
ignore-paths = ["docs/**"]
"#,
    )
    .expect("valid");
    assert_eq!(policy, Policy::default());
    assert_eq!(
        measure,
        Some(Measure {
            build: Some("make bench".into()),
            list: Some("./bench list".into()),
            command: "./bench $GATE_SCENARIO > $GATE_OUT".into(),
            timeout: Duration::from_secs(90),
            warm_up_starts: 2,
            pairs: 3,
            rerun_pairs: 1_000,
            budget: Duration::from_secs(5_400),
            ignore_paths: vec!["docs/**".into()],
        })
    );
}

#[test]
fn a_policy_need_not_say_how_to_measure() {
    assert_eq!(read_all("").expect("valid").1, None);
    assert_eq!(read_all(DEFAULT).expect("valid").1, None);
}

#[test]
fn the_example_says_what_holds_without_it() {
    // Prose has a space behind the hash, the example has none.
    let example: String = DEFAULT
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| !line.is_empty() && !line.starts_with(' '))
        .flat_map(|line| [line, "\n"])
        .collect();
    let (_, measure) = read_all(&example).expect("the example is valid");
    let measure = measure.expect("it is about measuring");
    assert!(measure.build.is_some() && measure.list.is_some());
    let command = measure.command.clone();
    let without = read_all(&format!("[measure]\ncommand = '{command}'")).expect("valid");
    assert_eq!(without.1, Some(Measure::new(command)));
    assert_eq!(
        Measure {
            build: None,
            list: None,
            ..measure
        },
        without.1.expect("it has a command")
    );
}

#[test]
fn mistakes_in_how_to_measure_are_reported_with_the_others() {
    let text = r#"
uniform = "sometimes"

[measure]
comand = "bench"
build = " "
list = ["bench", "list"]
timeout = "10"
warm-up-starts = 0
pairs = 2
rerun-pairs = 1_001
budget = "0s"
"#;
    insta::assert_snapshot!(read(text).expect_err("ten mistakes"));
    insta::assert_snapshot!(read("measure = \"bench\"").expect_err("not a table"));
}
