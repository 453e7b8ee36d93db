//! What a case is made of: a small run of one scenario, a policy, and the report of two runs under it.

use std::collections::BTreeMap;

use gate_schema::hdr::Histogram;
use gate_schema::id::Name;
use gate_schema::policy::{Budget, Limit, Operator, Policy, Rule};
use gate_schema::report::Report;
use gate_schema::run::{
    Check, Declared, DeclaredMetric, Distribution, Environment, FORMAT, Kind, Manifest, Measured,
    MetricValue, Mode, Param, Proportion, Repetition, Run, Session, Source,
};
use gate_schema::unit::{Direction, Unit};

use crate::evaluate::{EvaluateError, Known, Observed, Side, evaluate};
use crate::observe::records;

pub(super) fn name(text: &str) -> Name {
    Name::new(text).expect("valid name")
}

/// A run of one scenario `s` with the metrics a case needs.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) cpu: &'static str,
    pub(super) items: i64,
    pub(super) sessions: usize,
    pub(super) repetitions: usize,
    pub(super) check: Check,
    pub(super) metrics: Vec<(&'static str, Unit, Direction, Values)>,
}

#[derive(Clone)]
pub(super) enum Values {
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

pub(super) fn case(level: f64) -> Case {
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
    pub(super) fn sessions(self, sessions: usize) -> Self {
        Self { sessions, ..self }
    }

    pub(super) fn with(
        mut self,
        metric: &'static str,
        unit: Unit,
        direction: Direction,
        values: Values,
    ) -> Self {
        self.metrics.push((metric, unit, direction, values));
        self
    }

    pub(super) fn run(&self) -> Run {
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

pub(super) fn judge(baseline: &Case, candidate: &Case, policy: &Policy) -> Report {
    judge_runs(&baseline.run(), &candidate.run(), policy).expect("runs overlap")
}

pub(super) fn judge_runs(
    baseline: &Run,
    candidate: &Run,
    policy: &Policy,
) -> Result<Report, EvaluateError> {
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

pub(super) fn budget(metric: &str, operator: Operator, limit: f64) -> Rule {
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

pub(super) fn policy(rules: Vec<Rule>) -> Policy {
    let mut policy = Policy::default();
    policy.rules.extend(rules);
    policy
}
