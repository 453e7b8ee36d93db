//! Reports of stored runs: what a user can meet when two files are compared.

use std::collections::BTreeMap;

use gate_schema::exit::ExitCode;
use gate_schema::policy::{Machine, Operator, Undecided};
use gate_schema::report::{
    BudgetStatus, FieldDifference, Outcome, Reason, Report, Row, SideName, Verdict, WaiverStatus,
    WaiverUse, Warning,
};
use gate_schema::unit::{Direction, Unit};

use super::{
    budget, disturbed, in_unit, incomparable, memory, name, noisy, quiet, recall, report,
    report_only, row, verdict,
};

pub(crate) fn pass() -> Report {
    let mut rows = quiet();
    rows.push(budget(
        recall("vector/search/k10", 0.97, 0.001),
        Operator::AtLeast,
        0.95,
        ">= 0.95",
        BudgetStatus::Within,
    ));
    rows.push(verdict(
        row("map/remove", "latency.p50", 120.0, -0.12),
        Verdict::Improved,
        Reason::BetterThanMargin,
    ));
    rows.push(verdict(
        row("text/merge", "latency.p50", 8.1e6, 0.021),
        Verdict::Pass,
        Reason::SmallEffect,
    ));
    report(rows)
}

pub(crate) fn regressed() -> Report {
    let mut rows = quiet();
    rows.push(verdict(
        row("vector/search/k10", "latency.p50", 14_200.0, 0.073),
        Verdict::Regressed,
        Reason::BeyondMargin,
    ));
    report(rows)
}

pub(crate) fn over_budget() -> Report {
    let mut rows = vec![over_recall()];
    rows.extend(quiet());
    report(rows)
}

fn over_recall() -> Row {
    let row = budget(
        recall("vector/search/k10", 0.962, -0.091),
        Operator::AtLeast,
        0.95,
        ">= 0.95",
        BudgetStatus::Over,
    );
    verdict(row, Verdict::OverBudget, Reason::Budget)
}

pub(crate) fn mixed() -> Report {
    let throughput = |change| {
        in_unit(
            row("map/mixed/8-threads", "throughput", 6.2e6, change),
            Unit::PerSecond,
            Direction::Higher,
        )
    };
    let mut rows = vec![
        over_recall(),
        verdict(
            row("text/build", "latency.mean", 4.1e9, 0.121),
            Verdict::Regressed,
            Reason::BeyondMargin,
        ),
        verdict(throughput(-0.064), Verdict::Regressed, Reason::BeyondMargin),
        noisy(row("vector/build", "latency.mean", 2.7e9, 0.041), 0.055),
        verdict(
            row("text/search/phrase", "latency.p50", 890e3, 0.052),
            Verdict::Inconclusive,
            Reason::NeedsSecondSession,
        ),
        budget(
            verdict(
                row("text/search/phrase", "latency.tail", 49.6e6, 0.002),
                Verdict::Inconclusive,
                Reason::AtLimit,
            ),
            Operator::AtMost,
            5e7,
            "<= 50ms",
            BudgetStatus::AtLimit,
        ),
        verdict(
            row("map/remove", "latency.p50", 120.0, -0.12),
            Verdict::Improved,
            Reason::BetterThanMargin,
        ),
        verdict(
            memory("vector/build", 1.9e9, 0.08),
            Verdict::Waived,
            Reason::BeyondMargin,
        ),
        verdict(
            row("vector/search/k10", "latency.p50", 14_200.0, -0.21),
            Verdict::Pass,
            Reason::TradedQuality {
                metric: name("recall@10"),
            },
        ),
        report_only(verdict(
            row("text/search/fuzzy", "latency.p99", 3.3e6, 0.09),
            Verdict::Inconclusive,
            Reason::FewSamples {
                have: 400,
                need: 1000,
            },
        )),
        Row {
            baseline: None,
            effect: None,
            ..verdict(
                row("map/scan", "latency.p50", 950.0, 0.0),
                Verdict::Added,
                Reason::NotInBaseline,
            )
        },
    ];
    rows.extend(quiet());
    report(rows)
}

