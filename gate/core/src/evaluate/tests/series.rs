//! A series is shown and not judged.

use gate_schema::run::{DeclaredMetric, Kind, Series};

use super::*;

/// `run` with memory over time in each repetition, or only declared.
fn with_series(mut run: Run, is_measured: bool) -> Run {
    let declared = DeclaredMetric {
        name: name("zz_memory"),
        kind: Kind::Series,
        unit: Unit::Bytes,
        direction: Direction::Lower,
        at: None,
    };
    run.manifest.scenarios[0].metrics.push(declared);
    let measured = run.sessions.iter_mut().flat_map(|s| &mut s.scenarios);
    for repetition in measured.flat_map(|measured| &mut measured.repetitions) {
        let series = MetricValue::Series(Box::new(Series {
            series: vec![(0.0, 1e6), (1.0, 2e6)],
        }));
        let measured = is_measured.then(|| (name("zz_memory"), series));
        repetition.metrics.extend(measured);
    }
    run.validate().expect("a series is valid");
    run
}

#[test]
fn a_series_has_no_row_and_changes_none() {
    let (baseline, candidate) = (case(100.0).run(), case(120.0).sessions(2).run());
    let plain = judge_runs(&baseline, &candidate, &Policy::default()).expect("overlap");
    for measured in [[true, true], [true, false], [false, true]] {
        let [baseline, candidate] = [(&baseline, measured[0]), (&candidate, measured[1])]
            .map(|(run, is_measured)| with_series(run.clone(), is_measured));
        let report = judge_runs(&baseline, &candidate, &Policy::default()).expect("overlap");
        assert_eq!(report.rows, plain.rows, "{measured:?}");
    }
}
