//! What a change of the accepted level does: whether a baseline was only added to, and whether a policy tolerates
//! more than before.

use std::collections::BTreeMap;

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::policy::{AtLimit, Budget, Machine, Margin, Policy, RowMode, Undecided};
use gate_schema::run::{Change, Measured, Run, Session};

use crate::observe::{Observed, ObservedMetric};
use crate::promote::changes;
use crate::rules::{Rules, Settings};

/// What is wrong with a baseline that replaces another one.
#[derive(Clone, Debug, PartialEq)]
pub enum Flaw {
    /// Its numbers changed and who promoted it did not.
    Edited,
    /// A session that both have differs.
    SessionEdited {
        /// Its id.
        session: String,
    },
    /// No accepted session is left, and nobody says why.
    Replaced,
    /// The level got worse, and nobody says why.
    Worse(Change),
}

/// What is wrong with `now`, which replaces `before`.
#[must_use]
pub fn flaws(before: (&Run, &[Observed]), now: (&Run, &[Observed])) -> Vec<Flaw> {
    let (was, is) = (before.0, now.0);
    if was == is {
        return Vec::new();
    }
    if was.provenance == is.provenance {
        return vec![Flaw::Edited];
    }
    let mut flaws = Vec::new();
    let known: BTreeMap<&str, &Session> = was.sessions.iter().map(|s| (s.id.as_str(), s)).collect();
    let mut kept = 0;
    for session in &is.sessions {
        let Some(there) = known.get(session.id.as_str()) else {
            continue;
        };
        kept += 1;
        if !is_part_of(session, there) {
            let session = session.id.clone();
            flaws.push(Flaw::SessionEdited { session });
        }
    }
    let reason = is.provenance.as_ref().and_then(|p| p.reason.as_deref());
    if reason.is_none_or(|reason| reason.trim().is_empty()) {
        if kept == 0 {
            flaws.push(Flaw::Replaced);
        }
        let worse = changes(before.1, now.1).into_iter();
        flaws.extend(
            worse
                .filter(|change| is_worse(change, now.1))
                .map(Flaw::Worse),
        );
    }
    flaws
}

/// Whether a session has nothing but what `accepted` has. Scenarios that were declared anew are left out of it.
fn is_part_of(session: &Session, accepted: &Session) -> bool {
    let there: BTreeMap<&ScenarioId, &Measured> = accepted
        .scenarios
        .iter()
        .map(|m| (&m.scenario, m))
        .collect();
    let head = |session: &Session| (session.start.clone(), session.mode);
    head(session) == head(accepted)
        && session
            .scenarios
            .iter()
            .all(|m| there.get(&m.scenario) == Some(&m))
}

fn is_worse(change: &Change, observed: &[Observed]) -> bool {
    let rows = observed
        .iter()
        .filter(|o| o.declared.scenario == change.scenario);
    let mut metrics = rows.flat_map(|o| &o.metrics);
    metrics
        .find(|m| m.name == change.metric)
        .is_some_and(|metric| {
            metric.direction().sign() * (change.to.value - change.from.value) > 0.0
        })
}

/// A setting that tolerates more than before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Looser {
    /// The setting.
    pub setting: &'static str,
    /// The row; `None` for a setting of all rows.
    pub row: Option<(ScenarioId, MetricName)>,
}

