//! A picture in front of a word, never instead of it: some readers do not see colours, some hear the text.

use gate_schema::report::{Outcome, Verdict};

/// With a space behind.
pub(super) fn of_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "\u{2705} ",
        Outcome::Fail => "\u{274c} ",
        Outcome::Undecided => "\u{2754} ",
    }
}

/// With a space behind.
pub(super) fn of_verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "\u{2705} ",
        Verdict::Improved => "\u{26a1} ",
        Verdict::Regressed | Verdict::OverBudget | Verdict::Missing => "\u{274c} ",
        Verdict::Inconclusive | Verdict::Incomparable => "\u{2754} ",
        Verdict::Added => "\u{1f195} ",
        Verdict::Waived => "\u{1f441} ",
    }
}
