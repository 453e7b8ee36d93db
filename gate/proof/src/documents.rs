//! The run documents of one simulated gate: what `gate check` would have on disk.

use std::collections::BTreeMap;

use gate_core::evaluate::Side;
use gate_core::observe::{Observed, records};
use gate_schema::defect::{Defect, Problem};
use gate_schema::id::Name;
use gate_schema::run::{
    Check, Environment, FORMAT, Manifest, Measured, Mode, Repetition, Run, Session, Source,
};

use crate::noise;
use crate::workload::{Fleet, Second};

/// A time for every document: simulated gates have no clock.
pub const CREATED: &str = "2026-01-01T00:00:00Z";

/// Pairs to measure of one scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Position of the scenario in the fleet.
    pub scenario: usize,
    /// Pairs, at least 1.
    pub pairs: u32,
}

/// Both documents, session by session.
#[derive(Clone, Debug)]
pub struct Documents {
    /// The run of the first arm.
    pub baseline: Run,
    /// The run of the second arm.
    pub candidate: Run,
}

impl Documents {
    /// Documents without sessions that declare all scenarios of the fleet.
    ///
    /// # Errors
    /// None: the names are sound.
    pub fn new(fleet: &Fleet) -> Result<Self, Defect> {
        let all: Vec<usize> = (0..fleet.scenarios()).collect();
        Ok(Self {
            baseline: run(fleet, "baseline", &all)?,
            candidate: run(fleet, "candidate", &all)?,
        })
    }

    /// Measures `parts` in pairs as session `index`, which must not have been measured yet.
    ///
    /// # Errors
    /// None: the values are sound.
    pub fn measure(&mut self, fleet: &Fleet, index: u64, parts: &[Part]) -> Result<(), Defect> {
        let [first, second] = sessions(fleet, index, parts, Second::Candidate)?;
        self.baseline.sessions.push(first);
        self.candidate.sessions.push(second);
        Ok(())
    }

    /// Measures the baseline with itself as session `index`. The first arm joins the baseline; the
    /// second is returned as a run of its own that declares these scenarios alone.
    ///
    /// # Errors
    /// None: the values are sound.
    pub fn canaries(&mut self, fleet: &Fleet, index: u64, parts: &[Part]) -> Result<Run, Defect> {
        let [first, second] = sessions(fleet, index, parts, Second::Baseline)?;
        self.baseline.sessions.push(first);
        let scenarios: Vec<usize> = parts.iter().map(|part| part.scenario).collect();
        let mut again = run(fleet, "baseline once more", &scenarios)?;
        again.sessions.push(second);
        Ok(again)
    }

    /// Sessions of `repetitions` of each build alone: `baseline` that were stored in the course of time, of
    /// the indices from 0 on, and `candidate` of today, from `today` on.
    ///
    /// # Errors
    /// None: the values are sound.
    pub fn stored(
        fleet: &Fleet,
        [baseline, candidate]: [u64; 2],
        today: u64,
        repetitions: u32,
    ) -> Result<Self, Defect> {
        let mut documents = Self::new(fleet)?;
        let parts = all(fleet, repetitions);
        for index in 0..baseline {
            let [stored, _] = sessions(fleet, index, &parts, Second::Baseline)?;
            documents.baseline.sessions.push(alone(stored));
        }
        for index in today..today + candidate {
            let [_, measured] = sessions(fleet, index, &parts, Second::Candidate)?;
            documents.candidate.sessions.push(alone(measured));
        }
        Ok(documents)
    }

    /// Sessions of the baseline with itself: what calibration measures. They take the indices from
    /// `first` on.
    ///
    /// # Errors
    /// None: the values are sound.
    pub fn calibration(fleet: &Fleet, first: u64, count: u64, pairs: u32) -> Result<Self, Defect> {
        let mut documents = Self::new(fleet)?;
        let parts = all(fleet, pairs);
        for index in first..first + count {
            let [first, second] = sessions(fleet, index, &parts, Second::Baseline)?;
            documents.baseline.sessions.push(first);
            documents.candidate.sessions.push(second);
        }
        Ok(documents)
    }
}

/// A run with what was observed in it.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    run: &'a Run,
    observed: Vec<Observed>,
}

impl<'a> Seen<'a> {
    /// Observes all scenarios.
    ///
    /// # Errors
    /// None: the values are sound.
    pub fn new(run: &'a Run) -> Result<Self, Problem> {
        let observed = records(run).into_iter().map(|record| record.observe());
        Ok(Self {
            run,
            observed: observed.collect::<Result<_, _>>()?,
        })
    }

    /// As one side of a comparison.
    #[must_use]
    pub fn side(&self) -> Side<'_> {
        Side {
            run: self.run,
            observed: &self.observed,
        }
    }
}

