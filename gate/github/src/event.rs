//! The event file of a `workflow_run`: what set this command off. It only claims; [`crate::find()`] asks.

use serde::Deserialize;

/// The run that an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The run.
    pub run: u64,
    /// Its attempt, from 1.
    pub attempt: u64,
    /// The repository it ran in.
    pub repository: u64,
}

/// Why a file is not an event to publish for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not JSON, or not the JSON of an event.
    #[error("not an event file: {0}")]
    Malformed(String),
    /// The event of something else.
    #[error("not the event of a `workflow_run`")]
    OtherEvent,
    /// A run that is still going.
    #[error("the event says `{0}`, and only a `completed` run has something to publish")]
    NotCompleted(String),
}

#[derive(Deserialize)]
struct File {
    action: Option<String>,
    workflow_run: Option<Run>,
}

#[derive(Deserialize)]
struct Run {
    id: u64,
    run_attempt: Option<u64>,
    repository: Repository,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
}

impl Event {
    /// Reads an event file.
    ///
    /// # Errors
    /// See [`EventError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EventError> {
        let malformed = |error: serde_json::Error| EventError::Malformed(error.to_string());
        let file: File = serde_json::from_slice(bytes).map_err(malformed)?;
        let Some(run) = file.workflow_run else {
            return Err(EventError::OtherEvent);
        };
        match file.action.as_deref() {
            Some("completed") => Ok(Self {
                run: run.id,
                attempt: run.run_attempt.unwrap_or(1),
                repository: run.repository.id,
            }),
            other => Err(EventError::NotCompleted(crate::fault::harmless(
                other.unwrap_or("nothing"),
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_completed_run_is_published() {
        let run = r#"{"id": 7, "run_attempt": 2, "repository": {"id": 9}, "head_branch": null}"#;
        let wrong = |error: EventError| Err(error);
        for (text, expected) in [
            (
                format!(r#"{{"action": "completed", "workflow_run": {run}}}"#),
                Ok(Event {
                    run: 7,
                    attempt: 2,
                    repository: 9,
                }),
            ),
            (
                format!(r#"{{"action": "requested", "workflow_run": {run}}}"#),
                wrong(EventError::NotCompleted("requested".into())),
            ),
            (
                r#"{"action": "opened", "pull_request": {}}"#.into(),
                wrong(EventError::OtherEvent),
            ),
        ] {
            assert_eq!(Event::parse(text.as_bytes()), expected, "{text}");
        }
        for text in ["", "[]", r#"{"workflow_run": {"id": "7"}}"#] {
            assert!(
                matches!(Event::parse(text.as_bytes()), Err(EventError::Malformed(_))),
                "{text}"
            );
        }
    }
}
