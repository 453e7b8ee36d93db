//! What to do about a report, most urgent first. Silent when there is nothing to do.

use gate_schema::report::{Profiles, Reason, Report, Row, Scale, SideName, Verdict};
use gate_schema::run::Mode;

use crate::cells::row_name;
use crate::escape::Target;
use crate::fold::rows_of;
use crate::sentence::fails;
use crate::{failure, quantity, together};

mod paired;

/// One step per kind of problem.
pub(crate) fn steps(report: &Report, target: Target) -> Vec<String> {
    let broken = [
        failed(report, target),
        failed_baseline(report, target),
        wrong_answer(report, target),
        over_budget(report, target),
        regressed(report, target),
        slower_together(report, target),
        missing(report, target),
    ];
    let open = match report.method.mode {
        Mode::Single => vec![
            suspected(report),
            inconclusive(report, target),
            few_sessions(report),
            other_machine(report),
            other_workload(report, target),
            not_as_promoted(report, target),
        ],
        Mode::Paired => vec![
            paired::more_time(report, target),
            paired::budgets(report, target),
            paired::calibrate(report, target),
            paired::again(report, target),
            other_workload(report, target),
            not_as_promoted(report, target),
        ],
    };
    broken.into_iter().chain(open).flatten().collect()
}

/// `map/get`, or `map/get and 2 more`.
fn first_of(names: &[&str], target: Target) -> Option<String> {
    let (first, rest) = names.split_first()?;
    let more = match rest.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    Some(format!("{}{more}", target.outside(first)))
}

/// The command that explains a scenario, to paste. Names may hold brackets, which a shell would take
/// for its own, and no quotes.
fn explain(scenario: &str, target: Target) -> String {
    if scenario.contains(['(', ')', '[', ']']) {
        target.command(&format!("gate explain '{scenario}'"))
    } else {
        target.command(&format!("gate explain {scenario}"))
    }
}

fn failed(report: &Report, target: Target) -> Option<String> {
    let failed = failure::of_side(report, SideName::Candidate);
    let scenarios: Vec<&str> = failed.iter().map(|f| f.failure.scenario.as_str()).collect();
    let name = first_of(&scenarios, target)?;
    let worst = failed.first()?;
    // Those that fail on both sides come last, so all of them do.
    let why = match (failure::is_on_both_sides(report, worst), failed.len()) {
        (false, _) => "a scenario that fails is not measured",
        (true, 1) => "it fails on the baseline as well, so this change may not be the cause",
        (true, _) => "they fail on the baseline as well, so this change may not be the cause",
    };
    let is_cut = worst.failure.stderr.len() > failure::QUOTED_LINES;
    let more = is_cut.then(|| explain(scenarios[0], target));
    let more = more.map_or(String::new(), |command| {
        format!("; {command} shows all of its stderr")
    });
    Some(format!("fix {name} first: {why}{more}"))
}

fn failed_baseline(report: &Report, target: Target) -> Option<String> {
    let failed = failure::of_baseline_alone(report);
    let scenarios: Vec<&str> = failed.iter().map(|f| f.failure.scenario.as_str()).collect();
    let name = first_of(&scenarios, target)?;
    let base = target.command("gate check --base COMMIT");
    Some(format!(
        "compare {name} with a base on which it runs: {base}"
    ))
}

/// The worst failing row that `is_meant`, and how many more there are.
fn worst(report: &Report, is_meant: impl Fn(&Row) -> bool) -> Option<(&Row, String)> {
    let mut rows = report.rows.iter().filter(|row| fails(row) && is_meant(row));
    let first = rows.next()?;
    let more = match rows.count() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    Some((first, more))
}

fn wrong_answer(report: &Report, target: Target) -> Option<String> {
    let (row, _) = worst(report, |row| row.reason == Reason::WrongAnswer)?;
    Some(format!(
        "correct {} first: what a wrong answer costs is no measurement",
        target.outside(row.scenario.as_str())
    ))
}

