//! How a scenario failed, with everything it left on stderr.

use gate_schema::id::ScenarioId;
use gate_schema::report::{Report, SideName};

use super::{NAME_COLUMNS, put_step};
use crate::escape::Target;
use crate::failure;

/// How the repetitions of `scenario` failed, from the report alone; `None` when none did. Meant for
/// scenarios without a row: [`crate::explain()`] says it for a row too.
#[must_use]
pub fn explain_failed(report: &Report, scenario: &ScenarioId) -> Option<String> {
    let target = Target::Ascii;
    let failures = failure::of_scenario(report, scenario);
    let worst = failures.first()?;
    let mut text = format!("{}\n\n", failure::complaint(report, worst, target));
    put(&mut text, report, scenario, target);
    let counts = match worst.side {
        SideName::Candidate => "for the outcome: a scenario that failed on the candidate fails it",
        SideName::Baseline => "not as a failure: there is nothing to compare the candidate with",
    };
    put_step(&mut text, "counts", counts);
    Some(text)
}

/// Appends each failure of `scenario`, the candidate's first.
pub(super) fn put(text: &mut String, report: &Report, scenario: &ScenarioId, target: Target) {
    let indent = " ".repeat(NAME_COLUMNS + 3);
    for failed in failure::of_scenario(report, scenario) {
        put_step(text, "failed", &failure::ending(report, failed, target));
        let stderr = target.last_lines(&failed.failure.stderr, usize::MAX);
        let heading = if stderr.is_empty() {
            "it left nothing on stderr"
        } else {
            "its stderr ends:"
        };
        text.push_str(&format!("{indent}{heading}\n"));
        for line in stderr {
            text.push_str(format!("{indent}| {line}").trim_end());
            text.push('\n');
        }
    }
}
