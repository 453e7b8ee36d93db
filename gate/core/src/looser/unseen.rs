//! Rows that nothing has measured yet. Rules tell of them only by globs, so names that the globs fit stand for them.

use std::collections::BTreeSet;

use fast_glob::glob_match;
use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::policy::{Policy, Rule};
use gate_schema::unit::Unit;

use super::globs::common;
use super::{Looser, loosened};
use crate::rules::{Rules, as_path, as_word, fits_metric};

/// Every unit a row can have.
const UNITS: [Unit; 5] = [
    Unit::Nanoseconds,
    Unit::Bytes,
    Unit::PerSecond,
    Unit::Ratio,
    Unit::Count,
];

/// What tolerates more for rows that a changed rule is about, told by the globs of that rule. Looked at are rows of
/// it alone, and of it together with any other rule, which it may override or be overridden by.
pub(super) fn looser_rules(before: &Policy, now: &Policy) -> Vec<Looser> {
    let (mut was, mut is) = (Rules::new(before), Rules::new(now));
    let mut found = Vec::new();
    for rule in changed(&before.rules, &now.rules) {
        let mut rows: BTreeSet<(ScenarioId, MetricName)> = BTreeSet::new();
        for other in before.rules.iter().chain(&now.rules) {
            rows.extend(rows_of(rule, other));
        }
        for (scenario, metric) in &rows {
            for unit in UNITS {
                let settings =
                    [&mut was, &mut is].map(|rules| rules.of_row(scenario, metric, unit));
                if let [Ok(was), Ok(is)] = &settings {
                    let settings = loosened(was, is, now.is_drift);
                    found.extend(settings.into_iter().map(|setting| Looser {
                        setting,
                        row: Some((rule.scenario.clone(), rule.metric.clone())),
                    }));
                }
            }
        }
    }
    found
}

/// The rules between those that both begin with and those that both end with: a rule that moved may win now.
fn changed<'a>(before: &'a [Rule], now: &'a [Rule]) -> impl Iterator<Item = &'a Rule> {
    let is_alike = |(a, b): &(&Rule, &Rule)| {
        let line = a.line;
        **a == Rule {
            line,
            ..(*b).clone()
        }
    };
    let head = before.iter().zip(now).take_while(is_alike).count();
    let (before, now) = (&before[head..], &now[head..]);
    let ends = before.iter().rev().zip(now.iter().rev());
    let tail = ends.take_while(is_alike).count();
    let middle = [before, now].map(|rules| &rules[..rules.len() - tail]);
    middle.into_iter().flatten()
}

/// Rows that both rules are about.
fn rows_of(rule: &Rule, other: &Rule) -> Vec<(ScenarioId, MetricName)> {
    let scenarios = common(&rule.scenario, &other.scenario);
    // One rule may name the whole metric and the other its last part alone.
    let [last, other_last] = [rule, other].map(|rule| format!("*.{}", rule.metric));
    let metrics = [
        common_metrics(&rule.metric, &other.metric),
        common_metrics(&rule.metric, &other_last),
        common_metrics(&last, &other.metric),
    ];
    let metrics = metrics.concat();
    let row = |scenario: &str, metric: &str| {
        Some((
            ScenarioId::new(scenario).ok()?,
            MetricName::new(metric).ok()?,
        ))
    };
    let of = |scenario: &String| -> Vec<_> {
        metrics
            .iter()
            .filter_map(|metric| row(scenario, metric))
            .collect()
    };
    scenarios.iter().flat_map(of).collect()
}

/// Metrics that both globs fit, which take them for one word.
fn common_metrics(a: &str, b: &str) -> Vec<String> {
    let mut metrics = common(a, b);
    if a.contains('/') || b.contains('/') {
        let words = common(&as_word(a), &as_word(b)).into_iter();
        metrics.extend(words.map(|word| as_path(&word)));
    }
    metrics
}

/// Whether the same setting of a row that the globs fit is among what was told.
pub(super) fn is_told(looser: &Looser, told: &[Looser]) -> bool {
    let Some((scenario, metric)) = &looser.row else {
        return false;
    };
    told.iter().any(|t| {
        let fits = |(id, name): &(String, String)| {
            let ends = name.match_indices('.').map(|(at, _)| &name[at + 1..]);
            let names: Vec<&str> = [name.as_str()].into_iter().chain(ends).collect();
            fits_metric(metric, &names) && glob_match(scenario, id)
        };
        t.setting == looser.setting && t.row.as_ref().is_some_and(fits)
    })
}
