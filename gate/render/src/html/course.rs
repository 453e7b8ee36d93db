//! A figure over time, drawn: both sides over the same axes.

use gate_schema::report::{Course, Series};
use gate_schema::unit::Unit;

use super::axis::{Axis, tick};
use super::scene::{Scene, Shape};
use crate::escape::Target;
use crate::quantity;

/// Smaller than the drawings of a row: a scenario has several that are looked at together.
const WIDTH: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 16.0;
/// Where the figures begin and end; above them the names of the sides, below the seconds.
const TOP: f64 = 28.0;
const FLOOR: f64 = 132.0;
const HEIGHT: f64 = 156.0;

/// Most numbers along an axis.
const MOST_TICKS: usize = 6;

/// Air around the figures, as a share of what they span, and of their size, lest noise fill the drawing.
const AIR: (f64, f64) = (0.06, 0.03);

/// A side with a course: its name, and where that stands.
type Side<'a> = (&'static str, &'a Course, f64);

/// The courses of `series` up to `last` seconds; `None` where there is nothing to draw.
pub(super) fn scene(series: &Series, last: f64) -> Option<Scene> {
    let sides = [
        ("baseline", &series.baseline, LEFT),
        ("candidate", &series.candidate, LEFT + 142.0),
    ];
    let drawn = sides.map(|(name, course, x)| Some((name, course.as_ref().filter(drawable)?, x)));
    let points = drawn.into_iter().flatten();
    let points = points.flat_map(|(_, course, _)| &course.points);
    let figures = ends(points.map(|(_, figure)| *figure), series.unit)?;
    let figures = Axis::new(figures, (FLOOR, TOP))?;
    let seconds = Axis::new((0.0, last), (LEFT, RIGHT))?;

    let mut shapes = Vec::new();
    for figure in few(figures.round_numbers()) {
        let y = figures.place(figure);
        shapes.push(Shape::line("grid", (LEFT, y), (RIGHT, y)));
        let text = tick(figure, series.unit);
        shapes.push(Shape::text("lane", (LEFT - 8.0, y + 4.0), text));
    }
    for second in few(seconds.round_numbers()) {
        let x = seconds.place(second);
        shapes.push(Shape::line("tick", (x, FLOOR), (x, FLOOR + 4.0)));
        shapes.push(Shape::text("tick", (x, FLOOR + 17.0), in_seconds(second)));
    }
    shapes.push(Shape::line("axis", (LEFT, FLOOR), (RIGHT, FLOOR)));
    for (name, course, x) in drawn.into_iter().flatten() {
        let (curve, level) = match name {
            "baseline" => ("curve baseline", "level baseline"),
            _ => ("curve candidate", "level candidate"),
        };
        shapes.push(Shape::line(curve, (x, 10.0), (x + 24.0, 10.0)));
        let of = match course.repetitions {
            1 => name.to_owned(),
            all => format!("{name}, 1 of {all}"),
        };
        shapes.push(Shape::text("note", (x + 30.0, 14.0), of));
        let places = course.points.iter();
        let places = places.map(|(at, figure)| (seconds.place(*at), figures.place(*figure)));
        // Of one point there is no line.
        if course.points.len() == 1 {
            shapes.extend(places.map(|place| Shape::circle(level, place, 3.0)));
        } else {
            shapes.push(Shape::path(curve, places));
        }
    }
    Some(Scene {
        width: WIDTH,
        height: HEIGHT,
        label: label(series, drawn),
        shapes,
    })
}

/// Whether there is something to draw, and no more than gate ever writes.
fn drawable(course: &&Course) -> bool {
    (1..=Course::MOST_POINTS).contains(&course.points.len())
}

/// The ends of the axis of `figures`: with air, and from zero where they come near it.
fn ends(figures: impl Iterator<Item = f64>, unit: Unit) -> Option<(f64, f64)> {
    let (low, high) = figures.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), figure| {
        (low.min(figure), high.max(figure))
    });
    if high < low {
        return None;
    }
    let air = (AIR.0 * (high - low)).max(AIR.1 * high.abs());
    // Nothing but zeros.
    let air = if air > 0.0 { air } else { 1.0 };
    let is_near_zero = low >= 0.0 && low < high.max(air) / 2.0;
    let low = if is_near_zero { 0.0 } else { low - air };
    Some(match unit {
        Unit::Ratio => (low, (high + air).min(1.0)),
        _ => (low, high + air),
    })
}

/// As many of `numbers` as have room.
fn few(numbers: Vec<f64>) -> impl Iterator<Item = f64> {
    let every = numbers.len().div_ceil(MOST_TICKS).max(1);
    numbers.into_iter().step_by(every)
}

pub(super) fn in_seconds(seconds: f64) -> String {
    format!("{} s", tick(seconds, Unit::Count))
}

