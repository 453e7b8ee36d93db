//! What to do after one try of a request. Pure; [`crate::client`] waits and tries again.

use std::time::Duration;

use crate::fault::{Fault, words};
use crate::transport::{Answer, Lost};

/// Whether doing it twice does harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It does not.
    Read,
    /// It does: an unknown outcome is reconciled by reading, never by sending again.
    Write,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The answer is good.
    Take,
    /// Try again after at most this time, chosen at random.
    Jittered(Duration),
    /// Try again after exactly this time.
    Wait(Duration),
    /// A write that may have been applied: read after at most this time, chosen at random.
    Reconcile(Duration),
    /// Nothing more to try.
    Stop(Fault),
}

/// Tries of a read that gets no answer, or of any request without a connection.
const READ_TRIES: u32 = 5;

/// Tries of a write without a connection.
const WRITE_TRIES: u32 = 3;

/// Waits for a rate limit.
const RATE_TRIES: u32 = 3;

/// Replication lag that one 404 may be owed to.
const REPLICATION: Duration = Duration::from_secs(2);

/// First wait for a secondary limit that names no time; it doubles.
const SECONDARY: Duration = Duration::from_secs(60);

/// A request as logs name it: method and path without the query.
pub(crate) fn name(method: &http::Method, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    format!("{method} {}", crate::fault::harmless(path))
}

/// Decides after try number `tries`, counted from 1, of `request`. `now` is the time since 1970.
pub(crate) fn next(
    kind: Kind,
    tries: u32,
    outcome: &Result<Answer, Lost>,
    now: Duration,
    request: &str,
) -> Next {
    let request = || request.to_owned();
    let backoff = Duration::from_secs(1 << (tries - 1).min(3));
    let gave_up = |why: String| {
        Next::Stop(Fault::NoAnswer {
            request: request(),
            why,
        })
    };
    let unknown = |why: String| match kind {
        Kind::Write => Next::Reconcile(backoff),
        Kind::Read if tries < READ_TRIES => Next::Jittered(backoff),
        Kind::Read => gave_up(why),
    };
    let answer = match outcome {
        Ok(answer) => answer,
        Err(Lost::TooLarge) => return Next::Stop(Fault::TooLarge(request())),
        Err(Lost::Unknown(why)) => return unknown(why.clone()),
        Err(Lost::NotSent(why)) => {
            let most = if kind == Kind::Read {
                READ_TRIES
            } else {
                WRITE_TRIES
            };
            return if tries < most {
                Next::Jittered(backoff)
            } else {
                gave_up(why.clone())
            };
        }
    };
    let status = answer.status;
    match status {
        200..=299 => Next::Take,
        300..=399 => Next::Stop(Fault::Moved {
            request: request(),
            location: crate::fault::harmless(answer.location.as_deref().unwrap_or("nowhere")),
        }),
        403 | 429 if let Some(wait) = rate_limit(answer, tries, now) => {
            if tries < RATE_TRIES {
                Next::Wait(wait)
            } else {
                Next::Stop(Fault::Deferred(wait))
            }
        }
        403 | 422 | 423 if is_read_only(answer) => Next::Stop(Fault::ReadOnly(words(&answer.body))),
        401 | 403 => Next::Stop(Fault::Permission {
            status,
            request: request(),
            words: words(&answer.body),
        }),
        404 if tries == 1 && kind == Kind::Read => Next::Wait(REPLICATION),
        404 | 410 => Next::Stop(Fault::Missing {
            status,
            request: request(),
        }),
        408 | 500..=599 => unknown(format!("status {status}")),
        // The state it was based on has changed: read again.
        409 if kind == Kind::Write => Next::Reconcile(backoff),
        _ => Next::Stop(Fault::Refused {
            status,
            request: request(),
            words: words(&answer.body),
        }),
    }
}

/// How long a rate limit asks to wait; `None` when this is another refusal.
fn rate_limit(answer: &Answer, tries: u32, now: Duration) -> Option<Duration> {
    if let Some(wait) = answer.retry_after {
        return Some(wait);
    }
    if answer.remaining == Some(0) {
        let reset = answer.reset.map(|reset| reset.saturating_sub(now));
        return Some(reset.unwrap_or(SECONDARY).max(Duration::from_secs(1)));
    }
    let is_secondary = words(&answer.body)
        .to_ascii_lowercase()
        .contains("rate limit");
    (is_secondary || answer.status == 429).then(|| SECONDARY * (1 << (tries - 1).min(3)))
}

/// A locked conversation or an archived repository.
fn is_read_only(answer: &Answer) -> bool {
    let said = words(&answer.body).to_ascii_lowercase();
    ["is locked", "was archived", "is archived", "read-only"]
        .iter()
        .any(|sign| said.contains(sign))
}

#[cfg(test)]
mod tests;
