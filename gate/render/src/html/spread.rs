//! The distribution of single operations, drawn: percentiles of both sides over a logarithmic axis. Curves
//! belong to a metric, marks to one of its rows.

use gate_schema::report::{Distribution, Interval, Quantiles, Row, Scale};

use super::axis::{Axis, decades, tick};
use super::effect::WIDTH;
use super::scene::{Scene, Shape};
use crate::escape::Target;
use crate::quantity;

const LEFT: f64 = 84.0;
const RIGHT: f64 = WIDTH - 24.0;
/// Where curves begin and end; below them the lane of levels, then the axis.
const TOP: f64 = 44.0;
const FLOOR: f64 = 248.0;
const LANE: f64 = 276.0;
const AXIS: f64 = 296.0;
const HEIGHT: f64 = 322.0;

/// Ranks written along the side, with their names.
const WRITTEN: [(f64, &str); 7] = [
    (0.01, "p1"),
    (0.1, "p10"),
    (0.5, "p50"),
    (0.9, "p90"),
    (0.99, "p99"),
    (0.999, "p99.9"),
    (0.9999, "p99.99"),
];

/// Both axes of one distribution, on which its curves and the marks of its rows are drawn.
pub(super) struct Plot<'a> {
    distribution: &'a Distribution,
    ranks: &'a [f64],
    /// Of logarithms.
    value: Axis,
    /// Of [`logit`]s.
    rank: Axis,
    ends: (f64, f64),
}

/// Where a rank stands: as far apart near the middle as near both ends, so that body and tail can be read
/// at once.
fn logit(rank: f64) -> f64 {
    (rank / (1.0 - rank)).log10()
}

impl<'a> Plot<'a> {
    /// The axes for `distribution` and its `rows`; `None` when there is nothing to draw.
    pub(super) fn new(
        distribution: &'a Distribution,
        ranks: &'a [f64],
        rows: &[&Row],
    ) -> Option<Self> {
        let sides = [&distribution.baseline, &distribution.candidate];
        let longest = sides
            .into_iter()
            .flatten()
            .map(|side| side.values.len())
            .max()?;
        let told = ranks.get(..longest)?;
        let values = sides
            .into_iter()
            .flatten()
            .flat_map(|side| side.values.iter().copied());
        let marks = rows.iter().flat_map(|row| Marks::of(row).values());
        let shown = values.chain(marks).filter(|v| v.is_finite() && *v > 0.0);
        let (low, high) = shown.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        // Some air, and never less than a tenth of the value: noise should not fill the drawing.
        let air = ((high / low).powf(0.04)).max(1.05);
        let ends = (low / air, high * air);
        Some(Self {
            distribution,
            ranks,
            value: Axis::new((ends.0.ln(), ends.1.ln()), (LEFT, RIGHT))?,
            rank: Axis::new((logit(*told.first()?), logit(*told.last()?)), (FLOOR, TOP))?,
            ends,
        })
    }

    fn x(&self, value: f64) -> f64 {
        // Nothing is left of every logarithm.
        self.value.place(value.max(f64::MIN_POSITIVE).ln())
    }

    fn y(&self, rank: f64) -> f64 {
        self.rank.place(logit(rank))
    }

    /// Both curves with their axes.
    pub(super) fn curves(&self) -> Scene {
        let mut shapes = Vec::new();
        for (rank, name) in WRITTEN
            .into_iter()
            .filter(|(rank, _)| self.rank.holds(logit(*rank)))
        {
            let y = self.y(rank);
            shapes.push(Shape::line("grid", (LEFT, y), (RIGHT, y)));
            shapes.push(Shape::text("lane", (LEFT - 10.0, y + 4.0), name));
        }
        for value in decades(self.ends.0, self.ends.1) {
            let x = self.x(value);
            shapes.push(Shape::line("grid", (x, TOP), (x, AXIS)));
            let text = tick(value, self.distribution.unit);
            shapes.push(Shape::text("tick", (x, AXIS + 17.0), text));
        }
        shapes.push(Shape::line("axis", (LEFT, AXIS), (RIGHT, AXIS)));
        shapes.push(Shape::text("lane", (LEFT - 10.0, LANE + 4.0), "level"));
        let sides = [
            (
                "curve baseline",
                "baseline",
                &self.distribution.baseline,
                LEFT,
            ),
            (
                "curve candidate",
                "candidate",
                &self.distribution.candidate,
                LEFT + 220.0,
            ),
        ];
        for (class, name, side, x) in sides {
            let Some(side) = side else { continue };
            shapes.push(Shape::line(class, (x, 10.0), (x + 26.0, 10.0)));
            let text = format!("{name}, {} operations", grouped(side.count));
            shapes.push(Shape::text("note", (x + 33.0, 14.0), text));
            let points = self.ranks.iter().zip(&side.values);
            shapes.push(Shape::path(
                class,
                points.map(|(rank, value)| (self.x(*value), self.y(*rank))),
            ));
        }
        Scene {
            width: WIDTH,
            height: HEIGHT,
            label: self.label(),
            shapes,
        }
    }

