//! Repetitions that crashed, hung or wrote no usable document: how each ended, with its last words.

use std::collections::BTreeSet;

use gate_schema::id::ScenarioId;
use gate_schema::report::{FailedScenario, Reason, Report, Row, SideName};

use crate::escape::Target;
use crate::fold::{rows_of, scenarios_of};
use crate::reason::{breaks_budget, side_name};

/// Failed scenarios whose last words are shown; many that fail say the same.
pub(crate) const QUOTED: usize = 3;

/// Lines of last words; `gate explain` shows all there are.
pub(crate) const QUOTED_LINES: usize = 10;

/// Names listed of those that failed alike.
const LISTED: usize = 3;

/// All failures, worst first: those of the candidate alone, which this change brought, then those of
/// both sides, then those of the baseline, which do not fail the outcome.
pub(crate) fn worst_first(report: &Report) -> Vec<&FailedScenario> {
    let on_baseline = scenarios_of_side(report, SideName::Baseline);
    let mut failures: Vec<&FailedScenario> = report.failures.iter().collect();
    failures.sort_by_key(|failed| match failed.side {
        SideName::Candidate => u8::from(on_baseline.contains(&failed.failure.scenario)),
        SideName::Baseline => 2,
    });
    failures
}

/// The failures of one side, worst first.
pub(crate) fn of_side(report: &Report, side: SideName) -> Vec<&FailedScenario> {
    let mut failures = worst_first(report);
    failures.retain(|failed| failed.side == side);
    failures
}

/// The failures of the baseline whose scenarios ran on the candidate.
pub(crate) fn of_baseline_alone(report: &Report) -> Vec<&FailedScenario> {
    let on_candidate = scenarios_of_side(report, SideName::Candidate);
    let mut failures = of_side(report, SideName::Baseline);
    failures.retain(|failed| !on_candidate.contains(&failed.failure.scenario));
    failures
}

/// The failures of one scenario, the candidate's first.
pub(crate) fn of_scenario<'a>(
    report: &'a Report,
    scenario: &ScenarioId,
) -> Vec<&'a FailedScenario> {
    let mut failures = worst_first(report);
    failures.retain(|failed| failed.failure.scenario == *scenario);
    failures
}

fn scenarios_of_side(report: &Report, side: SideName) -> BTreeSet<&ScenarioId> {
    let failures = report.failures.iter().filter(|failed| failed.side == side);
    failures.map(|failed| &failed.failure.scenario).collect()
}

/// The scenarios that failed on one side or both.
pub(crate) fn scenarios(report: &Report) -> BTreeSet<&ScenarioId> {
    let failures = report.failures.iter();
    failures.map(|failed| &failed.failure.scenario).collect()
}

/// Whether a failure in `failed` already says everything about `row`.
pub(crate) fn covers(failed: &BTreeSet<&ScenarioId>, row: &Row) -> bool {
    let is_why = matches!(
        row.reason,
        Reason::ScenarioFailed | Reason::BaselineUnusable
    );
    is_why && failed.contains(&row.scenario) && !breaks_budget(row)
}

/// Whether the scenario failed on the other side too.
pub(crate) fn is_on_both_sides(report: &Report, failed: &FailedScenario) -> bool {
    let is_other = |other: &&FailedScenario| {
        other.side != failed.side && other.failure.scenario == failed.failure.scenario
    };
    report.failures.iter().any(|other| is_other(&other))
}

/// What is wrong, as the outcome says it: `map/get crashed on the candidate: killed by signal 11`.
pub(crate) fn complaint(report: &Report, failed: &FailedScenario, target: Target) -> String {
    let failure = &failed.failure;
    // Only a signal is certainly a crash: one that took too long may have been about to end well.
    let failed_how = if failure.how.starts_with("killed by signal") {
        "crashed"
    } else {
        "failed"
    };
    let side = if is_on_both_sides(report, failed) {
        "on both sides".to_owned()
    } else {
        format!("on the {}", side_name(failed.side))
    };
    format!(
        "{} {failed_how} {side}: {}",
        target.outside(failure.scenario.as_str()),
        target.outside(&failure.how)
    )
}

