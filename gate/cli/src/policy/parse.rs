//! `gate.toml` -> [`Policy`] and [`Measure`].

use std::path::Path;

use gate_schema::policy::{
    AtLimit, Budget, Limit, Machine, Margin, Operator, Policy, RowMode, Rule, Undecided,
};
use gate_schema::quantity::{self, QuantityError};
use gate_schema::unit::Unit;
use toml::de::{DeTable, DeValue};

use super::fields::{Source, Wrong, text, whole, word};
use super::measure::{Measure, measure};
use crate::diagnostic::Diagnostic;

const KEYS: [&str; 9] = [
    "false-discovery",
    "inconclusive",
    "incomparable",
    "machine",
    "min-sessions",
    "uniform",
    "ignore-environment",
    "measure",
    "rule",
];
const RULE_KEYS: [&str; 8] = [
    "scenario",
    "metric",
    "margin",
    "drift-budget",
    "budget",
    "mode",
    "at-limit",
    "min-samples",
];
const UNIFORM: [(&str, RowMode); 2] = [("gate", RowMode::Gate), ("report", RowMode::Report)];
const ROW_MODES: [(&str, RowMode); 3] = [
    ("gate", RowMode::Gate),
    ("pairs", RowMode::Pairs),
    ("report", RowMode::Report),
];
const UNDECIDED: [(&str, Undecided); 3] = [
    ("report", Undecided::Report),
    ("fail", Undecided::Fail),
    ("pass", Undecided::Pass),
];

/// Reads a policy, and how the project is measured if the file says so. The policy's rules come after the built-in ones, so that they override them.
///
/// # Errors
/// Every mistake of the file, in one go.
pub(super) fn policy(
    path: &Path,
    source: &str,
) -> Result<(Policy, Option<Measure>), Vec<Diagnostic>> {
    let (mut source, table) = Source::parse(path, source);
    let table = &table;
    let mut policy = Policy::default();
    source.refuse_unknown(table, &KEYS);
    let set = &mut policy;
    if let Some(level) = source.take(table, "false-discovery", level) {
        set.false_discovery = level;
    }
    if let Some(means) = source.take(table, "inconclusive", |v| word(v, &UNDECIDED)) {
        set.inconclusive = means;
    }
    if let Some(means) = source.take(table, "incomparable", |v| word(v, &UNDECIDED)) {
        set.incomparable = means;
    }
    if let Some(machine) = source.take(table, "machine", |v| {
        word(
            v,
            &[
                ("dedicated", Machine::Dedicated),
                ("shared", Machine::Shared),
            ],
        )
    }) {
        set.machine = machine;
    }
    if let Some(sessions) = source.take(table, "min-sessions", |v| whole(v, 3)) {
        set.min_sessions = usize::try_from(sessions).unwrap_or(usize::MAX);
    }
    if let Some(mode) = source.take(table, "uniform", |v| word(v, &UNIFORM)) {
        set.uniform = mode;
    }
    if let Some(fields) = source.take(table, "ignore-environment", names) {
        set.ignore_environment = fields.into_iter().collect();
    }
    policy.rules.extend(rules(table, &mut source));
    let measure = measure(table, &mut source);
    source.finish((policy, measure))
}

fn rules(table: &DeTable<'_>, source: &mut Source<'_>) -> Vec<Rule> {
    source
        .tables(table, "rule")
        .into_iter()
        .map(|(rule_table, span)| rule(rule_table, source.line(span.start), source))
        .collect()
}

fn rule(table: &DeTable<'_>, line: u32, source: &mut Source<'_>) -> Rule {
    source.refuse_unknown(table, &RULE_KEYS);
    let unlimited = Rule::default();
    Rule {
        scenario: source
            .take(table, "scenario", glob)
            .unwrap_or(unlimited.scenario),
        metric: source
            .take(table, "metric", glob)
            .unwrap_or(unlimited.metric),
        margin: source.take(table, "margin", margin),
        drift_budget: source.take(table, "drift-budget", margin),
        budget: source.take(table, "budget", budget),
        mode: source.take(table, "mode", |v| word(v, &ROW_MODES)),
        at_limit: source.take(table, "at-limit", |v| {
            word(v, &[("fail", AtLimit::Fail), ("review", AtLimit::Review)])
        }),
        min_samples: source.take(table, "min-samples", |v| whole(v, 1)),
        line,
    }
}