fn run(fleet: &Fleet, id: &str, scenarios: &[usize]) -> Result<Run, Defect> {
    let declared = scenarios.iter().map(|&scenario| fleet.declared(scenario));
    Ok(Run {
        format: FORMAT.to_owned(),
        id: id.to_owned(),
        created: CREATED.to_owned(),
        source: Source::default(),
        environment: Environment {
            fingerprint: BTreeMap::from([(Name::new("machine")?, "simulated".to_owned())]),
            soft: BTreeMap::new(),
            tool: concat!("gate-proof ", env!("CARGO_PKG_VERSION")).to_owned(),
        },
        manifest: Manifest {
            tier: None,
            scenarios: declared.collect::<Result<_, _>>()?,
        },
        sessions: Vec::new(),
        failures: Vec::new(),
        pooled: Vec::new(),
        provenance: None,
    })
}

/// As many pairs of every scenario.
pub(crate) fn all(fleet: &Fleet, pairs: u32) -> Vec<Part> {
    (0..fleet.scenarios())
        .map(|scenario| Part { scenario, pairs })
        .collect()
}

/// One arm of a session as a session that knows nothing of the other.
fn alone(mut session: Session) -> Session {
    session.mode = Mode::Single;
    let measured = session.scenarios.iter_mut();
    for repetition in measured.flat_map(|measured| &mut measured.repetitions) {
        repetition.pair = None;
    }
    session
}

/// One session of pairs, as both arms saw it.
fn sessions(
    fleet: &Fleet,
    index: u64,
    parts: &[Part],
    second: Second,
) -> Result<[Session; 2], Defect> {
    let mut arms: [Vec<Measured>; 2] = [Vec::new(), Vec::new()];
    for part in parts {
        let declared = fleet.declared(part.scenario)?;
        let session = noise::Session {
            index,
            pairs: part.pairs,
        };
        let mut repetitions: [Vec<Repetition>; 2] = [Vec::new(), Vec::new()];
        for pair in 0..part.pairs {
            let values = fleet.measure(part.scenario, session, pair, second)?;
            for (repetitions, value) in repetitions.iter_mut().zip(values) {
                repetitions.push(Repetition {
                    pair: Some(pair),
                    metrics: vec![(declared.metrics[0].name.clone(), value)],
                    anomalies: Vec::new(),
                });
            }
        }
        for (arm, repetitions) in arms.iter_mut().zip(repetitions) {
            arm.push(Measured {
                scenario: declared.scenario.clone(),
                check: Check::None,
                recording_overhead_ns: None,
                repetitions,
            });
        }
    }
    Ok(arms.map(|scenarios| Session {
        id: format!("session-{index}"),
        start: CREATED.to_owned(),
        mode: Mode::Paired,
        scenarios,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Regime, Simulated};
    use crate::workload::Workload;

    #[test]
    fn documents_of_every_workload_are_valid_and_observable() {
        for workload in Workload::ALL {
            let machine = Simulated::new(1, Regime::Hosted, 3);
            let fleet = Fleet::new(machine, workload, 1).plant(1, -0.01);
            let mut documents = Documents::new(&fleet).unwrap();
            let all = [0, 1, 2].map(|scenario| Part { scenario, pairs: 5 });
            documents.measure(&fleet, 0, &all).unwrap();
            let one = [Part {
                scenario: 2,
                pairs: 10,
            }];
            documents.measure(&fleet, 1, &one).unwrap();
            let again = documents.canaries(&fleet, 2, &one).unwrap();
            let stored = Documents::stored(&fleet, [3, 2], 10, 5).unwrap();
            let runs = [&stored.baseline, &stored.candidate];
            assert_eq!(runs.map(|run| run.sessions.len()), [3, 2]);
            for run in [&documents.baseline, &documents.candidate, &again]
                .into_iter()
                .chain(runs)
            {
                assert_eq!(run.validate(), Ok(()), "{workload:?}");
            }
            let seen = Seen::new(&documents.candidate).unwrap();
            let repetitions: Vec<usize> = (seen.observed.iter())
                .map(|o| o.metrics[0].values())
                .collect();
            assert_eq!(repetitions, [5, 5, 15], "{workload:?}");
        }
    }

    #[test]
    fn the_second_arm_of_a_canary_is_the_baseline() {
        let machine = Simulated::new(2, Regime::Quiet, 1);
        let fleet = Fleet::new(machine, Workload::Counter, 1).plant(1, 1.0);
        let part = [Part {
            scenario: 0,
            pairs: 3,
        }];
        let mut documents = Documents::new(&fleet).unwrap();
        let again = documents.canaries(&fleet, 0, &part).unwrap();
        let baseline = &documents.baseline.sessions[0];
        assert_eq!(&again.sessions[0], baseline);
    }
}
