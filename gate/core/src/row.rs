//! One row, from evidence to verdict.

use gate_schema::policy::{AtLimit, Machine, Policy};
use gate_schema::report::{Blame, BudgetStatus, Effect, Level, Reason, Row, Verdict};

use crate::budget;
use crate::estimate::Location;
use crate::evidence::{Evidence, MIN_REPETITIONS};
use crate::sides::{Compared, How, Sides};

mod draft;
mod effect;

pub(crate) use draft::{Draft, Family};
pub use draft::{MAX_NEEDED, MIN_AGREEING, SUSPICIOUS};

impl Draft<'_> {
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

    /// The verdict against the baseline alone; `None` when it needed no numbers.
    pub(crate) fn verdict(&self, family: Family, policy: &Policy) -> Option<Verdict> {
        let is_open = self.settled.is_none();
        is_open.then(|| self.relative(family, policy).0)
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
