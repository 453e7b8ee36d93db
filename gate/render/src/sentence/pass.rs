//! What a pass says: never more than was shown to hold.

use std::collections::BTreeSet;

use gate_schema::report::{BudgetStatus, Reason, Report, Row, Verdict};
use gate_schema::unit::Unit;

use super::{is_excused, tallies};
use crate::cells::row_name;
use crate::escape::Target;
use crate::fold::{kind_of_rows, rows_of};
use crate::{reason, together};

/// The sentence of a pass, without the word: what holds, then everything it does not cover.
pub(super) fn text(report: &Report, target: Target) -> String {
    let mode = report.method.mode;
    let rows = |verdict: Verdict| {
        report
            .rows
            .iter()
            .filter(|row| row.verdict == verdict)
            .collect::<Vec<&Row>>()
    };
    let incomparable = rows(Verdict::Incomparable);
    let mut parts = vec![holding(
        report,
        !report.environment_differences.is_empty() && !incomparable.is_empty(),
    )];
    if !incomparable.is_empty() {
        let reasons = tallies(&incomparable, mode, target);
        parts.push(format!(
            "{} not compared: {}",
            kind_of_rows(&incomparable),
            reasons.replace("not compared: ", "")
        ));
    }
    let inconclusive = rows(Verdict::Inconclusive);
    if !inconclusive.is_empty() {
        parts.push(format!(
            "{} not decided: {}",
            rows_of(inconclusive.len()),
            tallies(&inconclusive, mode, target)
        ));
    }
    let passing = rows(Verdict::Pass);
    let traded: Vec<&Row> = passing
        .iter()
        .copied()
        .filter(|row| matches!(row.reason, Reason::TradedQuality { .. }))
        .collect();
    if let [first, ..] = traded[..] {
        let more = if traded.len() > 1 {
            format!(", and {} more", traded.len() - 1)
        } else {
            String::new()
        };
        parts.push(format!(
            "{} {}{more}",
            row_name(first, target),
            reason::phrase(first, mode, target)
        ));
    }
    let at_limit = passing
        .iter()
        .filter(|row| row.reason == Reason::AtLimit)
        .count();
    if at_limit > 0 {
        parts.push(format!("{} at the limit of the budget", rows_of(at_limit)));
    }
    let unjudged = passing
        .iter()
        .filter(|row| row.reason == Reason::NotJudged && row.budget.is_none())
        .count();
    if unjudged > 0 {
        parts.push(format!("{} not judged by policy", rows_of(unjudged)));
    }
    let waived = rows(Verdict::Waived).len();
    if waived > 0 {
        parts.push(format!("{} worse and waived", rows_of(waived)));
    }
    let reported = report
        .rows
        .iter()
        .filter(|row| row.verdict >= Verdict::Missing && !is_excused(row))
        .count();
    if reported > 0 {
        parts.push(format!("{} worse, for report only", rows_of(reported)));
    }
    match together::worse(report).count() {
        0 => {}
        1 => parts.push("1 metric worse over all scenarios, for report only".into()),
        count => parts.push(format!(
            "{count} metrics worse over all scenarios, for report only"
        )),
    }
    let excused = report.rows.iter().filter(|row| is_excused(row)).count();
    if excused > 0 {
        parts.push(format!(
            "{} over budget, already on the base",
            rows_of(excused)
        ));
    }
    parts.join("; ")
}

/// Whether a row was shown to hold. One that policy does not judge shows nothing, but for its budget;
/// one at its limit and one that traded quality away are said for themselves.
fn holds(row: &Row) -> bool {
    let is_open = match row.reason {
        Reason::NotJudged => row.budget.is_none(),
        Reason::AtLimit | Reason::TradedQuality { .. } => true,
        _ => false,
    };
    matches!(row.verdict, Verdict::Pass | Verdict::Improved) && !is_open
}

/// What holds. By kind when the timings of another machine are no evidence, else by number.
fn holding(report: &Report, by_kind: bool) -> String {
    let count = report.rows.iter().filter(|row| holds(row)).count();
    let kinds = kinds_that_hold(report);
    if by_kind && !kinds.is_empty() {
        let verb = if kinds.len() == 1 && kinds[0] != "budgets" {
            "holds"
        } else {
            "hold"
        };
        return format!("{} {verb}", enumeration(&kinds));
    }
    let improved = report
        .rows
        .iter()
        .filter(|row| row.verdict == Verdict::Improved)
        .count();
    let added = report
        .rows
        .iter()
        .filter(|row| row.verdict == Verdict::Added)
        .count();
    let verb = if count == 1 { "holds" } else { "hold" };
    let improved = if improved > 0 {
        format!(", {improved} of them improved")
    } else {
        String::new()
    };
    let added = if added > 0 {
        format!(", {added} added")
    } else {
        String::new()
    };
    format!("{} {verb}{improved}{added}", rows_of(count))
}

/// Budgets, and the kinds of metric that do not depend on the machine, of which every row holds.
fn kinds_that_hold(report: &Report) -> Vec<&'static str> {
    let (mut holding, mut open) = (BTreeSet::new(), BTreeSet::new());
    for row in &report.rows {
        if let Some(check) = &row.budget {
            let set = if check.status == BudgetStatus::Within {
                &mut holding
            } else {
                &mut open
            };
            set.insert("budgets");
        }
        let kind = match row.unit {
            Unit::Ratio if row.metric.as_str().starts_with("recall") => "recall",
            Unit::Ratio => "quality",
            Unit::Bytes => "memory",
            Unit::Count => "counts",
            Unit::Nanoseconds | Unit::PerSecond => continue,
        };
        if holds(row) { &mut holding } else { &mut open }.insert(kind);
    }
    let order = ["budgets", "recall", "quality", "memory", "counts"];
    order
        .into_iter()
        .filter(|kind| holding.contains(kind) && !open.contains(kind))
        .collect()
}

fn enumeration(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
