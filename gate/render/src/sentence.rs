//! The outcome as one sentence: the word, then the worst row or what holds.

use gate_schema::policy::Undecided;
use gate_schema::report::{Blame, Outcome, Report, Row, Verdict};
use gate_schema::run::Mode;

use crate::escape::Target;
use crate::failure;
use crate::fold::{self, Alike};

mod fail;
mod pass;
mod undecided;

pub(crate) use fail::{adjective, is_about_together};

/// The outcome as word and sentence.
pub(crate) struct Sentence {
    /// `PASS`, `FAIL` or `UNDECIDED`.
    pub(crate) word: &'static str,
    /// The outcome the word stands for.
    pub(crate) outcome: Outcome,
    /// The sentence, without word and final dot.
    pub(crate) text: String,
}

/// The outcome of `report`. A report without rows never reads as a pass, whatever it claims:
/// nothing measured is never a pass.
pub(crate) fn outcome(report: &Report, target: Target) -> Sentence {
    let outcome = match report.outcome {
        Outcome::Pass if report.rows.is_empty() => Outcome::Undecided,
        outcome => outcome,
    };
    let text = match outcome {
        _ if report.rows.is_empty() => match failure::worst_first(report).first() {
            Some(failed) => failure::complaint(report, failed, target),
            None => "nothing was measured, so nothing can be said".to_owned(),
        },
        Outcome::Pass => pass::text(report, target),
        // Where nobody is to be stopped, what is gone leaves the outcome open, and is what there is to say.
        Outcome::Undecided if report.rows.iter().any(fails) => fail::text(report, target),
        Outcome::Undecided => undecided::text(report, Undecided::Report, target),
        Outcome::Fail => fail::text(report, target),
    };
    Sentence {
        word: word(outcome),
        outcome,
        text,
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "PASS",
        Outcome::Undecided => "UNDECIDED",
        Outcome::Fail => "FAIL",
    }
}

/// Rows that fail whatever the policy says about undecided ones.
pub(crate) fn fails(row: &Row) -> bool {
    row.gating && row.verdict >= Verdict::Missing && !is_excused(row)
}

/// Rows over a budget that the base breaks as well: not the doing of the change under judgement.
pub(crate) fn is_excused(row: &Row) -> bool {
    row.verdict == Verdict::OverBudget && row.blame == Some(Blame::AlreadyOnBase)
}

/// The reasons of several rows, most frequent first: `3 too noisy, 1 looking worse in one session`.
fn tallies(rows: &[&Row], mode: Mode, target: Target) -> String {
    let (groups, rest) = fold::by_reason(rows, mode, target);
    if let [alone] = &groups[..] {
        return alone.tally.clone();
    }
    let tally = |group: &Alike<'_>| format!("{} {}", group.rows.len(), group.tally);
    let mut tallies: Vec<String> = groups.iter().map(tally).collect();
    if !rest.is_empty() {
        tallies.push(format!("{} more for other reasons", rest.len()));
    }
    tallies.join(", ")
}
