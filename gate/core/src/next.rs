//! What to measure next: fresh pairs where they can change a verdict, and nowhere else.
//!
//! The first session measures every scenario. After it only suspicious scenarios are measured again,
//! in a second session, and in a third where exactly one of two agrees. Later sessions may acquit as
//! well as convict, and the claim that a row got worse is one fixed test over all pairs, so that looking
//! in between does not inflate the false-alarm rate. Passing is not one test: a row that is too noisy to
//! pass is looked at again, and all looks share the level ([`crate::paired::LOOKS`]). Whoever drives
//! this asks again after each step until [`Step::Done`].

use std::collections::{BTreeMap, BTreeSet};

use gate_schema::id::ScenarioId;
use gate_schema::policy::Policy;
use gate_schema::report::Verdict;

use crate::assess::{Assessment, assess};
use crate::canary;
use crate::evaluate::{EvaluateError, Known, Side};
use crate::evidence::{Evidence, MIN_AGREEING};

/// Share of the scenarios that may be measured again for suspicion, by smallest p-value.
pub const MAX_RERUN: f64 = 0.1;

/// Scenarios that may always be measured again: a tenth of a small suite is none.
pub const MIN_RERUN: usize = 5;

/// Share of the scenarios above which suspicion falls on the machine first.
pub const MANY_SUSPICIOUS: f64 = 0.25;

/// Fewest suspicious scenarios that are many.
pub const MIN_SUSPICIOUS: usize = 3;

/// Scenarios on which the baseline is measured against itself.
pub const CANARIES: usize = 3;

/// Sessions of pairs after which a row too noisy to pass stays undecided: each more would cost all looks
/// at it some of their level, see [`crate::paired::LOOKS`].
pub const MAX_LOOKS: usize = 3;

/// How many pairs a step measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Pairs of the first session.
    pub pairs: u32,
    /// Pairs of each later session.
    pub rerun_pairs: u32,
}

/// The next thing to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: more pairs would change no verdict.
    Done,
    /// Pairs of the baseline with itself, before anything else is believed.
    Canaries {
        /// The most suspicious scenarios.
        scenarios: Vec<ScenarioId>,
        /// Pairs of each.
        pairs: u32,
    },
    /// Fresh pairs, one new session each, most urgent first.
    Pairs(Vec<Need>),
}

/// One scenario that needs fresh pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The scenario.
    pub scenario: ScenarioId,
    /// Pairs to measure.
    pub pairs: u32,
    /// What for.
    pub why: Why,
}

/// What fresh pairs are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A row looks worse in the first session.
    Suspicious,
    /// A row is worse over all pairs, but only one session shows it.
    Disagreeing,
    /// A row is too noisy to pass, or to keep its budget. Optional: to be measured with the time that is
    /// left.
    Undecided,
}

/// Says what to measure next, from all that was measured so far.
///
/// # Errors
/// See [`EvaluateError`].
pub fn next(
    baseline: Side<'_>,
    candidate: Side<'_>,
    known: &Known<'_>,
    policy: &Policy,
    plan: Plan,
) -> Result<Step, EvaluateError> {
    let assessment = assess(baseline, candidate, known.noise, policy)?;
    let scenarios = by_scenario(&assessment);
    let tested = scenarios.values().filter(|s| s.is_tested).count();
    let suspects = suspects(&scenarios);
    let again = |suspects: &[&ScenarioId], pairs, why| -> Vec<Need> {
        let need = |scenario: &&ScenarioId| Need {
            scenario: (*scenario).clone(),
            pairs,
            why,
        };
        suspects.iter().map(need).collect()
    };

    match known.canary {
        None if are_many(suspects.len(), tested) => {
            return Ok(Step::Canaries {
                scenarios: suspects.into_iter().take(CANARIES).cloned().collect(),
                pairs: plan.pairs,
            });
        }
        Some(again) => {
            let canaries = canary::judge(baseline, again, known.noise, policy)?;
            if !canaries.are_steady() {
                return Ok(Step::Done);
            }
        }
        None => {}
    }
    let repeated = scenarios.values().filter(|s| s.sessions > 1).count();
    let most = MIN_RERUN.max((MAX_RERUN * tested as f64).ceil() as usize);
    let left = most.saturating_sub(repeated).min(suspects.len());
    let mut needs = again(&suspects[..left], plan.rerun_pairs, Why::Suspicious);
    if needs.is_empty() {
        let disagreeing: Vec<&ScenarioId> = (scenarios.iter())
            .filter(|(_, s)| s.disagrees)
            .map(|(id, _)| *id)
            .collect();
        needs = again(&disagreeing, plan.rerun_pairs, Why::Disagreeing);
    }
    if needs.is_empty() {
        needs = undecided(&assessment, &scenarios, policy, plan);
    }
    Ok(if needs.is_empty() {
        Step::Done
    } else {
        Step::Pairs(needs)
    })
}

