//! `gate report`: the page for people, from a report alone.

use std::path::Path;

use gate_schema::exit::ExitCode;

use crate::args::Report;
use crate::diagnostic::Diagnostic;
use crate::document::{check_outputs, read_report, write};
use crate::page::page;

/// Where a report comes from.
const MISSING: &str = "`gate check` says at its end where its verdict.json is; it and \
                       `gate compare` write one with --output verdict.json or --report DIR";

pub(crate) fn run(arguments: &Report) -> Result<ExitCode, Vec<Diagnostic>> {
    let html = &arguments.html;
    check_outputs(std::slice::from_ref(html), &[&arguments.report])?;
    let report = read_report(&arguments.report, MISSING)?;
    let folder = |path: &Path| path.parent().map(Path::to_owned).unwrap_or_default();
    let beside = folder(&arguments.report);
    write(html, page(&report, &beside, &folder(html)).as_bytes())?;
    // That it was written is all that was asked; the outcome is on the page.
    Ok(ExitCode::Pass)
}
