//! `gate compare`: two documents and a policy in, a report and an exit code out.

use std::path::{Path, PathBuf};

use gate_core::evaluate::{EvaluateError, Known, Side};
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::report::{Report, Warning};

use crate::args::{Compare, Format};
use crate::diagnostic::{Diagnostic, Place, Span};
use crate::document::{check_outputs, read_run, write_all};
use crate::observe::observe;
use crate::policy::{self, Loaded};
use crate::provenance;
use crate::terminal;

pub(crate) fn run(arguments: &Compare) -> Result<ExitCode, Vec<Diagnostic>> {
    let formats: Vec<Format> = arguments
        .output
        .iter()
        .map(|path| format_of(path))
        .collect::<Result<_, _>>()?;
    let loaded = load_policy(arguments)?;
    let inputs = [
        Some(&arguments.baseline),
        Some(&arguments.candidate),
        loaded.path.as_ref(),
        loaded.waivers.as_ref(),
    ];
    let inputs: Vec<&Path> = inputs.into_iter().flatten().map(PathBuf::as_path).collect();
    check_outputs(&arguments.output, &inputs)?;
    let (baseline, candidate) = rayon::join(
        || read_run(&arguments.baseline),
        || read_run(&arguments.candidate),
    );
    let (baseline, candidate) = both(baseline, candidate)?;
    let observed = both(
        observe(&arguments.baseline, &baseline),
        observe(&arguments.candidate, &candidate),
    )?;
    let sides = [(&baseline, &observed.0), (&candidate, &observed.1)]
        .map(|(run, observed)| Side { run, observed });
    let report = gate_core::evaluate(sides[0], sides[1], &Known::default(), &loaded.policy)
        .map_err(|error| vec![explain(&error, arguments, &loaded)])?;

    let texts: Vec<String> = formats
        .into_iter()
        .map(|format| rendered(&report, format, arguments, false))
        .collect();
    let outputs = arguments
        .output
        .iter()
        .zip(&texts)
        .map(|(path, text)| (path.as_path(), text.as_bytes()));
    write_all(&outputs.collect::<Vec<_>>())?;
    talk_warnings(&report, &loaded);
    terminal::answer(&rendered(&report, arguments.format, arguments, true))?;
    Ok(report.exit_code)
}

fn load_policy(arguments: &Compare) -> Result<Loaded, Vec<Diagnostic>> {
    let mut loaded = policy::load(
        arguments.policy.as_deref(),
        arguments.waivers.as_deref(),
        &arguments.baseline,
        &provenance::today(),
    )?;
    if loaded.path.is_none() {
        terminal::talk(
            "note: no gate.toml beside the baseline; using the built-in policy, which has no budgets (`gate init` writes one)\n",
        );
    }
    let policy = &mut loaded.policy;
    policy.inconclusive = arguments
        .inconclusive
        .map_or(policy.inconclusive, Into::into);
    policy.incomparable = arguments
        .incomparable
        .map_or(policy.incomparable, Into::into);
    policy.machine = arguments.machine.map_or(policy.machine, Into::into);
    Ok(loaded)
}

/// Both, or the problems of both: a user mends two files in one go.
fn both<A, B>(
    a: Result<A, Vec<Diagnostic>>,
    b: Result<B, Vec<Diagnostic>>,
) -> Result<(A, B), Vec<Diagnostic>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).flatten().collect()),
    }
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

fn rendered(report: &Report, format: Format, arguments: &Compare, to_stdout: bool) -> String {
    match format {
        Format::Json => gate_render::json(report),
        Format::Markdown => gate_render::markdown(report, &gate_render::MarkdownOptions::default()),
        Format::Terminal => gate_render::terminal(
            report,
            &gate_render::Style {
                width: terminal::width(&arguments.look),
                colour: to_stdout && terminal::colour(&arguments.look),
                unicode: to_stdout && terminal::unicode(),
                all: arguments.all,
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

fn explain(error: &EvaluateError, arguments: &Compare, loaded: &Loaded) -> Diagnostic {
    match error {
        EvaluateError::NoOverlap => Diagnostic::new(
            Code::NoOverlap,
            "the two runs have no scenario in common, so nothing was compared",
            Place::File(arguments.candidate.clone()),
            format!(
                "check that it comes from the same suite as {}",
                arguments.baseline.display()
            ),
        ),
        EvaluateError::Unit(mismatch) => {
            let message = format!(
                "{} does not fit {}, which is in {}",
                mismatch.setting, mismatch.metric, mismatch.unit
            );
            let hint = "narrow the rule's metric glob, or write the limit in that unit";
            Diagnostic::new(
                Code::PolicyUnit,
                message,
                place_of_rule(loaded, mismatch.line),
                hint,
            )
        }
    }
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
