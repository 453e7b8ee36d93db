//! One row, from evidence to verdict.

use gate_schema::policy::{AtLimit, Machine, Policy};
use gate_schema::report::{Blame, BudgetCheck, BudgetStatus, Effect, Level, Reason, Row, Verdict};

use crate::budget;
use crate::estimate::Location;
use crate::evidence::{AGREES, Evidence, MIN_REPETITIONS};
use crate::modes::modes;
use crate::sides::{Compared, How, Sides};

mod draft;
mod effect;

pub(crate) use draft::{Draft, Family};
pub use draft::{MAX_NEEDED, MIN_AGREEING, SUSPICIOUS};

/// The margin to which a row is held that policy does not judge, before the budget it breaks is excused
/// because its base breaks it too: the built-in margin of tails, which most such rows are.
pub const UNJUDGED_MARGIN: f64 = 0.05;

/// The same for a ratio, as a difference: the built-in margin of recall.
pub const UNJUDGED_POINTS: f64 = 0.005;

impl Draft<'_> {
    /// Decides the row. `is_unsteady` says that the baseline was not shown to repeat itself.
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
        let at_limit = self.settings.at_limit;
        let absolute = budget.as_ref().and_then(|check| absolute(check, at_limit));
        let relative_verdict = relative.0;
        let (verdict, reason) = match absolute {
            Some(absolute) if absolute.0 >= relative.0 => absolute,
            _ => relative,
        };
        let broken = budget.as_ref().filter(|_| verdict == Verdict::OverBudget);
        let blame = broken.and_then(|check| self.blame(check, relative_verdict));
        // What a neighbour does to both sides fails nobody.
        let verdict = match blame {
            Some(Blame::Unclear) if self.is_reviewed_timing() => Verdict::Inconclusive,
            _ => verdict,
        };
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

    /// Whose a broken budget is; `None` unless the baseline is the candidate's own base, measured with
    /// it. The base alone is to blame only where it breaks the budget by itself, no less than the
    /// candidate, and the candidate was shown to be no worse than it. A timing is the candidate's fault
    /// only where it was shown to be worse.
    fn blame(&self, candidate: &BudgetCheck, relative: Verdict) -> Option<Blame> {
        let (sides, budget) = (self.sides.as_ref()?, self.settings.budget.as_ref()?);
        if !self.is_paired() {
            return None;
        }
        let at_limit = self.settings.at_limit;
        let there = budget::standing(sides.baseline, location(at_limit))?;
        let base = budget::check(&there, budget, at_limit);
        let is_broken_there = matches!(absolute(&base, at_limit), Some((Verdict::OverBudget, _)));
        let keeps = base.status == BudgetStatus::Within;
        Some(match self.against_base(relative) {
            Against::Worse if keeps => Blame::CausedHere,
            _ if keeps && !self.is_reviewed_timing() => Blame::CausedHere,
            Against::NoWorse if is_broken_there && base.status >= candidate.status => {
                Blame::AlreadyOnBase
            }
            Against::Worse => Blame::MadeWorse,
            Against::NoWorse | Against::Unknown => Blame::Unclear,
        })
    }

    /// What was shown of the row against its base. No worse is whose verdict against it passes, so that
    /// excusing a budget hides no other verdict; a row that policy does not judge is held to the margin
    /// that it would have.
    fn against_base(&self, relative: Verdict) -> Against {
        let (Some(sides), Some(compared)) = (&self.sides, &self.compared) else {
            return Against::Unknown;
        };
        let comparison = &compared.comparison;
        let half = match (&comparison.evidence, comparison.exact) {
            _ if compared.has_few_pairs() && !comparison.exact => return Against::Unknown,
            (Some(evidence), _) => evidence.half_width(),
            (None, true) => 0.0,
            (None, false) => return Against::Unknown,
        };
        let (least, most) = (comparison.worse - half, comparison.worse + half);
        let is_sure = match &comparison.evidence {
            Some(evidence) if self.is_reviewed_timing() => evidence.p_worse <= AGREES,
            _ => true,
        };
        match relative {
            Verdict::Pass | Verdict::Improved if most <= sides.no_worse_within() => {
                Against::NoWorse
            }
            // What passes and may be worse is not judged.
            Verdict::Pass | Verdict::Regressed if least > 0.0 && is_sure => Against::Worse,
            _ => Against::Unknown,
        }
    }

    /// Whether the row is a timing whose budget is a matter of review and not a promise.
    fn is_reviewed_timing(&self) -> bool {
        self.metric.unit().is_timing() && self.settings.at_limit == AtLimit::Review
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

/// What was shown of a candidate against its base.
enum Against {
    NoWorse,
    Worse,
    Unknown,
}

/// What a budget alone says about a row; `None` where it holds.
fn absolute(check: &BudgetCheck, at_limit: AtLimit) -> Option<(Verdict, Reason)> {
    let measured_holds = check.headroom >= 0.0;
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
