//! Whether a baseline was only added to, and what a change of it lets through.

use std::collections::{BTreeMap, BTreeSet};

use gate_schema::id::Name;
use gate_schema::run::{Run, Session};

use crate::comparable::environment_differences;
use crate::observe::Observed;
use crate::promote::{Lost, Moved, by_scenario, kept_sessions, lost, moves};
use crate::stored::MAX_SESSIONS;

/// What is wrong with a baseline that replaces another one.
#[derive(Clone, Debug, PartialEq)]
pub enum Flaw {
    /// Its numbers changed and who promoted it did not.
    Edited,
    /// A session that both have differs.
    SessionEdited {
        /// Its id.
        session: String,
    },
    /// Accepted sessions stand beside those of another machine, which no reason allows.
    Mixed {
        /// The first fingerprint field that differs.
        field: Name,
    },
    /// Accepted sessions are gone for which there was room, and nobody says why.
    Gone {
        /// How many.
        gone: usize,
        /// How many are left.
        left: usize,
    },
    /// Something is not compared with any more, and nobody says why.
    Lost(Lost),
    /// Levels got worse, and nobody says why.
    Worse(Moved),
}

/// What is wrong with `now`, which replaces `before`.
#[must_use]
pub fn flaws(before: (&Run, &[Observed]), now: (&Run, &[Observed])) -> Vec<Flaw> {
    let (was, is) = (before.0, now.0);
    if was == is {
        return Vec::new();
    }
    if was.provenance == is.provenance {
        return vec![Flaw::Edited];
    }
    let mut flaws = Vec::new();
    let known: BTreeMap<&str, &Session> = was.sessions.iter().map(|s| (s.id.as_str(), s)).collect();
    let expected = kept_sessions(was, &by_scenario(is));
    let expected: BTreeMap<&str, &Session> = expected.iter().map(|s| (s.id.as_str(), s)).collect();
    let mut left = 0;
    for session in &is.sessions {
        let Some(there) = known.get(session.id.as_str()) else {
            continue;
        };
        left += 1;
        let expected = expected.get(session.id.as_str()).copied();
        if !is_what_is_left(session, there, expected) {
            let session = session.id.clone();
            flaws.push(Flaw::SessionEdited { session });
        }
    }
    if left > 0 {
        let ignored = BTreeSet::new();
        let differences = environment_differences(&was.environment, &is.environment, &ignored);
        let field = differences.into_iter().next().map(|d| d.field);
        flaws.extend(field.map(|field| Flaw::Mixed { field }));
    }
    let reason = is.provenance.as_ref().and_then(|p| p.reason.as_deref());
    if reason.is_none_or(|reason| reason.trim().is_empty()) {
        let room = MAX_SESSIONS.saturating_sub(is.sessions.len() - left);
        let gone = was.sessions.len().min(room).saturating_sub(left);
        if gone > 0 {
            flaws.push(Flaw::Gone { gone, left });
        }
        flaws.extend(lost(was, is).into_iter().map(Flaw::Lost));
        let moves = moves(before.1, now.1);
        let worse = moves.iter().filter(|m| m.is_worse);
        flaws.extend(Moved::of(worse).map(Flaw::Worse));
    }
    flaws
}

/// Whether a session is `accepted` with what is `kept` of it, which is nothing where all is declared differently.
fn is_what_is_left(session: &Session, accepted: &Session, kept: Option<&Session>) -> bool {
    let head = |session: &Session| (session.start.clone(), session.mode);
    let kept = kept.map_or(&[][..], |kept| &kept.scenarios);
    head(session) == head(accepted) && session.scenarios == kept
}
