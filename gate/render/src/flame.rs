//! Flamegraphs as SVG: one side, or the difference of two. One file that needs nothing else.
//!
//! Every stack is as wide as its time per operation, so that both sides of a differential flamegraph are
//! on one scale: a function that takes as long as before is not blue because others got slower.

use std::cmp::Ordering;
use std::fmt::{self, Write};

use gate_schema::profile::{About, FrameId, Stacks};
use gate_schema::quantity::Quantity;
use gate_schema::unit::Unit;
use inferno::flamegraph::{Options, from_lines};

use crate::escape::visible;
use crate::quantity::quantity;

/// Frames narrower than this part of the picture, in percent, are left out: they cannot be seen, and a
/// large profile is 0.1 MB instead of 11.
const MIN_WIDTH_PERCENT: f64 = 0.1;

/// Longest name shown, in characters.
const MAX_NAME_CHARS: usize = 400;

/// Longest title, in characters: what fits into the width of a page.
const MAX_TITLE_CHARS: usize = 120;

/// Time per operation from which a whole nanosecond is fine enough as a unit of width, and not a picosecond.
const FINE_IN_NS: f64 = 1e6;

/// Longest time per operation drawn in its own unit, in nanoseconds; one hour. Beyond, sums of inferno
/// would overflow.
const MOST_NS: f64 = 3.6e12;

/// Paper on which frames that did not change, which are nearly white, are seen.
const BACKGROUND: &str = "#e4e4e4";

/// Line around every frame.
const BORDER: &str = "#c4c4c4";

/// One side of a flamegraph.
#[derive(Clone, Copy, Debug)]
pub struct FlameSide<'a> {
    /// The samples.
    pub stacks: &'a Stacks,
    /// What they are of, when known.
    pub about: Option<&'a About>,
}

impl FlameSide<'_> {
    fn ns(&self) -> Option<f64> {
        self.about
            .and_then(|about| about.time_per_operation)
            .map(|time| time.ns)
    }
}

/// Why there is no flamegraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSamples;

impl fmt::Display for NoSamples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there are no samples to draw")
    }
}

impl std::error::Error for NoSamples {}

/// The flamegraph of one side. Colours follow from names, and mean nothing.
///
/// # Errors
/// [`NoSamples`] when there are none.
pub fn flamegraph(side: &FlameSide, title: Option<&str>) -> Result<String, NoSamples> {
    if side.stacks.is_empty() {
        return Err(NoSamples);
    }
    let unit = Width::of(side.ns());
    let scale = unit.whole / side.stacks.samples() as f64;
    let names = shown(side.stacks);
    let mut text = String::new();
    for (frames, samples) in side.stacks.iter() {
        put_stack(&mut text, frames, &names);
        // Writing to a String cannot fail.
        let _ = writeln!(text, " {}", (samples as f64 * scale).round());
    }
    let mut options = options(title.map_or_else(|| scenario(side), str::to_owned), unit);
    options.subtitle = Some(subtitle(&[*side]));
    draw(options, unit, &text)
}

/// The differential flamegraph from `baseline` to `candidate`: as wide as the candidate's time, red
/// where a function's own time grew, blue where it shrank, white where it is the same. What only the
/// baseline spends has no width.
///
/// # Errors
/// [`NoSamples`] when a side has none.
pub fn differential_flamegraph(
    baseline: &FlameSide,
    candidate: &FlameSide,
    title: Option<&str>,
) -> Result<String, NoSamples> {
    if baseline.stacks.is_empty() || candidate.stacks.is_empty() {
        return Err(NoSamples);
    }
    // Without both times the sides can only be compared by their shares.
    let times = baseline.ns().zip(candidate.ns());
    let unit = Width::of(times.map(|(_, candidate)| candidate));
    let ratio = times.map_or(1.0, |(baseline, candidate)| baseline / candidate);
    let text = joined(
        baseline.stacks,
        candidate.stacks,
        unit.whole * ratio,
        unit.whole,
    );
    let title = title.map_or_else(
        || format!("{}: baseline -> candidate", scenario(candidate)),
        |title| format!("{title} (baseline -> candidate)"),
    );
    let mut options = options(title, unit);
    options.subtitle = Some(format!(
        "{}; red grew, blue shrank",
        subtitle(&[*baseline, *candidate])
    ));
    draw(options, unit, &text)
}

/// What the width of the picture is.
#[derive(Clone, Copy)]
struct Width {
    /// The whole picture, in the unit.
    whole: f64,
    /// The unit, in nanoseconds; `None` for shares of the samples.
    unit_ns: Option<f64>,
}

impl Width {
    /// In whole numbers that are fine enough for a thousandth of a pixel, and small enough to add up.
    fn of(ns: Option<f64>) -> Self {
        match ns.filter(|ns| ns.is_finite() && *ns >= 1.0) {
            Some(ns) if ns >= FINE_IN_NS => Self {
                whole: ns.min(MOST_NS).round(),
                unit_ns: Some(1.0),
            },
            Some(ns) => Self {
                whole: (ns * 1e3).round(),
                unit_ns: Some(1e-3),
            },
            None => Self {
                whole: 1e6,
                unit_ns: None,
            },
        }
    }

    fn name(self) -> &'static str {
        match self.unit_ns {
            Some(_) => "per operation",
            None => "millionths of the samples",
        }
    }
}

