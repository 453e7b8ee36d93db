//! Reading a verdict report.

use std::path::Path;

use gate_schema::code::Code;
use gate_schema::report::{FORMAT, Report};

use super::unreadable;
use crate::diagnostic::{Diagnostic, Place};

/// Reads a verdict report.
pub(crate) fn read_report(path: &Path) -> Result<Report, Vec<Diagnostic>> {
    let bytes = std::fs::read(path).map_err(|error| {
        let hint = "name a report with --report FILE; `gate check` and `gate compare` write one with --output verdict.json";
        vec![Diagnostic {
            hint: hint.to_owned(),
            ..unreadable(path, &error)
        }]
    })?;
    let wrong = |message: String| {
        let hint = "write one with `gate compare BASELINE CANDIDATE --output verdict.json`";
        vec![Diagnostic::new(
            Code::Format,
            message,
            Place::File(path.to_owned()),
            hint,
        )]
    };
    let report: Report = serde_json::from_slice(&bytes)
        .map_err(|error| wrong(format!("not a verdict report: {error}")))?;
    if report.format == FORMAT {
        Ok(report)
    } else {
        Err(wrong(format!(
            "unsupported report format `{}`",
            report.format.escape_debug()
        )))
    }
}
