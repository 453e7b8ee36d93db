//! One row, from evidence to verdict.

use gate_schema::policy::{AtLimit, Machine, Policy};
use gate_schema::report::{Blame, BudgetCheck, BudgetStatus, Effect, Level, Reason, Row, Verdict};

use crate::budget::{self, Standing};
use crate::estimate::Location;
use crate::evidence::{Evidence, MIN_AGREEING, MIN_REPETITIONS};
use crate::modes::modes;
use crate::sides::{Compared, How, Sides};
use crate::stored::must_agree;

mod blame;
mod draft;
mod effect;

pub use blame::{UNJUDGED_MARGIN, UNJUDGED_POINTS};
pub(crate) use draft::{Draft, Family};
pub use draft::{MAX_NEEDED, SUSPICIOUS, SUSPICIOUS_SHARE};

impl Draft<'_> {
    /// Decides the row. `is_unsteady` says that the baseline was not shown to repeat itself.
    pub(crate) fn finish(self, family: Family, policy: &Policy, is_unsteady: bool) -> Row {
        let Decision {
            verdict,
            reason,
            budget,
            blame,
            ..
        } = self.decide(family, policy, is_unsteady);
        let sides = self.sides.as_ref();
        let members = sides.map_or(Vec::new(), |sides| sides.members(&self.metric));
        let turned: Vec<[f64; 2]> = members.iter().map(|&[b, c]| [c, b]).collect();
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
                modes: modes(&sides.baseline.sessions, &members),
            }),
            candidate: self.standing.map(|standing| Level {
                value: standing.value,
                sessions: self.metric.sessions.len(),
                repetitions: self.metric.values(),
                modes: modes(&self.metric.sessions, &turned),
            }),
            effect: self.effect(family, policy).map(|effect| Effect {
                pairs_needed: match verdict {
                    Verdict::Inconclusive => self.pairs_needed(),
                    _ => None,
                },
                ..effect
            }),
            budget,
            blame,
            since_promoted: None,
            disturbed: Vec::new(),
        }
    }

    /// The verdict: the worse of what the baseline and what the budget say.
    pub(crate) fn decide(&self, family: Family, policy: &Policy, is_unsteady: bool) -> Decision {
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
        let at_limit = self.settings.at_limit;
        let held = self.standing.as_ref().zip(self.settings.budget.as_ref());
        let budget = held.map(|(standing, budget)| budget::check(standing, budget, at_limit));
        let absolute = (held.zip(budget.as_ref()))
            .and_then(|((standing, _), check)| absolute(standing, check, at_limit));
        let (verdict, reason) = match absolute {
            Some(absolute) if absolute.0 >= relative.0 => absolute,
            _ => relative.clone(),
        };
        let broken = budget.as_ref().filter(|_| verdict == Verdict::OverBudget);
        let blame = broken.and_then(|check| self.blame(check, relative.0, is_unsteady));
        let (verdict, reason) = match broken.filter(|_| self.is_reviewed_timing()) {
            // What a neighbour does to both sides fails nobody.
            Some(_) if blame == Some(Blame::Unclear) => match is_unsteady {
                true => (Verdict::Inconclusive, Reason::Unsteady),
                false => (Verdict::Inconclusive, reason),
            },
            // Nor what it does to one that was measured alone.
            Some(_) if policy.machine == Machine::Shared && self.metric.paired.is_empty() => {
                (Verdict::Inconclusive, Reason::SharedMachine)
            }
            _ => (verdict, reason),
        };
        Decision {
            verdict,
            relative: relative.0,
            reason,
            budget,
            blame,
        }
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
                true if worse.abs() <= margin => (Verdict::Pass, Reason::Exact),
                // Not a number: no margin was shown to hold.
                true => (Verdict::Inconclusive, Reason::Noise),
                false => (Verdict::Inconclusive, too_few(sides, compared, policy)),
            };
        };
        if compared.has_few_pairs() {
            return (Verdict::Inconclusive, too_few(sides, compared, policy));
        }
        let half = evidence.half_width();
        let no_worse = worse + half < margin;
        if family.better && -worse >= margin && no_worse {
            (Verdict::Improved, Reason::BetterThanMargin)
        } else if no_worse && worse - half > 0.0 {
            (Verdict::Pass, Reason::SmallEffect)
        } else if no_worse {
            (Verdict::Pass, Reason::WithinMargin)
        } else if family.worse.is_discovery && worse >= margin {
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
            (Verdict::Inconclusive, self.undecided(evidence))
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
        } else {
            let of = self.metric.sessions.len();
            let (needed, _) = must_agree(of);
            let agreeing = evidence.agreeing;
            (agreeing < needed).then_some(if of < MIN_AGREEING {
                Reason::NeedsSecondSession
            } else {
                Reason::SessionsDisagree { agreeing, of }
            })
        }
    }

    /// Why the evidence decides neither way.
    fn undecided(&self, evidence: &Evidence) -> Reason {
        let sessions = match self.compared.as_ref().map(|c| c.stages().len()) {
            None | Some(0) => self.metric.sessions.len(),
            Some(sessions) => sessions,
        };
        if self.is_suspicious() && sessions < MIN_AGREEING {
            Reason::NeedsSecondSession
        } else if evidence.noisy {
            Reason::NoisySession
        } else {
            Reason::Noise
        }
    }
}

/// A verdict, and what it rests on.
pub(crate) struct Decision {
    pub(crate) verdict: Verdict,
    /// What the baseline alone says.
    pub(crate) relative: Verdict,
    reason: Reason,
    budget: Option<BudgetCheck>,
    blame: Option<Blame>,
}

impl Decision {
    /// Whether it rests on the budget, and not on the baseline.
    pub(crate) fn is_about_budget(&self) -> bool {
        matches!(self.reason, Reason::Budget | Reason::AtLimit)
    }
}

/// What a budget alone says about a row; `None` where it holds.
fn absolute(
    standing: &Standing,
    check: &BudgetCheck,
    at_limit: AtLimit,
) -> Option<(Verdict, Reason)> {
    let measured_holds = check
        .budget
        .operator
        .holds(standing.value, check.budget.limit);
    let certain = check.interval.is_some() || at_limit == AtLimit::Fail;
    match (check.status, at_limit) {
        (BudgetStatus::Within, _) => None,
        (BudgetStatus::Over, _) if certain => Some((Verdict::OverBudget, Reason::Budget)),
        (BudgetStatus::AtLimit, AtLimit::Fail) => Some((Verdict::OverBudget, Reason::AtLimit)),
        _ if measured_holds => Some((Verdict::Pass, Reason::AtLimit)),
        _ => Some((Verdict::Inconclusive, Reason::AtLimit)),
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
            have: stages.iter().map(|s| s.pairs).max().unwrap_or(0),
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
