//! Reports of interleaved pairs: both builds measured in turn on one machine.

use gate_schema::exit::ExitCode;
use gate_schema::policy::Operator;
use gate_schema::report::{
    Basis, Blame, BudgetStatus, Canaries, Effect, Interval, Level, Outcome, Reason, Report, Row,
    SideName, Stage, Uniform, Verdict,
};
use gate_schema::run::Mode;
use gate_schema::unit::{Direction, Unit};

use super::{budget, memory, name, noisy, quiet, report, row, verdict};

mod failures;

use failures::{PANIC, failed, unmeasured};
pub(crate) use failures::{crashed, crashed_baseline, crashed_everywhere, nothing_ran};

/// All reports of pairs by name, in the order of this file.
pub(crate) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("paired_pass", pass()),
        ("paired_regressed", regressed()),
        ("paired_disagree", disagree()),
        ("paired_open", open()),
        ("paired_unsteady", unsteady()),
        ("paired_canaries_crashed", canaries_crashed()),
        ("paired_partly", partly()),
        ("paired_uniform", uniform()),
        ("paired_drift", drift()),
        ("paired_crashed", crashed()),
        ("paired_crashed_everywhere", crashed_everywhere()),
        ("paired_crashed_baseline", crashed_baseline()),
        ("paired_nothing_ran", nothing_ran()),
        ("paired_already_on_base", already_on_base()),
        ("paired_blamed", blamed()),
        ("paired_spent", spent()),
        (
            "paired_hostile",
            hostile("```\n# EVIL <b> @org/team | \u{202e}\u{1b}[31m &lt; $x$ :tada:"),
        ),
    ]
}

/// A report of pairs on a calibrated machine.
pub(crate) fn paired(rows: Vec<Row>) -> Report {
    let rows = rows.into_iter().map(|row| {
        let has_stages = row.effect.as_ref().is_some_and(|e| !e.stages.is_empty());
        if has_stages {
            row
        } else {
            staged(row, &[(5, 0.4)])
        }
    });
    let mut report = report(rows.collect());
    report.method.mode = Mode::Paired;
    report.method.calibration_sessions = 6;
    for run in [&mut report.baseline, &mut report.candidate] {
        run.id = "check-7f3a".into();
        run.sessions = 1;
    }
    report
}

/// `row` as measured in sessions of so many pairs, each with its p-value.
pub(crate) fn staged(row: Row, sessions: &[(usize, f64)]) -> Row {
    let pairs = sessions.iter().map(|(pairs, _)| pairs).sum();
    let level = |level: Level| Level {
        sessions: sessions.len(),
        repetitions: pairs,
        ..level
    };
    let (baseline, candidate) = (row.baseline.map(level), row.candidate.map(level));
    let agreeing = sessions.iter().filter(|(_, p)| *p <= 0.005).count();
    let stages = |estimate: f64| {
        let stage = |(at, &(pairs, p)): (usize, &(usize, f64))| Stage {
            pairs,
            estimate: estimate * (1.0 + 0.04 * at as f64),
            p_value: Some(p),
            test: None,
            agrees: p <= 0.005,
            noisy: false,
        };
        sessions.iter().enumerate().map(stage).collect()
    };
    let effect = row.effect.map(|effect| Effect {
        basis: Some(Basis::Pairs),
        agreeing: Some(agreeing),
        stages: stages(effect.estimate),
        p_value: sessions.iter().map(|(_, p)| *p).min_by(f64::total_cmp),
        ..effect
    });
    Row {
        baseline,
        candidate,
        effect,
        ..row
    }
}

fn suspicious(scenario: &str, level: f64, reason: Reason, sessions: &[(usize, f64)]) -> Row {
    let row = staged(row(scenario, "latency.p50", level, 0.052), sessions);
    verdict(row, Verdict::Inconclusive, reason)
}

/// Everything holds; one scenario was measured again and cleared.
pub(crate) fn pass() -> Report {
    let mut rows = quiet();
    rows.push(staged(
        row("vector/search/k10", "latency.p50", 14_200.0, 0.012),
        &[(5, 0.03), (10, 0.2)],
    ));
    let mut report = paired(rows);
    report.candidate.dirty = Some(true);
    report
}

/// One row that two sessions show on their own.
pub(crate) fn regressed() -> Report {
    let mut rows = quiet();
    rows.push(verdict(
        staged(
            row("vector/search/k10", "latency.p50", 14_200.0, 0.073),
            &[(5, 2.1e-4), (10, 3.4e-7)],
        ),
        Verdict::Regressed,
        Reason::BeyondMargin,
    ));
    let mut report = paired(rows);
    report.canaries = Some(Canaries {
        scenarios: ["map/insert", "map/get/hot", "text/search/and"]
            .map(name)
            .into(),
        fired: Vec::new(),
        unusable: Vec::new(),
    });
    report
}

