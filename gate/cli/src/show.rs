//! Shows a report: on stdout, in files, and on stderr what must not be missed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gate_core::evaluate::EvaluateError;
use gate_core::rules::UnitMismatch;
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::report::{Report, Warning};
use gate_schema::unit::Unit;

use crate::args::{Format, Show};
use crate::diagnostic::{self, Diagnostic, Place, Span};
use crate::document::{check_outputs, make_folder, write};
use crate::page::page;
use crate::policy::Loaded;
use crate::terminal;

/// Where a report goes, known to be possible before anything is measured.
pub(crate) struct Destinations<'a> {
    show: &'a Show,
    files: Vec<(PathBuf, Format)>,
}

/// What the folder of a report holds.
const FOLDER: [&str; 2] = ["report.html", "verdict.json"];

impl<'a> Destinations<'a> {
    /// Checks the outputs; none may overwrite an input.
    pub(crate) fn check(show: &'a Show, inputs: &[&Path]) -> Result<Self, Vec<Diagnostic>> {
        let mut paths = show.output.clone();
        if let Some(folder) = &show.report {
            paths.extend(FOLDER.map(|name| folder.join(name)));
            make_folder(&folder.join(FOLDER[0]))?;
        }
        let formats = paths.iter().map(|path| format_of(path));
        let formats: Vec<Format> = formats.collect::<Result<_, _>>()?;
        check_outputs(&paths, inputs)?;
        Ok(Self {
            show,
            files: paths.into_iter().zip(formats).collect(),
        })
    }

    /// The folders of all files, each once; without those of devices and pipes.
    pub(crate) fn folders(&self) -> BTreeSet<PathBuf> {
        let files = self.files.iter().map(|(path, _)| path);
        let files = files.filter(|path| !path.exists() || path.is_file());
        files
            .filter_map(|path| path.parent().map(Path::to_owned))
            .collect()
    }

    /// Prints the answer and writes every file. One that fails takes no other along: a verdict that was
    /// paid for is shown wherever it can be. Returns what failed.
    pub(crate) fn deliver(&self, report: &Report, loaded: &Loaded) -> Vec<Diagnostic> {
        talk_warnings(report, loaded);
        let answer = rendered(report, self.show.format, self.show, None);
        let mut attempts = vec![terminal::answer(&answer)];
        attempts.extend(self.files.iter().map(|(path, format)| {
            let folder = path.parent().unwrap_or(Path::new("."));
            let text = rendered(report, *format, self.show, Some(folder));
            write(path, text.as_bytes())
        }));
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
        Some("html") => Ok(Format::Html),
        Some("txt") => Ok(Format::Terminal),
        // A device or a pipe has no extension; it gets what a script would want.
        _ if path.exists() && !path.is_file() => Ok(Format::Json),
        _ => Err(vec![Diagnostic::new(
            Code::Unwritable,
            "cannot tell the format from the file name",
            Place::File(path.to_owned()),
            "end it in .json, .md, .html or .txt",
        )]),
    }
}

/// The report for a file in `folder`, or for stdout.
fn rendered(report: &Report, format: Format, show: &Show, folder: Option<&Path>) -> String {
    let to_stdout = folder.is_none();
    match format {
        Format::Json => gate_render::json(report),
        Format::Html => match folder {
            Some(folder) => page(report, folder, folder),
            None => gate_render::html(report, &[]),
        },
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
    let hint = match mismatch.unit {
        Unit::Ratio => {
            "narrow the rule's metric glob, or write the limit from 0 to 1, or with a percent sign"
        }
        _ => "narrow the rule's metric glob, or write the limit in that unit",
    };
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
