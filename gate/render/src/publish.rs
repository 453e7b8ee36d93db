//! What stands on a pull request: the report in a frame, or why there is none.
//!
//! Links are built from a trusted address and numbers, never from text of the report.

use gate_schema::report::{Outcome, ProfileFiles, Profiles, Report};
use gate_schema::run::Manifest;

use crate::escape::Target;
use crate::fold::Folded;
use crate::heading::short;
use crate::markdown::{below, head};
use crate::{MarkdownOptions, sentence};

mod newcomers;
use newcomers::Newcomers;

/// What a report is shown for.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// Address of the repository, trusted: `https://github.com/owner/name`.
    pub repository: &'a str,
    /// The measuring run.
    pub run: u64,
    /// Its attempt.
    pub attempt: u64,
    /// The commit it measured.
    pub head: &'a str,
    /// The artifact of the measuring run.
    pub artifact: Option<u64>,
    /// The run that publishes, whose summary holds the full report.
    pub publisher: Option<u64>,
    /// Whether that run keeps the full report as a page among its artifacts, too.
    pub has_page: bool,
    /// Whether the code measured comes from a fork.
    pub is_fork: bool,
    /// Whether the pull request may change files that decide about verdicts.
    pub edits_policy: bool,
    /// What the promoted baseline of the default branch declares; `None` where there is no baseline.
    pub declared: Option<&'a Manifest>,
}

/// Why there is no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The artifact broke a rule, by its id.
    Rejected(&'static str),
    /// The artifact is gone.
    Expired,
    /// The run measured nothing.
    NothingMeasured,
    /// The change touches nothing that is measured, by the policy of the default branch.
    NothingToMeasure,
    /// The run failed before it came to a verdict.
    Failed,
    /// The run was stopped.
    Cancelled,
    /// The run took too long.
    TimedOut,
    /// The run waits for a maintainer.
    NeedsApproval,
    /// The runs cannot be compared at all.
    Unjudgeable,
    /// The runs are of another tier than the promoted baseline, which alone says what should be in them.
    OtherTier,
    /// A file of the default branch that decides about verdicts is broken, by the code of the problem.
    Unusable(&'static str),
}

impl Notice {
    /// The outcome in a word, and never that of a pass: nothing was judged.
    fn word(self) -> &'static str {
        match self {
            Self::NothingToMeasure => "NOT MEASURED",
            _ => "UNDECIDED",
        }
    }

    /// What happened, and what to do.
    fn texts(self) -> (String, &'static str) {
        let (what, next) = match self {
            Self::Rejected(rule) => {
                let what = format!("the measured runs were rejected (rule `{rule}`)");
                let next = "see the log of the publishing run, and docs/publishing.md for the rule";
                return (what, next);
            }
            Self::Unusable(code) => {
                let what = format!(
                    "a file of the default branch that decides about verdicts cannot be used (`{code}`)"
                );
                // A publishing run that is started again checks out the commit it had before.
                let next = "a maintainer mends it, and starts the measuring run again; the log of the publishing \
                            run says which file and where";
                return (what, next);
            }
            Self::Expired => (
                "the measured runs have expired",
                "start the measuring run again",
            ),
            Self::NothingMeasured => (
                "nothing was measured",
                "if this change can affect performance, look why the measuring run left it out",
            ),
            Self::NothingToMeasure => (
                "every path that changed is one that `ignore-paths` names",
                "nothing; the policy of the default branch says so",
            ),
            Self::Failed => (
                "the measuring run failed before it came to a verdict",
                "see its log, and start it again",
            ),
            Self::Cancelled => ("the measuring run was cancelled", "start it again"),
            Self::TimedOut => (
                "the measuring run took too long, or waited too long for a machine",
                "start it again",
            ),
            Self::NeedsApproval => (
                "the measuring run waits for approval",
                "a maintainer approves it after reading the change",
            ),
            Self::Unjudgeable => (
                "the measured runs cannot be compared",
                "see the log of the publishing run",
            ),
            Self::OtherTier => (
                "the measured runs are of another tier than the promoted baseline, so nothing tells what they \
                 leave out",
                "measure the tier that was promoted, or promote the tier that is measured",
            ),
        };
        (what.to_owned(), next)
    }
}

