//! The outcome of a comparison: the join of its verdicts.
//!
//! ```text
//! Pass, Improved, Added, Waived  <  Incomparable, Inconclusive  <  Missing, Regressed, OverBudget
//!            Pass                <           Undecided          <             Fail
//! ```
//! The policy may move Incomparable and Inconclusive to either side. Rows that do not gate are left
//! out. A stale waiver fails: it accepts something that nobody looks at any more. A comparison in which no gating row was decided is Undecided: nothing measured is never a pass.

use gate_schema::exit::ExitCode;
use gate_schema::policy::{Policy, Undecided};
use gate_schema::report::{Outcome, Row, Verdict, WaiverUse};

/// What one verdict contributes to the outcome.
#[must_use]
pub fn weight(verdict: Verdict, policy: &Policy) -> Outcome {
    let undecided = |means: Undecided| match means {
        Undecided::Fail => Outcome::Fail,
        Undecided::Report => Outcome::Undecided,
        Undecided::Pass => Outcome::Pass,
    };
    match verdict {
        Verdict::Pass | Verdict::Improved | Verdict::Added | Verdict::Waived => Outcome::Pass,
        Verdict::Incomparable => undecided(policy.incomparable),
        Verdict::Inconclusive => undecided(policy.inconclusive),
        Verdict::Missing | Verdict::Regressed | Verdict::OverBudget => Outcome::Fail,
    }
}

/// Joins the verdicts of all gating rows and the state of the waivers.
#[must_use]
pub fn join(rows: &[Row], waivers: &[WaiverUse], policy: &Policy) -> Outcome {
    let gating = || rows.iter().filter(|row| row.gating);
    let is_decided = |row: &Row| {
        row.budget.is_some()
            || matches!(
                row.verdict,
                Verdict::Pass | Verdict::Improved | Verdict::Waived
            )
    };
    let floor = if waivers.iter().any(|waiver| waiver.status.is_stale()) {
        Outcome::Fail
    } else if gating().any(is_decided) {
        Outcome::Pass
    } else {
        Outcome::Undecided
    };
    gating()
        .map(|row| weight(row.verdict, policy))
        .fold(floor, Outcome::max)
}

/// The exit code of an outcome.
#[must_use]
pub fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Outcome::Pass => ExitCode::Pass,
        Outcome::Undecided => ExitCode::Undecided,
        Outcome::Fail => ExitCode::Fail,
    }
}