fn over_budget(report: &Report, target: Target) -> Option<String> {
    let (row, more) = worst(report, |row| {
        row.verdict == Verdict::OverBudget && row.reason != Reason::WrongAnswer
    })?;
    let name = row_name(row, target);
    Some(format!(
        "bring {name}{more} within budget; only a reviewed change of `gate.toml` moves a budget"
    ))
}

fn regressed(report: &Report, target: Target) -> Option<String> {
    let (row, more) = worst(report, |row| {
        row.verdict == Verdict::Regressed && row.reason != Reason::WrongAnswer
    })?;
    let name = row_name(row, target);
    // The next base is this change: promoting a run moves no comparison of two commits.
    let accept = match report.method.mode {
        Mode::Single => "with `gate promote`",
        Mode::Paired => "in `waivers.toml`",
    };
    let suspect = grown(report, row).map(|frame| format!(": {} grew most", target.outside(frame)));
    Some(format!(
        "find what made {name}{more} worse{}; accept it {accept} only if it is intended",
        suspect.unwrap_or_default()
    ))
}

/// The frame of the row's scenario that grew most.
fn grown<'r>(report: &'r Report, row: &Row) -> Option<&'r str> {
    let mut profiles = report.profiles.iter();
    match &profiles.find(|p| p.scenario == row.scenario)?.profiles {
        Profiles::Compared(change) => {
            let frame = change.grew.iter().find(|frame| frame.beyond_noise)?;
            Some(frame.name.as_str())
        }
        Profiles::Candidate(_) | Profiles::Absent { .. } => None,
    }
}

fn slower_together(report: &Report, target: Target) -> Option<String> {
    let worst = *together::failing(report).first()?;
    Some(format!(
        "find what this change does to every scenario, such as build settings or a shared \
         dependency: {} is worse everywhere by little; {} shows it",
        target.outside(worst.metric.as_str()),
        explain("everything", target)
    ))
}

fn missing(report: &Report, target: Target) -> Option<String> {
    let has_own_step =
        |row: &Row| matches!(row.reason, Reason::WrongAnswer | Reason::ScenarioFailed);
    let is_missing = |row: &Row| row.verdict == Verdict::Missing && !has_own_step(row);
    let (row, more) = worst(report, is_missing)?;
    let name = row_name(row, target);
    Some(if row.reason == Reason::OnNeitherSide {
        // The promoted baseline declares it until it is promoted anew, which only what is merged can be.
        format!(
            "bring {name}{more} back, or this branch up to date; to retire it, give it \
                 `mode = \"report\"` in `gate.toml` of the default branch first, and promote without it after"
        )
    } else if row.reason == Reason::NotDeclared && report.method.mode == Mode::Paired {
        format!(
            "bring {name}{more} back; if it is removed on purpose, give it `mode = \"report\"` in \
                 `gate.toml` first"
        )
    } else if row.reason == Reason::NotDeclared {
        format!("bring {name}{more} back; if it was removed on purpose, `gate promote` forgets it")
    } else {
        format!("find out why {name}{more} went unmeasured; nothing measured is never a pass")
    })
}

/// Whether no measuring of the candidate settles the row: none gives a percentile more operations, quality back for
/// speed, a repetition what it lacks, the baseline more sessions, or a clock finer steps.
fn is_out_of_reach(row: &Row) -> bool {
    matches!(
        row.reason,
        Reason::FewSamples { .. }
            | Reason::FewSessions { .. }
            | Reason::TradedQuality { .. }
            | Reason::PartlyMeasured { .. }
            | Reason::PartlyReached { .. }
            | Reason::ClockCoarse { .. }
    )
}

/// Whether stored numbers can only raise a suspicion here, however many there are.
fn needs_pairs(row: &Row) -> bool {
    matches!(
        row.reason,
        Reason::SharedMachine | Reason::SlowerTogether { .. }
    )
}

