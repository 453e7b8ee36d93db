//! What speaks against accepting a run, in words.

use std::path::Path;

use gate_core::promote::{Lost, MIN_REPETITIONS, MIN_SESSIONS, Moved, Refusal};
use gate_schema::code::Code;

use crate::args::Accept;
use crate::diagnostic::{Diagnostic, Place};

/// Digits of a commit id that are shown.
const COMMIT_DIGITS: usize = 10;

pub(crate) fn diagnostic(path: &Path, refusal: &Refusal) -> Diagnostic {
    let (code, way_out) = match refusal.kind() {
        Some(kind) => {
            let word = Accept::from(kind).word();
            let way_out = format!(
                ", or promote with --accept {word} and --reason \"...\", which is kept in the baseline"
            );
            (Code::Promotion, way_out)
        }
        None => (Code::PromotionNever, String::new()),
    };
    let hint = format!("{}{way_out}", hint(refusal));
    Diagnostic::new(code, sentence(refusal), Place::File(path.to_owned()), hint)
}

pub(crate) fn sentence(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Dirty => {
            "the work tree had uncommitted changes, so nobody can build this again".to_owned()
        }
        Refusal::UnknownSource => "nobody knows which commit this was built from".to_owned(),
        Refusal::OtherHistory { commit } => {
            format!(
                "{} is not in the history of what is checked out here",
                short(commit)
            )
        }
        Refusal::Lost(lost) => of_lost(lost),
        Refusal::FewSessions {
            scenario,
            metric,
            have,
        } => {
            let plural = if *have == 1 { "" } else { "s" };
            let metric = metric.as_ref().map(|metric| format!("{metric} of "));
            let metric = metric.unwrap_or_default();
            format!(
                "the baseline would hold {have} session{plural} of {metric}{scenario}, and needs {MIN_SESSIONS}"
            )
        }
        Refusal::FewRepetitions { scenario, have } => format!(
            "{scenario} was repeated {have} times in a session, and a baseline needs {MIN_REPETITIONS}: of fewer, one that was disturbed moves the accepted level"
        ),
        Refusal::Worse(moved) => format!("worse than the accepted level: {}", of_moved(moved)),
        Refusal::Faster(moved) => format!("suspiciously fast: {}", of_moved(moved)),
        Refusal::OtherMachine { field } => {
            format!("measured on another machine than the accepted sessions: {field} differs")
        }
        Refusal::Failed { scenario } => {
            format!("a repetition of {scenario} failed, so what it measured is not all there is")
        }
        Refusal::WrongAnswer { scenario } => {
            format!("{scenario} gave a wrong answer, so nothing can be compared with it")
        }
        Refusal::Planted => "the run has changes planted on purpose".to_owned(),
        Refusal::Incomplete { scenario } => {
            format!("{scenario} is declared but not wholly measured in every session")
        }
    }
}

fn hint(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Dirty => "commit and measure again".to_owned(),
        Refusal::UnknownSource => "measure in a clean checkout".to_owned(),
        Refusal::OtherHistory { .. } => {
            "measure a commit of this branch; a shallow clone gets its history by `git fetch --unshallow`"
                .to_owned()
        }
        Refusal::Lost(_) => "measure the whole suite as it was".to_owned(),
        Refusal::FewSessions { .. } => format!("measure {MIN_SESSIONS} sessions in one run"),
        Refusal::FewRepetitions { .. } => format!(
            "measure it for a baseline: `bench run --sessions {MIN_SESSIONS} --repetitions {MIN_REPETITIONS}`, for tiers that repeat less unless told, as `nightly` does"
        ),
        Refusal::Worse(_) => "find out why".to_owned(),
        Refusal::Faster(_) => "see whether it still does its work".to_owned(),
        Refusal::OtherMachine { .. } => {
            "sessions of two machines are never mixed; start afresh with --replace and --reason \"...\""
                .to_owned()
        }
        Refusal::Failed { .. } | Refusal::WrongAnswer { .. } => {
            "repair it and measure again".to_owned()
        }
        Refusal::Planted => "measure again without --plant".to_owned(),
        Refusal::Incomplete { .. } => "measure the whole manifest again".to_owned(),
    }
}

/// A commit id as people write it.
pub(crate) fn short(commit: &str) -> String {
    let short: String = commit.chars().take(COMMIT_DIGITS).collect();
    short.escape_debug().to_string()
}

/// What is not compared with any more.
pub(crate) fn of_lost(lost: &Lost) -> String {
    match lost {
        Lost::Scenario(scenario) => format!("{scenario} is gone, and nothing guards it any more"),
        Lost::Metric(scenario, metric) => {
            format!("{metric} of {scenario} is gone, and nothing guards it any more")
        }
        Lost::History(scenario) => {
            format!("{scenario} is declared differently, which drops its history")
        }
        Lost::MetricHistory(scenario, metric) => {
            format!("{metric} of {scenario} is declared differently, which drops its history")
        }
    }
}

/// The largest move, and how many others there are.
pub(crate) fn of_moved(moved: &Moved) -> String {
    let change = &moved.largest;
    let [from, to] = [&change.from, &change.to].map(gate_render::quantity);
    let more = match moved.more {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("{} {} {from} -> {to}{more}", change.scenario, change.metric)
}
