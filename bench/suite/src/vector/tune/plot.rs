//! The points as an SVG plot: latency by recall, one line per index.

use std::fmt::Write;

use super::ENOUGH;
use super::point::{Document, Point};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 540.0;

/// The frame inside the labels: left, top, right, bottom.
const FRAME: [f64; 4] = [70.0, 48.0, 660.0, 480.0];

/// Recalls that are labelled.
const RECALLS: [f64; 12] = [
    0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999,
];

/// The smallest share of neighbours missed that is drawn; less is drawn there too.
const LEAST_MISSED: f64 = 5e-4;

/// One per connectivity; told apart without colour by the mark of their points.
const COLOURS: [&str; 4] = ["#1b6ca8", "#c05621", "#2f855a", "#6b46c1"];

/// One per expansion while inserting.
const DASHES: [&str; 4] = ["none", "7 4", "2 3", "9 3 2 3"];

/// Draws all points and marks the front and the cheapest.
pub(super) fn plot(document: &Document) -> String {
    let axes = Axes::around(&document.points);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{}\" y=\"26\" font-size=\"15\">usearch: latency by recall, {} vectors of {} \
         dimensions</text>\n",
        FRAME[0], document.items, document.dimensions,
    );
    axes.draw(&mut svg);

    let connectivities = distinct(document.points.iter().map(|point| point.connectivity));
    let expansions = distinct(document.points.iter().map(|point| point.expansion_add));
    let mut legend = FRAME[1] + 6.0;
    for (&connectivity, (colour, number)) in
        connectivities.iter().zip(COLOURS.iter().cycle().zip(0..))
    {
        for (&expansion, dash) in expansions.iter().zip(DASHES.iter().cycle()) {
            let of_index = |point: &&Point| {
                (point.connectivity, point.expansion_add) == (connectivity, expansion)
            };
            let points: Vec<&Point> = document.points.iter().filter(of_index).collect();
            if points.is_empty() {
                continue;
            }
            let style = Style {
                colour,
                dash,
                mark: number,
            };
            draw_index(&mut svg, &axes, &points, &style);
            draw_legend(&mut svg, legend, points[0], &style);
            legend += 20.0;
        }
    }
    mark_front(&mut svg, &axes, document);
    draw_key(&mut svg, legend + 10.0);
    svg.push_str("</svg>\n");
    svg
}

/// How the line of one index looks.
struct Style<'s> {
    colour: &'s str,
    dash: &'s str,
    /// Which mark its points have.
    mark: usize,
}

/// Recall from left to right, as the logarithm of what it misses: from 0.98 to 0.99 is as far as from
/// 0.90 to 0.95. The logarithm of the latency from bottom to top.
struct Axes {
    /// The lowest recall.
    recall: f64,
    /// Microseconds.
    latency: [f64; 2],
}

impl Axes {
    /// Axes that hold all points and end on a tick.
    fn around(points: &[Point]) -> Self {
        let recalls = points.iter().map(|point| point.speed.recall);
        let lowest = recalls.fold(ENOUGH, f64::min);
        let us = points.iter().map(microseconds);
        let (least, most) = us.fold((f64::MAX, f64::MIN_POSITIVE), |(least, most), us| {
            (least.min(us), most.max(us))
        });
        let ticks = ticks();
        let below = ticks.iter().copied().rfind(|&tick| tick <= least);
        let above = ticks.iter().copied().find(|&tick| tick >= most);
        let left = RECALLS.iter().copied().rfind(|&recall| recall <= lowest);
        Self {
            recall: left.unwrap_or(0.0),
            latency: [below.unwrap_or(1.0), above.unwrap_or(1e6)],
        }
    }

    fn x(&self, recall: f64) -> f64 {
        let missed = |recall: f64| (1.0 - recall).max(LEAST_MISSED).ln();
        let (low, high) = (missed(self.recall), LEAST_MISSED.ln());
        FRAME[0] + (missed(recall) - low) / (high - low) * (FRAME[2] - FRAME[0])
    }

    fn y(&self, us: f64) -> f64 {
        let [low, high] = self.latency.map(f64::ln);
        FRAME[3] - (us.ln() - low) / (high - low) * (FRAME[3] - FRAME[1])
    }

    fn draw(&self, svg: &mut String) {
        let [left, top, right, bottom] = FRAME;
        for recall in RECALLS.iter().filter(|&&recall| recall >= self.recall) {
            let x = self.x(*recall);
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#e2e2e2\"/>\
                 <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{recall}</text>",
                bottom + 18.0
            );
        }
        let [low, high] = self.latency;
        for us in ticks().into_iter().filter(|us| (low..=high).contains(us)) {
            let y = self.y(us);
            let _ = writeln!(
                svg,
                "<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#e2e2e2\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{us}</text>",
                left - 8.0,
                y + 4.0
            );
        }
        let (middle, enough) = ((top + bottom) / 2.0, self.x(ENOUGH));
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#555\"/>\n\
             <line x1=\"{enough:.1}\" y1=\"{top}\" x2=\"{enough:.1}\" y2=\"{bottom}\" stroke=\"#555\" \
             stroke-dasharray=\"4 4\"/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">recall@10, by the logarithm of what it misses</text>\n\
             <text x=\"18\" y=\"{middle}\" text-anchor=\"middle\" transform=\"rotate(-90 18 {middle})\">\
             median latency of one thread, us, logarithmic</text>",
            right - left,
            bottom - top,
            (left + right) / 2.0,
            bottom + 42.0,
        );
    }
}

