//! The series of a run for people: one line per repetition.

use std::fmt::Write;

use gate_schema::run::{DeclaredMetric, Kind, MetricValue, Run, Series};
use gate_schema::unit::Unit;

use crate::layers::time;
use crate::needs::Size;
use crate::slope::Slope;

/// Columns of a line of digits.
const COLUMNS: usize = 50;

/// Every series of `run`: its course as digits, from 0 for the least of the line to 9 for the most, and
/// whether it grows.
#[must_use]
pub fn series(run: &Run) -> String {
    let mut text = String::new();
    for declared in &run.manifest.scenarios {
        let of_kind = |metric: &&DeclaredMetric| metric.kind == Kind::Series;
        for metric in declared.metrics.iter().filter(of_kind) {
            let _ = writeln!(text, "{} {}", declared.scenario, metric.name);
            let sessions = run.sessions.iter().flat_map(|session| &session.scenarios);
            let repetitions = sessions
                .filter(|measured| measured.scenario == declared.scenario)
                .flat_map(|measured| &measured.repetitions);
            for (number, repetition) in (1..).zip(repetitions) {
                let course = match repetition.metric(&metric.name) {
                    Some(MetricValue::Series(series)) => course(series, metric.unit),
                    _ => "not measured".to_owned(),
                };
                let _ = writeln!(text, "{number:>4}  {course}");
            }
        }
    }
    if text.is_empty() {
        return "The document declares no series.\n".to_owned();
    }
    text
}

fn course(series: &Series, unit: Unit) -> String {
    let points = &series.series;
    let ends =
        |pick: fn(f64, f64) -> f64, start| points.iter().fold(start, |end, p| pick(end, p.1));
    let (least, most) = (
        ends(f64::min, f64::INFINITY),
        ends(f64::max, f64::NEG_INFINITY),
    );
    let columns = COLUMNS.min(points.len());
    let digit = |column: usize| {
        let (_, value) = points[column * points.len() / columns];
        let share = (value - least) / (most - least);
        // Flat: no distance to divide by.
        let share = if share.is_finite() { share } else { 0.0 };
        char::from(b'0' + (share * 9.0).round() as u8)
    };
    let digits: String = (0..columns).map(digit).collect();
    let seconds = points.last().map_or(0.0, |(at, _)| *at);
    let grows = match Slope::of(points) {
        Some(slope) if slope.is_growing() => {
            format!(", grows by {}/s", shown(slope.per_unit, unit))
        }
        _ => String::new(),
    };
    let (least, most) = (shown(least, unit), shown(most, unit));
    format!("{digits}  {least} to {most} in {seconds:.1} s{grows}")
}

fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Bytes => Size(value as u64).to_string(),
        Unit::Nanoseconds => time(value),
        Unit::Count => trimmed(format!("{value:.3}")),
        // Recall is told to a hundredth of a point.
        Unit::Ratio => trimmed(format!("{value:.4}")),
        unit => format!("{value:.3} {unit}"),
    }
}

/// Without zeros behind the point.
fn trimmed(number: String) -> String {
    let number = number.trim_end_matches('0').trim_end_matches('.');
    number.to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use gate_schema::run::{
        Check, Declared, Environment, Manifest, Measured, Mode, Repetition, Session, Source,
    };
    use gate_schema::unit::Direction;

    use super::*;
    use crate::document::Parts;
    use crate::scenario::{metric, name};

    fn run(unit: Unit, repetitions: Vec<Option<Vec<(f64, f64)>>>) -> Run {
        let repetition = |points: Option<Vec<(f64, f64)>>| {
            let series = points.map(|series| {
                let series = MetricValue::Series(Box::new(Series { series }));
                (name("watched"), series)
            });
            Repetition::new(series.into_iter().collect()).expect("nothing twice")
        };
        Run::from(Parts {
            id: "run".into(),
            created: SystemTime::UNIX_EPOCH,
            source: Source::default(),
            environment: Environment::default(),
            manifest: Manifest {
                tier: None,
                scenarios: vec![Declared {
                    scenario: name("a/b"),
                    params: [].into(),
                    input: None,
                    metrics: vec![metric("watched", Kind::Series, unit, Direction::Lower)],
                }],
            },
            sessions: vec![Session {
                id: "run/1".into(),
                start: "1970-01-01T00:00:00Z".into(),
                mode: Mode::Single,
                scenarios: vec![Measured {
                    scenario: name("a/b"),
                    check: Check::None,
                    recording_overhead_ns: None,
                    repetitions: repetitions.into_iter().map(repetition).collect(),
                }],
            }],
            failures: vec![],
        })
    }

    #[test]
    fn figures_are_shown_as_people_read_them() {
        for (value, unit, expected) in [
            (5e6, Unit::Bytes, "5.00 MB"),
            (215_606.0, Unit::Nanoseconds, "216 us"),
            (0.991_4, Unit::Ratio, "0.9914"),
            (0.000_21, Unit::Ratio, "0.0002"),
            (1.0, Unit::Ratio, "1"),
            (0.0, Unit::Ratio, "0"),
            (20.0, Unit::Count, "20"),
            (6.5, Unit::Count, "6.5"),
        ] {
            assert_eq!(shown(value, unit), expected);
        }
    }

    #[test]
    fn a_course_is_shown_and_growth_is_said() {
        let over = |value: fn(f64) -> f64| {
            let points = (0..100).map(|at| (f64::from(at) / 50.0, value(f64::from(at))));
            Some(points.collect())
        };
        let memory = run(
            Unit::Bytes,
            vec![
                over(|at| 1e6 + 1e4 * at),
                over(|_| 5e6),
                Some(vec![(0.0, 1e9)]),
                None,
            ],
        );
        insta::assert_snapshot!(series(&memory), @r"
        a/b watched
           1  00011111122222333333444445555556666677777788888999  1.00 MB to 1.99 MB in 2.0 s, grows by 500 kB/s
           2  00000000000000000000000000000000000000000000000000  5.00 MB to 5.00 MB in 2.0 s
           3  0  1.00 GB to 1.00 GB in 0.0 s
           4  not measured
        ");
        let segments = run(
            Unit::Count,
            vec![over(|at| 6.0 + (at / 10.0).floor() % 3.0)],
        );
        insta::assert_snapshot!(series(&segments), @r"
        a/b watched
           1  00000555559999900000555559999900000555559999900000  6 to 8 in 2.0 s
        ");
        let nothing = run(Unit::Count, vec![]);
        insta::assert_snapshot!(series(&nothing), @"a/b watched");
    }
}
