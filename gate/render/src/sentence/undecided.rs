//! What stays undecided, and why.

use gate_schema::policy::Undecided;
use gate_schema::report::{Reason, Report, Row, SideName, Verdict};
use gate_schema::run::Mode;

use super::tallies;
use crate::cells::row_name;
use crate::escape::Target;
use crate::fold::{kind_of_rows, rows_of};
use crate::{failure, reason, together};

/// The rows that could not be decided and that the policy maps to `meaning`.
pub(super) fn text(report: &Report, meaning: Undecided, target: Target) -> String {
    let mode = report.method.mode;
    let counts = |row: &&Row| {
        row.gating
            && match row.verdict {
                Verdict::Inconclusive => report.method.inconclusive == meaning,
                Verdict::Incomparable => report.method.incomparable == meaning,
                _ => false,
            }
    };
    let rows: Vec<&Row> = report.rows.iter().filter(counts).collect();
    let cause = unsteady(report, &rows).or_else(|| baseline_failed(report, &rows, target));
    match cause {
        Some((cause, others)) if others.is_empty() => cause,
        Some((cause, others)) => format!("{cause}; {}", more(&others, mode, target)),
        None => open(&rows, mode, target),
    }
}

/// The machine as the cause, and the rows it does not explain.
fn unsteady<'a>(report: &Report, rows: &[&'a Row]) -> Option<(String, Vec<&'a Row>)> {
    let cause = together::unsteady_sentence(together::unsteady(report)?);
    // What looked worse is not measured again on such a machine.
    let is_doubted =
        |row: &&&Row| matches!(row.reason, Reason::Unsteady | Reason::NeedsSecondSession);
    let (doubted, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(is_doubted);
    let doubted = match doubted.len() {
        0 => String::new(),
        1 => ", so 1 row that looks worse could not be decided".into(),
        count => format!(", so {count} rows that look worse could not be decided"),
    };
    Some((format!("{cause}{doubted}"), others))
}

/// A failed baseline as the cause, and the rows it does not explain.
fn baseline_failed<'a>(
    report: &Report,
    rows: &[&'a Row],
    target: Target,
) -> Option<(String, Vec<&'a Row>)> {
    let failures = failure::of_side(report, SideName::Baseline);
    let scenarios = failure::scenarios(report);
    let is_lost = |row: &&&Row| failure::covers(&scenarios, row);
    let (lost, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(is_lost);
    if lost.is_empty() && !rows.is_empty() {
        return None;
    }
    let complaint = failure::complaint(report, failures.first()?, target);
    let more = match failures.len() - 1 {
        0 => String::new(),
        1 => ", and 1 more scenario failed there".into(),
        more => format!(", and {more} more scenarios failed there"),
    };
    let lost = match lost.len() {
        0 => String::new(),
        count => format!(", so {} could not be compared", rows_of(count)),
    };
    Some((format!("{complaint}{more}{lost}"), others))
}

/// Rows that the cause of the others does not explain.
fn more(rows: &[&Row], mode: Mode, target: Target) -> String {
    let count = rows_of(rows.len()).replace(" row", " more row");
    let tallies = tallies(rows, mode, target).replace("not compared: ", "");
    format!("{count} could not be decided: {tallies}")
}

/// Rows without one cause for all.
fn open(rows: &[&Row], mode: Mode, target: Target) -> String {
    let is_compared = rows.iter().any(|row| row.verdict == Verdict::Inconclusive);
    match *rows {
        [] => "no row that gates could be decided".to_owned(),
        [row] if is_compared => {
            format!(
                "{} could not be decided: {}",
                row_name(row, target),
                reason::phrase(row, mode, target)
            )
        }
        _ if is_compared => format!(
            "{} could not be decided: {}",
            rows_of(rows.len()),
            tallies(rows, mode, target)
        ),
        _ => {
            let tallies = tallies(rows, mode, target);
            format!(
                "{} could not be compared: {}",
                kind_of_rows(rows),
                tallies.replace("not compared: ", "")
            )
        }
    }
}