fn draw_index(svg: &mut String, axes: &Axes, points: &[&Point], style: &Style<'_>) {
    let places: Vec<[f64; 2]> = points.iter().map(|point| place(axes, point)).collect();
    let path: Vec<String> = places
        .iter()
        .map(|[x, y]| format!("{x:.1},{y:.1}"))
        .collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-dasharray=\"{}\"/>",
        path.join(" "),
        style.colour,
        style.dash,
    );
    for place in places {
        draw_mark(svg, place, style);
    }
}

fn draw_mark(svg: &mut String, [x, y]: [f64; 2], style: &Style<'_>) {
    let colour = style.colour;
    let _ = match style.mark % 3 {
        0 => writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"
        ),
        1 => writeln!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"6\" height=\"6\" fill=\"{colour}\"/>",
            x - 3.0,
            y - 3.0
        ),
        _ => writeln!(
            svg,
            "<path d=\"M{x:.1} {:.1} l4 7 h-8 z\" fill=\"{colour}\"/>",
            y - 4.0
        ),
    };
}

fn draw_legend(svg: &mut String, y: f64, of: &Point, style: &Style<'_>) {
    let left = FRAME[2] + 16.0;
    let _ = writeln!(
        svg,
        "<line x1=\"{left}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{}\" stroke-dasharray=\"{}\"/>\
         <text x=\"{}\" y=\"{}\">M {}, ef add {}</text>",
        left + 30.0,
        style.colour,
        style.dash,
        left + 38.0,
        y + 4.0,
        of.connectivity,
        of.expansion_add,
    );
    draw_mark(svg, [left + 15.0, y], style);
}

/// Rings around the points of the front, and a larger one around the cheapest.
fn mark_front(svg: &mut String, axes: &Axes, document: &Document) {
    for point in document.front() {
        let [x, y] = place(axes, point);
        let is_cheapest = document.cheapest() == Some(point);
        let radius = if is_cheapest { 11 } else { 7 };
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"none\" stroke=\"black\"/>"
        );
    }
}

fn draw_key(svg: &mut String, y: f64) {
    let left = FRAME[2] + 31.0;
    for (row, radius, words) in [
        (0.0, 7, "on the front"),
        (26.0, 11, "cheapest that is enough"),
    ] {
        let y = y + row;
        let _ = writeln!(
            svg,
            "<circle cx=\"{left}\" cy=\"{y}\" r=\"{radius}\" fill=\"none\" stroke=\"black\"/>\
             <text x=\"{}\" y=\"{}\">{words}</text>",
            left + 23.0,
            y + 4.0
        );
    }
}

fn place(axes: &Axes, point: &Point) -> [f64; 2] {
    [axes.x(point.speed.recall), axes.y(microseconds(point))]
}

fn microseconds(point: &Point) -> f64 {
    point.speed.p50_ns as f64 / 1e3
}

/// 1, 2 and 5 in every power of ten, in microseconds.
fn ticks() -> Vec<f64> {
    let powers = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5];
    let in_power = |power: f64| [power, 2.0 * power, 5.0 * power];
    powers.into_iter().flat_map(in_power).collect()
}

fn distinct(numbers: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut distinct: Vec<usize> = numbers.collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

#[cfg(test)]
mod tests {
    use super::super::point::tests::{document, point};
    use super::*;

    #[test]
    fn every_point_is_inside_the_frame_and_every_axis_has_its_label() {
        let mut other = point(64, 0.99, 250_000);
        other.connectivity = 32;
        let document = document(vec![
            point(16, 0.81, 40_000),
            point(32, 0.96, 91_000),
            other,
        ]);
        let axes = Axes::around(&document.points);
        assert_eq!((axes.recall, axes.latency), (0.8, [20.0, 500.0]));
        for point in &document.points {
            let [x, y] = place(&axes, point);
            assert!((FRAME[0]..=FRAME[2]).contains(&x), "{x}");
            assert!((FRAME[1]..=FRAME[3]).contains(&y), "{y}");
        }
        let svg = plot(&document);
        for said in [
            "recall@10",
            "median latency",
            ">0.95<",
            ">200<",
            "M 32, ef add 100",
        ] {
            assert!(svg.contains(said), "{said}");
        }
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert_eq!(
            svg.matches("r=\"7\"").count(),
            3,
            "two of the front and the key"
        );
        assert_eq!(
            svg.matches("r=\"11\"").count(),
            2,
            "the cheapest and the key"
        );
    }

    #[test]
    fn nothing_is_drawn_where_there_is_nothing() {
        let svg = plot(&document(vec![]));
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
        assert!(!svg.contains("NaN"), "{svg}");
    }
}
