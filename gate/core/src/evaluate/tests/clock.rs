//! Times are known to a step of their clock and no better.

use super::*;

/// One metric, a time of these values.
fn time(values: Values) -> Case {
    Case {
        metrics: vec![("time", Unit::Nanoseconds, Direction::Lower, values)],
        ..case(1.0)
    }
}

/// One scenario in five pairs, read as this on both sides.
fn in_pairs(reading: f64) -> [Run; 2] {
    [(); 2].map(|()| {
        let mut run = time(Values::Exactly(reading)).sessions(1).run();
        for session in &mut run.sessions {
            session.mode = Mode::Paired;
            let repetitions = &mut session.scenarios[0].repetitions;
            for (pair, repetition) in (0..).zip(repetitions) {
                repetition.pair = Some(pair);
            }
        }
        run
    })
}

#[test]
fn readings_that_agree_to_a_coarse_step_show_no_margin() {
    for (label, reading, verdict) in [
        ("in seconds", 5e9, Verdict::Inconclusive),
        ("in milliseconds", 5e9 + 4e6, Verdict::Pass),
        ("in few milliseconds", 5e6, Verdict::Inconclusive),
        ("in microseconds", 5e6 + 4e3, Verdict::Pass),
        ("in nanoseconds", 5e6 + 4.0, Verdict::Pass),
        ("in few nanoseconds", 5.0, Verdict::Inconclusive),
        ("a mean of few nanoseconds", 5.25, Verdict::Pass),
    ] {
        let rounded = || time(Values::Exactly(reading));
        let report = judge(&rounded(), &rounded().sessions(2), &Policy::default());
        assert_eq!(report.rows[0].verdict, verdict, "{label}: {report:#?}");
        let [baseline, candidate] = in_pairs(reading);
        let report = judge_runs(&baseline, &candidate, &Policy::default());
        let report = report.expect("overlap");
        assert_eq!(report.rows[0].verdict, verdict, "{label}, in pairs");
    }
}
