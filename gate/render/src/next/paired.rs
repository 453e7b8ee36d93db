//! What settles rows that interleaved pairs left open.

use gate_schema::report::{Reason, Report, Row, Verdict};

use super::{inconclusive_rows, is_out_of_reach, unseen};
use crate::escape::Target;
use crate::heading::short;
use crate::together;

/// Sessions after which a row gets no more: `MAX_LOOKS` of docs/verdict.md.
const MOST_SESSIONS: usize = 3;

/// `gate check` with `options` against the same base, to paste. A commit that is not one stays out of
/// a command.
fn check(report: &Report, options: &str, target: Target) -> String {
    let commit = report.baseline.commit.as_deref().unwrap_or_default();
    let is_commit = commit.len() >= 7 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    let base = if is_commit {
        format!(" --base {}", short(commit))
    } else {
        String::new()
    };
    target.command(&format!("gate check{options}{base}"))
}

fn inconclusive(report: &Report, is_meant: impl Fn(&Row) -> bool) -> Vec<&Row> {
    let rows = report.rows.iter();
    let open = rows.filter(|row| row.verdict == Verdict::Inconclusive);
    open.filter(|row| is_meant(row)).collect()
}

/// Rows whose evidence was disturbed: more of the same would be disturbed too.
fn is_disturbed(row: &Row) -> bool {
    matches!(
        row.reason,
        Reason::Unsteady
            | Reason::SessionsDisagree { .. }
            | Reason::NoisySession
            | Reason::ClockStepped { .. }
    )
}

/// Rows in doubt about their budget: how many pairs would tell depends on what nobody knows.
fn is_about_budget(row: &Row) -> bool {
    matches!(row.reason, Reason::Budget | Reason::AtLimit)
}

/// More pairs for what pairs can settle.
pub(super) fn more_time(report: &Report, target: Target) -> Option<String> {
    let is_settled_by_pairs =
        |row: &Row| !is_out_of_reach(row) && !is_disturbed(row) && !is_about_budget(row);
    let rows = inconclusive(report, is_settled_by_pairs);
    if rows.is_empty() || together::unsteady(report).is_some() {
        return None;
    }
    let needed = |row: &&Row| {
        let effect = row.effect.as_ref()?;
        let measured: usize = effect.stages.iter().map(|stage| stage.pairs).sum();
        Some((
            effect.stages.len(),
            measured + effect.pairs_needed? as usize,
        ))
    };
    let needs = || rows.iter().filter_map(needed);
    // After the first session a row gets one more, if there is time; see `docs/verdict.md`.
    let is_waiting = needs().any(|(sessions, _)| sessions == 1);
    Some(match needs().map(|(_, pairs)| pairs).max() {
        Some(_) if is_waiting => format!(
            "give {} more time to settle: {}{}",
            inconclusive_rows(rows.len()),
            check(report, " --budget 20m", target),
            unseen(&rows)
        ),
        Some(pairs) => format!(
            "settle {} with more pairs from the start: {}{}",
            inconclusive_rows(rows.len()),
            check(report, &format!(" --pairs {pairs}"), target),
            unseen(&rows)
        ),
        None => {
            let lint = match report.method.calibration_sessions {
                0 => String::new(),
                _ => format!(
                    "; {} shows what this machine resolves",
                    target.command("gate lint")
                ),
            };
            format!(
                "{} not settled by any number of pairs worth measuring{}{lint}",
                are_not(rows.len()),
                unseen(&rows),
            )
        }
    })
}

/// Time and quiet for budgets in doubt.
pub(super) fn budgets(report: &Report, target: Target) -> Option<String> {
    let rows = inconclusive(report, is_about_budget);
    if rows.is_empty() || together::unsteady(report).is_some() {
        return None;
    }
    let budgets = match rows.len() {
        1 => "1 budget".to_owned(),
        rows => format!("{rows} budgets"),
    };
    let effects = rows.iter().filter_map(|row| row.effect.as_ref());
    let looks = effects.map(|effect| effect.stages.as_slice());
    // A row that was looked at as often as it may be gets no further session, whatever the time.
    let spent = looks.filter(|stages| stages.len() >= MOST_SESSIONS);
    let most = spent.map(|stages| stages.iter().map(|stage| stage.pairs).sum::<usize>());
    let (what, options) = match most.max() {
        Some(pairs) => (
            "more pairs from the start",
            format!(" --pairs {}", 2 * pairs),
        ),
        None => ("more time on a quiet machine", " --budget 20m".to_owned()),
    };
    Some(format!(
        "settle {budgets} in doubt with {what}: {}",
        check(report, &options, target)
    ))
}

/// `2 inconclusive rows are`.
fn are_not(rows: usize) -> String {
    let verb = if rows == 1 { "is" } else { "are" };
    format!("{} {verb}", inconclusive_rows(rows))
}

/// Calibration, where nothing but the pairs at hand says how noisy they are. What a machine shows
/// while it is not steady is no calibration.
pub(super) fn calibrate(report: &Report, target: Target) -> Option<String> {
    let noisy = inconclusive(report, |row| {
        matches!(
            row.reason,
            Reason::Noise | Reason::NoisySession | Reason::FewRepetitions { .. }
        )
    });
    // An unknown machine has no name under which its noise could be kept.
    let is_known = !report.candidate.environment.is_empty();
    let is_of_use =
        report.method.calibration_sessions == 0 && is_known && together::unsteady(report).is_none();
    (!noisy.is_empty() && is_of_use).then(|| {
        format!(
            "measure the noise of this machine once, so that fewer pairs decide: {}",
            target.command("gate calibrate")
        )
    })
}

/// Another hour, where this one was disturbed.
pub(super) fn again(report: &Report, target: Target) -> Option<String> {
    let is_unsteady = together::unsteady(report).is_some();
    let rows = inconclusive(report, |row| is_unsteady || is_disturbed(row));
    let command = check(report, "", target);
    match (rows.len(), is_unsteady) {
        (0, false) => None,
        (0, true) => Some(format!(
            "measure again when the machine is quiet: {command}"
        )),
        (count, true) => Some(format!(
            "measure {} again when the machine is quiet: {command}",
            inconclusive_rows(count)
        )),
        (count, false) => Some(format!(
            "measure {} again, as something disturbed a session: {command}",
            inconclusive_rows(count)
        )),
    }
}
