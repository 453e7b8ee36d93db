//! What a promotion would hold.

use gate_schema::trend::{Improvement, Promoted, Way};

use super::{list, moved};
use crate::escape::Target;

/// How many rows were held against the promoted baseline.
pub(super) fn counts(promoted: &Promoted) -> String {
    let baseline = Target::Ascii.outside(&promoted.baseline);
    format!("{} rows held against {baseline}", promoted.rows)
}

/// The rows that have been better for long, and how to keep it so.
pub(super) fn improvements(lines: &mut Vec<String>, promoted: &Promoted) {
    if promoted.improvements.is_empty() {
        return;
    }
    let baseline = Target::Ascii.outside(&promoted.baseline);
    let heading = format!(
        "Better than {baseline} in each of {} nights:",
        promoted.nights
    );
    list(
        lines,
        &heading,
        promoted.improvements.iter().map(row),
        usize::MAX,
    );
    let command = format!("gate promote RUN --baseline {baseline} --reason TEXT");
    lines.push(format!(
        "  to hold that, promote a run of now that has three sessions, which a night has not: {}",
        Target::Ascii.command(&command)
    ));
}

fn row(row: &Improvement) -> String {
    format!(
        "{} {} {}",
        Target::Ascii.outside(row.scenario.as_str()),
        Target::Ascii.outside(row.metric.as_str()),
        moved(Way::Better, &row.from, &row.to)
    )
}
