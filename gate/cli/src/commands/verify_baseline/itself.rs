//! What can be said of a baseline without another one.

use std::path::Path;
use std::time::{Duration, SystemTime};

use gate_core::promote::{Onto, Refusal, refusals};
use gate_schema::run::{Provenance, Run};

use super::{AGAIN, wrong};
use crate::diagnostic::Diagnostic;
use crate::document::{canonical, content_digest};
use crate::refusal;

/// How far the clocks of two machines may be apart: one measures, another promotes, a third made the commit.
pub(super) const CLOCKS: Duration = Duration::from_secs(3600);

/// Whether it is, byte for byte, what `gate promote` wrote.
pub(super) fn form(path: &Path, bytes: &[u8], run: &Run) -> Vec<Diagnostic> {
    let Some(provenance) = &run.provenance else {
        let hint = "promote a run with `gate promote`";
        let message = "nobody promoted it: it has no provenance";
        return vec![wrong(path, "/provenance", message, hint)];
    };
    let mut problems = Vec::new();
    let Ok(value) = serde_json::to_value(run) else {
        return problems;
    };
    if canonical(&value).as_bytes() != bytes {
        let message =
            "not in the form that `gate promote` writes: edited by hand, or by another tool";
        problems.push(wrong(path, "", message, AGAIN));
    }
    if let Some(promoted) = &provenance.content
        && *promoted != content_digest(&value)
    {
        let message = "edited by hand: its content is not what was promoted, the digest differs";
        problems.push(wrong(path, "/provenance/content", message, AGAIN));
    }
    problems
}

/// Whether its provenance holds together.
pub(super) fn promotion(path: &Path, run: &Run, max_age: Option<Duration>) -> Vec<Diagnostic> {
    let Some(provenance) = &run.provenance else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let mut problem = |pointer: &str, message: String, hint: &str| {
        problems.push(wrong(path, pointer, message, hint));
    };
    if provenance.content.is_none() {
        let message = "it has no digest of its content, so that an edit would not show";
        let hint = "promote it again with `gate promote`, which writes one";
        problem("/provenance", message.to_owned(), hint);
    }
    if !has_reason(provenance) && !provenance.overridden.is_empty() {
        let message = "rules of promotion were overridden, and nobody says why".to_owned();
        problem("/provenance/overridden", message, AGAIN);
    }
    for refusal in refusals(run, Onto::Nothing, &[]) {
        if is_shown(&refusal) && !is_accepted(&refusal, provenance) {
            let message = format!(
                "promoted against the rules: {}",
                refusal::sentence(&refusal)
            );
            problem("/provenance/overridden", message, AGAIN);
        }
    }
    let at = "/provenance/promoted_at";
    let Some(promoted) = time(&provenance.promoted_at) else {
        problem(at, "not a time".to_owned(), AGAIN);
        return problems;
    };
    let now = SystemTime::now();
    match (now.duration_since(promoted), max_age) {
        _ if is_to_come(promoted, now) => problem(at, "promoted in the future".to_owned(), AGAIN),
        (Ok(age), Some(most)) if age > most => {
            let days = age.as_secs() / (24 * 3600);
            let message = format!("promoted {days} days ago, longer than --max-age allows");
            problem(
                at,
                message,
                "measure the default branch and promote it again",
            );
        }
        _ => {}
    }
    let is_later = |text: &str| time(text).is_some_and(|time| time > promoted + CLOCKS);
    if is_later(&run.created) {
        problem(
            "/created",
            "measured after it was promoted".to_owned(),
            AGAIN,
        );
    }
    for (index, session) in run.sessions.iter().enumerate() {
        if is_later(&session.start) {
            let message = format!("session {} started after it was promoted", session.id);
            problem(&format!("/sessions/{index}/start"), message, AGAIN);
        }
    }
    problems
}

/// Whether no clock can have shown that time yet.
fn is_to_come(promoted: SystemTime, now: SystemTime) -> bool {
    promoted > now + CLOCKS
}

/// Whether a rule of promotion can be held against the baseline alone. The others are about what was accepted before,
/// or about the newest session, which nothing in there tells from those that were kept.
fn is_shown(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Dirty
            | Refusal::UnknownSource
            | Refusal::FewSessions { .. }
            | Refusal::WrongAnswer { .. }
            | Refusal::Planted
    )
}

/// Whether the baseline says that this was overridden, and why.
pub(super) fn is_accepted(refusal: &Refusal, provenance: &Provenance) -> bool {
    let sentence = refusal::sentence(refusal);
    refusal.kind().is_some() && has_reason(provenance) && provenance.overridden.contains(&sentence)
}

fn has_reason(provenance: &Provenance) -> bool {
    let reason = provenance.reason.as_deref();
    reason.is_some_and(|reason| !reason.trim().is_empty())
}

/// A time of the document; `None` where the calendar has no such day.
pub(super) fn time(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_a_little_ahead_promotes_nothing_in_the_future() {
        let now = SystemTime::UNIX_EPOCH + CLOCKS * 8760;
        let second = Duration::from_secs(1);
        for (name, promoted, expected) in [
            ("earlier", now - CLOCKS, false),
            ("now", now, false),
            ("on a clock that is ahead", now + CLOCKS, false),
            ("beyond", now + CLOCKS + second, true),
        ] {
            assert_eq!(is_to_come(promoted, now), expected, "{name}");
        }
    }
}
