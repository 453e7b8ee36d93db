//! What speaks against accepting a run.

use std::collections::{BTreeMap, BTreeSet};

use gate_schema::id::{MetricName, Name, ScenarioId};
use gate_schema::run::{Check, Declared, Kind, Measured, Repetition, Run};

use super::acceptable::Acceptable;
use super::lost::{Lost, lost};
use super::moves::{Move, Moved};
use super::{Onto, by_scenario, kept_sessions};
use crate::comparable::environment_differences;

/// Fewest repetitions per session worth keeping: with fewer, trimming has nothing to trim.
pub const MIN_REPETITIONS: usize = 5;

/// Fewest sessions of a scenario that a baseline should hold, those it had already counted: two cannot tell which of
/// them was disturbed.
pub const MIN_SESSIONS: usize = 3;

/// Why a run should not become a baseline.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// Measured from a work tree that no commit holds.
    Dirty,
    /// Nobody knows what it was built from.
    UnknownSource,
    /// Measured from a commit that the checkout has no history of; the caller asks git.
    OtherHistory {
        /// The commit.
        commit: String,
    },
    /// Accepted so far, and without history or guard from now on.
    Lost(Lost),
    /// Too few sessions, those that are kept counted.
    FewSessions {
        /// The scenario with the fewest.
        scenario: ScenarioId,
        /// The metric of it that has fewer than the scenario.
        metric: Option<MetricName>,
        /// How many it has.
        have: usize,
    },
    /// Too few repetitions in a session.
    FewRepetitions {
        /// The scenario with the fewest.
        scenario: ScenarioId,
        /// Repetitions in its shortest session.
        have: usize,
    },
    /// Levels are worse than the accepted ones.
    Worse(Moved),
    /// Times or rates are better than is likely.
    Faster(Moved),
    /// Measured on another machine than the sessions already accepted, so they cannot be mixed.
    OtherMachine {
        /// The first fingerprint field that differs.
        field: Name,
    },
    /// A repetition crashed, hung or wrote no usable document: nothing would tell later comparisons of it.
    Failed {
        /// The scenario.
        scenario: ScenarioId,
    },
    /// A scenario's own check found a wrong answer: nothing can be compared with it.
    WrongAnswer {
        /// The scenario.
        scenario: ScenarioId,
    },
    /// Changes were planted on purpose.
    Planted,
    /// Declared and not measured in every session.
    Incomplete {
        /// The scenario.
        scenario: ScenarioId,
    },
}

impl Refusal {
    /// What accepts it; `None` if nothing does.
    #[must_use]
    pub fn kind(&self) -> Option<Acceptable> {
        match self {
            Self::Worse(_) => Some(Acceptable::Worse),
            Self::Faster(_) => Some(Acceptable::Faster),
            Self::Lost(Lost::History(_) | Lost::MetricHistory(..)) => Some(Acceptable::Redefined),
            Self::Lost(Lost::Scenario(_) | Lost::Metric(..)) => Some(Acceptable::Missing),
            Self::Dirty | Self::UnknownSource => Some(Acceptable::Source),
            Self::OtherHistory { .. } => Some(Acceptable::History),
            Self::FewSessions { .. } | Self::FewRepetitions { .. } => Some(Acceptable::Few),
            Self::OtherMachine { .. }
            | Self::Failed { .. }
            | Self::WrongAnswer { .. }
            | Self::Planted
            | Self::Incomplete { .. } => None,
        }
    }
}

