//! Orders repetitions: `for session { for repetition { for scenario } }`.
//!
//! Scenarios interleave, so that a slow minute of the machine touches every scenario a little
//! instead of one scenario a lot.

use std::time::SystemTime;

use gate_schema::run::{Check, Failure, Measured, Mode, Session};
use humantime::format_rfc3339_seconds;

use crate::document::scenario_id;
use crate::repetition::Observation;
use crate::scenario::Scenario;

/// What to measure, how often.
#[derive(Clone, Copy)]
pub struct Plan<'s> {
    /// The selected scenarios.
    pub scenarios: &'s [&'s dyn Scenario],
    /// Number of sessions.
    pub sessions: u32,
    /// Repetitions of each scenario per session.
    pub repetitions: u32,
}

impl Plan<'_> {
    /// Number of repetitions over all sessions and scenarios.
    #[must_use]
    pub fn turns(&self) -> usize {
        self.scenarios.len() * (self.sessions * self.repetitions) as usize
    }
}

/// One repetition that is due, counted from 1.
#[derive(Clone, Copy)]
pub struct Turn<'s> {
    /// The session.
    pub session: u32,
    /// The repetition in the session.
    pub repetition: u32,
    /// The scenario.
    pub scenario: &'s dyn Scenario,
}

/// Why a repetition gave no observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmeasured {
    /// It crashed, or it answered nonsense: how, and the end of its stderr.
    Failed {
        /// In one line.
        how: String,
        /// Last lines.
        stderr: Vec<String>,
    },
    /// Somebody asked for the end.
    Interrupted,
}

/// What came of a plan.
#[derive(Debug)]
pub struct Outcome {
    /// What was measured.
    pub sessions: Vec<Session>,
    /// What should have been and was not; its scenario does not count, whatever else was measured of
    /// it.
    pub failures: Vec<Failure>,
    /// Whether somebody ended it early.
    pub is_interrupted: bool,
}

