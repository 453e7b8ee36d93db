//! A series is shown and not judged.

use gate_schema::report::Series;
use gate_schema::run::{self, DeclaredMetric, Kind};

use super::*;

/// `run` with memory over time, twice `level` after a second; or only declared.
fn with_series(mut run: Run, level: Option<f64>) -> Run {
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
        let series = level.map(|level| run::Series {
            series: vec![(0.0, level), (1.0, 2.0 * level)],
        });
        let series = series.map(|series| MetricValue::Series(Box::new(series)));
        let measured = series.map(|series| (name("zz_memory"), series));
        repetition.metrics.extend(measured);
    }
    run.validate().expect("a series is valid");
    run
}

fn both(baseline: &Case, candidate: &Case) -> Report {
    let (baseline, candidate) = (baseline.run(), candidate.run());
    let runs = [(baseline, 1e6), (candidate, 2e6)];
    let [baseline, candidate] = runs.map(|(run, level)| with_series(run, Some(level)));
    judge_runs(&baseline, &candidate, &Policy::default()).expect("overlap")
}

/// The medians of both sides.
fn medians(series: &Series) -> [Option<f64>; 2] {
    [&series.baseline, &series.candidate].map(|side| side.as_ref().map(|course| course.median))
}

#[test]
fn a_series_has_no_row_and_changes_none() {
    let (baseline, candidate) = (case(100.0).run(), case(120.0).sessions(2).run());
    let plain = judge_runs(&baseline, &candidate, &Policy::default()).expect("overlap");
    assert_eq!(plain.series, []);
    for measured in [[true, true], [true, false], [false, true], [false, false]] {
        let [baseline, candidate] = [(&baseline, measured[0]), (&candidate, measured[1])]
            .map(|(run, is_measured)| with_series(run.clone(), is_measured.then_some(1e6)));
        let report = judge_runs(&baseline, &candidate, &Policy::default()).expect("overlap");
        assert_eq!(report.rows, plain.rows, "{measured:?}");
        let medians: Vec<_> = report.series.iter().map(medians).collect();
        let shown = measured.map(|is_measured| is_measured.then_some(1.5e6));
        let expected = shown.iter().any(Option::is_some).then_some(shown);
        assert_eq!(medians, Vec::from_iter(expected), "{measured:?}");
    }
}

#[test]
fn both_sides_are_shown_side_by_side() {
    let report = both(&case(100.0), &case(100.0).sessions(2));
    let [series] = &report.series[..] else {
        panic!("one series: {:?}", report.series);
    };
    assert_eq!(series.metric, name("zz_memory"));
    assert_eq!(
        (series.unit, series.direction),
        (Unit::Bytes, Direction::Lower)
    );
    let sides = [&series.baseline, &series.candidate];
    let sides = sides.map(|side| side.as_ref().expect("known"));
    assert_eq!(sides.map(|side| side.repetitions), [30, 10]);
    assert_eq!(sides[0].points, [(0.0, 1e6), (1.0, 2e6)]);
    assert_eq!(sides[1].points, [(0.0, 2e6), (1.0, 4e6)]);
}

#[test]
fn a_baseline_that_cannot_be_compared_is_left_out() {
    let alone = [None, Some(3e6)];
    let elsewhere = Case {
        cpu: "Zen 4",
        ..case(100.0)
    };
    let otherwise = Case {
        items: 11,
        ..case(100.0)
    };
    for (case_, baseline) in [("machine", elsewhere), ("workload", otherwise)] {
        let report = both(&baseline, &case(100.0));
        let medians: Vec<_> = report.series.iter().map(medians).collect();
        assert_eq!(medians, [alone], "another {case_}");
    }
    let [mut baseline, candidate] =
        [1e6, 2e6].map(|level| with_series(case(100.0).run(), Some(level)));
    for metric in &mut baseline.manifest.scenarios[0].metrics {
        if metric.kind == Kind::Series {
            metric.unit = Unit::Count;
        }
    }
    let report = judge_runs(&baseline, &candidate, &Policy::default()).expect("overlap");
    let shown: Vec<_> = report.series.iter().map(|s| (s.unit, medians(s))).collect();
    assert_eq!(shown, [(Unit::Bytes, alone)], "another unit");
}

#[test]
fn a_wrong_answer_has_no_course() {
    let wrong = Case {
        check: Check::Failed,
        ..case(100.0)
    };
    let report = both(&case(100.0), &wrong);
    let medians: Vec<_> = report.series.iter().map(medians).collect();
    assert_eq!(medians, [[Some(1.5e6), None]]);
}

#[test]
fn no_more_are_kept_than_somebody_looks_at() {
    let most = crate::series::MOST_SERIES;
    let mut candidate = case(100.0).run();
    let scenario = &mut candidate.manifest.scenarios[0];
    let names: Vec<_> = (0..most + 5)
        .map(|at| name(&format!("series-{at}")))
        .collect();
    scenario
        .metrics
        .extend(names.iter().map(|name| DeclaredMetric {
            name: name.clone(),
            kind: Kind::Series,
            unit: Unit::Count,
            direction: Direction::Lower,
            at: None,
        }));
    let repetition = &mut candidate.sessions[0].scenarios[0].repetitions[0];
    repetition.metrics.extend(names.into_iter().map(|name| {
        let series = vec![(1.0, 1.0)];
        (name, MetricValue::Series(Box::new(run::Series { series })))
    }));
    repetition.metrics.sort_by(|a, b| a.0.cmp(&b.0));
    let report = judge_runs(&case(100.0).run(), &candidate, &Policy::default());
    assert_eq!(report.expect("overlap").series.len(), most);
}
