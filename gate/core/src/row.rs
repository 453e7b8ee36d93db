//! One row, from evidence to verdict.

use std::borrow::Cow;

use gate_schema::id::ScenarioId;
use gate_schema::policy::{AtLimit, Machine, Margin, Policy, RowMode};
use gate_schema::report::{
    Basis, Blame, BudgetStatus, Effect, Interval, Level, Reason, Row, Stage, Verdict,
};

use crate::budget::{self, Standing};
use crate::estimate::{Location, t_quantile};
use crate::evidence::{Evidence, INTERVAL, MIN_REPETITIONS, POWER};
use crate::observe::ObservedMetric;
use crate::paired::SessionEvidence;
use crate::rules::Settings;
use crate::sides::{Compared, How, Sides};

/// One-sided level at which a row looks worse and is worth a second session.
pub const SUSPICIOUS: f64 = INTERVAL;

/// Most pairs worth asking for to settle one row; what needs more is not settled by patience.
pub const MAX_NEEDED: u32 = 100;

/// Sessions that must show a regression on their own: one disturbance lasts one session.
pub const MIN_AGREEING: usize = 2;

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
    pub(crate) worse: bool,
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
    fn is_paired(&self) -> bool {
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

    /// Whether the row looks worse, by the first session it was measured in.
    pub(crate) fn is_suspicious(&self) -> bool {
        let (Some(sides), Some(compared)) = (&self.sides, &self.compared) else {
            return false;
        };
        let Some((margin, evidence)) = sides.margin.zip(compared.comparison.evidence) else {
            return false;
        };
        evidence.p_worse < SUSPICIOUS && compared.comparison.worse >= margin / 2.0
    }

    /// Pairs that would let an unchanged row pass with 80 % probability, beyond those measured:
    /// `variance * (t + POWER)^2 / distance to the margin^2`. The distance counts as at least half the
    /// margin: an unchanged row that looks worse will not go on doing so. `None` when that is out of
    /// reach.
    pub(crate) fn pairs_needed(&self) -> Option<u32> {
        let (sides, compared) = (self.sides.as_ref()?, self.compared.as_ref()?);
        let (margin, evidence) = (sides.margin?, compared.comparison.evidence?);
        let measured: usize = self.stages().iter().map(|s| s.pairs).sum();
        let distance = (margin - compared.comparison.worse.max(0.0)).max(margin / 2.0);
        let variance = evidence.error.powi(2) * measured as f64;
        let reach = (t_quantile(INTERVAL, evidence.freedom) + POWER) / distance;
        let more = ((variance * reach * reach).ceil() - measured as f64).max(3.0);
        (measured > 0 && more <= f64::from(MAX_NEEDED)).then_some(more as u32)
    }

    /// Whether the estimate lies at or beyond the margin.
    pub(crate) fn is_beyond_margin(&self) -> bool {
        let (Some(sides), Some(compared)) = (&self.sides, &self.compared) else {
            return false;
        };
        sides
            .margin
            .is_some_and(|margin| compared.comparison.worse >= margin)
    }

    /// The verdict against the baseline alone; `None` when it needed no numbers.
    pub(crate) fn verdict(&self, family: Family, policy: &Policy) -> Option<Verdict> {
        let is_open = self.settled.is_none();
        is_open.then(|| self.relative(family, policy).0)
    }

    /// The p-value with which the row claims to have got worse. One session of pairs can only raise
    /// suspicion, so that the claim is one fixed test over all of them.
    pub(crate) fn claim(&self) -> f64 {
        let Some((compared, evidence)) = self.compared.as_ref().zip(self.tested()) else {
            return 1.0;
        };
        if compared.stages().len() == 1 {
            1.0
        } else {
            evidence.p_worse
        }
    }

    /// Decides the row. `is_unsteady` says that the baseline differed from itself.
    pub(crate) fn finish(self, family: Family, policy: &Policy, is_unsteady: bool) -> Row {
        let budget = self
            .standing
            .as_ref()
            .zip(self.settings.budget.as_ref())
            .map(|(s, b)| budget::check(s, b, self.settings.at_limit));
        let relative = match &self.settled {
            Some(settled) => settled.clone(),
            None => match self.relative(family, policy) {
                (Verdict::Regressed, _) | (_, Reason::NeedsSecondSession)
                    if is_unsteady && self.metric.unit().is_timing() =>
                {
                    (Verdict::Inconclusive, Reason::Unsteady)
                }
                relative => relative,
            },
        };
        let absolute = budget.as_ref().and_then(|check| {
            let measured_holds = check.headroom >= 0.0;
            let certain = check.interval.is_some() || self.settings.at_limit == AtLimit::Fail;
            match (check.status, self.settings.at_limit) {
                (BudgetStatus::Within, _) => None,
                (BudgetStatus::Over, _) if certain => Some((Verdict::OverBudget, Reason::Budget)),
                (BudgetStatus::AtLimit, AtLimit::Fail) => {
                    Some((Verdict::OverBudget, Reason::AtLimit))
                }
                _ if measured_holds => Some((Verdict::Pass, Reason::AtLimit)),
                _ => Some((Verdict::Inconclusive, Reason::AtLimit)),
            }
        });
        let is_worse = relative.0 == Verdict::Regressed;
        let (verdict, reason) = match absolute {
            Some(absolute) if absolute.0 >= relative.0 => absolute,
            _ => relative,
        };
        let blame = (verdict == Verdict::OverBudget)
            .then(|| self.blame(is_worse))
            .flatten();
        Row {
            scenario: self.scenario.clone(),
            metric: self.metric.name.clone(),
            unit: self.metric.unit(),
            direction: self.metric.direction(),
            verdict,
            reason,
            gating: self.is_gating(),
            baseline: self.sides.as_ref().map(|sides| Level {
                value: sides.axis.unplace(sides.history.centre),
                sessions: sides.history.sessions,
                repetitions: sides.baseline.values(),
            }),
            candidate: self.standing.map(|standing| Level {
                value: standing.value,
                sessions: self.metric.sessions.len(),
                repetitions: self.metric.values(),
            }),
            effect: self.effect(family, policy).map(|effect| Effect {
                pairs_needed: effect
                    .pairs_needed
                    .filter(|_| verdict == Verdict::Inconclusive),
                ..effect
            }),
            budget,
            blame,
            since_promoted: None,
        }
    }

    /// Whose a broken budget is; `None` unless the baseline is the candidate's own base, measured with
    /// it.
    fn blame(&self, is_worse: bool) -> Option<Blame> {
        let (sides, budget) = (self.sides.as_ref()?, self.settings.budget.as_ref()?);
        if !self.is_paired() {
            return None;
        }
        let location = location(self.settings.at_limit);
        let there = budget::standing(sides.baseline, location)?;
        let status = budget::check(&there, budget, self.settings.at_limit).status;
        Some(if status != BudgetStatus::Within && !is_worse {
            Blame::AlreadyOnBase
        } else {
            Blame::CausedHere
        })
    }

    fn effect(&self, family: Family, policy: &Policy) -> Option<Effect> {
        let (sides, compared) = (self.sides.as_ref()?, self.compared.as_ref()?);
        let comparison = &compared.comparison;
        let axis = sides.axis;
        let half = match (&comparison.evidence, comparison.exact) {
            (Some(evidence), _) => Some(evidence.half_width()),
            (None, true) => Some(0.0),
            (None, false) => None,
        };
        let interval = half.map(|half| {
            let ends = [
                axis.change(comparison.worse - half),
                axis.change(comparison.worse + half),
            ];
            Interval {
                low: ends[0].min(ends[1]),
                high: ends[0].max(ends[1]),
            }
        });
        let detectable = comparison.evidence.map(|e| {
            axis.change(e.detectable(policy.false_discovery, family.size))
                .abs()
        });
        Some(Effect {
            scale: axis.scale(),
            estimate: axis.change(comparison.worse),
            interval,
            margin: match self.settings.margin {
                Margin::Relative(fraction) if axis.logarithmic => Some(fraction),
                _ => sides.margin,
            },
            p_value: comparison.evidence.map(|e| e.p_worse),
            detectable,
            basis: match (comparison.evidence, &compared.how) {
                (None, _) => comparison.exact.then_some(Basis::Exact),
                (Some(_), How::Queries) => Some(Basis::Queries),
                (Some(_), How::Stored) => Some(Basis::Sessions),
                (Some(_), How::Pairs { .. }) => Some(Basis::Pairs),
            },
            agreeing: comparison
                .evidence
                .filter(|_| !matches!(compared.how, How::Queries))
                .map(|e| e.agreeing),
            pairs_needed: self.pairs_needed(),
            stages: compared
                .stages()
                .iter()
                .map(|session| Stage {
                    pairs: session.pairs,
                    estimate: axis.change(session.worse),
                    p_value: session.variance.map(|_| session.p_worse),
                    agrees: session.agrees(),
                    noisy: session.noisy,
                })
                .collect(),
        })
    }

    /// The verdict against the baseline, budgets aside.
    fn relative(&self, family: Family, policy: &Policy) -> (Verdict, Reason) {
        let (Some(sides), Some(compared)) = (&self.sides, &self.compared) else {
            return (Verdict::Added, Reason::NotInBaseline);
        };
        let Some(margin) = sides.margin else {
            return (Verdict::Pass, Reason::NotJudged);
        };
        let worse = compared.comparison.worse;
        let Some(evidence) = &compared.comparison.evidence else {
            return match compared.comparison.exact {
                true if worse > margin => (Verdict::Regressed, Reason::BeyondMargin),
                true if -worse > margin => (Verdict::Improved, Reason::BetterThanMargin),
                true => (Verdict::Pass, Reason::Exact),
                false => (Verdict::Inconclusive, too_few(sides, compared, policy)),
            };
        };
        let half = evidence.half_width();
        let no_worse = worse + half < margin;
        if family.better && -worse >= margin && no_worse {
            (Verdict::Improved, Reason::BetterThanMargin)
        } else if no_worse && worse - half > 0.0 {
            (Verdict::Pass, Reason::SmallEffect)
        } else if no_worse {
            (Verdict::Pass, Reason::WithinMargin)
        } else if family.worse && worse >= margin {
            let blocked = match &compared.how {
                How::Queries => None,
                How::Stored => self.blocked(sides, evidence, policy),
                How::Pairs { sessions, .. } => {
                    (evidence.agreeing < MIN_AGREEING).then_some(Reason::SessionsDisagree {
                        agreeing: evidence.agreeing,
                        of: sessions.len(),
                    })
                }
            };
            blocked.map_or((Verdict::Regressed, Reason::BeyondMargin), |reason| {
                (Verdict::Inconclusive, reason)
            })
        } else {
            let reason = self.undecided(self.is_suspicious(), evidence);
            (Verdict::Inconclusive, reason)
        }
    }

    /// Why a row that got worse may not fail on stored sessions alone.
    fn blocked(&self, sides: &Sides<'_>, evidence: &Evidence, policy: &Policy) -> Option<Reason> {
        let most = self.metric.sessions.iter().map(Vec::len).max().unwrap_or(0);
        if sides.history.sessions < policy.min_sessions {
            Some(few_sessions(sides, policy))
        } else if most < MIN_REPETITIONS {
            Some(Reason::FewRepetitions {
                have: most,
                need: MIN_REPETITIONS,
            })
        } else if policy.machine == Machine::Shared && self.metric.unit().is_timing() {
            Some(Reason::SharedMachine)
        } else if evidence.agreeing < MIN_AGREEING {
            Some(self.undecided(true, evidence))
        } else {
            None
        }
    }

    /// Why the evidence decides neither way.
    fn undecided(&self, suspicious: bool, evidence: &Evidence) -> Reason {
        let sessions = match self.compared.as_ref().map(|c| c.stages().len()) {
            None | Some(0) => self.metric.sessions.len(),
            Some(sessions) => sessions,
        };
        if suspicious && sessions < MIN_AGREEING {
            Reason::NeedsSecondSession
        } else if evidence.noisy {
            Reason::NoisySession
        } else {
            Reason::Noise
        }
    }
}

/// How repetitions are averaged before a budget is held against them. A limit that is a promise holds
/// for every repetition, so none is trimmed away.
pub(crate) fn location(at_limit: AtLimit) -> Location {
    match at_limit {
        AtLimit::Fail => Location::Plain,
        AtLimit::Review => Location::Trimmed,
    }
}

/// What is missing to know the noise at all.
fn too_few(sides: &Sides<'_>, compared: &Compared, policy: &Policy) -> Reason {
    match compared.stages() {
        [] => few_sessions(sides, policy),
        stages => Reason::FewRepetitions {
            have: stages.iter().map(|session| session.pairs).sum(),
            need: MIN_REPETITIONS,
        },
    }
}

fn few_sessions(sides: &Sides<'_>, policy: &Policy) -> Reason {
    Reason::FewSessions {
        have: sides.history.sessions,
        need: policy.min_sessions,
    }
}
