//! What to do about a report, most urgent first. Silent when there is nothing to do.

use gate_schema::report::{Reason, Report, Row, Scale, Verdict};

use crate::cells::row_name;
use crate::escape::Target;
use crate::fold::rows_of;
use crate::quantity;
use crate::sentence::fails;

/// One step per kind of problem.
pub(crate) fn steps(report: &Report, target: Target) -> Vec<String> {
    let steps = [
        wrong_answer(report, target),
        over_budget(report, target),
        regressed(report, target),
        missing(report, target),
        inconclusive(report, target),
        few_sessions(report),
        other_machine(report, target),
        other_workload(report, target),
    ];
    steps.into_iter().flatten().collect()
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
    Some(format!(
        "find what made {name}{more} worse; accept it with `gate promote` only if it is intended"
    ))
}

fn missing(report: &Report, target: Target) -> Option<String> {
    let is_missing =
        |row: &Row| row.verdict == Verdict::Missing && row.reason != Reason::WrongAnswer;
    let (row, more) = worst(report, is_missing)?;
    let name = row_name(row, target);
    Some(if row.reason == Reason::NotDeclared {
        format!("bring {name}{more} back; if it was removed on purpose, `gate promote` forgets it")
    } else {
        format!("find out why {name}{more} went unmeasured; nothing measured is never a pass")
    })
}

fn inconclusive(report: &Report, target: Target) -> Option<String> {
    let rows: Vec<&Row> = report
        .rows
        .iter()
        .filter(|row| row.verdict == Verdict::Inconclusive)
        .collect();
    if rows.is_empty() {
        return None;
    }
    let sizes = rows
        .iter()
        .filter_map(|row| row.effect.as_ref())
        .filter(|effect| effect.scale == Scale::Relative);
    let sizes = sizes
        .filter_map(|effect| effect.detectable)
        .filter(|size| size.is_finite());
    let hidden = quantity::least_to_most(sizes)
        .map(|sizes| format!("; until then a worsening below {sizes} can go unseen"))
        .unwrap_or_default();
    // One session more settles a suspicion; twice the sessions take a third off the noise.
    let sessions = (report.candidate.sessions * 2).max(2);
    let more = target.command(&format!("bench run --sessions {sessions}"));
    let rows = rows_of(rows.len()).replace(" row", " inconclusive row");
    Some(format!("measure more to settle {rows}: {more}{hidden}"))
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

fn other_machine(report: &Report, _: Target) -> Option<String> {
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
    Some(format!(
        "{name} is another workload than in the baseline; `gate promote` it, or give it another name"
    ))
}
