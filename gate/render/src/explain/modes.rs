//! Repetitions that fall into two modes, and where to look for the cause.

use gate_schema::report::{Modes, Row};

use crate::escape::Target;
use crate::quantity;

/// One sentence about the modes of the sides that have them; `None` when neither has.
pub(super) fn modes(row: &Row, target: Target) -> Option<String> {
    let sides = [("baseline", row.baseline), ("candidate", row.candidate)];
    let found: Vec<String> = sides
        .into_iter()
        .filter_map(|(side, level)| {
            let modes = level?.modes?;
            Some(format!("of the {side} {}", shares(modes, row, target)))
        })
        .collect();
    if found.is_empty() {
        return None;
    }
    Some(format!(
        "repetitions fall into two modes, {}; look for what a process decides once, such as its memory \
         layout or huge pages",
        found.join(", ")
    ))
}

/// `80% near 1.20 ms and 20% near 1.24 ms`.
fn shares(modes: Modes, row: &Row, target: Target) -> String {
    let levels = [Some(modes.low.level), Some(modes.high.level)];
    // With as many digits as tell them apart.
    let levels = quantity::levels(levels, row.unit, Some(modes.low.level), target);
    let [low, high] = levels.map(Option::unwrap_or_default);
    let share = |share: f64| quantity::percent((100.0 * share).round() / 100.0);
    format!(
        "{} near {low} and {} near {high}",
        share(modes.low.share),
        share(modes.high.share)
    )
}