/// What is drawn, for who cannot see it.
fn label(series: &Series, drawn: [Option<Side<'_>>; 2]) -> String {
    let side = |(name, course, _): Side<'_>| {
        let figures = || course.points.iter().map(|(_, figure)| *figure);
        let ends = [
            figures().min_by(f64::total_cmp),
            figures().max_by(f64::total_cmp),
            course.points.last().map(|(_, figure)| *figure),
        ];
        let [least, most, last] = quantity::levels(ends, series.unit, None, Target::Unicode);
        let seconds = course.points.last().map_or(0.0, |(at, _)| *at);
        format!(
            "{name} {} to {}, {} after {}",
            least.unwrap_or_default(),
            most.unwrap_or_default(),
            last.unwrap_or_default(),
            in_seconds(seconds)
        )
    };
    let sides: Vec<String> = drawn.into_iter().flatten().map(side).collect();
    let metric = Target::Unicode.outside(series.metric.as_str());
    format!("{metric} over time: {}", sides.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The points of both sides.
    type Sides<'a> = [&'a [(f64, f64)]; 2];

    fn series(unit: Unit, sides: Sides<'_>) -> Series {
        let name = |text: &str| gate_schema::id::Name::new(text).expect("valid name");
        let [baseline, candidate] = sides.map(|points| {
            (!points.is_empty()).then(|| Course {
                repetitions: 3,
                median: points[0].1,
                points: points.to_vec(),
            })
        });
        Series {
            scenario: name("s"),
            metric: name("memory"),
            unit,
            direction: gate_schema::unit::Direction::Lower,
            baseline,
            candidate,
        }
    }

    fn markup(series: &Series, last: f64) -> Option<String> {
        let mut page = String::new();
        scene(series, last)?.put(&mut page);
        Some(page)
    }

    #[test]
    fn what_cannot_be_drawn_is_not() {
        let many: Vec<(f64, f64)> = (0..=Course::MOST_POINTS)
            .map(|at| (at as f64, 1.0))
            .collect();
        let cases: [(&str, Sides<'_>, f64); 6] = [
            ("nothing", [&[], &[]], 9.0),
            ("no time", [&[(0.0, 1.0)], &[(0.0, 2.0)]], 0.0),
            ("never", [&[(f64::NAN, 1.0)], &[]], f64::NAN),
            ("more than is written", [&many, &[]], 64.0),
            (
                "beyond numbers",
                [&[(1.0, -f64::MAX)], &[(1.0, f64::MAX)]],
                1.0,
            ),
            ("no number", [&[(1.0, f64::INFINITY)], &[]], 1.0),
        ];
        for (case, sides, last) in cases {
            assert_eq!(markup(&series(Unit::Bytes, sides), last), None, "{case}");
        }
    }

    #[test]
    fn extremes_are_drawn_inside_of_the_drawing() {
        let cases: [(&str, Unit, Sides<'_>, &str); 4] = [
            (
                "zeros",
                Unit::Count,
                [&[(0.0, 0.0), (1.0, 0.0)], &[]],
                "0.2",
            ),
            ("one point", Unit::Bytes, [&[], &[(1.0, 4e8)]], "400 MB"),
            (
                "full",
                Unit::Ratio,
                [&[(0.0, 1.0), (1.0, 1.0)], &[(1.0, 1.0)]],
                "1",
            ),
            (
                "huge",
                Unit::Bytes,
                [&[(0.0, 1e18), (1.0, 1.0)], &[]],
                "1000000 TB",
            ),
        ];
        for (case, unit, sides, written) in cases {
            let page = markup(&series(unit, sides), 1.0).expect(case);
            assert!(
                page.contains(&format!(">{written}</text>")),
                "{case}: {page}"
            );
            assert!(
                !page.contains("NaN") && !page.contains("inf"),
                "{case}: {page}"
            );
        }
    }

    #[test]
    fn an_axis_begins_at_zero_only_when_figures_come_near_it() {
        for (figures, unit, expected) in [
            (
                vec![400.0, 412.0],
                Unit::Bytes,
                (400.0 - 12.36, 412.0 + 12.36),
            ),
            (vec![10.0, 110.0], Unit::Count, (0.0, 116.0)),
            (vec![0.0], Unit::Count, (0.0, 1.0)),
            (vec![0.96, 0.98], Unit::Ratio, (0.96 - 0.0294, 1.0)),
        ] {
            let (low, high) = ends(figures.iter().copied(), unit).expect("figures");
            let is_near = (low - expected.0).abs() < 1e-9 && (high - expected.1).abs() < 1e-9;
            assert!(is_near, "{figures:?}: {low} to {high}");
        }
        assert_eq!(ends(std::iter::empty(), Unit::Count), None);
    }
}
