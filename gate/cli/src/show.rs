//! Shows a report: on stdout, in files, and on stderr what must not be missed.

use std::path::Path;

use gate_core::evaluate::EvaluateError;
use gate_core::rules::UnitMismatch;
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::report::{Report, Warning};

use crate::args::{Format, Show};
use crate::diagnostic::{self, Diagnostic, Place, Span};
use crate::document::{check_outputs, write};
use crate::policy::Loaded;
use crate::terminal;

/// Where a report goes, known to be possible before anything is measured.
pub(crate) struct Destinations<'a> {
    show: &'a Show,
    formats: Vec<Format>,
}

impl<'a> Destinations<'a> {
    /// Checks the outputs; none may overwrite an input.
    pub(crate) fn check(show: &'a Show, inputs: &[&Path]) -> Result<Self, Vec<Diagnostic>> {
        let formats = show
            .output
            .iter()
            .map(|path| format_of(path))
            .collect::<Result<_, _>>()?;
        check_outputs(&show.output, inputs)?;
        Ok(Self { show, formats })
    }

    /// Prints the answer and writes every file. One that fails takes no other along: a verdict that was
    /// paid for is shown wherever it can be. Returns what failed.
    pub(crate) fn deliver(&self, report: &Report, loaded: &Loaded) -> Vec<Diagnostic> {
        talk_warnings(report, loaded);
        let answer = rendered(report, self.show.format, self.show, true);
        let mut attempts = vec![terminal::answer(&answer)];
        attempts.extend(
            self.show
                .output
                .iter()
                .zip(&self.formats)
                .map(|(path, format)| {
                    write(path, rendered(report, *format, self.show, false).as_bytes())
                }),
        );
        attempts
            .into_iter()
            .filter_map(Result::err)
            .flatten()
            .collect()
    }
}

/// The exit code of a verdict, after saying what of it could not be written.
pub(crate) fn exit_code(report: &Report, problems: &[Diagnostic]) -> ExitCode {
    if problems.is_empty() {
        return report.exit_code;
    }
    let code = report.exit_code as u8;
    terminal::talk(&diagnostic::listed(problems));
    terminal::talk(&format!(
        "the verdict stands, and everything else was written; without this the exit code is {code}\n"
    ));
    ExitCode::Usage
}

fn format_of(path: &Path) -> Result<Format, Vec<Diagnostic>> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Ok(Format::Json),
        Some("md") => Ok(Format::Markdown),
        Some("txt") => Ok(Format::Terminal),
        // A device or a pipe has no extension; it gets what a script would want.
        _ if path.exists() && !path.is_file() => Ok(Format::Json),
        _ => Err(vec![Diagnostic::new(
            Code::Unwritable,
            "cannot tell the format from the file name",
            Place::File(path.to_owned()),
            "end it in .json, .md or .txt",
        )]),
    }
}

fn rendered(report: &Report, format: Format, show: &Show, to_stdout: bool) -> String {
    match format {
        Format::Json => gate_render::json(report),
        Format::Markdown => gate_render::markdown(report, &gate_render::MarkdownOptions::default()),
        Format::Terminal => gate_render::terminal(
            report,
            &gate_render::Style {
                width: terminal::width(&show.look),
                colour: to_stdout && terminal::colour(&show.look),
                unicode: to_stdout && terminal::unicode(),
                all: show.all,
            },
        ),
    }
}

/// Repeats on stderr what must not be missed when stdout goes to a file.
fn talk_warnings(report: &Report, loaded: &Loaded) {
    for warning in &report.warnings {
        if let (
            Warning::RuleMatchesNothing {
                line,
                scenario,
                metric,
            },
            Some(path),
        ) = (warning, &loaded.path)
        {
            terminal::talk(&format!(
                "warning: {}:{line}: this rule matches no row (scenario `{}`, metric `{}`), so its settings apply to nothing\n",
                path.display(),
                scenario.escape_debug(),
                metric.escape_debug(),
            ));
        }
    }
}

/// Why two runs, named for people, cannot be judged.
pub(crate) fn unjudgeable(
    error: &EvaluateError,
    candidate: &Path,
    baseline: &str,
    loaded: &Loaded,
) -> Diagnostic {
    match error {
        EvaluateError::NoOverlap => Diagnostic::new(
            Code::NoOverlap,
            "the two runs have no scenario in common, so nothing was compared",
            Place::File(candidate.to_owned()),
            format!("check that it comes from the same suite as {baseline}"),
        ),
        EvaluateError::Unit(mismatch) => unit_mismatch(mismatch, loaded),
    }
}

/// A rule of the policy that does not fit a metric it matches.
pub(crate) fn unit_mismatch(mismatch: &UnitMismatch, loaded: &Loaded) -> Diagnostic {
    let message = format!(
        "{} does not fit {}, which is in {}",
        mismatch.setting, mismatch.metric, mismatch.unit
    );
    let hint = "narrow the rule's metric glob, or write the limit in that unit";
    let place = place_of_rule(loaded, mismatch.line);
    Diagnostic::new(Code::PolicyUnit, message, place, hint)
}

fn place_of_rule(loaded: &Loaded, line: u32) -> Place {
    let Some(path) = &loaded.path else {
        return Place::Flag("the built-in policy");
    };
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1) as usize)
        .map(str::len)
        .sum();
    let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    Place::Span(Span::new(path, &text, start..end))
}
