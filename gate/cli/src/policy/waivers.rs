//! `waivers.toml` -> accepted regressions.

use std::ops::Range;
use std::path::Path;

use gate_schema::code::Code;
use gate_schema::id::Name;
use gate_schema::policy::{Margin, Waiver};
use toml::de::{DeTable, DeValue};

use super::fields::{Source, Wrong, text};
use super::parse::margin;
use crate::diagnostic::Diagnostic;

const KEYS: [&str; 7] = [
    "scenario", "metric", "ceiling", "reason", "owner", "link", "expires",
];

/// Longest reason, owner or link: it stands in every report.
const MAX_TEXT: usize = 300;

/// Reads all waivers.
///
/// # Errors
/// Every mistake of the file, in one go.
pub(super) fn waivers(
    path: &Path,
    source: &str,
    today: &str,
) -> Result<Vec<Waiver>, Vec<Diagnostic>> {
    let (mut source, table) = Source::parse(path, source);
    let table = &table;
    source.refuse_unknown(table, &["waiver"]);
    let mut waivers: Vec<Waiver> = Vec::new();
    for (entry, span) in source.tables(table, "waiver") {
        let Some(waiver) = waiver(entry, span.clone(), today, &mut source) else {
            continue;
        };
        if waivers
            .iter()
            .any(|w| (&w.scenario, &w.metric) == (&waiver.scenario, &waiver.metric))
        {
            let message = format!("`{} {}` is waived twice", waiver.scenario, waiver.metric);
            source.problem(Code::PolicyValue, message, span, "keep one of them");
        } else {
            waivers.push(waiver);
        }
    }
    source.finish(waivers)
}

/// One waiver; `None` when a field is absent or wrong, which is reported.
fn waiver(
    table: &DeTable<'_>,
    span: Range<usize>,
    today: &str,
    source: &mut Source<'_>,
) -> Option<Waiver> {
    source.refuse_unknown(table, &KEYS);
    for key in KEYS
        .into_iter()
        .filter(|key| *key != "link" && table.get(*key).is_none())
    {
        let hint = "a waiver names scenario, metric, ceiling, reason, owner and expires";
        source.problem(
            Code::PolicyValue,
            format!("a waiver without `{key}`"),
            span.clone(),
            hint,
        );
    }
    let scenario = source.take(table, "scenario", name);
    let metric = source.take(table, "metric", name);
    let ceiling = source.take(table, "ceiling", |value| match margin(value)? {
        Margin::Unjudged => Err(Wrong::new(
            "a ceiling of none accepts anything",
            "write the largest worsening accepted, such as \"8%\"",
        )),
        ceiling => Ok((ceiling, text(value, "\"8%\"")?.to_owned())),
    });
    let reason = source.take(table, "reason", words);
    let owner = source.take(table, "owner", words);
    let link = source.take(table, "link", words);
    let expires = source.take(table, "expires", day);
    let (ceiling, ceiling_text) = ceiling?;
    let expires = expires?;
    let has_expired = expires.as_str() < today;
    Some(Waiver {
        scenario: scenario?,
        metric: metric?,
        ceiling,
        ceiling_text,
        reason: reason?,
        owner: owner?,
        link,
        expires,
        has_expired,
    })
}

fn name(value: &DeValue<'_>) -> Result<Name, Wrong> {
    let given = text(value, "\"text/search\"")?;
    Name::new(given)
        .map_err(|defect| Wrong::new("a waiver names one row, without globs", defect.hint()))
}

fn words(value: &DeValue<'_>) -> Result<String, Wrong> {
    let given = text(value, "\"...\"")?.trim();
    let is_sound =
        !given.is_empty() && given.len() <= MAX_TEXT && !given.chars().any(char::is_control);
    if is_sound {
        Ok(given.to_owned())
    } else {
        Err(Wrong::new(
            "expected a line of text",
            format!("write 1 to {MAX_TEXT} printable characters"),
        ))
    }
}

/// A local date, `2026-12-31`, whose text sorts as its days do.
fn day(value: &DeValue<'_>) -> Result<String, Wrong> {
    let wrong = || Wrong::new("expected a day", "write expires = 2026-12-31");
    let date = value.as_datetime().ok_or_else(wrong)?;
    match (date.date, date.time, date.offset) {
        (Some(day), None, None) => Ok(day.to_string()),
        _ => Err(wrong()),
    }
}
