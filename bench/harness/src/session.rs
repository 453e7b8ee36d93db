//! Orders repetitions: `for session { for repetition { for scenario } }`.
//!
//! Scenarios interleave, so that a slow minute of the machine touches every scenario a little
//! instead of one scenario a lot.

use std::time::SystemTime;

use gate_schema::run::{Check, Measured, Mode, Session};
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

/// Measures all sessions of a plan. `run` names the run and makes session ids unique among runs;
/// `clock` tells when a session starts; `repeat` measures one repetition.
///
/// # Errors
/// The first error of `repeat`: half a run is no run.
pub fn measure_sessions<E>(
    plan: &Plan<'_>,
    run: &str,
    clock: &dyn Fn() -> SystemTime,
    repeat: &mut dyn FnMut(Turn<'_>) -> Result<Observation, E>,
) -> Result<Vec<Session>, E> {
    let mut sessions = Vec::new();
    for session in 1..=plan.sessions {
        let start = format_rfc3339_seconds(clock()).to_string();
        let mut observed: Vec<Vec<Observation>> =
            plan.scenarios.iter().map(|_| Vec::new()).collect();
        for repetition in 1..=plan.repetitions {
            for (scenario, observations) in plan.scenarios.iter().zip(&mut observed) {
                observations.push(repeat(Turn {
                    session,
                    repetition,
                    scenario: *scenario,
                })?);
            }
        }
        let scenarios = plan
            .scenarios
            .iter()
            .zip(observed)
            .map(|(scenario, of_it)| join(*scenario, of_it))
            .collect();
        sessions.push(Session {
            id: format!("{run}/{session}"),
            start,
            mode: Mode::Single,
            scenarios,
        });
    }
    Ok(sessions)
}

/// All observations of one scenario in one session. One wrong answer spoils them all.
fn join(scenario: &dyn Scenario, observations: Vec<Observation>) -> Measured {
    let is_right = observations
        .iter()
        .all(|observation| observation.wrong_answer.is_none());
    let mut overheads: Vec<f64> = observations
        .iter()
        .map(|observation| observation.recording_overhead_ns)
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
            recording_overhead_ns: overhead,
            wrong_answer: wrong_answer.map(str::to_owned),
            repetition: Repetition::new(Vec::new()).expect("nothing twice"),
        }
    }

    fn sessions<E>(
        repeat: &mut dyn FnMut(Turn<'_>) -> Result<Observation, E>,
    ) -> Result<Vec<Session>, E> {
        let scenarios: [&dyn Scenario; 2] = [&FakeScenario { id: "a" }, &FakeScenario { id: "b" }];
        let plan = Plan {
            scenarios: &scenarios,
            sessions: 2,
            repetitions: 2,
        };
        measure_sessions(&plan, "run", &|| SystemTime::UNIX_EPOCH, repeat)
    }

    #[test]
    fn scenarios_interleave_within_each_repetition() {
        let mut order = Vec::new();
        let sessions = sessions::<()>(&mut |turn| {
            order.push(format!(
                "{}{}{}",
                turn.session,
                turn.repetition,
                turn.scenario.id()
            ));
            Ok(observation(20.0, None))
        })
        .expect("all succeed");
        assert_eq!(
            order,
            ["11a", "11b", "12a", "12b", "21a", "21b", "22a", "22b"]
        );
        assert_eq!(
            (sessions[0].id.as_str(), sessions[1].id.as_str()),
            ("run/1", "run/2")
        );
        assert_eq!(sessions[0].start, "1970-01-01T00:00:00Z");
        assert_eq!(sessions[1].scenarios[1].repetitions.len(), 2);
    }

    #[test]
    fn one_wrong_answer_fails_the_scenario_of_that_session_only() {
        let sessions = sessions::<()>(&mut |turn| {
            let is_wrong = (turn.session, turn.repetition, turn.scenario.id()) == (1, 2, "a");
            Ok(observation(
                f64::from(turn.repetition),
                is_wrong.then_some("wrong"),
            ))
        })
        .expect("all succeed");
        let checks: Vec<Check> = sessions
            .iter()
            .flat_map(|s| &s.scenarios)
            .map(|m| m.check)
            .collect();
        assert_eq!(
            checks,
            [Check::Failed, Check::Passed, Check::Passed, Check::Passed]
        );
        assert_eq!(sessions[0].scenarios[0].recording_overhead_ns, Some(2.0));
    }

    #[test]
    fn a_failed_repetition_ends_the_run() {
        let mut turns = 0;
        let ended = sessions(&mut |_| {
            turns += 1;
            if turns == 3 {
                Err("crashed")
            } else {
                Ok(observation(20.0, None))
            }
        });
        assert_eq!((ended, turns), (Err("crashed"), 3));
    }
}
