//! The baseline against itself: steady, unsteady, and not to be measured at all.

use gate_schema::report::SideName;

use super::*;

const IDS: [&str; 4] = ["a", "b", "c", "d"];

/// What the canary session left of the scenarios a, b and c.
#[derive(Clone, Copy)]
enum Left {
    /// Measured in full, so much above itself.
    Above(f64),
    /// The first repetition of the second arm crashed.
    Crashed,
    /// So many pairs, and no more.
    Pairs(usize),
}

/// The baseline and its second arm after a session of canaries.
fn canaries(baseline: &Run, left: [Left; 3]) -> [Run; 2] {
    let names = [IDS[0], IDS[1], IDS[2]];
    let effect = |left: Left| match left {
        Left::Above(effect) => effect,
        Left::Crashed | Left::Pairs(_) => 0.0,
    };
    let all: Vec<Pairs> = names
        .iter()
        .zip(left)
        .map(|(id, left)| pairs(id, &[effect(left)]))
        .collect();
    let [mut again, mut canary] = runs(&all);
    for run in [&mut again, &mut canary] {
        run.sessions[0].id = "check/canary".into();
        for (measured, left) in run.sessions[0].scenarios.iter_mut().zip(left) {
            if let Left::Pairs(pairs) = left {
                measured.repetitions.truncate(pairs);
            }
        }
    }
    let crashed = |id: &str| {
        let at = names.iter().position(|name| *name == id);
        at.is_some_and(|at| matches!(left[at], Left::Crashed))
    };
    canary.sessions[0]
        .scenarios
        .retain(|measured| !crashed(measured.scenario.as_str()));
    canary.sessions.retain(|s| !s.scenarios.is_empty());
    canary.failures = names
        .iter()
        .filter(|id| crashed(id))
        .map(|id| Failure {
            scenario: name(id),
            session: Some("check/canary".into()),
            pair: Some(0),
            how: "killed by signal 11".into(),
            stderr: Vec::new(),
        })
        .collect();
    canary.validate().expect("a valid run");
    let mut baseline = baseline.clone();
    baseline.sessions.append(&mut again.sessions);
    [baseline, canary]
}

#[test]
fn only_canaries_that_were_compared_and_agree_show_a_steady_machine() {
    use Left::*;
    let noise = calibrated(&IDS);
    let [baseline, candidate] = runs(&IDS.map(|id| pairs(id, &[0.10, 0.10])));
    for (name, left, fired, unusable, outcome) in [
        ("all agree", [Above(0.0); 3], 0, 0, Outcome::Fail),
        (
            "one differs",
            [Above(0.1), Above(0.0), Above(0.0)],
            1,
            0,
            Outcome::Undecided,
        ),
        (
            "one crashed",
            [Crashed, Above(0.0), Above(0.0)],
            0,
            1,
            Outcome::Undecided,
        ),
        ("all crashed", [Crashed; 3], 0, 3, Outcome::Undecided),
        (
            "one differs and one crashed",
            [Above(0.1), Crashed, Above(0.0)],
            1,
            1,
            Outcome::Undecided,
        ),
        (
            "one with too few pairs to tell",
            [Pairs(2), Above(0.0), Above(0.0)],
            0,
            1,
            Outcome::Undecided,
        ),
    ] {
        let [baseline, canary] = canaries(&baseline, left);
        let seen = [&baseline, &candidate, &canary].map(observed);
        let [judged, candidate, canary] = [
            (&baseline, &seen[0]),
            (&candidate, &seen[1]),
            (&canary, &seen[2]),
        ]
        .map(|(run, observed)| Side { run, observed });
        let known = Known {
            noise: Some(&noise),
            canary: Some(canary),
            ..Known::default()
        };
        let policy = Policy::default();
        let report = evaluate(judged, candidate, &known, &policy).expect("judged");
        let found = report.canaries.as_ref().expect("they are told");
        assert_eq!(
            (
                found.scenarios.len(),
                found.fired.len(),
                found.unusable.len()
            ),
            (3, fired, unusable),
            "{name}"
        );
        assert_eq!(report.outcome, outcome, "{name}");
        let crashes = canary.run.failures.len();
        assert_eq!(report.failures.len(), crashes, "{name}");
        assert!(
            (report.failures.iter()).all(|failed| failed.side == SideName::Baseline),
            "{name}: the canary is the baseline's build"
        );
        // Whatever came of them, they are not asked for again.
        let step = next(judged, candidate, &known, &policy, PLAN).expect("judged");
        assert_eq!(step, Step::Done, "{name}");
    }
}

