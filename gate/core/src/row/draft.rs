//! What is known about one row before all rows are looked at together.

use std::borrow::Cow;

use gate_schema::id::ScenarioId;
use gate_schema::policy::{Margin, RowMode};
use gate_schema::report::{Reason, Verdict};

use crate::budget::Standing;
use crate::estimate::{t_quantile, trimmed_away};
use crate::evidence::{Evidence, MIN_REPETITIONS, POWER};
use crate::family::Ranked;
use crate::observe::ObservedMetric;
use crate::paired::{History, MAX_PAIRED_FREEDOM, SessionEvidence, level_after};
use crate::rules::Settings;
use crate::sides::{Compared, How, Sides};

/// One-sided level at which a row looks worse and is worth a second session. Simulated, 1,000 hosted gates:
/// 0.03 costs 5.7 % more pairs where nothing changed, this 4.9 %, for half a point of power at a slowdown of
/// 5 %.
pub const SUSPICIOUS: f64 = 0.025;

/// Share of its margin that a row is worse by when it looks worse. Simulated for quiet machines, at a level of
/// 0.03: half of it costs 5.0 % more pairs where nothing changed, this 3.2 %, and finds no less. What is worse by
/// less and cannot pass is undecided, which the time left pays for.
pub const SUSPICIOUS_SHARE: f64 = 0.75;

/// Most pairs worth asking for to settle one row; what needs more is not settled by patience.
pub const MAX_NEEDED: u32 = 100;

/// What is known about a row before all rows are looked at together.
pub(crate) struct Draft<'a> {
    pub(crate) scenario: &'a ScenarioId,
    pub(crate) metric: Cow<'a, ObservedMetric>,
    pub(crate) settings: Settings,
    /// A verdict that needs no numbers: missing, incomparable, too few samples.
    pub(crate) settled: Option<(Verdict, Reason)>,
    /// The candidate's level; absent when it was not measured, or too few operations are behind it.
    pub(crate) standing: Option<Standing>,
    pub(crate) sides: Option<Sides<'a>>,
    pub(crate) compared: Option<Compared>,
}

/// What the look at all rows together says about one of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Family {
    pub(crate) size: usize,
    pub(crate) worse: Ranked,
    pub(crate) better: bool,
}

