//! The report itself, for programs.

use gate_schema::report::Report;

/// The report as indented JSON that ends in a newline; the same report gives the same bytes.
///
/// # Panics
/// Never: every map in a report has text keys and no field fails to serialise.
#[must_use]
pub fn json(report: &Report) -> String {
    let mut text =
        serde_json::to_string_pretty(report).expect("a report has text keys and plain fields");
    text.push('\n');
    text
}
