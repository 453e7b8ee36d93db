//! What a user got wrong, as data: code, message, place, hint. One renderer prints them all.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use gate_schema::code::Code;
use gate_schema::defect::Problem;

/// Most characters of a line that are quoted.
const MAX_QUOTED: usize = 160;

/// One mistake and the way out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Diagnostic {
    pub(crate) code: Code,
    /// Lower case, no final dot.
    pub(crate) message: String,
    pub(crate) place: Place,
    /// A command or a line the user can paste.
    pub(crate) hint: String,
    /// The last lines of a command that failed.
    pub(crate) tail: Vec<String>,
}

/// Where the mistake stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// A whole file.
    File(PathBuf),
    /// A value in a JSON document.
    Pointer(PathBuf, String),
    /// A span in a text file.
    Span(Span),
    /// The command line.
    Flag(&'static str),
}

/// A span of one line of a text file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) path: PathBuf,
    /// 1-based.
    pub(crate) line: usize,
    /// 1-based, in characters.
    pub(crate) column: usize,
    /// Characters covered, at least 1.
    pub(crate) length: usize,
    /// The line itself, or the part of it worth quoting.
    pub(crate) text: String,
    /// Column of the caret under `text`, 1-based.
    pub(crate) caret: usize,
}

impl Span {
    /// The span of bytes `range` of `source`, cut to its first line.
    pub(crate) fn new(path: &Path, source: &str, range: std::ops::Range<usize>) -> Self {
        let mut start = range.start.min(source.len());
        while !source.is_char_boundary(start) {
            start -= 1;
        }
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..]
            .find('\n')
            .map_or(source.len(), |at| start + at);
        let mut end = range.end.clamp(start, line_end);
        while !source.is_char_boundary(end) {
            end -= 1;
        }
        let column = source[line_start..start].chars().count() + 1;
        // A document may be one single line of megabytes.
        let skipped = column.saturating_sub(MAX_QUOTED / 2);
        let skipped = if line_end - line_start > MAX_QUOTED {
            skipped
        } else {
            0
        };
        Self {
            path: path.to_owned(),
            line: source[..line_start].matches('\n').count() + 1,
            column,
            length: source[start..end].chars().count().clamp(1, MAX_QUOTED / 2),
            text: source[line_start..line_end]
                .trim_end_matches('\r')
                .chars()
                .skip(skipped)
                .take(MAX_QUOTED)
                .collect(),
            caret: column - skipped,
        }
    }
}

impl Diagnostic {
    pub(crate) fn new(
        code: Code,
        message: impl Into<String>,
        place: Place,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            place,
            hint: hint.into(),
            tail: Vec::new(),
        }
    }

    /// The same, quoting the last lines of a command that failed.
    pub(crate) fn quoting(self, tail: &[String]) -> Self {
        Self {
            tail: tail.to_vec(),
            ..self
        }
    }

    /// Line of the place, zero when it has none.
    pub(crate) fn line(&self) -> usize {
        match &self.place {
            Place::Span(span) => span.line,
            Place::File(_) | Place::Pointer(..) | Place::Flag(_) => 0,
        }
    }

    pub(crate) fn of_problem(path: &Path, problem: &Problem) -> Self {
        let code = match problem.defect {
            gate_schema::defect::Defect::Format(_) => Code::Format,
            _ => Code::Document,
        };
        let place = Place::Pointer(path.to_owned(), problem.pointer.clone());
        Self::new(
            code,
            problem.defect.to_string(),
            place,
            problem.defect.hint(),
        )
    }
}

/// All diagnostics as text, in the order found.
pub(crate) fn listed(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        // Writing to a String cannot fail.
        let _ = write_one(&mut text, diagnostic);
    }
    text
}

/// The same for diagnostics in place of an answer, and how many there are.
pub(crate) fn render(diagnostics: &[Diagnostic]) -> String {
    let mut text = listed(diagnostics);
    if diagnostics.len() > 1 {
        let _ = writeln!(
            text,
            "{} errors; nothing was decided and nothing written",
            diagnostics.len()
        );
    }
    text
}

fn write_one(text: &mut String, diagnostic: &Diagnostic) -> std::fmt::Result {
    writeln!(
        text,
        "error[{}]: {}",
        diagnostic.code.as_str(),
        printable(&diagnostic.message)
    )?;
    match &diagnostic.place {
        Place::File(path) => writeln!(text, "  --> {}", path.display())?,
        Place::Pointer(path, pointer) => {
            writeln!(text, "  --> {}#{}", path.display(), printable(pointer))?
        }
        Place::Flag(flag) => writeln!(text, "  --> {flag}")?,
        Place::Span(span) => {
            let number = span.line.to_string();
            let gutter = " ".repeat(number.len());
            writeln!(
                text,
                "{gutter} --> {}:{}:{}",
                span.path.display(),
                span.line,
                span.column
            )?;
            writeln!(text, "{gutter} |")?;
            writeln!(text, "{number} | {}", printable(&span.text))?;
            writeln!(
                text,
                "{gutter} | {}{}",
                " ".repeat(span.caret - 1),
                "^".repeat(span.length)
            )?;
        }
    }
    for line in &diagnostic.tail {
        writeln!(text, "  | {}", printable(line))?;
    }
    writeln!(text, "  hint: {}", printable(&diagnostic.hint))
}

/// Text from outside with control and direction-changing characters made visible, one column each,
/// so that carets stay under what they point at.
pub(crate) fn printable(text: &str) -> String {
    let hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if hostile(c) {
                '?'
            } else {
                c
            }
        })
        .collect()
}
