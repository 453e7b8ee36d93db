//! The effect of a row, drawn: its interval against no change and against the margin, and what each session
//! of pairs showed on its own.

use gate_schema::report::{Effect, Row};

use super::axis::Axis;
use super::scene::{Scene, Shape};
use crate::escape::Target;
use crate::quantity::{self, Change};

/// Width of every drawing of a row; the page scales it.
pub(super) const WIDTH: f64 = 520.0;

/// Where lanes begin; left of it stand their names.
const LEFT: f64 = 84.0;
const RIGHT: f64 = WIDTH - 24.0;

/// Height of the line of words above the lanes, of a lane, and of the axis below.
const TOP: f64 = 26.0;
const LANE: f64 = 22.0;
const BOTTOM: f64 = 26.0;

/// How far beyond the margin an axis reaches for an interval, in margins and in estimates: a hopelessly
/// wide one runs off the drawing, lest it press everything else together.
const REACH: (f64, f64) = (4.0, 2.0);

/// Sessions drawn; the ladder tells all.
const MOST_SESSIONS: usize = 12;

/// The effect of `row`; `None` without one that could be drawn.
pub(super) fn scene(row: &Row) -> Option<Scene> {
    let effect = row.effect.as_ref()?;
    let margin = effect.margin.map(|margin| margin * row.direction.sign());
    let stages = &effect.stages[effect.stages.len().saturating_sub(MOST_SESSIONS)..];
    // Of one session there is nothing to see that all pairs do not show.
    let stages = if stages.len() > 1 { stages } else { &[] };
    let axis = axis(effect, margin, stages.iter().map(|stage| stage.estimate))?;
    let lanes = TOP + LANE * (1 + stages.len()) as f64;
    let written = |value: f64| {
        let alone = Effect {
            estimate: value,
            interval: None,
            margin: None,
            stages: Vec::new(),
            ..effect.clone()
        };
        quantity::change(&alone, row.unit, row.direction, Target::Unicode).estimate
    };

    let mut shapes = Vec::new();
    if let Some(margin) = margin {
        let limit = axis.place(margin);
        let (end, anchor) = if row.direction.sign() > 0.0 {
            (RIGHT, "note end")
        } else {
            (LEFT, "note")
        };
        shapes.push(Shape::rect("beyond", (limit, TOP - 4.0), (end, lanes)));
        shapes.push(Shape::line("margin", (limit, TOP - 4.0), (limit, lanes)));
        let text = quantity::margin(effect, row.unit, row.direction, Target::Unicode);
        let text = format!("worse than the margin, {}", text.unwrap_or_default());
        shapes.push(Shape::text(anchor, (end, TOP - 11.0), text));
    }
    for tick in axis.round_numbers() {
        let x = axis.place(tick);
        shapes.push(Shape::line("tick", (x, lanes), (x, lanes + 4.0)));
        shapes.push(Shape::text("tick", (x, lanes + 17.0), written(tick)));
    }
    shapes.push(Shape::line("axis", (LEFT, lanes), (RIGHT, lanes)));
    let none = axis.place(0.0);
    shapes.push(Shape::line("zero", (none, TOP - 4.0), (none, lanes)));

    let lane = |at: usize| TOP + LANE * (at as f64 + 0.5);
    let name = if stages.is_empty() {
        "change"
    } else {
        "all pairs"
    };
    shapes.push(Shape::text("lane", (LEFT - 10.0, lane(0) + 4.0), name));
    interval(&mut shapes, effect, &axis, lane(0));
    shapes.push(Shape::circle(
        "estimate",
        (axis.place(effect.estimate), lane(0)),
        5.0,
    ));
    let first = effect.stages.len() - stages.len();
    for (at, stage) in stages.iter().enumerate() {
        let y = lane(at + 1);
        let session = format!("session {}", first + at + 1);
        shapes.push(Shape::text("lane", (LEFT - 10.0, y + 4.0), session));
        let class = if stage.agrees {
            "session agrees"
        } else {
            "session"
        };
        shapes.push(Shape::circle(class, (axis.place(stage.estimate), y), 4.0));
    }
    Some(Scene {
        width: WIDTH,
        height: lanes + BOTTOM,
        label: label(row, effect),
        shapes,
    })
}

/// An axis that holds no change, the margin and the estimates, and as much of the interval as fits.
fn axis(effect: &Effect, margin: Option<f64>, stages: impl Iterator<Item = f64>) -> Option<Axis> {
    let must = stages.chain([0.0, effect.estimate]).chain(margin);
    let (least, most) = must.fold((0.0, 0.0), |(least, most): (f64, f64), value| {
        (least.min(value), most.max(value))
    });
    let reach = (margin.unwrap_or(0.0).abs() * REACH.0).max(effect.estimate.abs() * REACH.1);
    let (low, high) = effect
        .interval
        .map_or((least, most), |interval| (interval.low, interval.high));
    let (low, high) = (low.max(-reach).min(least), high.min(reach).max(most));
    let air = (high - low) * 0.06;
    Axis::new((low - air, high + air), (LEFT, RIGHT))
}

/// A bar with a cap at each end that is on the axis.
fn interval(shapes: &mut Vec<Shape>, effect: &Effect, axis: &Axis, y: f64) {
    let Some(interval) = effect.interval else {
        return;
    };
    let ends = [interval.low, interval.high];
    let [low, high] = ends.map(|end| axis.place(end));
    shapes.push(Shape::line("interval", (low, y), (high, y)));
    for end in ends.into_iter().filter(|&end| axis.holds(end)) {
        let x = axis.place(end);
        shapes.push(Shape::line("interval", (x, y - 5.0), (x, y + 5.0)));
    }
}

fn label(row: &Row, effect: &Effect) -> String {
    let Change { estimate, interval } =
        quantity::change(effect, row.unit, row.direction, Target::Unicode);
    let margin = quantity::margin(effect, row.unit, row.direction, Target::Unicode);
    let margin = margin.map_or(String::new(), |margin| format!(", margin {margin}"));
    format!("Change {estimate} {interval}{margin}")
        .replace("  ", " ")
        .replace(" ,", ",")
}

/// Width of the drawing in the table, and where no change and the margin stand in it.
const STRIP: f64 = 100.0;
const STRIP_NONE: f64 = 40.0;
const STRIP_MARGIN: f64 = 60.0;

/// Low end, estimate and high end in the drawing of the table, where worse is right and every margin stands
/// in the same place; `None` for a row without a margin.
pub(super) fn strip(row: &Row) -> Option<[f64; 3]> {
    let effect = row.effect.as_ref()?;
    let margin = effect.margin.filter(|&margin| margin > 0.0)?;
    let place = |change: f64| {
        let margins = change * row.direction.sign() / margin;
        let x = STRIP_NONE + margins * (STRIP_MARGIN - STRIP_NONE);
        x.is_finite()
            .then(|| (x.clamp(0.0, STRIP) * 10.0).round() / 10.0)
    };
    let (a, b) = effect
        .interval
        .map_or((effect.estimate, effect.estimate), |interval| {
            (interval.low, interval.high)
        });
    let (a, b) = (place(a)?, place(b)?);
    Some([a.min(b), place(effect.estimate)?, a.max(b)])
}