pub(crate) fn inconclusive() -> Report {
    let mut rows = vec![
        noisy(row("vector/build", "latency.mean", 2.7e9, 0.011), 0.055),
        disturbed(
            noisy(row("text/build", "latency.mean", 4.1e9, -0.004), 0.028),
            SideName::Candidate,
            3,
        ),
        verdict(
            row("text/search/phrase", "latency.p50", 890e3, 0.052),
            Verdict::Inconclusive,
            Reason::FewSessions { have: 3, need: 5 },
        ),
        verdict(
            row("map/insert", "latency.p50", 95.0, 0.052),
            Verdict::Inconclusive,
            Reason::FewRepetitions { have: 2, need: 5 },
        ),
    ];
    rows.extend(quiet().split_off(5));
    report(rows)
}

/// A baseline of another suite: nearly all rows are new, and one of them breaks its budget.
pub(crate) fn another_baseline() -> Report {
    let added = |row: Row| Row {
        baseline: None,
        effect: None,
        ..verdict(row, Verdict::Added, Reason::NotInBaseline)
    };
    let mut rows = vec![row("map/insert", "latency.p50", 131.4, 0.004)];
    rows.extend((0..40).map(|at| added(row(&format!("suite/{at}"), "latency.p50", 131.4, 0.0))));
    rows.push(Row {
        baseline: None,
        effect: None,
        ..over_recall()
    });
    report(rows)
}

/// Slower, and over a budget, on a machine whose stored numbers raise suspicions only, and a percentile of too few operations.
pub(crate) fn suspected() -> Report {
    let mut rows = quiet();
    let slower = |scenario| row(scenario, "latency.p50", 14_200.0, 0.21);
    let over = budget(
        slower("feed/retrieve"),
        Operator::AtMost,
        12_000.0,
        "<= 12us",
        BudgetStatus::Over,
    );
    rows.extend([
        verdict(
            slower("vector/search/k10"),
            Verdict::Inconclusive,
            Reason::SharedMachine,
        ),
        verdict(over, Verdict::Inconclusive, Reason::SharedMachine),
        verdict(
            row("vector/build", "latency.p99", 1e6, 0.09),
            Verdict::Inconclusive,
            Reason::FewSamples {
                have: 400,
                need: 1000,
            },
        ),
    ]);
    let mut report = report(rows);
    report.method.machine = Machine::Shared;
    report
}

/// Another machine, and a policy that lets timings pass there.
pub(crate) fn other_machine() -> Report {
    let mut report = other_machine_undecided();
    report.outcome = Outcome::Pass;
    report.exit_code = ExitCode::Pass;
    report.method.incomparable = Undecided::Pass;
    report
}

/// Another machine, under the default policy.
pub(crate) fn other_machine_undecided() -> Report {
    let timings = quiet()
        .into_iter()
        .filter(|row| row.unit.is_timing() && row.reason == Reason::WithinMargin);
    let mut rows: Vec<Row> = timings.take(9).map(incomparable).collect();
    rows.extend(quiet().into_iter().filter(|row| !row.unit.is_timing()));
    rows.push(budget(
        recall("vector/search/k10", 0.97, 0.001),
        Operator::AtLeast,
        0.95,
        ">= 0.95",
        BudgetStatus::Within,
    ));
    let mut report = report(rows);
    let intel = [
        ("cpu_model", "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz"),
        ("cores", "4"),
    ];
    for (field, value) in intel {
        let baseline = report
            .candidate
            .environment
            .insert(name(field), value.into());
        let candidate = Some(value.to_owned());
        report.environment_differences.push(FieldDifference {
            field: name(field),
            baseline,
            candidate,
        });
    }
    report
        .environment_differences
        .sort_by(|a, b| a.field.cmp(&b.field));
    report
}

