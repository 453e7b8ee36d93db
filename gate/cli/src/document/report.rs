//! Reading a verdict report.

use std::path::Path;

use gate_schema::code::Code;
use gate_schema::report::{FORMAT, Report};
use gate_schema::run;
use serde::Deserialize;

use super::unreadable;
use crate::diagnostic::{Diagnostic, Place};

/// What every document of ours says first.
#[derive(Deserialize)]
struct Head {
    format: String,
}

/// Reads a verdict report. `missing` says where one comes from, for who has none.
pub(crate) fn read_report(path: &Path, missing: &str) -> Result<Report, Vec<Diagnostic>> {
    let bytes = std::fs::read(path).map_err(|error| vec![unreadable(path, &error, missing)])?;
    let wrong = |message: String, hint: &str| {
        let place = Place::File(path.to_owned());
        vec![Diagnostic::new(Code::Format, message, place, hint)]
    };
    let write_one = "write one with `gate compare BASELINE CANDIDATE --output verdict.json`";
    // Looked at first: a run has fields that no report knows, and their names would help nobody.
    match serde_json::from_slice::<Head>(&bytes) {
        Ok(head) if head.format == run::FORMAT => {
            let message = format!("a run document (`{}`), not a verdict report", run::FORMAT);
            let hint = "judge it first: `gate compare BASELINE RUN --output verdict.json`";
            return Err(wrong(message, hint));
        }
        Ok(head) if head.format != FORMAT => {
            let format = head.format.escape_debug();
            let message = format!("not a verdict report: its format is `{format}`");
            return Err(wrong(message, write_one));
        }
        _ => {}
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| wrong(format!("not a verdict report: {error}"), write_one))
}
