//! Whether a policy tolerates more than before.

mod globs;
mod noise;
#[cfg(test)]
mod tests;
mod unseen;

use gate_schema::policy::{AtLimit, Budget, Machine, Margin, Policy, RowMode, Undecided};

pub use noise::noisier;

use crate::observe::Observed;
use crate::rules::{Rules, Settings};

/// A setting that tolerates more than before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Looser {
    /// The setting.
    pub setting: &'static str,
    /// Scenario and metric, or the globs of a rule; `None` for a setting of all rows.
    pub row: Option<(String, String)>,
}

/// Settings of `now` that tolerate more than those of `before`: of all rows, of the rows of a baseline, and of rows
/// that only rules know so far. Rows that a policy does not fit are left to the comparison that says so.
#[must_use]
pub fn looser(before: &Policy, now: &Policy, rows: &[Observed]) -> Vec<Looser> {
    let mut all: Vec<Looser> = [
        (
            "false-discovery",
            now.false_discovery < before.false_discovery,
        ),
        (
            "ignore-environment",
            !now.ignore_environment.is_subset(&before.ignore_environment),
        ),
        (
            "inconclusive",
            leniency(now.inconclusive) > leniency(before.inconclusive),
        ),
        (
            "incomparable",
            leniency(now.incomparable) > leniency(before.incomparable),
        ),
        (
            "machine",
            (before.machine, now.machine) == (Machine::Dedicated, Machine::Shared),
        ),
        ("min-sessions", now.min_sessions > before.min_sessions),
        ("uniform", rank(now.uniform) > rank(before.uniform)),
    ]
    .into_iter()
    .filter(|(_, is_looser)| *is_looser)
    .map(|(setting, _)| Looser { setting, row: None })
    .collect();
    let of_rows = both(before, now, |before, now| looser_rows(before, now, rows));
    let mut of_rules = both(before, now, unseen::looser_rules);
    // Looser for a row of the baseline, it was told there.
    of_rules.retain(|looser| !unseen::is_told(looser, &of_rows));
    all.extend(of_rows);
    all.extend(of_rules);
    all
}

/// What `find` finds in policies held to their margins, and held to their drift budgets; each once.
fn both(
    before: &Policy,
    now: &Policy,
    find: impl Fn(&Policy, &Policy) -> Vec<Looser>,
) -> Vec<Looser> {
    let mut found = Vec::new();
    for is_drift in [false, true] {
        let [before, now] = [before, now].map(|policy| Policy {
            is_drift,
            ..policy.clone()
        });
        found.extend(find(&before, &now));
    }
    found.sort();
    found.dedup();
    found
}

fn looser_rows(before: &Policy, now: &Policy, rows: &[Observed]) -> Vec<Looser> {
    let (mut was, mut is) = (Rules::new(before), Rules::new(now));
    let mut all = Vec::new();
    for scenario in rows {
        let id = &scenario.declared.scenario;
        for metric in &scenario.metrics {
            let settings = [&mut was, &mut is].map(|rules| rules.settings(id.as_str(), metric));
            if let [Ok(was), Ok(is)] = &settings {
                let row = (id.to_string(), metric.name.to_string());
                let of_row = |setting| Looser {
                    setting,
                    row: Some(row.clone()),
                };
                all.extend(loosened(was, is, now.is_drift).into_iter().map(of_row));
            }
        }
    }
    all
}

/// The settings of one row that tolerate more.
fn loosened(was: &Settings, is: &Settings, is_drift: bool) -> Vec<&'static str> {
    let margin = if is_drift { "drift-budget" } else { "margin" };
    [
        (margin, is_margin_looser(was.margin, is.margin)),
        (
            "budget",
            is_budget_looser(was.budget.as_ref(), is.budget.as_ref()),
        ),
        ("mode", rank(is.mode) > rank(was.mode)),
        (
            "at-limit",
            (was.at_limit, is.at_limit) == (AtLimit::Fail, AtLimit::Review),
        ),
        (
            "min-samples",
            is.min_samples.unwrap_or(0) > was.min_samples.unwrap_or(0),
        ),
    ]
    .into_iter()
    .filter(|(_, is_looser)| *is_looser)
    .map(|(setting, _)| setting)
    .collect()
}

/// Margins of two kinds cannot be held against each other: a change between them counts as looser.
fn is_margin_looser(was: Margin, is: Margin) -> bool {
    match (was, is) {
        (Margin::Unjudged, _) => false,
        (_, Margin::Unjudged) => true,
        (Margin::Relative(was), Margin::Relative(is))
        | (Margin::Absolute(was), Margin::Absolute(is)) => is > was,
        _ => true,
    }
}

fn is_budget_looser(was: Option<&Budget>, is: Option<&Budget>) -> bool {
    match (was, is) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(was), Some(is)) if was.operator.is_ceiling() != is.operator.is_ceiling() => true,
        // What the limit itself is to the other: `<= 5` lets pass what `< 5` does not.
        (Some(was), Some(is)) => {
            let beyond = if was.operator.is_ceiling() {
                is.limit > was.limit
            } else {
                is.limit < was.limit
            };
            let at = is.operator.holds(is.limit, is.limit);
            let is_same = is.limit.total_cmp(&was.limit).is_eq();
            beyond || is_same && at && !was.operator.holds(was.limit, was.limit)
        }
    }
}

fn leniency(undecided: Undecided) -> u8 {
    match undecided {
        Undecided::Fail => 0,
        Undecided::Report => 1,
        Undecided::Pass => 2,
    }
}

fn rank(mode: RowMode) -> u8 {
    match mode {
        RowMode::Gate => 0,
        RowMode::Pairs => 1,
        RowMode::Report => 2,
    }
}