pub(crate) fn missing() -> Report {
    let gone = |scenario: &str, reason| Row {
        candidate: None,
        effect: None,
        ..verdict(
            row(scenario, "latency.p50", 890e3, 0.0),
            Verdict::Missing,
            reason,
        )
    };
    let mut rows = vec![
        gone("text/search/phrase", Reason::WrongAnswer),
        gone("text/search/fuzzy", Reason::NotMeasured),
        gone("text/search/regex", Reason::NotDeclared),
        verdict(
            row("map/scan", "latency.p50", 950.0, 0.01),
            Verdict::Missing,
            Reason::PartlyMeasured { have: 2, need: 5 },
        ),
    ];
    rows.extend(quiet());
    report(rows)
}

pub(crate) fn warnings() -> Report {
    let mut report = pass();
    report.candidate.planted = vec!["map: sleep 2us in get".into()];
    report.candidate.dirty = Some(true);
    report.warnings = vec![
        Warning::RuleMatchesNothing {
            line: 14,
            scenario: "vecto/**".into(),
            metric: "recall*".into(),
        },
        Warning::Planted {
            side: SideName::Candidate,
        },
        Warning::Dirty {
            side: SideName::Candidate,
        },
    ];
    report
}

pub(crate) fn empty() -> Report {
    report(Vec::new())
}

/// Two hundred rows, twelve of them worse.
pub(crate) fn many_rows() -> Report {
    let rows = (0..200).map(|at| {
        let change = f64::from(at % 17) * 0.001 - 0.008;
        let scenario = format!("suite/case-{at:03}");
        if at % 17 == 0 {
            let change = 0.05 + f64::from(at) / 2000.0;
            verdict(
                row(&scenario, "latency.p50", 1e3, change),
                Verdict::Regressed,
                Reason::BeyondMargin,
            )
        } else {
            row(&scenario, "latency.p50", 1e3 * f64::from(at + 1), change)
        }
    });
    report(rows.collect())
}

/// Names as long as they may be.
pub(crate) fn long_names() -> Report {
    let scenario = format!("text/{}", "query-with-many-words/".repeat(5));
    let row = row(
        &scenario,
        &format!("{}.p50", "m".repeat(100)),
        14_200.0,
        0.073,
    );
    report(vec![verdict(row, Verdict::Regressed, Reason::BeyondMargin)])
}

/// `text` wherever a report can hold text from outside, and names as bad as names can be.
pub(crate) fn hostile(text: &str) -> Report {
    let worst_name = "a@org/team:tada:[x](y)_z_";
    let over = budget(
        row(worst_name, worst_name, 14_200.0, 0.073),
        Operator::AtMost,
        1e4,
        text,
        BudgetStatus::Over,
    );
    let mut rows = vec![
        verdict(over.clone(), Verdict::OverBudget, Reason::Budget),
        verdict(
            over,
            Verdict::Inconclusive,
            Reason::TradedQuality {
                metric: name(worst_name),
            },
        ),
        verdict(
            row(worst_name, "p50", 1e3, 0.0),
            Verdict::Incomparable,
            Reason::Parameter {
                parameter: name("@org"),
            },
        ),
        verdict(
            row(worst_name, "p99", 1e3, 0.0),
            Verdict::Incomparable,
            Reason::Environment {
                field: name("@org"),
            },
        ),
    ];
    rows.extend(quiet());
    let mut report = report(rows);
    report.waivers = vec![WaiverUse {
        scenario: name(worst_name),
        metric: name(worst_name),
        ceiling: text.into(),
        reason: text.into(),
        owner: text.into(),
        link: Some(text.into()),
        expires: text.into(),
        status: WaiverStatus::Unmatched,
    }];
    for run in [&mut report.baseline, &mut report.candidate] {
        run.id = text.into();
        run.commit = Some(text.into());
        run.planted = vec![text.into(), text.into()];
        run.environment = BTreeMap::from([
            (name("@org"), text.to_owned()),
            (name("cores"), text.chars().rev().collect()),
        ]);
    }
    let value = Some(text.to_owned());
    report.environment_differences = vec![FieldDifference {
        field: name("@org"),
        baseline: value.clone(),
        candidate: value,
    }];
    report.warnings = vec![
        Warning::RuleMatchesNothing {
            line: 1,
            scenario: text.into(),
            metric: text.into(),
        },
        Warning::Planted {
            side: SideName::Baseline,
        },
    ];
    report
}
