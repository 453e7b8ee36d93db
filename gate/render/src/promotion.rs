//! What a promotion changes, for the pull request that proposes it.

use gate_schema::run::{Change, Run};

use crate::escape::{Target, code_block};
use crate::quantity::{levels, signed_percent};

/// Levels shown. With the longest names they take half of the 65,536 characters that a pull request holds.
const LEVELS: usize = 100;

/// Broken rules shown, each of at most 240 characters.
const RULES: usize = 40;

/// What `baseline` holds, which rules were broken for its reason and which levels moved, as Markdown that ends in a
/// newline. The first `worse` of its changes are to the worse. What there is no room for stands in `file`.
#[must_use]
pub fn promotion(baseline: &Run, worse: usize, file: &str) -> String {
    let target = Target::Markdown;
    let rest = |out: &mut String, more: usize| {
        if more > 0 {
            out.push_str(&format!("\nand {more} more, in {}\n", target.outside(file)));
        }
    };
    let mut out = format!(
        "{} holds {} and {} now.\n",
        target.outside(file),
        counted(baseline.manifest.scenarios.len(), "scenario"),
        counted(baseline.sessions.len(), "session"),
    );
    let provenance = baseline.provenance.as_ref();
    let broken = provenance.map_or(&[][..], |p| p.overridden.as_slice());
    if !broken.is_empty() {
        let shown = &broken[..broken.len().min(RULES)];
        out.push_str("\n**Accepted for the reason, against a rule:**\n\n");
        out.push_str(&code_block(&target.last_lines(shown, RULES)));
        rest(&mut out, broken.len() - shown.len());
    }
    let changes = provenance.map_or(&[][..], |p| p.changes.as_slice());
    if changes.is_empty() {
        out.push_str("\nNo accepted level moved enough to be listed.\n");
        return out;
    }
    out.push_str("\n|  | Scenario | Metric | Old | New | Change |\n|---|---|---|--:|--:|--:|\n");
    for (at, change) in changes.iter().take(LEVELS).enumerate() {
        let word = if at < worse { "worse" } else { "better" };
        out.push_str(&row(word, change));
    }
    rest(&mut out, changes.len().saturating_sub(LEVELS));
    out
}

fn row(word: &str, change: &Change) -> String {
    let cell = Target::MarkdownCell;
    let (from, to) = (change.from.value, change.to.value);
    let shown = levels([Some(from), Some(to)], change.from.unit, None, cell);
    let [old, new] = shown.map(Option::unwrap_or_default);
    let by = if from.abs() > 0.0 {
        signed_percent((to - from) / from.abs())
    } else {
        "from 0".to_owned()
    };
    let scenario = cell.outside(change.scenario.as_str());
    let metric = cell.outside(change.metric.as_str());
    format!("| {word} | {scenario} | {metric} | {old} | {new} | {by} |\n")
}

/// `1 session`, `12 sessions`.
#[must_use]
pub fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
