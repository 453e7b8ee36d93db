//! A clock that was set back while a repetition was measured fails nobody.

use gate_schema::run::AnomalyKind;

use super::*;

/// The same run with negative times from repetition `kept` of its first session on, as it is read.
fn set_back(mut run: Run, kept: usize) -> Run {
    let repetitions = &mut run.sessions[0].scenarios[0].repetitions;
    for repetition in repetitions.iter_mut().skip(kept) {
        for (_, value) in &mut repetition.metrics {
            *value = MetricValue::Value(-5.0);
        }
    }
    assert_eq!(run.validate().is_err(), kept < repetitions_of(&run));
    run.leave_out_stepped();
    run.validate().expect("what is left is valid");
    run
}

fn repetitions_of(run: &Run) -> usize {
    run.sessions[0].scenarios[0].repetitions.len()
}

#[test]
fn times_of_a_clock_that_was_set_back_are_left_out_and_leave_the_row_open() {
    use Verdict::{Inconclusive, Pass, Regressed};
    let clock = |have, need| (Inconclusive, Reason::ClockStepped { have, need });
    let within = (Pass, Reason::WithinMargin);
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
        let runs = [set_back(first, baseline), set_back(second, candidate)];
        let (report, _) = check(&runs, Some(&calibrated(&["s"])), &Policy::default());
        let row = of(&report, "s");
        let found = (row.verdict, row.reason.clone());
        assert_eq!(found, expected, "{name}: {row:#?}");
        assert!(report.failures.is_empty(), "{name}");
    }
}

#[test]
fn only_as_many_missing_times_are_excused_as_clocks_were_set_back() {
    let [baseline, candidate] = runs(&[pairs("s", &[0.0])]);
    let mut candidate = set_back(candidate, 4);
    let repetitions = &mut candidate.sessions[0].scenarios[0].repetitions;
    let said = &repetitions[4].anomalies;
    assert_eq!(said[0].kind, AnomalyKind::ClockStepped);
    assert_eq!(said[0].said, "time is below zero");
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

/// Zero is what programs write for "not measured", and no clock excuses a size.
#[test]
fn what_is_no_negative_time_is_refused_as_before() {
    for (unit, value) in [(Unit::Nanoseconds, 0.0), (Unit::Bytes, -5.0)] {
        let mut sized = pairs("s", &[0.0]);
        sized.unit = unit;
        let [mut run, _] = runs(&[sized]);
        run.sessions[0].scenarios[0].repetitions[0].metrics[0].1 = MetricValue::Value(value);
        run.leave_out_stepped();
        assert!(!run.has_stepped(), "{value} {unit}");
        assert!(run.validate().is_err(), "{value} {unit}");
    }
}
