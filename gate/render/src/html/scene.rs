//! A drawing as data: shapes in fixed coordinates, which the page's script turns into SVG elements one by
//! one. Wording and arithmetic stay here, where they are tested; the script knows neither. What is there
//! without the script is written as markup.

use std::fmt::{self, Display, Write};

use serde::Serialize;

use super::markup::escaped;

/// One drawing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    /// What it shows, for who cannot see it.
    pub(super) label: String,
    pub(super) shapes: Vec<Shape>,
}

impl Scene {
    /// Writes the drawing as an element of the page.
    pub(super) fn put(&self, page: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\"><title>{}</title>",
            self.width,
            self.height,
            escaped(&self.label)
        );
        for shape in &self.shapes {
            let _ = write!(page, "{shape}");
        }
        page.push_str("</svg>\n");
    }
}

/// One shape: the SVG element, its class, and its numbers in the order that the script knows; a text comes
/// last. How it looks is the style sheet's business. Without names, because a page holds many thousands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Shape(&'static str, &'static str, Vec<Part>);

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Part {
    Whole(i64),
    Tenths(f64),
    Text(String),
}

impl Shape {
    pub(super) fn line(class: &'static str, from: (f64, f64), to: (f64, f64)) -> Self {
        Self("line", class, parts([from.0, from.1, to.0, to.1]))
    }

    /// The rectangle between two corners, whichever they are.
    pub(super) fn rect(class: &'static str, a: (f64, f64), b: (f64, f64)) -> Self {
        let (x, y) = (a.0.min(b.0), a.1.min(b.1));
        let (width, height) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
        Self("rect", class, parts([x, y, width, height]))
    }

    pub(super) fn circle(class: &'static str, centre: (f64, f64), r: f64) -> Self {
        Self("circle", class, parts([centre.0, centre.1, r]))
    }

    /// A line through all `points`.
    pub(super) fn path(class: &'static str, points: impl Iterator<Item = (f64, f64)>) -> Self {
        let step = |(at, (x, y)): (usize, (f64, f64))| {
            let command = if at == 0 { 'M' } else { 'L' };
            format!("{command}{} {}", tenths(x), tenths(y))
        };
        let steps = points.enumerate().map(step).collect();
        Self("path", class, vec![Part::Text(steps)])
    }

    pub(super) fn text(class: &'static str, at: (f64, f64), text: impl Into<String>) -> Self {
        let mut parts = parts([at.0, at.1]);
        parts.push(Part::Text(text.into()));
        Self("text", class, parts)
    }
}

/// The element, with the attributes that the script would give it.
impl Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name, class, parts) = self;
        let attributes: &[&str] = match *name {
            "line" => &["x1", "y1", "x2", "y2"],
            "rect" => &["x", "y", "width", "height"],
            "circle" => &["cx", "cy", "r"],
            "path" => &["d"],
            _ => &["x", "y"],
        };
        write!(f, "<{name} class=\"{class}\"")?;
        for (attribute, part) in attributes.iter().zip(parts) {
            write!(f, " {attribute}=\"{part}\"")?;
        }
        match parts.get(attributes.len()) {
            Some(text) => write!(f, ">{text}</{name}>"),
            None => f.write_str("/>"),
        }
    }
}

impl Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Tenths(number) => number.fmt(f),
            Self::Text(text) => f.write_str(&escaped(text)),
        }
    }
}

fn parts<const N: usize>(coordinates: [f64; N]) -> Vec<Part> {
    let part = |coordinate| match tenths(coordinate) {
        // A whole number without its point; coordinates are small.
        whole if whole.fract() == 0.0 => Part::Whole(whole as i64),
        tenths => Part::Tenths(tenths),
    };
    coordinates.map(part).to_vec()
}

/// A coordinate with as many digits as a screen shows.
fn tenths(coordinate: f64) -> f64 {
    (coordinate * 10.0).round() / 10.0
}
