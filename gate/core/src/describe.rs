//! What a report says about the two runs besides their rows.

use std::collections::BTreeSet;

use gate_schema::report::{RunSummary, SideName, Warning};
use gate_schema::run::{Mode, Run};

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
    // Sessions of pairs carry one id on both sides.
    let single = |run: &'_ Run| -> BTreeSet<String> {
        let sessions = run.sessions.iter().filter(|s| s.mode == Mode::Single);
        sessions.map(|s| s.id.clone()).collect()
    };
    let itself = !single(baseline.run).is_disjoint(&single(candidate.run));
    let itself = itself.then_some(Warning::ComparedWithItself);
    unmatched
        .chain(itself)
        .chain(planted)
        .chain(dirty)
        .collect()
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
