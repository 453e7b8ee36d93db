//! What was unusual while rows were measured, and that it changes no verdict.

use gate_schema::report::{Disturbed, SideName};
use gate_schema::run::{Anomaly, AnomalyKind};

use super::*;

/// `run` with an anomaly of each kind in the first repetitions of each session.
fn disturbed(mut run: Run, repetitions: usize, kinds: &[AnomalyKind]) -> Run {
    let measured = run.sessions.iter_mut().flat_map(|s| &mut s.scenarios);
    for measured in measured {
        for repetition in measured.repetitions.iter_mut().take(repetitions) {
            let anomaly = |kind: &AnomalyKind| Anomaly {
                kind: *kind,
                said: "odd".into(),
            };
            repetition.anomalies = kinds.iter().map(anomaly).collect();
        }
    }
    run.validate().expect("anomalies are valid");
    run
}

#[test]
fn what_disturbed_is_told_of_rows_in_doubt_and_decides_nothing() {
    use AnomalyKind::{Interrupted, Stolen};
    let bytes = |case: Case, level| {
        let values = Values::Around(level);
        case.with("size", Unit::Bytes, Direction::Lower, values)
    };
    let baseline = bytes(case(100.0), 1_000.0).run();
    let worse = bytes(case(120.0).sessions(2), 1_200.0).run();
    let same = bytes(case(100.0).sessions(2), 1_000.0).run();
    let told = |candidate: &Run, policy: &Policy| {
        let plain = judge_runs(&baseline, candidate, policy).expect("overlap");
        let odd = disturbed(candidate.clone(), 3, &[Stolen, Interrupted, Stolen]);
        let report = judge_runs(&baseline, &odd, policy).expect("overlap");
        let verdicts = |report: &Report| -> Vec<_> {
            let rows = report.rows.iter();
            rows.map(|row| (row.metric.clone(), row.verdict, row.reason.clone()))
                .collect()
        };
        assert_eq!(verdicts(&report), verdicts(&plain));
        assert!(plain.rows.iter().all(|row| row.disturbed.is_empty()));
        let of = |metric| {
            let mut rows = report.rows.iter();
            let row = rows.find(|row| row.metric == name(metric));
            row.expect("is a row").disturbed.clone()
        };
        (of("time"), of("size"))
    };
    let disturbed = Disturbed {
        side: SideName::Candidate,
        repetitions: 6,
        of: 10,
        by: vec![Stolen, Interrupted],
    };
    // No neighbour makes an index larger.
    let none = Policy::default();
    assert_eq!(told(&worse, &none), (vec![disturbed.clone()], vec![]));
    assert_eq!(told(&same, &none), (vec![], vec![]));
    let over = policy(vec![budget("time", Operator::AtMost, 90.0)]);
    assert_eq!(told(&same, &over), (vec![disturbed], vec![]));
}