impl Draft<'_> {
    /// Whether the verdict counts for the outcome: the policy says so, and there is something to
    /// judge. What is missing always has: nobody knows what it would have been judged on.
    pub(crate) fn is_gating(&self) -> bool {
        let is_missing = matches!(self.settled, Some((Verdict::Missing, _)));
        let judged = self.settings.margin != Margin::Unjudged || self.settings.budget.is_some();
        self.settings.mode != RowMode::Report && (judged || is_missing)
    }

    /// Whether both sides were measured in turn.
    pub(super) fn is_paired(&self) -> bool {
        let sides = self.sides.as_ref();
        sides.is_some_and(|sides| Sides::are_paired([sides.baseline, &self.metric]))
    }

    /// Evidence that enters the correction for many rows.
    pub(crate) fn tested(&self) -> Option<&Evidence> {
        let judged = self.settings.margin != Margin::Unjudged;
        self.compared
            .as_ref()
            .filter(|_| judged)?
            .comparison
            .evidence
            .as_ref()
    }

    /// What each session of pairs showed; empty for other comparisons.
    pub(crate) fn stages(&self) -> &[SessionEvidence] {
        self.compared.as_ref().map_or(&[], |c| c.stages())
    }

    /// Calibration sessions behind the noise of its pairs.
    pub(crate) fn calibration_sessions(&self) -> Option<usize> {
        match &self.compared.as_ref()?.how {
            How::Pairs { history, .. } => history.as_ref().map(|h| h.sessions),
            How::Stored | How::Queries => None,
        }
    }

    /// What calibration knew of the noise of its pairs.
    fn history(&self) -> Option<&History> {
        match &self.compared.as_ref()?.how {
            How::Pairs { history, .. } => history.as_ref(),
            How::Stored | How::Queries => None,
        }
    }

    /// The margin on its axis, how far worse the row is there, and how sure that is; `None` unless all
    /// three are known.
    fn judged(&self) -> Option<(f64, f64, Evidence)> {
        let (sides, compared) = (self.sides.as_ref()?, self.compared.as_ref()?);
        let comparison = &compared.comparison;
        Some((sides.margin?, comparison.worse, comparison.evidence?))
    }

    /// Whether the row looks worse, at a level that earns it fresh pairs and no more.
    pub(crate) fn is_suspicious(&self) -> bool {
        self.judged().is_some_and(|(margin, worse, evidence)| {
            evidence.p_worse < SUSPICIOUS && worse >= SUSPICIOUS_SHARE * margin
        })
    }

    /// Whether the estimate lies at or beyond the margin.
    pub(crate) fn is_beyond_margin(&self) -> bool {
        self.judged()
            .is_some_and(|(margin, worse, _)| worse >= margin)
    }

    /// Pairs that would let an unchanged row pass at the next look with 80 % probability, beyond those
    /// measured: until `(t + POWER)^2 / distance to the margin^2` is no more than the weight of all, where
    /// `t` has the degrees of freedom that they add. The distance counts as at least half the margin: an
    /// unchanged row that looks worse will not go on doing so. Fresh pairs scatter as those measured, but
    /// after a session that scatters more than history allows, as history: what disturbed it may be gone.
    /// `None` when that is out of reach.
    pub(crate) fn pairs_needed(&self) -> Option<u32> {
        let (margin, worse, evidence) = self.judged()?;
        let measured: usize = self.stages().iter().map(|s| s.pairs).sum();
        if measured == 0 {
            return None;
        }
        let distance = (margin - worse.max(0.0)).max(margin / 2.0);
        let weight = evidence.error.powi(-2);
        let (variance, history) = match self.history().filter(|_| evidence.noisy) {
            Some(history) => (history.variance, history.freedom),
            None => (measured as f64 / weight, 0.0),
        };
        let level = level_after(self.stages().len() + 1);
        let is_enough = |more: u32| {
            let kept = more as usize - 2 * trimmed_away(more as usize);
            let freedom = evidence.freedom + history + kept as f64 - 1.0;
            let reach = t_quantile(level, freedom.min(MAX_PAIRED_FREEDOM)) + POWER;
            (reach / distance).powi(2) <= weight + f64::from(more) / variance
        };
        // More pairs never do with less: halving finds the fewest.
        let (mut few, mut enough) = (MIN_REPETITIONS as u32 - 1, MAX_NEEDED);
        while enough - few > 1 {
            let middle = u32::midpoint(few, enough);
            if is_enough(middle) {
                enough = middle;
            } else {
                few = middle;
            }
        }
        is_enough(enough).then_some(enough)
    }

    /// The p-value with which the row claims to have got worse. One session of pairs can only raise
    /// suspicion, so that the claim is one fixed test over all of them.
    pub(crate) fn claim(&self) -> f64 {
        let evidence = self.tested().filter(|_| self.is_claiming());
        evidence.map_or(1.0, |evidence| evidence.p_worse)
    }

    /// Whether its p-value counts as a claim of having got worse.
    pub(super) fn is_claiming(&self) -> bool {
        let compared = self.compared.as_ref().filter(|_| self.tested().is_some());
        compared.is_some_and(|compared| compared.stages().len() != 1 && !compared.has_few_pairs())
    }

    /// The p-value with which the row claims to have got better. Too few pairs claim nothing.
    pub(crate) fn gain(&self) -> f64 {
        let Some((compared, evidence)) = self.compared.as_ref().zip(self.tested()) else {
            return 1.0;
        };
        if compared.has_few_pairs() {
            1.0
        } else {
            evidence.p_better
        }
    }
}