/// Where it was and how it ended: `on the candidate, session s1, pair 3: killed by signal 11`.
pub(crate) fn ending(report: &Report, failed: &FailedScenario, target: Target) -> String {
    let failure = &failed.failure;
    let session = failure
        .session
        .as_ref()
        .map_or(", warming up".to_owned(), |session| {
            // Sessions of pairs are numbered under the id of their run.
            let number = session.strip_prefix(report.candidate.id.as_str());
            let number = number.and_then(|rest| rest.strip_prefix('/'));
            format!(", session {}", target.outside(number.unwrap_or(session)))
        });
    let pair = failure
        .pair
        .map(|pair| format!(", pair {pair}"))
        .unwrap_or_default();
    format!(
        "on the {}{session}{pair}: {}",
        side_name(failed.side),
        target.outside(&failure.how)
    )
}

/// One failure, or several alike, as a line with what its stderr ended with.
pub(crate) struct Quoted {
    /// Scenario, place and end.
    pub(crate) line: String,
    /// The last lines of its stderr, harmless; empty when it left none or none are shown.
    pub(crate) stderr: Vec<String>,
}

/// The first [`QUOTED`] failures with at most `lines` lines of their stderr, then those that ended
/// alike in one line each, at most `groups` of them. Worst first.
pub(crate) fn quoted(report: &Report, lines: usize, groups: usize, target: Target) -> Vec<Quoted> {
    let mut failures = worst_first(report);
    let rest = failures.split_off(failures.len().min(QUOTED));
    let mut quoted: Vec<Quoted> = failures
        .into_iter()
        .map(|failed| quote(report, failed, lines, target))
        .collect();
    let alone = |line| Quoted {
        line,
        stderr: Vec::new(),
    };
    quoted.extend(alike(&rest, groups, target).into_iter().map(alone));
    quoted
}

/// All failures, each with all of its stderr.
pub(crate) fn all(report: &Report, target: Target) -> Vec<Quoted> {
    let failures = worst_first(report).into_iter();
    failures
        .map(|failed| quote(report, failed, usize::MAX, target))
        .collect()
}

fn quote(report: &Report, failed: &FailedScenario, lines: usize, target: Target) -> Quoted {
    let stderr = target.last_lines(&failed.failure.stderr, lines);
    let scenario = target.outside(failed.failure.scenario.as_str());
    let ends = if stderr.is_empty() {
        ""
    } else {
        "; its stderr ends:"
    };
    Quoted {
        line: format!("{scenario} {}{ends}", ending(report, failed, target)),
        stderr,
    }
}

/// One line per way to end: `map/get, map/put, map/scan and 4 more on the candidate: no end after 10m`.
fn alike(failures: &[&FailedScenario], most: usize, target: Target) -> Vec<String> {
    let mut groups: Vec<Vec<&FailedScenario>> = Vec::new();
    let mut left_out = 0;
    for &failed in failures {
        let is_alike = |group: &Vec<&FailedScenario>| {
            group[0].side == failed.side && group[0].failure.how == failed.failure.how
        };
        match groups.iter().position(is_alike) {
            Some(at) => groups[at].push(failed),
            None if groups.len() < most => groups.push(vec![failed]),
            None => left_out += 1,
        }
    }
    let line = |group: &Vec<&FailedScenario>| {
        let names = group.iter().take(LISTED);
        let names: Vec<String> = names
            .map(|failed| target.outside(failed.failure.scenario.as_str()))
            .collect();
        let more = match group.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "{}{more} on the {}: {}",
            names.join(", "),
            side_name(group[0].side),
            target.outside(&group[0].failure.how)
        )
    };
    let mut lines: Vec<String> = groups.iter().map(line).collect();
    if left_out > 0 {
        lines.push(format!("{left_out} more in the full report"));
    }
    lines
}

/// What the rows of failed scenarios have in common.
pub(crate) fn rows_line(rows: &[&Row]) -> String {
    let scenarios: BTreeSet<&ScenarioId> = rows.iter().map(|row| &row.scenario).collect();
    format!(
        "{} of {}: nothing to compare",
        rows_of(rows.len()),
        scenarios_of(scenarios.len()).replace("scenario", "failed scenario")
    )
}
