//! Reports of pairs in which something failed.

use gate_schema::exit::ExitCode;
use gate_schema::report::{FailedScenario, Outcome, Reason, Report, Row, SideName, Verdict};
use gate_schema::run::Failure;

use super::super::{memory, name, quiet, recall, row, verdict};
use super::{paired, staged};

pub(super) fn failed(side: SideName, scenario: &str, stderr: &[&str]) -> FailedScenario {
    FailedScenario {
        side,
        failure: Failure {
            scenario: name(scenario),
            session: Some("check-7f3a/1".into()),
            pair: Some(3),
            how: "killed by signal 11".into(),
            stderr: stderr.iter().map(|line| (*line).to_owned()).collect(),
        },
    }
}

/// The rows of a scenario that failed on the candidate.
pub(super) fn unmeasured(scenario: &str) -> Vec<Row> {
    let gone = |row: Row| Row {
        candidate: None,
        effect: None,
        ..verdict(row, Verdict::Missing, Reason::ScenarioFailed)
    };
    [
        row(scenario, "latency.p50", 14_200.0, 0.0),
        row(scenario, "latency.tail", 31_000.0, 0.0),
        recall(scenario, 0.97, 0.0),
        memory(scenario, 1.9e9, 0.0),
    ]
    .map(gone)
    .into()
}

pub(super) const PANIC: [&str; 6] = [
    "",
    "thread 'search-3' panicked at bench/suite/src/vector/search.rs:88:21:",
    "index out of bounds: the len is 10 but the index is 10",
    "stack backtrace:",
    "\t0: gate_suite::vector::search::Scored::push",
    "note: run with `RUST_BACKTRACE=full` for a verbose backtrace",
];

/// One scenario crashes on the candidate, another row is worse.
pub(crate) fn crashed() -> Report {
    let mut rows = unmeasured("vector/search/k10");
    rows.push(verdict(
        staged(
            row("text/build", "latency.mean", 4.1e9, 0.121),
            &[(5, 2.1e-4), (10, 3.4e-7)],
        ),
        Verdict::Regressed,
        Reason::BeyondMargin,
    ));
    rows.extend(quiet());
    let mut report = paired(rows);
    report.failures = vec![failed(SideName::Candidate, "vector/search/k10", &PANIC)];
    report
}

/// Many scenarios fail in many ways, on both sides.
pub(crate) fn crashed_everywhere() -> Report {
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for at in 0..30 {
        let scenario = format!("suite/case-{at:02}");
        let long: Vec<String> = (0..20).map(|at| format!("frame {at}")).collect();
        let lines: Vec<&str> = long.iter().map(String::as_str).collect();
        let mut crash = failed(SideName::Candidate, &scenario, &lines);
        if at == 0 {
            failures.push(failed(SideName::Baseline, &scenario, &lines));
        } else if at == 1 {
            crash.failure.how = "no end after 10m".into();
            crash.failure.session = None;
            crash.failure.pair = None;
            crash.failure.stderr.clear();
        }
        failures.push(crash);
        rows.extend(unmeasured(&scenario));
    }
    rows.extend(quiet());
    let mut report = paired(rows);
    report.failures = failures;
    report
}

/// A scenario crashes on the baseline alone: nothing to compare with.
pub(crate) fn crashed_baseline() -> Report {
    let lost = |row: Row| Row {
        candidate: row.baseline,
        baseline: None,
        reason: Reason::BaselineUnusable,
        verdict: Verdict::Incomparable,
        ..row
    };
    let mut rows: Vec<Row> = unmeasured("vector/search/k10")
        .into_iter()
        .map(lost)
        .collect();
    rows.extend(quiet());
    let mut report = paired(rows);
    report.failures = vec![failed(SideName::Baseline, "vector/search/k10", &PANIC)];
    report
}

/// No repetition ever ended, so there is no row at all.
pub(crate) fn nothing_ran() -> Report {
    let mut report = paired(Vec::new());
    report.outcome = Outcome::Fail;
    report.exit_code = ExitCode::Fail;
    let mut failure = failed(SideName::Candidate, "map/get/hot", &[]);
    failure.failure.how = "exit status 101".into();
    failure.failure.session = None;
    failure.failure.pair = None;
    report.failures = vec![failure];
    report
}
