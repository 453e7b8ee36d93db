//! A clock that was set back while a repetition was measured, or that is too coarse, fails nobody.

use gate_schema::run::{Anomaly, AnomalyKind, limits};

use super::*;

/// The same run with this time from repetition `kept` of its first session on, as it is read.
fn reading(time: f64, mut run: Run, kept: usize) -> Run {
    let repetitions = &mut run.sessions[0].scenarios[0].repetitions;
    for repetition in repetitions.iter_mut().skip(kept) {
        for (_, value) in &mut repetition.metrics {
            *value = MetricValue::Value(time);
        }
    }
    assert_eq!(run.validate().is_err(), kept < repetitions_of(&run));
    run.leave_out_misread();
    run.validate().expect("what is left is valid");
    run
}

fn repetitions_of(run: &Run) -> usize {
    run.sessions[0].scenarios[0].repetitions.len()
}

#[test]
fn times_that_the_clock_misread_are_left_out_and_leave_the_row_open() {
    use Verdict::{Inconclusive, Pass, Regressed};
    type Clock = fn(usize, usize) -> Reason;
    let within = (Pass, Reason::WithinMargin);
    let clocks: [(f64, Clock); 2] = [
        (-5.0, |have, need| Reason::ClockStepped { have, need }),
        (0.0, |have, need| Reason::ClockCoarse { have, need }),
    ];
    for (time, clock) in clocks {
        let clock = |have, need| (Inconclusive, clock(have, need));
        for (name, effects, [baseline, candidate], expected) in [
            ("in nobody's repetition", &[0.0][..], [5, 5], within.clone()),
            ("in one of the candidate's", &[0.0], [5, 4], clock(4, 5)),
            ("in all of the candidate's", &[0.0], [5, 0], clock(0, 5)),
            ("in one of the baseline's", &[0.0], [4, 5], clock(4, 5)),
            ("in all of the baseline's", &[0.0], [0, 5], clock(0, 5)),
            ("in all of both", &[0.0], [0, 0], clock(0, 5)),
            (
                "in the first session of two",
                &[0.2, 0.2],
                [5, 4],
                clock(9, 10),
            ),
            (
                "never, and it got worse",
                &[0.2, 0.2],
                [5, 5],
                (Regressed, Reason::BeyondMargin),
            ),
        ] {
            let [first, second] = runs(&[pairs("s", effects)]);
            let runs = [
                reading(time, first, baseline),
                reading(time, second, candidate),
            ];
            let (report, step) = check(&runs, Some(&calibrated(&["s"])), &Policy::default());
            let row = of(&report, "s");
            let found = (row.verdict, row.reason.clone());
            assert_eq!(found, expected, "{time} {name}: {row:#?}");
            assert!(report.failures.is_empty(), "{time} {name}");
            // No number of pairs gives a repetition what it lacks.
            assert_eq!(step, Step::Done, "{time} {name}");
        }
    }
}

/// Both runs as sessions of their own.
fn stored() -> [Run; 2] {
    let mut runs = runs(&[pairs("s", &[0.0; 5])]);
    for (run, side) in runs.iter_mut().zip(["base", "candidate"]) {
        for session in &mut run.sessions {
            session.id.push_str(side);
            session.mode = Mode::Single;
            for repetition in &mut session.scenarios[0].repetitions {
                repetition.pair = None;
            }
        }
    }
    runs
}

/// What it leaves are the slow repetitions: against them a slower candidate would pass.
#[test]
fn what_a_coarse_clock_leaves_of_a_stored_baseline_is_no_level() {
    for (time, reason) in [
        (-5.0, None),
        (0.0, Some(Reason::ClockCoarse { have: 24, need: 25 })),
    ] {
        let [baseline, candidate] = stored();
        let runs = [reading(time, baseline, 4), candidate];
        let (report, _) = check(&runs, None, &Policy::default());
        let row = of(&report, "s");
        assert_eq!(row.effect.is_some(), reason.is_none(), "{row:#?}");
        assert!(reason.is_none_or(|reason| row.reason == reason), "{row:#?}");
    }
}

/// Nor are they what a budget limits.
#[test]
fn what_a_coarse_clock_leaves_breaks_no_budget() {
    let policy = policy(vec![budget("time", Operator::AtMost, 500.0)]);
    for (time, verdict) in [(-5.0, Verdict::OverBudget), (0.0, Verdict::Inconclusive)] {
        let [baseline, candidate] = stored();
        let runs = [baseline, reading(time, candidate, 4)];
        let (report, _) = check(&runs, None, &policy);
        let row = of(&report, "s");
        assert_eq!(row.verdict, verdict, "{row:#?}");
    }
}

#[test]
fn only_as_many_missing_times_are_excused_as_were_misread() {
    let [baseline, candidate] = runs(&[pairs("s", &[0.0])]);
    for (time, kind, what) in [
        (-5.0, AnomalyKind::ClockStepped, "time is below zero"),
        (0.0, AnomalyKind::ClockCoarse, "time is zero"),
    ] {
        let mut candidate = reading(time, candidate.clone(), 4);
        let repetitions = &mut candidate.sessions[0].scenarios[0].repetitions;
        let said = &repetitions[4].anomalies;
        assert_eq!((said[0].kind, said[0].said.as_str()), (kind, what));
        for (kept, verdict, reason) in [
            (
                3,
                Verdict::Inconclusive,
                Reason::PartlyMeasured { have: 3, need: 5 },
            ),
            (0, Verdict::Missing, Reason::NotMeasured),
        ] {
            for repetition in candidate.sessions[0].scenarios[0]
                .repetitions
                .iter_mut()
                .skip(kept)
            {
                repetition.metrics.clear();
            }
            let runs = [baseline.clone(), candidate.clone()];
            let (report, _) = check(&runs, None, &Policy::default());
            let row = of(&report, "s");
            assert_eq!((row.verdict, &row.reason), (verdict, &reason), "{row:#?}");
        }
    }
}

/// A size or a rate of zero is what programs write for "not measured", and no clock excuses a size.
#[test]
fn what_is_no_time_is_refused_as_before() {
    for (unit, value) in [
        (Unit::PerSecond, 0.0),
        (Unit::Bytes, 0.0),
        (Unit::Bytes, -5.0),
    ] {
        let mut sized = pairs("s", &[0.0]);
        sized.unit = unit;
        let [mut run, _] = runs(&[sized]);
        run.sessions[0].scenarios[0].repetitions[0].metrics[0].1 = MetricValue::Value(value);
        let unread = run.clone();
        run.leave_out_misread();
        assert_eq!(run, unread, "{value} {unit}");
        assert!(run.validate().is_err(), "{value} {unit}");
    }
}

/// A repetition tells a limited number of things, of which this is one.
#[test]
fn what_was_unusual_besides_makes_room() {
    let [mut run, _] = runs(&[pairs("s", &[0.0])]);
    let other = Anomaly {
        kind: AnomalyKind::Other,
        said: "odd".to_owned(),
    };
    let most = limits::ANOMALIES;
    run.sessions[0].scenarios[0].repetitions[4].anomalies = vec![other; most];
    let run = reading(0.0, run, 4);
    let anomalies = &run.sessions[0].scenarios[0].repetitions[4].anomalies;
    assert_eq!(anomalies.len(), most);
    assert_eq!(anomalies[most - 1].kind, AnomalyKind::ClockCoarse);
}