fn glob(value: &DeValue<'_>) -> Result<String, Wrong> {
    let glob = text(value, "\"vector/**\"")?;
    if glob.is_empty() {
        return Err(Wrong::new(
            "an empty glob matches nothing",
            "use \"**\" for every scenario, \"*\" for every metric",
        ));
    }
    // One that is left open fits nothing: what its rule holds to a budget is held to none.
    fast_glob::validate(glob).map_err(|error| {
        Wrong::new(
            format!("not a glob: {error}"),
            "close every `{` and `[`, or put a `\\` before one that stands for itself",
        )
    })?;
    Ok(glob.to_owned())
}

fn names(value: &DeValue<'_>) -> Result<Vec<String>, Wrong> {
    let wrong = || {
        Wrong::new(
            "expected a list of field names",
            "write ignore-environment = [\"kernel\"]",
        )
    };
    value
        .as_array()
        .ok_or_else(wrong)?
        .iter()
        .map(|v| v.get_ref().as_str().map(str::to_owned).ok_or_else(wrong))
        .collect()
}

/// A probability strictly between 0 and one half.
fn level(value: &DeValue<'_>) -> Result<f64, Wrong> {
    let hint = "write it as a percentage, such as \"1%\"";
    match quantity::parse(text(value, "\"1%\"")?) {
        Ok((level, Some(Unit::Ratio))) if level > 0.0 && level < 0.5 => Ok(level),
        Ok((_, Some(Unit::Ratio))) => Err(Wrong::new("level must be above 0 and below 50%", hint)),
        Ok(_) => Err(Wrong::new("level without a percent sign", hint)),
        Err(error) => Err(Wrong::new(error.to_string(), hint)),
    }
}

pub(super) fn margin(value: &DeValue<'_>) -> Result<Margin, Wrong> {
    let hint = "write \"3%\" for three percent, \"0.5 points\" of a ratio, or \"none\"";
    let given = text(value, "\"3%\"")?;
    if given == "none" {
        return Ok(Margin::Unjudged);
    }
    let (number, margin): (&str, fn(f64) -> Margin) = match given
        .strip_suffix("points")
        .or_else(|| given.strip_suffix("point"))
    {
        Some(points) => (points, |points| Margin::Absolute(points / 100.0)),
        None => match given.strip_suffix('%') {
            Some(percent) => (percent, |percent| Margin::Relative(percent / 100.0)),
            None => return Err(Wrong::new("margin without a unit", hint)),
        },
    };
    match quantity::parse(number) {
        Ok((number, None)) if number > 0.0 && number <= 1000.0 => Ok(margin(number)),
        Ok((_, None)) => Err(Wrong::new(
            "margin must be greater than zero, and at most 1000",
            hint,
        )),
        Ok(_) => Err(Wrong::new("margin with two units", hint)),
        Err(error) => Err(Wrong::new(error.to_string(), hint)),
    }
}

fn budget(value: &DeValue<'_>) -> Result<Limit, Wrong> {
    let example = "\"<= 50ms\", \"< 10GB\", \">= 0.95\" or \"none\"";
    let given = text(value, example)?.trim();
    if given == "none" {
        return Ok(Limit::None);
    }
    let operators = [
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("<", Operator::Below),
        (">", Operator::Above),
    ];
    let Some((operator, limit)) = operators
        .into_iter()
        .find_map(|(sign, operator)| Some((operator, given.strip_prefix(sign)?)))
    else {
        return Err(Wrong::new(
            "budget without a comparison",
            format!("write it as {example}"),
        ));
    };
    let (limit, unit) = quantity::parse(limit).map_err(|error| {
        let hint = match error {
            QuantityError::UnknownUnit(_) => {
                "units: ns us ms s, B kB MB GB TB KiB MiB GiB TiB, /s k/s M/s, %".to_owned()
            }
            _ => format!("write it as {example}"),
        };
        Wrong::new(error.to_string(), hint)
    })?;
    Ok(Limit::Budget(Budget {
        operator,
        limit,
        unit,
        text: given.to_owned(),
    }))
}