/// Worse over all pairs, in one session of three.
pub(crate) fn disagree() -> Report {
    let mut rows = quiet();
    let reason = Reason::SessionsDisagree { agreeing: 1, of: 3 };
    let mut row = suspicious(
        "vector/search/k10",
        14_200.0,
        reason,
        &[(5, 2.1e-4), (10, 0.31), (10, 0.09)],
    );
    if let Some(stage) = row.effect.as_mut().and_then(|e| e.stages.first_mut()) {
        stage.noisy = true;
    }
    rows.push(row);
    paired(rows)
}

/// Too few pairs, on a machine whose noise is not known.
pub(crate) fn open() -> Report {
    let mut rows = quiet();
    rows.extend([
        suspicious(
            "vector/search/k10",
            14_200.0,
            Reason::NeedsSecondSession,
            &[(5, 2.1e-4)],
        ),
        staged(
            noisy(row("text/build", "latency.mean", 4.1e9, 0.011), 0.055),
            &[(5, 0.2)],
        ),
        verdict(
            row("vector/build", "latency.p99", 1e6, 0.09),
            Verdict::Inconclusive,
            Reason::FewSamples {
                have: 400,
                need: 1000,
            },
        ),
    ]);
    for row in &mut rows {
        if let Some(effect) = row.effect.as_mut().filter(|_| row.reason == Reason::Noise) {
            effect.pairs_needed = Some(14);
        }
    }
    let mut report = paired(rows);
    report.method.calibration_sessions = 0;
    report
}

/// Much looked worse, and the baseline differed from itself.
pub(crate) fn unsteady() -> Report {
    let mut rows = quiet();
    for (at, scenario) in ["vector/search/k10", "text/build", "map/mixed/8-threads"]
        .into_iter()
        .enumerate()
    {
        rows.push(suspicious(
            scenario,
            14_200.0 * (at + 1) as f64,
            [Reason::Unsteady, Reason::NeedsSecondSession][at % 2].clone(),
            &[(5, 2.1e-4)],
        ));
    }
    rows.push(noisy(
        row("vector/build", "latency.mean", 2.7e9, 0.011),
        0.055,
    ));
    let mut report = paired(rows);
    report.canaries = Some(Canaries {
        scenarios: ["map/insert", "map/get/hot", "text/search/and"]
            .map(name)
            .into(),
        fired: ["map/get/hot", "text/search/and"].map(name).into(),
        unusable: Vec::new(),
    });
    report
}

/// Much looked worse, and the baseline crashed when it was measured against itself.
pub(crate) fn canaries_crashed() -> Report {
    let mut report = unsteady();
    if let Some(canaries) = &mut report.canaries {
        canaries.fired.clear();
        canaries.unusable = ["map/get/hot", "text/search/and"].map(name).into();
    }
    report.failures = vec![
        failed(SideName::Baseline, "map/get/hot", &PANIC),
        failed(SideName::Baseline, "text/search/and", &[]),
    ];
    report
}

/// Too little of several rows to decide anything.
pub(crate) fn partly() -> Report {
    let undecided = |scenario: &str, reason| {
        verdict(
            row(scenario, "latency.p50", 14_200.0, 0.01),
            Verdict::Inconclusive,
            reason,
        )
    };
    let mut rows = quiet();
    rows.extend([
        undecided(
            "vector/search/at-recall",
            Reason::PartlyReached { have: 4, need: 5 },
        ),
        verdict(
            row("text/build", "latency.p50", 14_200.0, 0.01),
            Verdict::Incomparable,
            Reason::BaselinePartlyMeasured { have: 4, need: 5 },
        ),
        staged(
            undecided("map/put", Reason::FewRepetitions { have: 2, need: 3 }),
            &[(2, 0.4), (2, 0.3)],
        ),
        staged(
            Row {
                effect: noisy(row("map/scan", "latency.p50", 9_100.0, 0.01), 0.04).effect,
                ..undecided("map/scan", Reason::Noise)
            },
            &[(5, 0.4), (14, 0.3)],
        ),
    ]);
    for row in &mut rows {
        if let Some(effect) = row.effect.as_mut().filter(|_| row.reason == Reason::Noise) {
            effect.pairs_needed = Some(21);
        }
    }
    paired(rows)
}

