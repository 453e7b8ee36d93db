//! The outcome of a comparison: the join of its verdicts.
//!
//! ```text
//! Pass, Improved, Added, Waived  <  Incomparable, Inconclusive  <  Missing, Regressed, OverBudget
//!            Pass                <           Undecided          <             Fail
//! ```
//! The policy may move Incomparable and Inconclusive to either side. Rows that do not gate are left
//! out. A row over a budget that its base breaks as well, no worse than the base, counts as the pass
//! that it is against it. A stale waiver fails: it accepts something that nobody looks at any more. So
//! does a scenario of the candidate that failed, whether or not it ever declared a row. A comparison in
//! which no gating row was decided is Undecided: nothing measured is never a pass.

use gate_schema::exit::ExitCode;
use gate_schema::policy::{Policy, Undecided};
use gate_schema::report::{Blame, BudgetStatus, Outcome, Reason, Report, Row, SideName, Verdict};

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

/// Joins the verdicts of all gating rows, the state of the waivers, what the scenarios show together
/// and what failed.
#[must_use]
pub fn join(report: &Report, policy: &Policy) -> Outcome {
    join_sparing(report, policy, |_| false)
}

/// The same where nobody is to be stopped: what is gone from the candidate leaves the outcome open, for a
/// review to close, instead of failing it. What is there and crashes or answers wrongly is not gone.
#[must_use]
pub fn advise(report: &Report, policy: &Policy) -> Outcome {
    join_sparing(report, policy, is_gone)
}

/// Whether nothing of a row is there: removed, renamed, or left unmeasured.
fn is_gone(row: &Row) -> bool {
    let is_absent = matches!(
        row.reason,
        Reason::NotDeclared | Reason::OnNeitherSide | Reason::NotMeasured
    );
    row.verdict == Verdict::Missing && is_absent
}

/// Joins everything, where the rows that are `spared` leave the outcome open at worst.
fn join_sparing(report: &Report, policy: &Policy, spared: fn(&Row) -> bool) -> Outcome {
    let gating = || report.rows.iter().filter(|row| row.gating);
    let has_failed = (report.failures.iter()).any(|failed| failed.side == SideName::Candidate);
    // A budget is excused only for a row that passes against its base.
    let verdict = |row: &Row| {
        if is_excused(row) {
            Verdict::Pass
        } else {
            row.verdict
        }
    };
    let is_decided = |row: &Row| match verdict(row) {
        Verdict::Pass | Verdict::Improved | Verdict::Waived => true,
        // Without an answer to its baseline, it may be known to keep its budget.
        _ => is_kept(row),
    };
    let is_stale = report.waivers.iter().any(|w| w.status.is_stale());
    let floor = if is_stale || has_failed {
        Outcome::Fail
    } else if gating().any(is_decided) {
        Outcome::Pass
    } else {
        Outcome::Undecided
    };
    let together = report.uniform.iter().filter(|uniform| uniform.gating);
    let of_row = |row: &Row| match weight(verdict(row), policy) {
        Outcome::Fail if spared(row) => Outcome::Undecided,
        weight => weight,
    };
    gating()
        .map(of_row)
        .chain(together.map(|uniform| weight(uniform.verdict, policy)))
        .fold(floor, Outcome::max)
}

fn is_kept(row: &Row) -> bool {
    let check = row.budget.as_ref();
    check.is_some_and(|check| check.status == BudgetStatus::Within)
}

/// Whether the row breaks a budget that the base breaks without the candidate's change.
#[must_use]
pub fn is_excused(row: &Row) -> bool {
    row.verdict == Verdict::OverBudget && row.blame == Some(Blame::AlreadyOnBase)
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