#[test]
fn a_canary_without_timings_tells_nothing_and_is_not_held_against_the_machine() {
    let bytes = |id: &str, effects: &[f64]| Pairs {
        unit: Unit::Bytes,
        ..pairs(id, effects)
    };
    let noise = calibrated(&IDS);
    let [baseline, candidate] = runs(&IDS.map(|id| bytes(id, &[0.10])));
    let [mut again, mut canary] = runs(&IDS.map(|id| bytes(id, &[0.0])));
    for run in [&mut again, &mut canary] {
        run.sessions[0].id = "check/canary".into();
    }
    let mut baseline = baseline;
    baseline.sessions.append(&mut again.sessions);
    let seen = [&baseline, &candidate, &canary].map(observed);
    let [judged, candidate, canary] = [
        (&baseline, &seen[0]),
        (&candidate, &seen[1]),
        (&canary, &seen[2]),
    ]
    .map(|(run, observed)| Side { run, observed });
    let known = Known {
        noise: Some(&noise),
        canary: Some(canary),
        ..Known::default()
    };
    let step = next(judged, candidate, &known, &Policy::default(), PLAN).expect("judged");
    assert!(matches!(step, Step::Pairs(_)), "{step:?}");
}

#[test]
fn no_timing_breaks_its_budget_on_an_unsteady_machine() {
    let noise = calibrated(&IDS);
    let [baseline, candidate] = runs(&IDS.map(|id| pairs(id, &[1.0, 1.0])));
    for margin in [None, Some(Margin::Unjudged)] {
        let rule = Rule {
            metric: "time".into(),
            margin,
            line: 1,
            ..Rule::default()
        };
        let policy = policy(vec![rule, budget("time", Operator::AtMost, 1500.0)]);
        for (name, left, verdict, reason, outcome) in [
            (
                "steady",
                [Left::Above(0.0); 3],
                Verdict::OverBudget,
                Reason::Budget,
                Outcome::Fail,
            ),
            (
                "unsteady",
                [Left::Crashed; 3],
                Verdict::Inconclusive,
                Reason::Unsteady,
                Outcome::Undecided,
            ),
        ] {
            let [baseline, canary] = canaries(&baseline, left);
            let seen = [&baseline, &candidate, &canary].map(observed);
            let [judged, candidate, canary] = [
                (&baseline, &seen[0]),
                (&candidate, &seen[1]),
                (&canary, &seen[2]),
            ]
            .map(|(run, observed)| Side { run, observed });
            let known = Known {
                noise: Some(&noise),
                canary: Some(canary),
                ..Known::default()
            };
            let report = evaluate(judged, candidate, &known, &policy).expect("judged");
            for row in &report.rows {
                let found = (row.verdict, row.reason.clone(), report.outcome);
                assert_eq!(
                    found,
                    (verdict, reason.clone(), outcome),
                    "{name}, {margin:?}"
                );
            }
        }
    }
}

#[test]
fn scenarios_that_cannot_look_worse_by_chance_do_not_make_many_few() {
    let mut all: Vec<Pairs> = IDS.iter().map(|id| pairs(id, &[0.10])).collect();
    // Twelve more of which a budget asks, and nothing else: four of sixteen would be few.
    all.extend((0..12).map(|at| pairs(&format!("held/{at}"), &[0.0])));
    let held = Rule {
        scenario: "held/*".into(),
        margin: Some(Margin::Unjudged),
        ..budget("time", Operator::AtMost, 1e9)
    };
    let (_, step) = check(&runs(&all), Some(&calibrated(&IDS)), &policy(vec![held]));
    assert!(matches!(step, Step::Canaries { .. }), "{step:?}");
}

#[test]
fn when_many_look_worse_the_baseline_is_doubted_first() {
    let all = IDS.map(|id| pairs(id, &[0.10]));
    let [baseline, candidate] = runs(&all);
    let noise = calibrated(&IDS);
    let (_, step) = check(
        &[baseline.clone(), candidate.clone()],
        Some(&noise),
        &Policy::default(),
    );
    let Step::Canaries {
        scenarios,
        pairs: 5,
    } = step
    else {
        panic!("canaries, not {step:?}")
    };
    assert_eq!(scenarios.len(), 3);

    // The baseline once more in a session of its own: as it was, or 10 % off.
    for (effect, fired) in [(0.0, 0), (0.10, 3)] {
        let mut first = baseline.clone();
        let [again, mut canary] = runs(&["a", "b", "c"].map(|id| pairs(id, &[effect])));
        canary.sessions[0].id = "check/canary".into();
        first.sessions.push(Session {
            id: "check/canary".into(),
            ..again.sessions[0].clone()
        });
        let second = runs(&IDS.map(|id| pairs(id, &[0.10, 0.10])));
        let seen = [&first, &second[1], &canary].map(observed);
        let [judged, candidate, canary] = [
            (&first, &seen[0]),
            (&second[1], &seen[1]),
            (&canary, &seen[2]),
        ]
        .map(|(run, observed)| Side { run, observed });
        let known = Known {
            noise: Some(&noise),
            canary: Some(canary),
            ..Known::default()
        };
        let report = evaluate(judged, candidate, &known, &Policy::default()).expect("judged");
        let canaries = report.canaries.as_ref().expect("they are told");
        assert_eq!(canaries.fired.len(), fired);
        if fired > 0 {
            assert_eq!(report.outcome, Outcome::Undecided);
            let reasons: Vec<&Reason> = report.rows.iter().map(|row| &row.reason).collect();
            assert_eq!(reasons, [&Reason::Unsteady; 4]);
            let step = next(judged, candidate, &known, &Policy::default(), PLAN).expect("judged");
            assert_eq!(step, Step::Done, "nothing here is worth measuring again");
        }
    }
}
