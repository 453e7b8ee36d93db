//! What a report says about the two runs besides their rows.

use std::collections::{HashMap, HashSet};

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::report::{RunSummary, SideName, Warning};
use gate_schema::run::{Mode, Run, Session};

use crate::assess::Assessment;
use crate::evaluate::Side;

/// What a reader must know before trusting the rows.
pub(crate) fn warnings(
    baseline: &Side<'_>,
    candidate: &Side<'_>,
    assessment: &Assessment<'_>,
) -> Vec<Warning> {
    let unmatched = assessment
        .unused_rules
        .iter()
        .map(|rule| Warning::RuleMatchesNothing {
            line: rule.line,
            scenario: rule.scenario.clone(),
            metric: rule.metric.clone(),
        });
    let sides = [
        (baseline.run, SideName::Baseline),
        (candidate.run, SideName::Candidate),
    ];
    let planted = sides
        .iter()
        .filter(|(run, _)| !run.source.planted.is_empty())
        .map(|&(_, side)| Warning::Planted { side });
    let dirty = sides
        .iter()
        .filter(|(run, _)| run.source.dirty == Some(true))
        .map(|&(_, side)| Warning::Dirty { side });
    let itself = share_measurements(baseline.run, candidate.run);
    let itself = itself.then_some(Warning::ComparedWithItself);
    unmatched
        .chain(itself)
        .chain(planted)
        .chain(dirty)
        .collect()
}

/// Whether both sides hold the same measurements. Sessions of pairs carry one id on both sides, but
/// different measurements; two that agree in every timing are one.
fn share_measurements(baseline: &Run, candidate: &Run) -> bool {
    let sessions = baseline.sessions.iter();
    let there: HashMap<&str, &Session> = sessions.map(|s| (s.id.as_str(), s)).collect();
    let timings: HashSet<(&ScenarioId, &MetricName)> = (candidate.manifest.scenarios.iter())
        .flat_map(|declared| {
            let timings = declared.metrics.iter().filter(|m| m.unit.is_timing());
            timings.map(|metric| (&declared.scenario, &metric.name))
        })
        .collect();
    // Bytes and counts of two builds may well agree.
    let holds_timings = |session: &Session| {
        session.scenarios.iter().any(|measured| {
            let mut values = measured.repetitions.iter().flat_map(|r| &r.metrics);
            values.any(|(name, _)| timings.contains(&(&measured.scenario, name)))
        })
    };
    candidate.sessions.iter().any(|session| {
        let there = there.get(session.id.as_str());
        there.is_some_and(|there| match (there.mode, session.mode) {
            (Mode::Paired, Mode::Paired) => {
                there.scenarios == session.scenarios && holds_timings(session)
            }
            (Mode::Single, Mode::Single) => true,
            _ => false,
        })
    })
}

/// A run, as much of it as a reader needs to recognise it.
pub(crate) fn summary(run: &Run) -> RunSummary {
    let environment = &run.environment;
    RunSummary {
        id: run.id.clone(),
        created: run.created.clone(),
        commit: run.source.commit.clone(),
        dirty: run.source.dirty,
        settings: run.source.settings.clone(),
        planted: run.source.planted.clone(),
        tier: run.manifest.tier.clone(),
        sessions: run.sessions.len(),
        environment: environment
            .fingerprint
            .iter()
            .chain(&environment.soft)
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
    }
}
