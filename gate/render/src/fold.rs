//! Which rows are worth a line of their own. The rest is counted, never dropped silently.

use std::collections::BTreeMap;

use gate_schema::report::{Reason, Report, Row, Scale, Verdict};
use gate_schema::run::Mode;

use crate::escape::Target;
use crate::failure;
use crate::quantity;
use crate::reason::{self, breaks_budget};
use crate::sentence::is_excused;

/// More incomparable rows than this say the same thing too often to be read one by one.
const MOST_INCOMPARABLE: usize = 6;

/// More rows than this that the baseline does not have are another baseline's.
const MOST_ADDED: usize = 20;

/// More reasons than this are counted and not named: nobody mends ten things at once, and each name
/// from outside may be as long as a line.
const MOST_GROUPS: usize = 10;

/// The rows of a report by how they are shown. Each keeps the order of the report.
pub(crate) struct Folded<'a> {
    /// One line each.
    pub(crate) shown: Vec<&'a Row>,
    /// Passing, with nothing to add: one line for all.
    pub(crate) passing: Vec<&'a Row>,
    /// Not compared: one line per reason.
    pub(crate) incomparable: Vec<&'a Row>,
    /// Of failed scenarios, which are shown for themselves: one line for all.
    pub(crate) failed: Vec<&'a Row>,
}

impl<'a> Folded<'a> {
    /// Sorts the rows; with `all` every row is shown.
    pub(crate) fn of(report: &'a Report, all: bool) -> Self {
        let (passing, rest): (Vec<_>, Vec<_>) = report
            .rows
            .iter()
            .partition(|row| !all && is_plain_pass(row));
        let scenarios = failure::scenarios(report);
        let (failed, rest): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|row| !all && failure::covers(&scenarios, row));
        let is_silent = |row: &Row, verdict| row.verdict == verdict && !breaks_budget(row);
        let folds = |verdict, most: usize| {
            let silent = rest.iter().filter(|row| is_silent(row, verdict));
            (!all && silent.count() > most).then_some(verdict)
        };
        let folded = [
            folds(Verdict::Incomparable, MOST_INCOMPARABLE),
            folds(Verdict::Added, MOST_ADDED),
        ];
        let is_folded = |row: &Row| {
            let mut verdicts = folded.iter().flatten();
            verdicts.any(|verdict| is_silent(row, *verdict))
        };
        let (incomparable, mut shown): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|row| is_folded(row));
        // What the base shows as well is not the worst of this change.
        shown.sort_by_key(|row| is_excused(row));
        Self {
            shown,
            passing,
            incomparable,
            failed,
        }
    }
}

/// A pass that leaves no question open.
fn is_plain_pass(row: &Row) -> bool {
    let speaks = matches!(
        row.reason,
        Reason::TradedQuality { .. } | Reason::AtLimit | Reason::SmallEffect
    );
    row.verdict == Verdict::Pass && !breaks_budget(row) && !speaks && row.blame.is_none()
}

/// What the folded passing rows have in common, without saying that unjudged rows did not change.
pub(crate) fn passing_line(rows: &[&Row]) -> String {
    let (unjudged, judged): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.reason == Reason::NotJudged);
    let mut parts = Vec::new();
    if !judged.is_empty() {
        let largest = judged
            .iter()
            .filter_map(|row| row.effect.as_ref())
            .filter(|effect| effect.scale == Scale::Relative && effect.estimate.is_finite())
            .map(|effect| effect.estimate)
            .max_by(|a, b| a.abs().total_cmp(&b.abs()));
        let budgets = judged.iter().filter_map(|row| row.budget.as_ref());
        let budgets = budgets.filter(|check| quantity::headroom(check).is_some());
        let tightest = budgets.min_by(|a, b| a.headroom.total_cmp(&b.headroom));
        let headroom = tightest.and_then(quantity::headroom);
        let facts: Vec<String> = [
            largest.map(|change| format!("largest change {}", quantity::signed_percent(change))),
            headroom.map(|headroom| format!("tightest budget {headroom}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let facts = if facts.is_empty() {
            String::new()
        } else {
            format!(" ({})", facts.join(", "))
        };
        parts.push(format!("{} unchanged{facts}", rows_of(judged.len())));
    }
    if !unjudged.is_empty() {
        parts.push(format!("{} not judged by policy", rows_of(unjudged.len())));
    }
    parts.join(", ")
}

/// Rows whose reasons read the same.
pub(crate) struct Alike<'a> {
    /// The reason as [`reason::tally`] words it.
    pub(crate) tally: String,
    /// In the order of the report, never empty.
    pub(crate) rows: Vec<&'a Row>,
}

/// Rows by reason, most rows first: the [`MOST_GROUPS`] largest groups, and the rows of all others.
pub(crate) fn by_reason<'a>(
    rows: &[&'a Row],
    mode: Mode,
    target: Target,
) -> (Vec<Alike<'a>>, Vec<&'a Row>) {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<Alike<'_>> = Vec::new();
    for &row in rows {
        let tally = reason::tally(&row.reason, mode, target);
        let place = *places.entry(tally).or_insert_with_key(|tally| {
            groups.push(Alike {
                tally: tally.clone(),
                rows: Vec::new(),
            });
            groups.len() - 1
        });
        groups[place].rows.push(row);
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.rows.len()));
    let rest = groups.split_off(groups.len().min(MOST_GROUPS));
    (
        groups,
        rest.into_iter().flat_map(|group| group.rows).collect(),
    )
}

/// One line per reason, most rows first: `9 timing rows not compared: cpu_model differs`.
pub(crate) fn incomparable_lines(rows: &[&Row], mode: Mode, target: Target) -> Vec<String> {
    let (groups, rest) = by_reason(rows, mode, target);
    let line = |rows: &[&Row], tally: &str| {
        let budgets = rows.iter().filter(|row| row.budget.is_some()).count();
        let budgets = match budgets {
            0 => "",
            1 => "; the budget among them holds",
            _ => "; the budgets among them hold",
        };
        format!("{} {tally}{budgets}", kind_of_rows(rows))
    };
    let mut lines: Vec<String> = groups
        .iter()
        .map(|group| line(&group.rows, &group.tally))
        .collect();
    if !rest.is_empty() {
        lines.push(line(&rest, "not compared for other reasons"));
    }
    lines
}

/// `9 timing rows`, or `9 rows` when not all of them are timings.
pub(crate) fn kind_of_rows(rows: &[&Row]) -> String {
    if rows.iter().all(|row| row.unit.is_timing()) {
        rows_of(rows.len()).replace(" row", " timing row")
    } else {
        rows_of(rows.len())
    }
}

/// `1 row`, `9 rows`.
pub(crate) fn rows_of(count: usize) -> String {
    if count == 1 {
        "1 row".to_owned()
    } else {
        format!("{count} rows")
    }
}

/// `1 scenario`, `9 scenarios`.
pub(crate) fn scenarios_of(count: usize) -> String {
    if count == 1 {
        "1 scenario".to_owned()
    } else {
        format!("{count} scenarios")
    }
}
