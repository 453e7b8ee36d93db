//! Rows without columns: one paragraph each.

use super::{GAP, Line, causes, named, wrapped};
use crate::cells::{ABSENT, Cells};
use crate::escape::Target;
use crate::wrap::{self, width};

/// Rows without columns, for narrow terminals and long names.
pub(super) fn lines(rows: &[Cells], most: usize, target: Target) -> Vec<Line> {
    let verdict = rows
        .iter()
        .map(|row| width(row.verdict.as_str()))
        .max()
        .unwrap_or(0)
        + GAP;
    let indent = " ".repeat(verdict.min(most / 4));
    let mut lines = Vec::with_capacity(rows.len() * 3);
    for row in rows {
        let mut first = String::new();
        let name = format!("{} {}", row.scenario, row.metric);
        wrap::put(
            &mut first,
            &format!("{:verdict$}", row.verdict.as_str()),
            &name,
            most,
        );
        for (at, text) in first.lines().enumerate() {
            let starts = (at == 0).then_some((row.verdict, row.counts));
            lines.push(Line {
                text: text.to_owned(),
                starts,
            });
        }
        let mut parts = vec![measured(row, target)];
        parts.extend(named("margin", &row.margin));
        parts.extend(named("budget", &row.budget));
        if !row.unsaid.is_empty() {
            parts.push(row.unsaid.clone());
        }
        lines.extend(wrapped(&indent, &parts.join("; "), most));
        lines.extend(causes(row, &indent, most));
    }
    lines
}

/// Levels and change in one line: `4.10 s -> 4.60 s, +12.1% [+11.0, +13.3]`.
fn measured(row: &Cells, target: Target) -> String {
    let levels = match (row.baseline.as_str(), row.candidate.as_str()) {
        (ABSENT, ABSENT) => return "not measured on either side".to_owned(),
        (ABSENT, candidate) => return format!("candidate {candidate}"),
        (baseline, ABSENT) => return format!("baseline {baseline}"),
        (baseline, candidate) => format!("{baseline} {} {candidate}", target.arrow()),
    };
    match row.change.estimate.as_str() {
        ABSENT => wrap::unbroken(&levels),
        estimate => {
            let change = format!("{estimate} {}", row.change.interval);
            format!(
                "{}, {}",
                wrap::unbroken(&levels),
                wrap::unbroken(change.trim_end())
            )
        }
    }
}