fn options<'a>(title: String, width: Width) -> Options<'a> {
    let mut options = Options::default();
    options.title = visible(&title, false, MAX_TITLE_CHARS);
    options.count_name = width.name().to_owned();
    options.min_width = MIN_WIDTH_PERCENT;
    options.deterministic = true;
    options.bgcolors = BACKGROUND.parse().ok();
    if let Ok(border) = BORDER.parse() {
        options.stroke_color = border;
    }
    options
}

fn draw(mut options: Options, unit: Width, text: &str) -> Result<String, NoSamples> {
    let mut svg = Vec::new();
    // Writing to memory cannot fail; what inferno refuses is a picture without any width.
    from_lines(&mut options, text.lines(), &mut svg).map_err(|_| NoSamples)?;
    let svg = String::from_utf8(svg).map_err(|_| NoSamples)?;
    Ok(match unit.unit_ns {
        Some(ns) => with_times(&svg, ns),
        None => svg,
    })
}

/// The picture with `1.56 us per operation` in its tooltips, where inferno wrote a number of units of `ns`
/// nanoseconds: `f (1,560,000 per operation, 11.00%)`.
fn with_times(svg: &str, ns: f64) -> String {
    const TOOLTIP: &str = "<title>";
    let mut text = String::with_capacity(svg.len());
    let mut pieces = svg.split(TOOLTIP);
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        text.push_str(TOOLTIP);
        match timed(piece, ns) {
            Some((name, time, rest)) => text.extend([name, time.as_str(), rest]),
            None => text.push_str(piece),
        }
    }
    text
}

/// What stands before the time, the time, and what stands behind it. A name may have a parenthesis of its own, so
/// the last one counts.
fn timed(piece: &str, ns: f64) -> Option<(&str, String, &str)> {
    let start = piece[..piece.find("</title>")?].rfind('(')? + 1;
    let end = start + piece[start..].find(' ')?;
    let units: f64 = piece[start..end].replace(',', "").parse().ok()?;
    let time = Quantity {
        value: units * ns,
        unit: Unit::Nanoseconds,
    };
    Some((&piece[..start], quantity(&time), &piece[end..]))
}

/// `stack baseline candidate` per line, where the samples of each side add up to the given widths.
fn joined(baseline: &Stacks, candidate: &Stacks, before: f64, after: f64) -> String {
    let names = [shown(baseline), shown(candidate)];
    let scale = [
        before / baseline.samples() as f64,
        after / candidate.samples() as f64,
    ];
    let mut text = String::new();
    let mut left = baseline.iter().peekable();
    let mut right = candidate.iter().peekable();
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return text,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => {
                let a = a.iter().map(|&frame| baseline.name(frame));
                a.cmp(b.iter().map(|&frame| candidate.name(frame)))
            }
        };
        let before = if order.is_le() { left.next() } else { None };
        let after = if order.is_ge() { right.next() } else { None };
        match (before, after) {
            (_, Some((frames, _))) => put_stack(&mut text, frames, &names[1]),
            (Some((frames, _)), None) => put_stack(&mut text, frames, &names[0]),
            (None, None) => {}
        }
        let width = |stack: Option<(&[FrameId], u64)>, scale: f64| {
            stack.map_or(0.0, |(_, samples)| (samples as f64 * scale).round())
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            " {} {}",
            width(before, scale[0]),
            width(after, scale[1])
        );
    }
}

fn put_stack(text: &mut String, frames: &[FrameId], names: &[String]) {
    for (at, frame) in frames.iter().enumerate() {
        if at > 0 {
            text.push(';');
        }
        text.push_str(&names[frame.index()]);
    }
}

/// The names of `stacks`, so that inferno takes none for something else: spaces before a number would
/// make it a count, `# ` at the start the line a comment, `;` another frame.
fn shown(stacks: &Stacks) -> Vec<String> {
    let shown = |name: &String| {
        let name = visible(name, false, MAX_NAME_CHARS).replace(';', ",");
        let name = match name.trim() {
            "" => "[unknown]",
            name => name,
        };
        match name.rsplit_once(' ') {
            Some((front, number)) if number.starts_with(|c: char| c.is_ascii_digit()) => {
                format!("{front}\u{a0}{number}")
            }
            _ if name.starts_with("# ") => name.replacen(' ', "\u{a0}", 1),
            _ => name.to_owned(),
        }
    };
    stacks.names().iter().map(shown).collect()
}

fn scenario(side: &FlameSide) -> String {
    side.about.map_or_else(
        || "Flamegraph".to_owned(),
        |about| about.scenario.to_string(),
    )
}

/// The numbers of the scenario: `14.2 us -> 15.9 us per operation, 5031 -> 5120 samples (perf, cpu-clock)`.
fn subtitle(sides: &[FlameSide]) -> String {
    let arrow = |parts: Vec<String>| parts.join(" -> ");
    let times: Option<Vec<String>> = sides
        .iter()
        .map(|side| {
            let value = side.ns()?;
            let unit = Unit::Nanoseconds;
            Some(quantity(&Quantity { value, unit }))
        })
        .collect();
    let samples = sides.iter().map(|side| side.stacks.samples().to_string());
    let samples = format!("{} samples", arrow(samples.collect()));
    let profiler = sides.last().and_then(|side| side.about).map(|about| {
        let profiler = &about.profiler;
        format!(" ({}, {})", profiler.tool, profiler.event)
    });
    let time = match (times, sides.len()) {
        (Some(times), _) => format!("{} per operation, ", arrow(times)),
        (None, 1) => String::new(),
        (None, _) => "shares of the samples, as the time per operation is unknown, ".to_owned(),
    };
    format!("{time}{samples}{}", profiler.unwrap_or_default())
}