    /// What `row` adds: the levels of both sides, the interval, the margin, and the rank it is about.
    pub(super) fn marks(&self, row: &Row) -> Vec<Shape> {
        let marks = Marks::of(row);
        let mut shapes = Vec::new();
        if let Some(margin) = marks.margin {
            let x = self.x(margin);
            shapes.push(Shape::line("margin", (x, TOP - 8.0), (x, AXIS)));
            let (class, at) = if x > f64::midpoint(LEFT, RIGHT) {
                ("note end", -5.0)
            } else {
                ("note", 5.0)
            };
            let effect = row.effect.as_ref();
            let text =
                effect.and_then(|e| quantity::margin(e, row.unit, row.direction, Target::Unicode));
            let text = format!("margin {}", text.unwrap_or_default());
            shapes.push(Shape::text(class, (x + at, TOP - 4.0), text));
        }
        if let Some(Interval { low, high }) = marks.interval {
            let ends = [self.x(low), self.x(high)];
            shapes.push(Shape::line("interval", (ends[0], LANE), (ends[1], LANE)));
            // Taller than the levels, which stand on it: often it is narrower than they are.
            shapes.extend(ends.map(|x| Shape::line("interval", (x, LANE - 8.0), (x, LANE + 8.0))));
        }
        let rank = self
            .rank_of(row)
            .filter(|rank| self.rank.holds(logit(*rank)));
        if let Some(rank) = rank {
            shapes.push(Shape::line(
                "guide",
                (LEFT, self.y(rank)),
                (RIGHT, self.y(rank)),
            ));
        }
        for (class, level) in [
            ("level baseline", marks.baseline),
            ("level candidate", marks.candidate),
        ] {
            let Some(level) = level else { continue };
            shapes.push(Shape::circle(class, (self.x(level), LANE), 3.5));
            if let Some(rank) = rank {
                shapes.push(Shape::circle(class, (self.x(level), self.y(rank)), 4.5));
            }
        }
        shapes
    }

    /// The rank whose value `row` is about; `None` for a mean.
    fn rank_of(&self, row: &Row) -> Option<f64> {
        let statistic = row
            .metric
            .as_str()
            .strip_prefix(self.distribution.metric.as_str())?;
        let percentile: f64 = statistic.strip_prefix(".p")?.parse().ok()?;
        (0.0..100.0)
            .contains(&percentile)
            .then_some(percentile / 100.0)
    }

    fn label(&self) -> String {
        let side = |name: &str, side: &Option<Quantiles>| {
            let side = side.as_ref()?;
            let told = WRITTEN
                .iter()
                .filter(|(rank, _)| (0.5..0.9999).contains(rank));
            let told = told.filter_map(|(rank, name)| {
                let at = self.ranks.iter().position(|r| (r - rank).abs() < 1e-9)?;
                let [text] = quantity::levels(
                    [Some(*side.values.get(at)?)],
                    self.distribution.unit,
                    None,
                    Target::Unicode,
                );
                Some(format!("{name} {}", text?))
            });
            Some(format!("{name} {}", told.collect::<Vec<_>>().join(", ")))
        };
        let sides = [
            side("baseline", &self.distribution.baseline),
            side("candidate", &self.distribution.candidate),
        ];
        let sides: Vec<String> = sides.into_iter().flatten().collect();
        format!(
            "Distribution of {}: {}",
            Target::Unicode.outside(self.distribution.metric.as_str()),
            sides.join("; ")
        )
    }
}

/// The numbers of a row in the unit of its distribution.
struct Marks {
    baseline: Option<f64>,
    candidate: Option<f64>,
    interval: Option<Interval>,
    margin: Option<f64>,
}

impl Marks {
    fn of(row: &Row) -> Self {
        let baseline = row.baseline.map(|level| level.value);
        let effect = row.effect.as_ref();
        let level = |change: f64| {
            let baseline = baseline?;
            Some(match effect?.scale {
                Scale::Relative => baseline * (1.0 + change),
                Scale::Absolute => baseline + change,
            })
        };
        let interval = effect.and_then(|effect| effect.interval);
        let interval = interval.and_then(|Interval { low, high }| {
            Some(Interval {
                low: level(low)?,
                high: level(high)?,
            })
        });
        let margin = effect.and_then(|effect| effect.margin);
        Self {
            baseline,
            candidate: row.candidate.map(|level| level.value),
            interval,
            margin: margin.and_then(|margin| level(margin * row.direction.sign())),
        }
    }

    /// Those that must be on the axis. An interval may be too wide for it.
    fn values(&self) -> impl Iterator<Item = f64> + use<> {
        [self.baseline, self.candidate, self.margin]
            .into_iter()
            .flatten()
    }
}

/// A count with its thousands apart.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        for (count, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(count), expected);
        }
    }
}
