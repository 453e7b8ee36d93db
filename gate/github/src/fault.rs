//! Why a request came to nothing, after everything worth trying was tried.

use std::time::Duration;

/// Most characters of GitHub's own words that are repeated.
const MAX_WORDS: usize = 200;

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The token is not accepted, or may not do this.
    #[error("GitHub answered {status} to {request}: {words}")]
    Permission {
        /// 401 or 403.
        status: u16,
        /// Method and path.
        request: String,
        /// What GitHub said.
        words: String,
    },
    /// GitHub asks to come back later than this command may wait.
    #[error("GitHub asks to wait {} s, longer than is left", .0.as_secs())]
    Deferred(Duration),
    /// The repository was renamed or transferred.
    #[error("the repository has moved: {request} is now at {location}")]
    Moved {
        /// Method and path.
        request: String,
        /// Where to.
        location: String,
    },
    /// It does not exist, or not any more, or the token may not see it.
    #[error("GitHub answered {status} to {request}")]
    Missing {
        /// 404 or 410.
        status: u16,
        /// Method and path.
        request: String,
    },
    /// The conversation is locked or the repository archived.
    #[error("closed for writing: {0}")]
    ReadOnly(String),
    /// GitHub understood and said no.
    #[error("GitHub answered {status} to {request}: {words}")]
    Refused {
        /// 4xx.
        status: u16,
        /// Method and path.
        request: String,
        /// What GitHub said.
        words: String,
    },
    /// No usable answer, however often it was tried.
    #[error("no usable answer to {request}: {why}")]
    NoAnswer {
        /// Method and path.
        request: String,
        /// The last reason.
        why: String,
    },
    /// An answer larger than any real one.
    #[error("the answer to {0} is larger than any real one")]
    TooLarge(String),
    /// An address that no request may go to.
    #[error("GitHub points to an address that is not fetched from: {0}")]
    Address(crate::base::BaseError),
}

/// Words from outside for a log: on one line, cut, and without anything a runner takes for a command.
pub(crate) fn harmless(text: &str) -> String {
    let shown: String = text
        .chars()
        .take(MAX_WORDS)
        .map(|c| {
            if c == ' ' || c.is_ascii_graphic() {
                c
            } else {
                '?'
            }
        })
        .collect();
    shown.replace("::", ":?").replace("##[", "##?")
}

/// GitHub's own words in the body of an answer, if it is one of its errors.
pub(crate) fn words(body: &[u8]) -> String {
    let value: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = value
        .as_ref()
        .and_then(|value| value.get("message")?.as_str());
    let details = value.as_ref().and_then(|value| value.get("errors"));
    match (message, details) {
        (Some(message), Some(details)) => harmless(&format!("{message} {details}")),
        (Some(message), None) => harmless(message),
        (None, _) => "no words of GitHub's".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_command_a_runner_or_a_terminal() {
        for (body, expected) in [
            (&br#"{"message": "Bad credentials"}"#[..], "Bad credentials"),
            (br#"{"message": "x\n::add-mask::y"}"#, "x?:?add-mask:?y"),
            (
                br###"{"message": "##[error]\u001b[31m"}"###,
                "##?error]?[31m",
            ),
            (
                br#"{"message": "Validation Failed", "errors": [{"code": "invalid"}]}"#,
                r#"Validation Failed [{"code":"invalid"}]"#,
            ),
            (b"<html>502</html>", "no words of GitHub's"),
        ] {
            assert_eq!(words(body), expected);
        }
        assert_eq!(harmless(&"x".repeat(1000)).len(), MAX_WORDS);
    }
}
