use std::sync::Mutex;

use gate_core::evaluate::Side;
use gate_core::next::Need;
use gate_schema::id::Name;

use super::*;
use crate::judge::Gate;

const PLAN: Plan = Plan {
    pairs: 5,
    rerun_pairs: 10,
};

fn settings() -> Settings {
    Settings {
        seed: 1,
        gates: 1,
        scenarios: 4,
        regime: Regime::Quiet,
        shape: None,
        workload: Workload::Latency,
        planted: 0,
        effect: 0.0,
        plan: PLAN,
        history: 3,
    }
}

/// Answers [`Judge::next`] from a list, notes what it was shown, and leaves the verdict to gate.
struct Scripted {
    steps: Mutex<Vec<Step>>,
    shown: Mutex<Vec<String>>,
}

impl Judge for Scripted {
    fn learn(&self, sides: [Side<'_>; 2]) -> Result<Noise, EvaluateError> {
        Gate::default().learn(sides)
    }

    fn next(
        &self,
        [baseline, candidate]: [Side<'_>; 2],
        known: &Known<'_>,
        _: Plan,
    ) -> Result<Step, EvaluateError> {
        let pairs = |side: Side<'_>| -> Vec<String> {
            let session = |s: &gate_schema::run::Session| {
                let of = |m: &gate_schema::run::Measured| m.repetitions.len().to_string();
                s.scenarios.iter().map(of).collect::<Vec<_>>().join("+")
            };
            side.run.sessions.iter().map(session).collect()
        };
        let canary = known.canary.map(|side| pairs(side).join(" "));
        self.shown.lock().unwrap().push(format!(
            "{} | {} | canary {}",
            pairs(baseline).join(" "),
            pairs(candidate).join(" "),
            canary.unwrap_or_default()
        ));
        let mut steps = self.steps.lock().unwrap();
        Ok(if steps.is_empty() {
            Step::Done
        } else {
            steps.remove(0)
        })
    }

    fn evaluate(&self, sides: [Side<'_>; 2], known: &Known<'_>) -> Result<Report, EvaluateError> {
        Gate::default().evaluate(sides, known)
    }
}

fn need(scenario: usize, pairs: u32, why: Why) -> Need {
    Need {
        scenario: Name::new(&format!("simulated/{scenario:04}")).unwrap(),
        pairs,
        why,
    }
}

#[test]
fn what_is_asked_for_is_measured_in_a_session_of_its_own() {
    let judge = Scripted {
        steps: Mutex::new(vec![
            Step::Canaries {
                scenarios: vec![need(1, 5, Why::Suspicious).scenario],
                pairs: 5,
            },
            Step::Pairs(vec![
                need(3, 10, Why::Suspicious),
                need(0, 10, Why::Suspicious),
                need(2, 40, Why::Undecided),
            ]),
            Step::Pairs(vec![need(0, 10, Why::Disagreeing)]),
            Step::Pairs(vec![need(2, 40, Why::Undecided)]),
        ]),
        shown: Mutex::default(),
    };
    let runs = simulate(&settings(), &judge).unwrap();
    assert_eq!(
        *judge.shown.lock().unwrap(),
        [
            "5+5+5+5 | 5+5+5+5 | canary ",
            "5+5+5+5 5 | 5+5+5+5 | canary 5",
            "5+5+5+5 5 10+10 | 5+5+5+5 10+10 | canary 5",
            "5+5+5+5 5 10+10 10 | 5+5+5+5 10+10 10 | canary 5",
        ]
    );
    let run = &runs[0];
    assert_eq!(
        (
            run.first_pairs,
            run.rerun_pairs,
            run.rerun_scenarios,
            run.canaries
        ),
        (20, 35, 3, true)
    );
}

#[test]
fn a_judge_that_never_ends_is_given_up() {
    let judge = Scripted {
        steps: Mutex::new(vec![Step::Pairs(vec![need(0, 1, Why::Disagreeing)]); 50]),
        shown: Mutex::default(),
    };
    assert_eq!(simulate(&settings(), &judge), Err(SimulateError::Endless));
}

#[test]
fn a_judge_that_asks_for_what_is_not_there_is_told() {
    let judge = Scripted {
        steps: Mutex::new(vec![Step::Pairs(vec![need(9, 1, Why::Suspicious)])]),
        shown: Mutex::default(),
    };
    let error = simulate(&settings(), &judge).unwrap_err();
    assert!(error.to_string().contains("simulated/0009"), "{error}");
}

#[test]
fn the_same_seed_gives_the_same_gates() {
    let settings = Settings {
        gates: 6,
        planted: 1,
        effect: 0.1,
        ..settings()
    };
    let run = |settings| simulate(settings, &Gate::default()).unwrap();
    assert_eq!(run(&settings), run(&settings));
    let other = Settings {
        seed: 2,
        ..settings
    };
    assert_ne!(run(&settings), run(&other));
}
