//! Findings as text, what disturbs first.

use std::fmt::Write;

use super::{Finding, State};
use crate::diagnostic::printable;

impl State {
    /// Never colour alone: a log has none.
    fn word(self) -> &'static str {
        match self {
            Self::Disturbs => "disturbs",
            Self::Unknown => "unknown",
            Self::Fine => "fine",
        }
    }
}

/// The outcome in one line, then one entry per finding.
pub(crate) fn show(findings: &[Finding]) -> String {
    let count = |state| findings.iter().filter(|f| f.state == state).count();
    let (disturbing, unknown) = (count(State::Disturbs), count(State::Unknown));
    let all = findings.len();
    let mut text = match disturbing {
        0 => format!("none of {all} settings is known to disturb measurements here"),
        some => format!("{some} of {all} settings disturb measurements here"),
    };
    if unknown > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, "; {unknown} cannot be told");
    }
    text.push_str("\n\n");
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.state);
    for finding in sorted {
        let (word, name) = (finding.state.word(), finding.name);
        let _ = writeln!(text, "{word:<9} {name:<13} {}", printable(&finding.found));
        if finding.state != State::Fine {
            let _ = writeln!(text, "{:24}why: {}", "", finding.why);
        }
        if finding.state == State::Disturbs {
            let _ = writeln!(text, "{:24}fix: {}", "", finding.fix);
        }
    }
    text
}
