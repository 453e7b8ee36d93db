use std::sync::Mutex;

use gate_core::evaluate::Side;
use gate_core::next::{Need, Step, Why};
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
        budget: 1.0,
        history: 3,
        stored: None,
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

fn scripted(steps: Vec<Step>) -> Scripted {
    Scripted {
        steps: Mutex::new(steps),
        shown: Mutex::default(),
    }
}

#[test]
fn what_is_asked_for_is_measured_in_a_session_of_its_own() {
    let judge = scripted(vec![
        Step::Canaries {
            scenarios: vec![need(1, 5, Why::Suspicious).scenario],
            pairs: 5,
        },
        Step::Pairs(vec![
            need(3, 10, Why::Suspicious),
            need(0, 10, Why::Suspicious),
        ]),
        Step::Pairs(vec![need(0, 10, Why::Disagreeing)]),
        // No time is left.
        Step::Pairs(vec![need(2, 3, Why::Undecided)]),
    ]);
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
            run.spare_pairs,
            run.canaries
        ),
        (20, 35, 3, 0, true)
    );
}

#[test]
fn time_left_goes_to_the_first_undecided_scenario_that_fits() {
    // 60 pairs of time: 20 for the first session, 10 required, then 30 are left, 20, and 8.
    let undecided = || {
        Step::Pairs(vec![
            need(3, 31, Why::Undecided),
            need(2, 10, Why::Undecided),
            need(1, 12, Why::Undecided),
        ])
    };
    let judge = scripted(vec![
        Step::Pairs(vec![need(0, 10, Why::Suspicious)]),
        undecided(),
        Step::Pairs(vec![need(1, 12, Why::Undecided)]),
        undecided(),
    ]);
    let settings = Settings {
        budget: 3.0,
        ..settings()
    };
    let runs = simulate(&settings, &judge).unwrap();
    assert_eq!(
        judge.shown.lock().unwrap().last().unwrap(),
        "5+5+5+5 10 10 12 | 5+5+5+5 10 10 12 | canary "
    );
    let run = &runs[0];
    assert_eq!(
        (run.rerun_pairs, run.spare_pairs, run.spare_sessions),
        (10, 22, 2)
    );
}

#[test]
fn time_left_decides_rows_and_time_that_is_not_left_decides_none() {
    let undecided = |budget| {
        let settings = Settings {
            gates: 20,
            scenarios: 10,
            budget,
            ..settings()
        };
        let runs = simulate(&settings, &Gate::default()).unwrap();
        let sum = |of: fn(&GateRun) -> u64| runs.iter().map(of).sum::<u64>();
        (sum(|run| run.undecided), sum(|run| run.spare_pairs))
    };
    let (without, spent) = undecided(1.0);
    let (with, spare) = undecided(20.0);
    assert_eq!(spent, 0);
    assert!(
        with < without && spare > 0,
        "{with} of {without}, {spare} pairs"
    );
}

#[test]
fn a_judge_that_never_ends_is_given_up() {
    let endless = vec![Step::Pairs(vec![need(0, 1, Why::Disagreeing)]); MAX_STEPS];
    let settings = Settings {
        scenarios: 1,
        ..settings()
    };
    let answer = simulate(&settings, &scripted(endless));
    assert_eq!(answer, Err(SimulateError::Endless));
}

#[test]
fn a_judge_that_asks_for_what_is_not_there_is_told() {
    let judge = scripted(vec![Step::Pairs(vec![need(9, 1, Why::Suspicious)])]);
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
