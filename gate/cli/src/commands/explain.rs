//! `gate explain`: the ladder of checks behind one verdict, from the report alone, or an error code.

use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::id::Name;
use gate_schema::report::{Report, Row};

use crate::args::Explain;
use crate::diagnostic::{Diagnostic, Place};
use crate::document::read_report;
use crate::terminal;

/// Where a report comes from.
const MISSING: &str = "name a report with --report FILE: `gate check` says at its end where its \
                       verdict.json is, and writes one with --output verdict.json, as \
                       `gate compare` does";

/// What stands for all scenarios together, where no scenario is called so.
const EVERYTHING: &str = "everything";

/// Names listed in a hint before the rest is left out.
const LISTED: usize = 12;

pub(crate) fn run(arguments: &Explain) -> Result<ExitCode, Vec<Diagnostic>> {
    if let Some(code) = Code::ALL
        .into_iter()
        .find(|code| code.as_str().eq_ignore_ascii_case(&arguments.what))
    {
        terminal::answer(&format!(
            "{}: {}\n{}\n",
            code.as_str(),
            code.meaning(),
            code.way_out()
        ))?;
        return Ok(ExitCode::Pass);
    }
    let report = read_report(&arguments.report, MISSING)?;
    let text = match find(&report, arguments) {
        Ok(row) => gate_render::explain(&report, row),
        // A scenario that never answered has no row, and still something to say.
        Err(problems) => failed(&report, arguments)
            .or_else(|| everything(&report, arguments))
            .ok_or(problems)?,
    };
    terminal::answer(&text)?;
    Ok(ExitCode::Pass)
}

fn failed(report: &Report, arguments: &Explain) -> Option<String> {
    let scenario = Name::new(&arguments.what).ok()?;
    gate_render::explain_failed(report, &scenario)
}

/// Tests of everything have no row: `everything`, of all metrics or of one, or the metric alone.
fn everything(report: &Report, arguments: &Explain) -> Option<String> {
    match (arguments.what.as_str(), arguments.metric.as_deref()) {
        (EVERYTHING, metric) => gate_render::explain_everything(report, metric),
        (metric, None) => gate_render::explain_everything(report, Some(metric)),
        _ => None,
    }
}

/// The row asked for: rows stand worst first, so the first that fits is the worst.
fn find<'a>(report: &'a Report, arguments: &Explain) -> Result<&'a Row, Vec<Diagnostic>> {
    let of_scenario = || {
        report
            .rows
            .iter()
            .filter(|row| row.scenario.as_str() == arguments.what)
    };
    let wanted = |row: &&Row| {
        arguments
            .metric
            .as_deref()
            .is_none_or(|metric| row.metric.as_str() == metric)
    };
    if let Some(row) = of_scenario().find(wanted) {
        return Ok(row);
    }
    let known: Vec<&str> = match of_scenario().next() {
        Some(_) => of_scenario().map(|row| row.metric.as_str()).collect(),
        None => {
            let mut scenarios: Vec<&str> = report
                .rows
                .iter()
                .map(|row| row.scenario.as_str())
                .collect();
            scenarios.sort_unstable();
            scenarios.dedup();
            scenarios
        }
    };
    let more = if known.len() > LISTED { ", ..." } else { "" };
    let hint = format!(
        "the report has {}{more}",
        known[..known.len().min(LISTED)].join(", ")
    );
    let message = format!(
        "no row `{} {}`",
        arguments.what,
        arguments.metric.as_deref().unwrap_or("*")
    );
    Err(vec![Diagnostic::new(
        Code::NoRow,
        message,
        Place::File(arguments.report.clone()),
        hint,
    )])
}
