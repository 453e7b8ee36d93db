//! The reports every renderer is shown: one per situation a user can meet.

#![allow(dead_code, reason = "each test binary uses its own part")]

use gate_schema::exit::ExitCode;
use gate_schema::id::Name;
use gate_schema::policy::{Machine, Undecided};
use gate_schema::report::{FORMAT, Method, Outcome, Report, Row, RunSummary, Verdict};
use gate_schema::run::Mode;

pub(crate) mod paired;
pub(crate) mod profiled;
mod rows;
mod stored;

pub(crate) use rows::*;
pub(crate) use stored::*;

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a sound name")
}

/// All reports by name, in the order of `stored` and then of `paired` and `profiled`.
pub(crate) fn all() -> Vec<(&'static str, Report)> {
    let mut all = vec![
        ("pass", pass()),
        ("regressed", regressed()),
        ("over_budget", over_budget()),
        ("mixed", mixed()),
        ("inconclusive", inconclusive()),
        ("suspected", suspected()),
        ("another_baseline", another_baseline()),
        ("other_machine", other_machine()),
        ("other_machine_undecided", other_machine_undecided()),
        ("missing", missing()),
        ("warnings", warnings()),
        ("empty", empty()),
        ("many_rows", many_rows()),
        ("long_names", long_names()),
        (
            "hostile",
            hostile(
                "|`@org/team`\\| #12 <script>alert(1)</script>\n:tada: [x](http://evil.example) \u{202e}\u{200b}\x1b[31mEVIL",
            ),
        ),
    ];
    all.extend(paired::all());
    all.extend(profiled::all());
    all
}

fn run(id: &str, commit: &str, sessions: usize) -> RunSummary {
    let environment = [
        ("cores", "8"),
        ("cpu_model", "AMD EPYC 7763 64-Core Processor"),
        ("kernel_release", "6.1.0-28-amd64"),
        ("rustc", "1.95.0"),
    ];
    RunSummary {
        id: id.into(),
        created: "2026-11-20T08:00:00Z".into(),
        commit: Some(commit.into()),
        dirty: Some(false),
        settings: Vec::new(),
        planted: Vec::new(),
        tier: Some(name("pr")),
        sessions,
        environment: environment
            .map(|(field, value)| (name(field), value.to_owned()))
            .into(),
    }
}

/// A report over `rows`, whose outcome is what the verdicts say under the default policy.
pub(crate) fn report(mut rows: Vec<Row>) -> Report {
    rows.sort_by_key(|row| std::cmp::Reverse(row.verdict));
    let gating = rows.iter().filter(|row| row.gating).map(|row| row.verdict);
    let (outcome, exit_code) = match gating.max() {
        Some(verdict) if verdict >= Verdict::Missing => (Outcome::Fail, ExitCode::Fail),
        Some(verdict) if verdict >= Verdict::Incomparable => {
            (Outcome::Undecided, ExitCode::Undecided)
        }
        Some(_) => (Outcome::Pass, ExitCode::Pass),
        None => (Outcome::Undecided, ExitCode::Undecided),
    };
    Report {
        format: FORMAT.into(),
        outcome,
        exit_code,
        baseline: run("main-412", "919ad74c0ffee919ad74c0ffee919ad74c0ffee9", 5),
        candidate: run("pr-77", "4f2c9e1", 1),
        environment_differences: Vec::new(),
        method: Method {
            false_discovery: 0.01,
            family: rows.len(),
            inconclusive: Undecided::Report,
            incomparable: Undecided::Report,
            machine: Machine::Dedicated,
            mode: Mode::Single,
            is_drift: false,
            calibration_sessions: 0,
        },
        warnings: Vec::new(),
        waivers: Vec::new(),
        uniform: Vec::new(),
        canaries: None,
        failures: Vec::new(),
        profiles: Vec::new(),
        rows,
        distributions: None,
        series: Vec::new(),
    }
}
