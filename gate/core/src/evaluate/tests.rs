//! Named cases: two small runs and a policy in, verdict and reason of one row out.

use std::collections::BTreeMap;

use gate_schema::hdr::Histogram;
use gate_schema::id::Name;
use gate_schema::policy::{
    AtLimit, Budget, Limit, Machine, Margin, Operator, Policy, RowMode, Rule, Undecided,
};
use gate_schema::report::{Outcome, Reason, Report, Verdict, Warning};
use gate_schema::run::{
    Check, Declared, DeclaredMetric, Distribution, Environment, FORMAT, Kind, Manifest, Measured,
    MetricValue, Mode, Param, Proportion, Repetition, Run, Session, Source,
};
use gate_schema::unit::{Direction, Unit};

use super::*;
use crate::observe::records;

mod curves;
mod distributions;
mod disturbed;
mod once_wrong;
mod pairs;
mod selection;
mod series;

fn name(text: &str) -> Name {
    Name::new(text).expect("valid name")
}

/// A run of one scenario `s` with the metrics a case needs.
#[derive(Clone)]
struct Case {
    cpu: &'static str,
    items: i64,
    sessions: usize,
    repetitions: usize,
    check: Check,
    metrics: Vec<(&'static str, Unit, Direction, Values)>,
}

#[derive(Clone)]
enum Values {
    /// A level with a fixed, small, repeating scatter.
    Around(f64),
    Exactly(f64),
    /// The given value in each repetition, again in every session.
    Each(&'static [f64]),
    /// A distribution of 2,000 operations up to the level, with the same scatter.
    Latencies(f64),
    /// A declared distribution that was not measured.
    AbsentLatencies,
    /// Hits of 100 queries of 10 trials each; every `n`-th query loses one hit.
    Recall {
        every: usize,
    },
    Absent,
}

fn case(level: f64) -> Case {
    Case {
        cpu: "Zen 5",
        items: 10,
        sessions: 6,
        repetitions: 5,
        check: Check::Passed,
        metrics: vec![(
            "time",
            Unit::Nanoseconds,
            Direction::Lower,
            Values::Around(level),
        )],
    }
}

impl Case {
    fn sessions(self, sessions: usize) -> Self {
        Self { sessions, ..self }
    }

    fn with(
        mut self,
        metric: &'static str,
        unit: Unit,
        direction: Direction,
        values: Values,
    ) -> Self {
        self.metrics.push((metric, unit, direction, values));
        self
    }

    fn run(&self) -> Run {
        let kind = |values: &Values| match values {
            Values::Recall { .. } => Kind::Proportion,
            Values::Latencies(_) | Values::AbsentLatencies => Kind::Histogram,
            _ => Kind::Value,
        };
        let metrics = self
            .metrics
            .iter()
            .map(|(n, unit, direction, values)| DeclaredMetric {
                name: name(n),
                kind: kind(values),
                unit: *unit,
                direction: *direction,
                at: None,
            })
            .collect();
        let session = |s: usize| Session {
            id: format!("s{s}"),
            start: "2026-11-20T08:00:00Z".into(),
            mode: Mode::Single,
            scenarios: vec![Measured {
                scenario: name("s"),
                check: self.check,
                recording_overhead_ns: None,
                repetitions: (0..self.repetitions)
                    .map(|r| self.repetition(s, r))
                    .collect(),
            }],
        };
        let run = Run {
            format: FORMAT.into(),
            id: "case".into(),
            created: "2026-11-20T08:00:00Z".into(),
            source: Source::default(),
            environment: Environment {
                fingerprint: BTreeMap::from([(name("cpu_model"), self.cpu.into())]),
                ..Environment::default()
            },
            manifest: Manifest {
                tier: None,
                scenarios: vec![Declared {
                    scenario: name("s"),
                    params: BTreeMap::from([(name("items"), Param::Integer(self.items))]),
                    input: None,
                    metrics,
                }],
            },
            sessions: (0..self.sessions).map(session).collect(),
            pooled: Vec::new(),
            failures: Vec::new(),
            provenance: None,
        };
        run.validate().expect("cases are valid runs");
        run
    }

    fn repetition(&self, session: usize, repetition: usize) -> Repetition {
        let scatter = [0.0, 0.004, -0.006, 0.009, -0.003][(session * 2 + repetition) % 5];
        let metrics = self
            .metrics
            .iter()
            .filter_map(|(n, _, _, values)| {
                let value = match values {
                    Values::Around(level) => MetricValue::Value(level * (1.0 + scatter)),
                    Values::Exactly(level) => MetricValue::Value(*level),
                    Values::Recall { every } => {
                        let queries = (0..100)
                            .map(|q| if q % every == 0 { 9 } else { 10 })
                            .collect();
                        MetricValue::Proportion(Box::new(
                            Proportion::from_queries(queries, 10).expect("hits fit"),
                        ))
                    }
                    Values::Each(each) => MetricValue::Value(each[repetition]),
                    Values::Latencies(level) => {
                        let mut histogram =
                            Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("valid bounds");
                        let values =
                            (1..=2_000).map(|i| (level * (1.0 + scatter) * f64::from(i)).round());
                        let sum = values.clone().sum();
                        values.for_each(|v| histogram.record(v as u64).expect("in bounds"));
                        let distribution =
                            Distribution::from_histogram(&histogram, sum).expect("sound");
                        MetricValue::Distribution(Box::new(distribution))
                    }
                    Values::Absent | Values::AbsentLatencies => return None,
                };
                Some((name(n), value))
            })
            .collect();
        Repetition::new(metrics).expect("no duplicates")
    }
}

fn judge(baseline: &Case, candidate: &Case, policy: &Policy) -> Report {
    judge_runs(&baseline.run(), &candidate.run(), policy).expect("runs overlap")
}

fn judge_runs(baseline: &Run, candidate: &Run, policy: &Policy) -> Result<Report, EvaluateError> {
    let observe = |run: &Run| -> Vec<Observed> {
        records(run)
            .iter()
            .map(|r| r.observe().expect("sound"))
            .collect()
    };
    let observed = [observe(baseline), observe(candidate)];
    let [baseline, candidate] = [(baseline, &observed[0]), (candidate, &observed[1])]
        .map(|(run, observed)| Side { run, observed });
    evaluate(baseline, candidate, &Known::default(), policy)
}

fn budget(metric: &str, operator: Operator, limit: f64) -> Rule {
    let budget = Budget {
        operator,
        limit,
        unit: None,
        text: format!("{limit}"),
    };
    Rule {
        metric: metric.into(),
        budget: Some(Limit::Budget(budget)),
        line: 1,
        ..Rule::default()
    }
}

fn policy(rules: Vec<Rule>) -> Policy {
    let mut policy = Policy::default();
    policy.rules.extend(rules);
    policy
}

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
        (0.0, 1.0, Verdict::Regressed),
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