/// Measures all sessions of a plan. `run` names the run and makes session ids unique among runs;
/// `clock` tells when a session starts; `repeat` measures one repetition.
///
/// A scenario that failed is not tried again, the others go on. After an interruption every scenario
/// that still had turns is among the failures, so that half a run never passes for a whole one.
pub fn measure_sessions(
    plan: &Plan<'_>,
    run: &str,
    clock: &dyn Fn() -> SystemTime,
    repeat: &mut dyn FnMut(Turn<'_>) -> Result<Observation, Unmeasured>,
) -> Outcome {
    let mut outcome = Outcome {
        sessions: Vec::new(),
        failures: Vec::new(),
        is_interrupted: false,
    };
    for session in 1..=plan.sessions {
        let id = format!("{run}/{session}");
        let start = format_rfc3339_seconds(clock()).to_string();
        let mut observed: Vec<Vec<Observation>> =
            plan.scenarios.iter().map(|_| Vec::new()).collect();
        for repetition in 1..=plan.repetitions {
            for (scenario, observations) in plan.scenarios.iter().zip(&mut observed) {
                if outcome.has_failed(*scenario) {
                    continue;
                }
                let turn = Turn {
                    session,
                    repetition,
                    scenario: *scenario,
                };
                match repeat_unless(outcome.is_interrupted, turn, repeat) {
                    Ok(observation) => observations.push(observation),
                    Err(unmeasured) => outcome.fail(*scenario, &id, unmeasured),
                }
            }
        }
        let scenarios: Vec<Measured> = plan
            .scenarios
            .iter()
            .zip(observed)
            .filter(|(_, of_it)| !of_it.is_empty())
            .map(|(scenario, of_it)| join(*scenario, of_it))
            .collect();
        if !scenarios.is_empty() {
            outcome.sessions.push(Session {
                id,
                start,
                mode: Mode::Single,
                scenarios,
            });
        }
    }
    outcome
}

fn repeat_unless(
    is_interrupted: bool,
    turn: Turn<'_>,
    repeat: &mut dyn FnMut(Turn<'_>) -> Result<Observation, Unmeasured>,
) -> Result<Observation, Unmeasured> {
    if is_interrupted {
        Err(Unmeasured::Interrupted)
    } else {
        repeat(turn)
    }
}

impl Outcome {
    fn has_failed(&self, scenario: &dyn Scenario) -> bool {
        let id = scenario_id(scenario);
        self.failures.iter().any(|failure| failure.scenario == id)
    }

    fn fail(&mut self, scenario: &dyn Scenario, session: &str, unmeasured: Unmeasured) {
        let (how, stderr) = match unmeasured {
            Unmeasured::Failed { how, stderr } => (how, stderr),
            Unmeasured::Interrupted => {
                self.is_interrupted = true;
                ("interrupted".to_owned(), Vec::new())
            }
        };
        self.failures.push(Failure {
            scenario: scenario_id(scenario),
            session: Some(session.to_owned()),
            pair: None,
            how,
            stderr,
        });
    }
}

/// All observations of one scenario in one session. One wrong answer spoils them all.
fn join(scenario: &dyn Scenario, observations: Vec<Observation>) -> Measured {
    let is_right = observations
        .iter()
        .all(|observation| observation.wrong_answer.is_none());
    let mut overheads: Vec<f64> = observations
        .iter()
        .filter_map(|observation| observation.recording_overhead_ns)
        .collect();
    overheads.sort_by(f64::total_cmp);
    Measured {
        scenario: scenario_id(scenario),
        check: if is_right {
            Check::Passed
        } else {
            Check::Failed
        },
        // The upper median: a value that was measured, not a mean of two.
        recording_overhead_ns: overheads.get(overheads.len() / 2).copied(),
        repetitions: observations
            .into_iter()
            .map(|observation| observation.repetition)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use gate_schema::run::Repetition;

    use super::*;
    use crate::fake::FakeScenario;

    fn observation(overhead: f64, wrong_answer: Option<&str>) -> Observation {
        Observation {
            unprofiled: None,
            recording_overhead_ns: Some(overhead),
            wrong_answer: wrong_answer.map(str::to_owned),
            repetition: Repetition::new(Vec::new()).expect("nothing twice"),
        }
    }

    fn measured(repeat: &mut dyn FnMut(Turn<'_>) -> Result<Observation, Unmeasured>) -> Outcome {
        let scenarios: [&dyn Scenario; 2] = [&FakeScenario::named("a"), &FakeScenario::named("b")];
        let plan = Plan {
            scenarios: &scenarios,
            sessions: 2,
            repetitions: 2,
        };
        measure_sessions(&plan, "run", &|| SystemTime::UNIX_EPOCH, repeat)
    }

    /// Which turn it is: session, repetition, scenario.
    fn text(turn: &Turn<'_>) -> String {
        let Turn {
            session,
            repetition,
            scenario,
        } = turn;
        format!("{session}{repetition}{}", scenario.id())
    }

    fn failed(outcome: &Outcome) -> Vec<String> {
        let failures = outcome.failures.iter();
        failures
            .map(|failure| format!("{}: {}", failure.scenario, failure.how))
            .collect()
    }

    #[test]
    fn scenarios_interleave_within_each_repetition() {
        let mut order = Vec::new();
        let outcome = measured(&mut |turn| {
            order.push(text(&turn));
            Ok(observation(20.0, None))
        });
        assert_eq!(
            order,
            ["11a", "11b", "12a", "12b", "21a", "21b", "22a", "22b"]
        );
        let sessions = &outcome.sessions;
        assert_eq!(
            (sessions[0].id.as_str(), sessions[1].id.as_str()),
            ("run/1", "run/2")
        );
        assert_eq!(sessions[0].start, "1970-01-01T00:00:00Z");
        assert_eq!(sessions[1].scenarios[1].repetitions.len(), 2);
        assert!(outcome.failures.is_empty() && !outcome.is_interrupted);
    }

    #[test]
    fn one_wrong_answer_fails_the_scenario_of_that_session_only() {
        let outcome = measured(&mut |turn| {
            let is_wrong = text(&turn) == "12a";
            Ok(observation(
                f64::from(turn.repetition),
                is_wrong.then_some("wrong"),
            ))
        });
        let checks: Vec<Check> = outcome
            .sessions
            .iter()
            .flat_map(|s| &s.scenarios)
            .map(|m| m.check)
            .collect();
        assert_eq!(
            checks,
            [Check::Failed, Check::Passed, Check::Passed, Check::Passed]
        );
        assert_eq!(
            outcome.sessions[0].scenarios[0].recording_overhead_ns,
            Some(2.0)
        );
    }

    #[test]
    fn a_failed_scenario_is_not_tried_again_and_the_others_go_on() {
        let mut order = Vec::new();
        let outcome = measured(&mut |turn| {
            order.push(text(&turn));
            if text(&turn) == "12a" {
                let (how, stderr) = ("killed by signal 9".into(), vec!["last words".into()]);
                return Err(Unmeasured::Failed { how, stderr });
            }
            Ok(observation(20.0, None))
        });
        assert_eq!(order, ["11a", "11b", "12a", "12b", "21b", "22b"]);
        assert_eq!(failed(&outcome), ["a: killed by signal 9"]);
        assert_eq!(outcome.failures[0].stderr, ["last words"]);
        assert_eq!(outcome.sessions[1].scenarios.len(), 1);
        assert!(!outcome.is_interrupted);
    }

    #[test]
    fn after_an_interruption_what_is_unfinished_has_failed() {
        let mut turns = 0;
        let outcome = measured(&mut |_| {
            turns += 1;
            if turns == 4 {
                Err(Unmeasured::Interrupted)
            } else {
                Ok(observation(20.0, None))
            }
        });
        assert_eq!(turns, 4);
        assert!(outcome.is_interrupted);
        assert_eq!(failed(&outcome), ["b: interrupted", "a: interrupted"]);
        assert_eq!(outcome.sessions.len(), 1, "what was measured is kept");
        assert_eq!(outcome.sessions[0].scenarios[0].repetitions.len(), 2);
    }
}