fn slower_over_all(metric: &str, gating: bool) -> Uniform {
    Uniform {
        metric: name(metric),
        unit: Unit::Nanoseconds,
        direction: Direction::Lower,
        scenarios: 40,
        estimate: 0.011,
        interval: Interval {
            low: 0.008,
            high: 0.014,
        },
        margin: 0.005,
        p_value: 3e-9,
        verdict: Verdict::Regressed,
        gating,
    }
}

/// A release as baseline: most of one drift budget is used, none is used up.
pub(crate) fn drift() -> Report {
    let mut rows = quiet();
    rows.push(row("vector/search/k10", "latency.p50", 14_200.0, 0.064));
    for row in &mut rows {
        if let Some(effect) = &mut row.effect {
            effect.margin = effect.margin.map(|_| 0.10);
        }
    }
    let mut report = paired(rows);
    report.method.is_drift = true;
    report
}

/// Everything 1 % slower, which no row alone shows.
pub(crate) fn uniform() -> Report {
    let mut report = paired(quiet());
    report.outcome = Outcome::Fail;
    report.exit_code = ExitCode::Fail;
    report.uniform = vec![
        slower_over_all("latency.p50", true),
        slower_over_all("latency.tail", false),
        Uniform {
            verdict: Verdict::Pass,
            ..slower_over_all("peak_rss", true)
        },
    ];
    report
}

fn over_memory(scenario: &str, change: f64) -> Row {
    let row = budget(
        memory(scenario, 10.6e9, change),
        Operator::Below,
        1e10,
        "< 10GB",
        BudgetStatus::Over,
    );
    verdict(row, Verdict::OverBudget, Reason::Budget)
}

/// A budget that the base breaks as well.
pub(crate) fn already_on_base() -> Report {
    let mut rows = quiet();
    rows.push(Row {
        blame: Some(Blame::AlreadyOnBase),
        ..over_memory("vector/build", 0.002)
    });
    let mut report = paired(rows);
    report.outcome = Outcome::Pass;
    report.exit_code = ExitCode::Pass;
    report
}

/// A p99 over its budget that was not shown to be worse than its base's.
fn in_doubt() -> Row {
    let timing = row("feed/retrieve", "latency.p99", 2.9e6, 0.07);
    let row = budget(timing, Operator::Below, 3e6, "< 3ms", BudgetStatus::Over);
    Row {
        blame: Some(Blame::Unclear),
        ..verdict(noisy(row, 0.08), Verdict::Inconclusive, Reason::Budget)
    }
}

/// One budget broken here, one broken already, two of which the base is no excuse, and one in doubt.
pub(crate) fn blamed() -> Report {
    let mut rows = already_on_base().rows;
    rows.extend([
        Row {
            blame: Some(Blame::CausedHere),
            ..over_memory("text/build", 0.09)
        },
        Row {
            blame: Some(Blame::MadeWorse),
            ..over_memory("text/merge", 0.09)
        },
        Row {
            blame: Some(Blame::Unclear),
            ..over_memory("text/open", 0.02)
        },
        in_doubt(),
    ]);
    paired(rows)
}

/// A budget that three sessions left in doubt.
pub(crate) fn spent() -> Report {
    let mut rows = quiet();
    rows.push(staged(in_doubt(), &[(5, 0.4), (10, 0.3), (10, 0.2)]));
    paired(rows)
}

/// `text` wherever a report of pairs can hold text from outside that a stored comparison cannot.
pub(crate) fn hostile(text: &str) -> Report {
    let worst_name = "a@org/team:tada:[x](y)_z_";
    let mut rows = unmeasured(worst_name);
    rows.push(suspicious(worst_name, 1e3, Reason::Unsteady, &[(5, 1e-4)]));
    rows.extend(quiet());
    let mut report = paired(rows);
    report.outcome = Outcome::Fail;
    report.exit_code = ExitCode::Fail;
    report.uniform = vec![
        slower_over_all(worst_name, true),
        slower_over_all(worst_name, false),
    ];
    report.canaries = Some(Canaries {
        scenarios: vec![name(worst_name)],
        fired: vec![name(worst_name)],
        unusable: Vec::new(),
    });
    let backwards: String = text.chars().rev().collect();
    let indented = format!("    {text}");
    let quoted = format!("> {text}");
    let lines = [
        text,
        "```",
        "~~~",
        "",
        "````````",
        &backwards,
        "</details>",
        &indented,
        &quoted,
        text,
    ];
    report.failures = [SideName::Candidate, SideName::Baseline]
        .into_iter()
        .map(|side| {
            let mut failed = failed(side, worst_name, &lines);
            failed.failure.session = Some(text.into());
            failed.failure.how = text.into();
            failed
        })
        .collect();
    report
}