/// Everything that speaks against promoting `run`; `moves` are those of its levels against the accepted ones.
#[must_use]
pub fn refusals(run: &Run, onto: Onto<'_>, moves: &[Move]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if !run.source.planted.is_empty() {
        refusals.push(Refusal::Planted);
    }
    match (run.source.dirty, &run.source.commit) {
        (Some(true), _) => refusals.push(Refusal::Dirty),
        (Some(false), Some(_)) => {}
        _ => refusals.push(Refusal::UnknownSource),
    }
    let other = onto.accepted().and_then(|accepted| {
        environment_differences(&accepted.environment, &run.environment, &BTreeSet::new())
            .into_iter()
            .next()
    });
    // What another machine takes for the same work says nothing.
    let is_told = |m: &&Move| other.is_none() || !m.change.from.unit.is_timing();
    let worse = Moved::of(moves.iter().filter(is_told).filter(|m| m.is_worse));
    let faster = Moved::of(moves.iter().filter(is_told).filter(|m| m.is_suspicious()));
    if let (Some(difference), Onto::Kept(_)) = (&other, onto) {
        let field = difference.field.clone();
        refusals.push(Refusal::OtherMachine { field });
    }
    let lost = onto.accepted().map(|accepted| lost(accepted, run));
    refusals.extend(lost.into_iter().flatten().map(Refusal::Lost));
    refusals.extend(worse.map(Refusal::Worse));
    refusals.extend(faster.map(Refusal::Faster));
    let failed: BTreeSet<&ScenarioId> = run.failures.iter().map(|f| &f.scenario).collect();
    refusals.extend(failed.into_iter().map(|scenario| Refusal::Failed {
        scenario: scenario.clone(),
    }));
    let declared = by_scenario(run);
    refusals.extend(few_sessions(run, onto, &declared));
    let mut measured: BTreeMap<&ScenarioId, Vec<&Measured>> = BTreeMap::new();
    for record in run.sessions.iter().flat_map(|session| &session.scenarios) {
        measured.entry(&record.scenario).or_default().push(record);
    }
    for (scenario, declared) in declared {
        let measured = measured.remove(scenario).unwrap_or_default();
        let scenario = || scenario.clone();
        let holds_all =
            |r: &Repetition| declared.metrics.iter().all(|d| r.metric(&d.name).is_some());
        let is_complete = measured.iter().flat_map(|m| &m.repetitions).all(holds_all);
        if measured.is_empty() || measured.len() < run.sessions.len() || !is_complete {
            refusals.push(Refusal::Incomplete {
                scenario: scenario(),
            });
        }
        if measured.iter().any(|m| m.check == Check::Failed) {
            refusals.push(Refusal::WrongAnswer {
                scenario: scenario(),
            });
        }
    }
    refusals.extend(few_repetitions(run));
    refusals
}

/// The scenario with the fewest repetitions in a session, if those are too few.
fn few_repetitions(run: &Run) -> Option<Refusal> {
    let measured = run.sessions.iter().flat_map(|session| &session.scenarios);
    let shortest = measured.min_by_key(|m| m.repetitions.len())?;
    let have = shortest.repetitions.len();
    (have < MIN_REPETITIONS).then(|| Refusal::FewRepetitions {
        scenario: shortest.scenario.clone(),
        have,
    })
}

/// The scenario, or the metric of one, that the baseline would hold the fewest sessions of, if those are too few.
fn few_sessions(
    run: &Run,
    onto: Onto<'_>,
    declared: &BTreeMap<&ScenarioId, &Declared>,
) -> Option<Refusal> {
    let ids: BTreeSet<&str> = run.sessions.iter().map(|s| s.id.as_str()).collect();
    let mut kept = onto
        .kept()
        .map_or_else(Vec::new, |a| kept_sessions(a, declared));
    kept.retain(|session| !ids.contains(session.id.as_str()));
    let mut have: BTreeMap<(&ScenarioId, Option<&MetricName>), usize> =
        declared.keys().map(|id| ((*id, None), 0)).collect();
    for measured in run.sessions.iter().flat_map(|s| &s.scenarios) {
        for of in parts(measured) {
            *have.entry(of).or_default() += 1;
        }
    }
    // What the run does not measure has nothing to be compared with.
    for measured in kept.iter().flat_map(|s| &s.scenarios) {
        for of in parts(measured) {
            have.entry(of).and_modify(|have| *have += 1);
        }
    }
    let ((scenario, metric), have) = have.into_iter().min_by_key(|(_, have)| *have)?;
    (have < MIN_SESSIONS).then(|| Refusal::FewSessions {
        scenario: scenario.clone(),
        metric: metric.cloned(),
        have,
    })
}

/// What a session measured, of which a baseline counts the sessions: the scenario, and each metric that it keeps.
fn parts(measured: &Measured) -> impl Iterator<Item = (&ScenarioId, Option<&MetricName>)> {
    let metrics = measured.repetitions.iter().flat_map(|r| &r.metrics);
    let kept = metrics.filter(|(_, value)| value.kind() != Kind::Series);
    let names: BTreeSet<&MetricName> = kept.map(|(name, _)| name).collect();
    let metrics = names.into_iter().map(Some);
    let all = std::iter::once(None).chain(metrics);
    all.map(|metric| (&measured.scenario, metric))
}
