//! The search for the commit that brought a regression of one row: which commit to measure next, and what
//! is known. Whoever drives it measures.
//!
//! Positions count first-parent commits: 0 is the good end, the last one the bad end. The bad end is measured
//! first, because a search between two ends that do not differ would name an innocent commit.

use std::collections::BTreeSet;

use gate_schema::bisect::{Answer, Found, Why};
use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::policy::{Limit, Margin, Policy, RowMode, Rule};
use gate_schema::report::{Row, Verdict};

/// What is known about a stretch of commits.
#[derive(Clone, Debug)]
pub struct Search {
    /// The newest position that is not worse.
    good: usize,
    /// The oldest position that is worse, or said to be.
    bad: usize,
    is_confirmed: bool,
    skipped: BTreeSet<usize>,
    /// The answer that ended it.
    ended: Option<(Found, Why)>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Measure the commit at this position against the good end.
    Measure(usize),
    /// Nothing more can be learned.
    Done(End),
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// What it is.
    pub found: Found,
    /// Why it is not one commit.
    pub why: Option<Why>,
    /// The newest position that is not worse.
    pub good: usize,
    /// The oldest position that is worse: it is one of those after `good`, up to and with this one.
    pub bad: usize,
}

impl Search {
    /// A search among `commits` commits after the good end, of which the last is the bad end. At least one.
    #[must_use]
    pub fn new(commits: usize) -> Self {
        Self {
            good: 0,
            bad: commits.max(1),
            is_confirmed: false,
            skipped: BTreeSet::new(),
            ended: None,
        }
    }

    /// What to do next. After [`Next::Done`] nothing changes any more.
    #[must_use]
    pub fn next(&self) -> Next {
        if let Some((found, why)) = self.ended {
            return Next::Done(self.end(found, Some(why)));
        }
        if !self.is_confirmed {
            return Next::Measure(self.bad);
        }
        // The middle of what can be measured, not of all: so a skipped commit costs its own try and no other.
        let open = (self.good + 1..self.bad).filter(|at| !self.skipped.contains(at));
        let open: Vec<usize> = open.collect();
        if let Some(middle) = open.get(open.len() / 2) {
            return Next::Measure(*middle);
        }
        Next::Done(if self.bad - self.good == 1 {
            self.end(Found::Commit, None)
        } else {
            self.end(Found::Range, Some(Why::Skipped))
        })
    }

    /// Takes the answer about the position that [`Search::next`] named.
    pub fn tell(&mut self, at: usize, answer: Answer) {
        let ended = |why| Some((self.found(), why));
        match answer {
            Answer::CannotTell => self.ended = ended(Why::CannotTell),
            Answer::NotWorse if !self.is_confirmed => self.ended = ended(Why::NotWorse),
            Answer::Skipped if !self.is_confirmed => self.ended = ended(Why::Skipped),
            Answer::Worse if !self.is_confirmed => self.is_confirmed = true,
            Answer::Worse => self.bad = at,
            Answer::NotWorse => self.good = at,
            Answer::Skipped => {
                self.skipped.insert(at);
            }
        }
    }

    /// Ends it here: what is known so far.
    pub fn time_is_up(&mut self) {
        self.ended = Some((Found::Range, Why::Time));
    }

    /// What it comes to when nothing more can be measured, whatever [`Search::next`] asks for.
    #[must_use]
    pub fn stopped(&self) -> End {
        self.end(self.found(), Some(Why::Skipped))
    }

    /// What is found so far, if that is not one commit.
    fn found(&self) -> Found {
        if self.is_confirmed {
            Found::Range
        } else {
            Found::NotConfirmed
        }
    }

    fn end(&self, found: Found, why: Option<Why>) -> End {
        End {
            found,
            why,
            good: self.good,
            bad: self.bad,
        }
    }
}

/// What the verdict on the row says about a commit.
#[must_use]
pub fn answer(row: &Row) -> Answer {
    match row.verdict {
        Verdict::Regressed => Answer::Worse,
        Verdict::Pass | Verdict::Improved => Answer::NotWorse,
        Verdict::Missing => Answer::Skipped,
        Verdict::Inconclusive
        | Verdict::Incomparable
        | Verdict::Added
        | Verdict::Waived
        | Verdict::OverBudget => Answer::CannotTell,
    }
}

/// The policy that asks about one row and nothing else: other rows are only shown, and neither budgets nor waivers
/// stand in the way of "worse than before". Its margin is as it was, and no wider than `widest`: a step of a history
/// may be smaller than what one change may cost, and of a row that no change is judged by.
#[must_use]
pub fn about(
    policy: &Policy,
    scenario: &ScenarioId,
    metric: &MetricName,
    widest: Option<f64>,
) -> Policy {
    let others = Rule {
        budget: Some(Limit::None),
        mode: Some(RowMode::Report),
        ..Rule::default()
    };
    let row = Rule {
        scenario: exactly(scenario.as_str()),
        metric: exactly(metric.as_str()),
        mode: Some(RowMode::Gate),
        ..Rule::default()
    };
    let mut asked = policy.clone();
    if let Some(widest) = widest {
        for rule in &mut asked.rules {
            rule.margin = rule.margin.map(|margin| narrowed(margin, widest));
        }
        // Where no rule has a margin for the row.
        let first = Rule {
            scenario: row.scenario.clone(),
            metric: row.metric.clone(),
            margin: Some(Margin::Relative(widest)),
            ..Rule::default()
        };
        asked.rules.insert(0, first);
    }
    asked.rules.extend([others, row]);
    asked.waivers.clear();
    asked.uniform = RowMode::Report;
    asked.only = vec![exactly(scenario.as_str())];
    asked
}

/// The margin, if it is not wider than `widest`, a part of the level. A ratio is a part of one.
fn narrowed(margin: Margin, widest: f64) -> Margin {
    match margin {
        Margin::Relative(part) => Margin::Relative(part.min(widest)),
        Margin::Absolute(difference) => Margin::Absolute(difference.min(widest)),
        Margin::Unjudged => Margin::Relative(widest),
    }
}

/// The glob that matches one name. Of the characters of a name only brackets mean something in a glob.
#[must_use]
pub fn exactly(name: &str) -> String {
    name.replace('[', "\\[").replace(']', "\\]")
}

#[cfg(test)]
mod tests;