/// What the gating rows of one scenario say together.
#[derive(Default)]
struct Scenario {
    /// Sessions of pairs.
    sessions: usize,
    /// Whether any row can look worse by chance. Exact rows cannot, nor budgets that are kept.
    is_tested: bool,
    /// Smallest p-value of its suspicious rows.
    suspicion: Option<f64>,
    /// Whether a row needs a third session.
    disagrees: bool,
}

impl Scenario {
    /// One more of its rows looks worse.
    fn suspect(&mut self, evidence: &Evidence) {
        let least = self.suspicion.get_or_insert(evidence.p_worse);
        *least = least.min(evidence.p_worse);
    }
}

fn by_scenario<'a>(assessment: &'a Assessment<'_>) -> BTreeMap<&'a ScenarioId, Scenario> {
    let mut scenarios: BTreeMap<&ScenarioId, Scenario> = BTreeMap::new();
    for (draft, family) in assessment.drafts.iter().zip(&assessment.families) {
        let (true, false) = (draft.is_gating(), draft.stages().is_empty()) else {
            continue;
        };
        let scenario = scenarios.entry(draft.scenario).or_default();
        scenario.sessions = scenario.sessions.max(draft.stages().len());
        // Where none of two agrees, a third cannot make them two.
        let is_split = |evidence: &Evidence| {
            draft.stages().len() == MIN_AGREEING && evidence.agreeing + 1 == MIN_AGREEING
        };
        if let Some(evidence) = draft.accused() {
            scenario.is_tested = true;
            scenario.suspect(evidence);
            scenario.disagrees |= is_split(evidence);
        }
        let Some(evidence) = draft.tested() else {
            continue;
        };
        scenario.is_tested = true;
        if draft.is_suspicious() {
            scenario.suspect(evidence);
        }
        scenario.disagrees |=
            family.worse.is_discovery && draft.is_beyond_margin() && is_split(evidence);
    }
    scenarios
}

/// Scenarios that looked worse in their only session, by smallest p-value.
fn suspects<'a>(scenarios: &BTreeMap<&'a ScenarioId, Scenario>) -> Vec<&'a ScenarioId> {
    let mut suspects: Vec<(f64, &ScenarioId)> = scenarios
        .iter()
        .filter(|(_, s)| s.sessions == 1)
        .filter_map(|(id, s)| Some((s.suspicion?, *id)))
        .collect();
    suspects.sort_by(|a, b| a.0.total_cmp(&b.0));
    suspects.into_iter().map(|(_, id)| id).collect()
}

fn are_many(suspects: usize, scenarios: usize) -> bool {
    suspects >= MIN_SUSPICIOUS && suspects as f64 > MANY_SUSPICIOUS * scenarios as f64
}

/// Scenarios with rows that noise keeps from passing, smallest need first. A few pairs more would widen
/// the intervals of rows that pass already, at the stricter level of a later look. A row in doubt about
/// its budget alone has no margin that says how many pairs it needs.
fn undecided(
    assessment: &Assessment<'_>,
    scenarios: &BTreeMap<&ScenarioId, Scenario>,
    policy: &Policy,
    plan: Plan,
) -> Vec<Need> {
    let mut needed: BTreeMap<&ScenarioId, u32> = BTreeMap::new();
    let mut hopeless: BTreeSet<&ScenarioId> = BTreeSet::new();
    for (draft, family) in assessment.drafts.iter().zip(&assessment.families) {
        let sessions = scenarios.get(draft.scenario).map_or(0, |s| s.sessions);
        let is_open = draft.is_gating() && (1..MAX_LOOKS).contains(&sessions);
        // Where sessions disagree, one more would only be one more throw of the dice.
        let disagrees = family.worse.is_discovery && draft.is_beyond_margin();
        let decision = draft.decide(*family, policy, false);
        let is_undecided = draft.settled.is_none() && decision.verdict == Verdict::Inconclusive;
        if !is_open || disagrees || !is_undecided {
            continue;
        }
        let is_about_budget = decision.is_about_budget();
        let pairs = match decision.relative {
            Verdict::Inconclusive => draft.pairs_needed(),
            _ => Some(plan.rerun_pairs),
        };
        if pairs.is_some() || is_about_budget {
            let most = needed.entry(draft.scenario).or_insert(plan.rerun_pairs);
            *most = pairs.unwrap_or_default().max(*most);
        }
        if pairs.is_none() {
            hopeless.insert(draft.scenario);
        }
    }
    let mut needs: Vec<Need> = needed
        .into_iter()
        .map(|(scenario, pairs)| Need {
            scenario: scenario.clone(),
            pairs,
            why: Why::Undecided,
        })
        .collect();
    // A scenario that keeps an undecided row whatever is measured comes after those that settle.
    needs.sort_by_key(|need| (hopeless.contains(&need.scenario), need.pairs));
    needs
}
