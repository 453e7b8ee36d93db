//! What is said, and where: outcome or notice as check, comment and summary.

use std::io::Write;
use std::path::Path;

use gate_github::find::{Conclusion, Measured, Target};
use gate_github::write::{CheckText, Verdict, Wish};
use gate_render::{Figure, Notice, Occasion};
use gate_schema::exit::ExitCode;
use gate_schema::report::{Outcome, Report, Verdict as RowVerdict};
use gate_schema::run::Manifest;

use super::settings::Told;
use crate::args::{Publish, When};
use crate::diagnostic::printable;
use crate::document::write;
use crate::terminal;

/// Bytes of a step summary: GitHub drops one of more than 1,024 KiB whole.
const SUMMARY_BYTES: usize = 900 << 10;

/// Bytes of the summary of a check run: GitHub takes 65,535 characters.
const CHECK_BYTES: usize = 60_000;

/// What came of a measuring run.
pub(crate) enum Said {
    /// The report, and pictures of what regressed, for its page.
    Report(Box<Report>, Vec<Figure>),
    Notice(Notice),
}

/// The notice for a run that did not end well; `None` when its artifact is worth a look.
pub(crate) fn without_artifact(conclusion: Conclusion) -> Option<Notice> {
    match conclusion {
        // `gate check` fails its job when it finds a regression, and has measured all the same.
        Conclusion::Success | Conclusion::Failure => None,
        Conclusion::Cancelled => Some(Notice::Cancelled),
        Conclusion::TimedOut => Some(Notice::TimedOut),
        Conclusion::ActionRequired => Some(Notice::NeedsApproval),
        Conclusion::Other => Some(Notice::Failed),
    }
}

impl Said {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Report(report, _) => report.exit_code,
            Self::Notice(Notice::Rejected(_) | Notice::Unusable(_)) => ExitCode::Usage,
            Self::Notice(Notice::NothingToMeasure) => ExitCode::Pass,
            Self::Notice(_) => ExitCode::Undecided,
        }
    }

    /// One line of plain text.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Report(report, _) => gate_render::title(report),
            Self::Notice(notice) => gate_render::notice_title(*notice),
        }
    }

    /// Markdown for the comment and the check run.
    pub(crate) fn text(&self, occasion: &Occasion<'_>, most: usize) -> String {
        match self {
            Self::Report(report, _) => gate_render::comment(report, occasion, most),
            Self::Notice(notice) => gate_render::notice(*notice, occasion),
        }
    }

    /// Markdown for the summary of the job.
    pub(crate) fn summary(&self, occasion: &Occasion<'_>) -> String {
        match self {
            Self::Report(report, _) => gate_render::summary(report, occasion, SUMMARY_BYTES),
            Self::Notice(notice) => gate_render::notice(*notice, occasion),
        }
    }

    pub(crate) fn check(&self, occasion: &Occasion<'_>, told: &Told, blocking: bool) -> CheckText {
        let undecided = if blocking {
            Verdict::ActionRequired
        } else {
            Verdict::Neutral
        };
        let verdict = match self {
            Self::Report(report, _) => match report.exit_code {
                ExitCode::Pass => Verdict::Success,
                ExitCode::Fail => Verdict::Failure,
                _ => undecided,
            },
            Self::Notice(Notice::Cancelled) => Verdict::Cancelled,
            Self::Notice(Notice::TimedOut) => Verdict::TimedOut,
            // Passes where the check is required, and still is no success: nothing was judged.
            Self::Notice(Notice::NothingToMeasure) => Verdict::Neutral,
            Self::Notice(_) => undecided,
        };
        let publisher = told.publisher;
        CheckText {
            verdict,
            title: self.title(),
            summary: self.text(occasion, CHECK_BYTES),
            details_url: publisher.map(|run| format!("{}/actions/runs/{run}", told.address)),
        }
    }

    /// Whether there should be a comment.
    pub(crate) fn wish(&self, arguments: &Publish) -> Wish {
        let is_worth_one = match self {
            Self::Notice(notice) => {
                !matches!(notice, Notice::NothingMeasured | Notice::NothingToMeasure)
            }
            Self::Report(report, _) => {
                let improved = report
                    .rows
                    .iter()
                    .any(|row| row.verdict == RowVerdict::Improved);
                report.outcome != Outcome::Pass || improved
            }
        };
        match arguments.comment {
            When::Always => Wish::Create,
            When::Never => Wish::Never,
            When::Auto if is_worth_one => Wish::Create,
            When::Auto => Wish::Update,
        }
    }
}

/// What the texts are about.
pub(crate) fn occasion<'a>(
    told: &'a Told,
    measured: &'a Measured,
    artifact: Option<u64>,
    declared: Option<&'a Manifest>,
    has_page: bool,
) -> Occasion<'a> {
    let pull = match &measured.target {
        Target::Pull(pull) => Some(pull),
        Target::Commit(_) => None,
    };
    Occasion {
        repository: &told.address,
        run: measured.run,
        attempt: measured.attempt,
        head: &measured.head,
        artifact,
        publisher: told.publisher,
        has_page,
        is_fork: pull.is_some_and(|pull| pull.is_fork),
        edits_policy: pull.is_some_and(|pull| pull.edits_policy),
        declared,
    }
}

/// Writes the page of a report, and says whether it is there to be linked to. One that cannot be written is no
/// reason to say nothing at all.
pub(crate) fn put_page(path: Option<&Path>, said: &Said) -> bool {
    let (Some(path), Said::Report(report, figures)) = (path, said) else {
        return false;
    };
    let Err(problems) = write(path, gate_render::html(report, figures).as_bytes()) else {
        return true;
    };
    for problem in problems {
        let (path, message) = (path.display(), printable(&problem.message));
        terminal::talk(&format!("note: the page {path}: {message}\n"));
    }
    false
}

/// Adds to the summary of the job. A summary that cannot be written is no reason to say nothing at all.
pub(crate) fn summarise(path: Option<&Path>, text: &str) {
    let Some(path) = path else {
        return;
    };
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path);
    let written = file.and_then(|mut file| file.write_all(format!("{text}\n").as_bytes()));
    if let Err(error) = written {
        terminal::talk(&format!(
            "note: the summary {} cannot be written: {error}\n",
            path.display()
        ));
    }
}

/// A line with text of a run for the log of a job, where the runner takes some lines for commands.
pub(crate) fn for_log(line: &str) -> String {
    printable(line).replace("::", ":?").replace("##[", "##?")
}

/// JSON for the log of a job: the same document, without what the runner takes for a command. Each of its lines
/// starts with a bracket or a quote, so that `::` cannot start one.
pub(crate) fn json_for_log(value: &serde_json::Value) -> String {
    format!("{value:#}").replace("##[", "#\\u0023[")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_run_commands_no_runner() {
        for (line, expected) in [
            (
                "FAIL: x/y failed: exit status 1",
                "FAIL: x/y failed: exit status 1",
            ),
            ("::error::x", ":?error:?x"),
            ("a ##[error]x", "a ##?error]x"),
            ("a\n::stop-commands::x", "a?:?stop-commands:?x"),
        ] {
            assert_eq!(for_log(line), expected);
        }
        let body = serde_json::json!({"body": "a\n::error::x ##[error]"});
        let shown = json_for_log(&body);
        assert!(!shown.contains("##["), "{shown}");
        assert!(
            shown
                .lines()
                .all(|line| !line.trim_start().starts_with("::"))
        );
        let read: serde_json::Value = serde_json::from_str(&shown).expect("still JSON");
        assert_eq!(read, body);
    }
}