/// Settings of `now` that tolerate more than those of `before`, of the rows of a baseline. Rows that a policy does
/// not fit are left to the comparison that says so.
#[must_use]
pub fn looser(before: &Policy, now: &Policy, rows: &[Observed]) -> Vec<Looser> {
    let mut all: Vec<Looser> = [
        (
            "false-discovery",
            now.false_discovery < before.false_discovery,
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
    for is_drift in [false, true] {
        let [before, now] = [before, now].map(|policy| Policy {
            is_drift,
            ..policy.clone()
        });
        let (mut was, mut is) = (Rules::new(&before), Rules::new(&now));
        for scenario in rows {
            for metric in &scenario.metrics {
                all.extend(looser_row(&mut was, &mut is, scenario, metric, is_drift));
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

fn looser_row(
    was: &mut Rules<'_>,
    is: &mut Rules<'_>,
    scenario: &Observed,
    metric: &ObservedMetric,
    is_drift: bool,
) -> Vec<Looser> {
    let id = &scenario.declared.scenario;
    let settings = (
        was.settings(id.as_str(), metric),
        is.settings(id.as_str(), metric),
    );
    let (Ok(was), Ok(is)) = &settings else {
        return Vec::new();
    };
    let row = || Some((id.clone(), metric.name.clone()));
    let looser = |setting| Looser {
        setting,
        row: row(),
    };
    loosened(was, is, is_drift)
        .into_iter()
        .map(looser)
        .collect()
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

#[cfg(test)]
mod tests {
    use gate_schema::policy::Operator;

    use super::*;

    fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
        let mut settings = Settings {
            margin: Margin::Relative(0.03),
            budget: Some(budget(Operator::AtMost, 50.0)),
            mode: RowMode::Gate,
            at_limit: AtLimit::Fail,
            min_samples: None,
        };
        change(&mut settings);
        settings
    }

    fn budget(operator: Operator, limit: f64) -> Budget {
        Budget {
            operator,
            limit,
            unit: None,
            text: String::new(),
        }
    }

    #[test]
    fn what_tolerates_more_is_looser() {
        type Edit = fn(&mut Settings);
        let cases: [(&str, Edit, &[&str]); 13] = [
            ("the same", |_| (), &[]),
            ("wider", |s| s.margin = Margin::Relative(0.05), &["margin"]),
            ("narrower", |s| s.margin = Margin::Relative(0.01), &[]),
            (
                "another kind",
                |s| s.margin = Margin::Absolute(0.01),
                &["margin"],
            ),
            ("unjudged", |s| s.margin = Margin::Unjudged, &["margin"]),
            ("no budget", |s| s.budget = None, &["budget"]),
            (
                "higher ceiling",
                |s| s.budget = Some(budget(Operator::AtMost, 60.0)),
                &["budget"],
            ),
            (
                "lower ceiling",
                |s| s.budget = Some(budget(Operator::AtMost, 40.0)),
                &[],
            ),
            (
                "ceiling left out",
                |s| s.budget = Some(budget(Operator::Below, 50.0)),
                &[],
            ),
            (
                "a floor instead",
                |s| s.budget = Some(budget(Operator::AtLeast, 1.0)),
                &["budget"],
            ),
            ("reported only", |s| s.mode = RowMode::Report, &["mode"]),
            ("in pairs only", |s| s.mode = RowMode::Pairs, &["mode"]),
            (
                "more samples and review",
                |s| (s.min_samples, s.at_limit) = (Some(10), AtLimit::Review),
                &["at-limit", "min-samples"],
            ),
        ];
        for (name, edit, expected) in cases {
            assert_eq!(
                loosened(&settings(|_| ()), &settings(edit), false),
                expected,
                "{name}"
            );
        }
        let floor = |limit| Some(budget(Operator::AtLeast, limit));
        assert!(is_budget_looser(floor(0.95).as_ref(), floor(0.9).as_ref()));
        assert!(!is_budget_looser(
            floor(0.95).as_ref(),
            floor(0.99).as_ref()
        ));
        let below = budget(Operator::Below, 5.0);
        assert!(is_budget_looser(
            Some(&below),
            Some(&budget(Operator::AtMost, 5.0))
        ));
    }

    #[test]
    fn settings_of_all_rows_are_looked_at() {
        let strict = Policy::default();
        let loose = Policy {
            inconclusive: Undecided::Pass,
            machine: Machine::Shared,
            uniform: RowMode::Report,
            false_discovery: 0.001,
            ..Policy::default()
        };
        let told: Vec<&str> = looser(&strict, &loose, &[])
            .iter()
            .map(|l| l.setting)
            .collect();
        assert_eq!(
            told,
            ["false-discovery", "inconclusive", "machine", "uniform"]
        );
        assert_eq!(looser(&loose, &strict, &[]), []);
    }
}
