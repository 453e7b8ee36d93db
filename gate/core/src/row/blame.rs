//! Whose a broken budget is: the change's, or the base's as well.

use gate_schema::policy::AtLimit;
use gate_schema::report::{Blame, BudgetCheck, BudgetStatus, Verdict};

use super::{Draft, absolute, location};
use crate::budget;
use crate::evidence::{AGREES, Evidence, MIN_AGREEING};
use crate::sides::How;

/// The margin to which a row is held that policy does not judge, before the budget it breaks is excused
/// because its base breaks it too: the built-in margin of tails, which most such rows are.
pub const UNJUDGED_MARGIN: f64 = 0.05;

/// The same for a ratio, as a difference: the built-in margin of recall.
pub const UNJUDGED_POINTS: f64 = 0.005;

/// What was shown of a candidate against its base.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shown {
    /// Its verdict against the base passes, so that excusing a budget hides no other verdict. A row that
    /// policy does not judge is held to the margin that it would have.
    no_worse: bool,
    /// It got worse, however little, and two sessions show it.
    worse: bool,
}

impl Draft<'_> {
    /// Whose a broken budget is; `None` unless the baseline is the candidate's own base, measured with
    /// it. The base alone is to blame only where it breaks the budget by itself, no less than the
    /// candidate, and the candidate was shown to be no worse than it. A timing is the candidate's fault
    /// only where it was shown to be worse.
    pub(super) fn blame(
        &self,
        candidate: &BudgetCheck,
        relative: Verdict,
        is_unsteady: bool,
    ) -> Option<Blame> {
        let (sides, budget) = (self.sides.as_ref()?, self.settings.budget.as_ref()?);
        if !self.is_paired() {
            return None;
        }
        let at_limit = self.settings.at_limit;
        let there = budget::standing(sides.baseline, location(at_limit))?;
        let base = budget::check(&there, budget, at_limit);
        let is_broken_there = matches!(
            absolute(&there, &base, at_limit),
            Some((Verdict::OverBudget, _))
        );
        let is_kept_there = base.status == BudgetStatus::Within;
        let shown = self.shown(relative, is_unsteady);
        Some(
            if is_kept_there && (shown.worse || !self.is_reviewed_timing()) {
                Blame::CausedHere
            } else if shown.no_worse && is_broken_there && base.status >= candidate.status {
                Blame::AlreadyOnBase
            } else if shown.worse && !shown.no_worse {
                Blame::MadeWorse
            } else {
                Blame::Unclear
            },
        )
    }

    /// What was shown of the row against its base.
    fn shown(&self, relative: Verdict, is_unsteady: bool) -> Shown {
        let nothing = Shown {
            no_worse: false,
            worse: false,
        };
        let (Some(sides), Some(compared)) = (&self.sides, &self.compared) else {
            return nothing;
        };
        let comparison = &compared.comparison;
        let (half, is_sure) = match (&comparison.evidence, comparison.exact) {
            _ if compared.has_few_pairs() && !comparison.exact => return nothing,
            (Some(evidence), _) => {
                // One disturbance lasts one session, and of many rows some look worse in one by chance.
                let is_agreed = match &compared.how {
                    How::Pairs { .. } => evidence.agreeing >= MIN_AGREEING,
                    How::Stored | How::Queries => true,
                };
                (
                    evidence.half_width(),
                    is_agreed && evidence.p_worse <= AGREES,
                )
            }
            (None, true) => (0.0, true),
            (None, false) => return nothing,
        };
        let (least, most) = (comparison.worse - half, comparison.worse + half);
        // Neither builds' doing may be told from the machine's on one that does not repeat itself.
        let is_in_doubt = is_unsteady && self.metric.unit().is_timing();
        Shown {
            no_worse: matches!(relative, Verdict::Pass | Verdict::Improved)
                && most <= sides.no_worse_within(),
            worse: !is_in_doubt && (relative == Verdict::Regressed || least > 0.0 && is_sure),
        }
    }

    /// The evidence that the row got worse, where it is a reviewed timing that does not clearly keep its
    /// budget: what fails it once two sessions show the same.
    pub(crate) fn accused(&self) -> Option<&Evidence> {
        let (standing, budget) = (self.standing.as_ref()?, self.settings.budget.as_ref()?);
        let comparison = &self.compared.as_ref()?.comparison;
        let evidence = comparison.evidence.as_ref()?;
        let check = budget::check(standing, budget, self.settings.at_limit);
        let is_worse = evidence.p_worse <= AGREES && comparison.worse > evidence.half_width();
        let is_it = self.is_reviewed_timing() && check.status != BudgetStatus::Within && is_worse;
        is_it.then_some(evidence)
    }

    /// Whether the row is a timing whose budget is a matter of review and not a promise.
    pub(super) fn is_reviewed_timing(&self) -> bool {
        self.metric.unit().is_timing() && self.settings.at_limit == AtLimit::Review
    }
}