/// The report without paths of files beside it: on a pull request they would lead elsewhere.
fn without_files(report: &Report) -> Report {
    let mut report = report.clone();
    for scenario in &mut report.profiles {
        if let Profiles::Compared(change) = &mut scenario.profiles {
            change.files = ProfileFiles::default();
        }
    }
    report
}

/// The report as a comment or summary of at most `max_bytes`. A pass with nothing to look at is short.
#[must_use]
pub fn comment(report: &Report, occasion: &Occasion<'_>, max_bytes: usize) -> String {
    let is_plain = report.outcome == Outcome::Pass && Folded::of(report, false).shown.is_empty();
    let (head, frame, options, report) = parts(report, occasion, max_bytes);
    let body = if is_plain {
        head.clone()
    } else {
        below(&head, &report, &options)
    };
    // Even the shortest report may have a line per waiver.
    let body = if body.len() > options.max_bytes {
        head
    } else {
        body
    };
    format!("{}\n\n{frame}", body.trim_end())
}

/// The full report for the summary of a job, at most `max_bytes`.
#[must_use]
pub fn summary(report: &Report, occasion: &Occasion<'_>, max_bytes: usize) -> String {
    let (head, frame, options, report) = parts(report, occasion, max_bytes);
    format!("{}\n{frame}", below(&head, &report, &options))
}

/// The heading, which counts everything; what stands under every text; the room between them, and what
/// of the report may stand there.
fn parts(
    report: &Report,
    occasion: &Occasion<'_>,
    max_bytes: usize,
) -> (String, String, MarkdownOptions, Report) {
    let head = head(report, true);
    let mut shown = without_files(report);
    let newcomers = Newcomers::of(report, occasion.declared);
    newcomers.leave_out_of(&mut shown);
    let frame = format!("{}{}", newcomers.text(), frame(occasion));
    let options = MarkdownOptions {
        max_bytes: max_bytes.saturating_sub(frame.len()),
        icons: true,
    };
    (head, frame, options, shown)
}

/// Why there is no report, as a comment or summary.
#[must_use]
pub fn notice(notice: Notice, occasion: &Occasion<'_>) -> String {
    let (what, next) = notice.texts();
    let icon = match notice {
        Notice::NothingToMeasure => '\u{2796}',
        _ => '\u{2754}',
    };
    format!(
        "### {icon} {}: {what}\n\n**Next:** {next}\n\n{}",
        notice.word(),
        frame(occasion)
    )
}

/// The outcome as one line of plain text.
#[must_use]
pub fn title(report: &Report) -> String {
    let sentence = sentence::outcome(report, Target::Unicode);
    format!("{}: {}", sentence.word, sentence.text)
}

/// Why there is no report, as one line of plain text.
#[must_use]
pub fn notice_title(notice: Notice) -> String {
    let what = notice.texts().0.replace('`', "");
    format!("{}: {what}", notice.word())
}

/// What stands under every text: what counts, where the rest is, and whose numbers these are.
fn frame(occasion: &Occasion<'_>) -> String {
    let mut out = String::new();
    if occasion.edits_policy {
        out.push_str(
            "**Note:** what this pull request changes under `baselines/` decides from the moment it is \
             merged; this verdict was reached without it.\n\n",
        );
    }
    let runs = format!("{}/actions/runs", occasion.repository);
    let (run, attempt) = (occasion.run, occasion.attempt);
    let head = Target::Markdown.outside(short(occasion.head));
    let mut parts = match occasion.publisher {
        // Of an artifact that is yet to be uploaded only the place is known.
        Some(publisher) if occasion.has_page => vec![
            format!("[full report]({runs}/{publisher}#artifacts)"),
            format!("[summary]({runs}/{publisher})"),
        ],
        Some(publisher) => vec![format!("[full report]({runs}/{publisher})")],
        None => Vec::new(),
    };
    parts.push(format!(
        "[run {run}]({runs}/{run}/attempts/{attempt}), attempt {attempt}"
    ));
    if let Some(artifact) = occasion.artifact {
        parts.push(format!(
            "[measured runs]({runs}/{run}/artifacts/{artifact})"
        ));
    }
    parts.push(format!("head {head}"));
    parts.push(if occasion.is_fork {
        "numbers are claims of a fork's code, unverified".to_owned()
    } else {
        "numbers are claims of this branch's code".to_owned()
    });
    out.push_str(&format!("<sub>{}</sub>\n", parts.join(" \u{b7} ")));
    out
}
