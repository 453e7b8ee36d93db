//! The report for a terminal: outcome first, worst row first, what to do last.

use gate_schema::report::{Outcome, Report, Row, Verdict};

use crate::cells::{Cells, Tone};
use crate::escape::Target;
use crate::fold::{self, Folded};
use crate::wrap::{put, width, with_whole_commands};
use crate::{cause, failure, heading, next, sentence, table, together};

/// Narrowest terminal we lay out for; a narrower one wraps by itself.
const NARROWEST: usize = 40;

/// What the terminal can show and how much the reader wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal; below 40 counts as 40.
    pub width: usize,
    /// Whether verdicts are coloured with ANSI sequences. Colour never says what the word does not.
    pub colour: bool,
    /// Whether more than ASCII may be written.
    pub unicode: bool,
    /// Whether rows that pass get a line each.
    pub all: bool,
}

impl Default for Style {
    /// What is safe without a terminal: 100 columns of plain ASCII.
    fn default() -> Self {
        Self {
            width: 100,
            colour: false,
            unicode: false,
            all: false,
        }
    }
}

/// The report as lines of text, each ending in a newline.
///
/// The first line is the outcome. Rows that pass and raise no question are counted in one line
/// unless [`Style::all`] is set.
#[must_use]
pub fn terminal(report: &Report, style: &Style) -> String {
    let target = if style.unicode {
        Target::Unicode
    } else {
        Target::Ascii
    };
    let most = style.width.max(NARROWEST);
    let mut out = String::new();
    put_heading(&mut out, report, style, target, most);

    let folded = Folded::of(report, style.all);
    let cells: Vec<Cells> = folded
        .shown
        .iter()
        .map(|row| Cells {
            cause: cause_lines(report, &folded.shown, row, target),
            ..Cells::of(row, report.method.mode, target)
        })
        .collect();
    if !cells.is_empty() {
        out.push('\n');
    }
    for line in table::lines(&cells, most, target) {
        match line
            .starts
            .and_then(|(verdict, counts)| verdict_colour(verdict, counts))
        {
            Some(colour) if style.colour => out.push_str(&painted(&line.text, colour)),
            _ => out.push_str(&line.text),
        }
        out.push('\n');
    }
    let mut folds = fold::incomparable_lines(&folded.incomparable, report.method.mode, target);
    if !folded.failed.is_empty() {
        folds.insert(0, failure::rows_line(&folded.failed));
    }
    if !folded.passing.is_empty() {
        folds.push(fold::passing_line(&folded.passing));
    }
    if let Some(last) = folds.last_mut() {
        out.push('\n');
        last.push_str("; --all shows them");
    }
    for fold in folds {
        put(&mut out, "", &fold, most);
    }
    let steps = next::steps(report, target);
    if !steps.is_empty() {
        out.push('\n');
    }
    for step in steps {
        put(&mut out, "next: ", &with_whole_commands(&step), most);
    }
    out
}

/// Why `row` got worse, with the name of the flamegraph.
fn cause_lines(report: &Report, shown: &[&Row], row: &Row, target: Target) -> Vec<String> {
    let Some(cause) = cause::of_row(report, shown, row, target) else {
        return Vec::new();
    };
    let mut lines: Vec<String> = cause
        .lines
        .iter()
        .map(|line| with_whole_commands(line))
        .collect();
    let picture = cause.picture.iter();
    lines.extend(picture.map(|path| format!("flamegraph: {}", path.as_str())));
    lines
}

fn put_heading(out: &mut String, report: &Report, style: &Style, target: Target, most: usize) {
    let sentence = sentence::outcome(report, target);
    let start = out.len();
    put(out, &format!("{}  ", sentence.word), &sentence.text, most);
    if style.colour {
        let colour = match sentence.outcome {
            Outcome::Pass => GREEN,
            Outcome::Undecided => YELLOW,
            Outcome::Fail => RED,
        };
        out.replace_range(
            start..start + sentence.word.len(),
            &format!("{colour}{}{RESET}", sentence.word),
        );
    }
    put(out, "", &heading::counts(report), most);
    let [baseline, candidate] = heading::sides(report, target);
    let both = format!(
        "baseline {baseline} {} candidate {candidate}",
        target.arrow()
    );
    if width(&both) <= most {
        put(out, "", &both, most);
    } else {
        put(out, "baseline  ", &baseline, most);
        put(out, "candidate ", &candidate, most);
    }
    if let Some(judged) = heading::judged(report, target) {
        put(out, "", &judged, most);
    }
    if let Some(canaries) = together::unsteady(report) {
        let note = together::unsteady_note(canaries, target);
        put(out, "unsteady: ", &note, most);
    }
    let is_said = sentence::is_about_together(report);
    for note in together::notes(report, is_said, target) {
        put(out, "together: ", &note, most);
    }
    put_failures(out, report, style, target, most);
    for difference in heading::environment_differences(report, target) {
        put(out, "differs: ", &difference, most);
    }
    for warning in heading::warnings(report, target) {
        put(out, "warning: ", &warning, most);
    }
    for waiver in heading::waivers(report, target) {
        put(out, "waiver: ", &waiver, most);
    }
}

/// Lines for failed scenarios that ended alike.
const ALIKE: usize = 10;

fn put_failures(out: &mut String, report: &Report, style: &Style, target: Target, most: usize) {
    let failures = if style.all {
        failure::all(report, target)
    } else {
        failure::quoted(report, failure::QUOTED_LINES, ALIKE, target)
    };
    for failed in failures {
        put(out, "failed: ", &failed.line, most);
        for line in failed.stderr {
            match line.as_str() {
                "" => out.push_str("  |\n"),
                line => put(out, "  | ", line, most),
            }
        }
    }
}

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[0m";

fn verdict_colour(verdict: Verdict, counts: bool) -> Option<&'static str> {
    match Tone::of(verdict, counts) {
        Tone::Good => Some(GREEN),
        Tone::Plain => None,
        Tone::Unsure => Some(YELLOW),
        Tone::Bad => Some(RED),
    }
}

/// The line with its verdict coloured: all up to the first gap of two columns.
fn painted(line: &str, colour: &str) -> String {
    let end = line.find("  ").unwrap_or(line.len());
    format!("{colour}{}{RESET}{}", &line[..end], &line[end..])
}