fn suspected(report: &Report) -> Option<String> {
    let open = report.rows.iter();
    let rows = open.filter(|row| row.verdict == Verdict::Inconclusive && needs_pairs(row));
    let count = rows.count();
    (count > 0).then(|| {
        format!(
            "confirm {} with both builds measured in turn: `gate check`",
            inconclusive_rows(count)
        )
    })
}

fn inconclusive(report: &Report, target: Target) -> Option<String> {
    let rows: Vec<&Row> = report
        .rows
        .iter()
        .filter(|row| row.verdict == Verdict::Inconclusive && !needs_pairs(row))
        .filter(|row| !is_out_of_reach(row))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let hidden = unseen(&rows);
    // One session more settles a suspicion; twice the sessions take a third off the noise.
    let sessions = (report.candidate.sessions * 2).max(2);
    let more = target.command(&format!("bench run --sessions {sessions}"));
    let rows = inconclusive_rows(rows.len());
    Some(format!("measure more to settle {rows}: {more}{hidden}"))
}

/// `3 inconclusive rows`.
fn inconclusive_rows(count: usize) -> String {
    rows_of(count).replace(" row", " inconclusive row")
}

/// What can go unseen while rows stay inconclusive, to follow what to do about them.
fn unseen(rows: &[&Row]) -> String {
    let sizes = rows
        .iter()
        .filter_map(|row| row.effect.as_ref())
        .filter(|effect| effect.scale == Scale::Relative);
    let sizes = sizes
        .filter_map(|effect| effect.detectable)
        .filter(|size| size.is_finite());
    quantity::least_to_most(sizes)
        .map(|sizes| format!("; until then a worsening below {sizes} can go unseen"))
        .unwrap_or_default()
}

fn few_sessions(report: &Report) -> Option<String> {
    let wanted = report.rows.iter().filter_map(|row| match row.reason {
        Reason::FewSessions { have, need } => Some((need, have)),
        _ => None,
    });
    let (need, have) = wanted.max()?;
    Some(format!(
        "give the baseline {need} sessions (it has {have}): `gate promote` more runs of it"
    ))
}

fn other_machine(report: &Report) -> Option<String> {
    let is_other = |row: &Row| {
        row.verdict == Verdict::Incomparable
            && matches!(
                row.reason,
                Reason::Environment { .. } | Reason::EnvironmentUnknown { .. }
            )
    };
    let count = report.rows.iter().filter(|row| is_other(row)).count();
    (count > 0).then(|| "measure both sides on one machine with `gate check`".to_owned())
}

fn other_workload(report: &Report, target: Target) -> Option<String> {
    let is_other = |row: &&Row| {
        row.verdict == Verdict::Incomparable
            && matches!(
                row.reason,
                Reason::Parameter { .. } | Reason::Input | Reason::Declaration
            )
    };
    let row = report.rows.iter().find(is_other)?;
    let name = target.outside(row.scenario.as_str());
    let way_out = match report.method.mode {
        Mode::Single => "`gate promote` it, or give it another name",
        Mode::Paired => "give it another name, so that both are kept apart",
    };
    Some(format!(
        "{name} is another workload than in the baseline; {way_out}"
    ))
}

/// What was promoted is held against what both sides say only where a stranger measured both.
fn not_as_promoted(report: &Report, target: Target) -> Option<String> {
    let is_other = |row: &&Row| {
        row.verdict == Verdict::Incomparable
            && matches!(row.reason, Reason::NotOnBase | Reason::NotAsPromoted { .. })
    };
    let row = report.rows.iter().find(is_other)?;
    Some(format!(
        "bring this branch up to date; if the default branch itself measures another {} than was promoted, promote \
         it anew, and give it `mode = \"report\"` in `gate.toml` of the default branch until then",
        target.outside(row.scenario.as_str())
    ))
}
