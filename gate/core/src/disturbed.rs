//! What was unusual while rows were measured, beside those that it may explain.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use gate_schema::id::ScenarioId;
use gate_schema::report::{Disturbed, Row, SideName, Verdict};
use gate_schema::run::{AnomalyKind, Run};

/// Tells each timing row that is inconclusive or worse how many repetitions of its scenario were
/// disturbed, and by what. Verdicts stay as they are.
pub(crate) fn tell(rows: &mut [Row], baseline: &Run, candidate: &Run) {
    let sides = [
        (SideName::Baseline, of(baseline)),
        (SideName::Candidate, of(candidate)),
    ];
    for row in rows {
        let wants_to_know = row.verdict == Verdict::Inconclusive || row.verdict.is_worse();
        if !wants_to_know || !row.unit.is_timing() {
            continue;
        }
        let told = sides.iter().filter_map(|(side, scenarios)| {
            let counts = scenarios.get(&row.scenario)?;
            counts.disturbed(*side)
        });
        row.disturbed = told.collect();
    }
}

/// Repetitions of one scenario.
#[derive(Default)]
struct Counts {
    all: usize,
    disturbed: usize,
    by: BTreeMap<AnomalyKind, usize>,
}

impl Counts {
    fn disturbed(&self, side: SideName) -> Option<Disturbed> {
        let mut by: Vec<AnomalyKind> = self.by.keys().copied().collect();
        by.sort_by_key(|kind| Reverse(self.by[kind]));
        (self.disturbed > 0).then_some(Disturbed {
            side,
            repetitions: self.disturbed,
            of: self.all,
            by,
        })
    }
}

fn of(run: &Run) -> BTreeMap<&ScenarioId, Counts> {
    let mut scenarios: BTreeMap<&ScenarioId, Counts> = BTreeMap::new();
    for measured in run.sessions.iter().flat_map(|session| &session.scenarios) {
        let counts = scenarios.entry(&measured.scenario).or_default();
        for repetition in &measured.repetitions {
            counts.all += 1;
            counts.disturbed += usize::from(!repetition.anomalies.is_empty());
            let mut kinds: Vec<_> = repetition.anomalies.iter().map(|a| a.kind).collect();
            kinds.sort();
            kinds.dedup();
            for kind in kinds {
                *counts.by.entry(kind).or_default() += 1;
            }
        }
    }
    scenarios
}
