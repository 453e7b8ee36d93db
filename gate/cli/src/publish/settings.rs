//! What `gate publish` is told, by its arguments and by the environment of a workflow.

use std::path::PathBuf;

use gate_github::Settings;
use gate_github::base::{Base, BaseError};
use gate_github::event::Event;
use gate_schema::code::Code;

use crate::args::Publish;
use crate::diagnostic::{Diagnostic, Place as At};
use crate::document::unreadable;

/// Largest event file: GitHub sends at most 25 MB.
const MAX_EVENT_BYTES: u64 = 25 << 20;

/// Everything known before GitHub is asked.
pub(crate) struct Told {
    pub(crate) event: Event,
    pub(crate) base: Base,
    pub(crate) token: String,
    pub(crate) github: Settings,
    /// Address of the repository for people.
    pub(crate) address: String,
    /// The workflow run this happens in.
    pub(crate) publisher: Option<u64>,
    pub(crate) summary: Option<PathBuf>,
}

/// Reads arguments, environment and event file; all mistakes at once.
pub(crate) fn read(arguments: &Publish) -> Result<Told, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut note = |found: Vec<Diagnostic>| problems.extend(found);
    let event = event(arguments).map_err(&mut note).ok();
    let place = place(arguments.repository.as_ref(), arguments.api.as_ref());
    let place = place.map_err(&mut note).ok();
    match (event, place) {
        (
            Some(event),
            Some(Place {
                base,
                token,
                repository,
                address,
            }),
        ) => Ok(Told {
            event,
            base,
            token,
            address,
            github: Settings {
                repository,
                workflow: arguments.workflow.clone(),
                artifact: arguments.artifact.clone(),
                author: arguments.author.clone(),
                check: arguments.check.clone(),
            },
            publisher: variable("GITHUB_RUN_ID").and_then(|id| id.parse().ok()),
            summary: arguments
                .summary
                .clone()
                .or_else(|| variable("GITHUB_STEP_SUMMARY").map(PathBuf::from)),
        }),
        _ => Err(problems),
    }
}

/// A repository and how to get there.
pub(crate) struct Place {
    pub(crate) base: Base,
    pub(crate) token: String,
    /// `owner/name`.
    pub(crate) repository: String,
    /// Address of the repository for people.
    pub(crate) address: String,
}

/// Where to write, by what was given and the environment of a workflow; all mistakes at once.
pub(crate) fn place(
    given_repository: Option<&String>,
    given_api: Option<&String>,
) -> Result<Place, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut note = |found: Vec<Diagnostic>| problems.extend(found);
    let base = base(given_api).map_err(&mut note).ok();
    let token = variable("GITHUB_TOKEN").ok_or_else(|| {
        let hint = "set GITHUB_TOKEN from `secrets.GITHUB_TOKEN` or from a GitHub App";
        wrong("there is no token", "GITHUB_TOKEN", hint)
    });
    let token = token.map_err(&mut note).ok();
    let repository = repository(given_repository).map_err(&mut note).ok();
    let server = server().map_err(&mut note).ok();
    match (base, token, repository, server) {
        (Some(base), Some(token), Some(repository), Some(server)) => Ok(Place {
            base,
            token,
            address: format!("{server}/{repository}"),
            repository,
        }),
        _ => Err(problems),
    }
}

/// Why no connection can be set up.
pub(crate) fn no_client(why: &str) -> Diagnostic {
    let hint = "check that the machine has certificates (`ca-certificates`)";
    let message = format!("no connection can be set up: {why}");
    Diagnostic::new(Code::Publish, message, At::Flag("TLS"), hint)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn wrong(message: impl Into<String>, place: &'static str, hint: &str) -> Vec<Diagnostic> {
    vec![Diagnostic::new(
        Code::Publish,
        message,
        At::Flag(place),
        hint,
    )]
}

fn event(arguments: &Publish) -> Result<Event, Vec<Diagnostic>> {
    let given = arguments.event.clone();
    let path = given.or_else(|| variable("GITHUB_EVENT_PATH").map(PathBuf::from));
    let Some(path) = path else {
        let hint = "name the event file; in a workflow GITHUB_EVENT_PATH does";
        return Err(wrong("there is no event file", "--event", hint));
    };
    let missing = "check the path; in a workflow GITHUB_EVENT_PATH names the event file";
    let failed = |error: std::io::Error| vec![unreadable(&path, &error, missing)];
    let size = std::fs::metadata(&path).map_err(failed)?.len();
    let hint = "publish from a workflow on `workflow_run` with `types: [completed]`";
    let refused = |message: String| {
        let place = At::File(path.clone());
        vec![Diagnostic::new(Code::Publish, message, place, hint)]
    };
    if size > MAX_EVENT_BYTES {
        return Err(refused("larger than any event".to_owned()));
    }
    let bytes = std::fs::read(&path).map_err(failed)?;
    Event::parse(&bytes).map_err(|error| refused(error.to_string()))
}

fn base(given: Option<&String>) -> Result<Base, Vec<Diagnostic>> {
    let given = given.cloned().or_else(|| variable("GITHUB_API_URL"));
    let given = given.unwrap_or_else(|| "https://api.github.com".to_owned());
    Base::parse(&given).map_err(|error: BaseError| {
        let hint = "write it as https://HOST/api/v3; plain http is for loopback alone";
        wrong(error.to_string(), "--api", hint)
    })
}

/// `owner/name`, in letters that stand for themselves in an address.
fn repository(given: Option<&String>) -> Result<String, Vec<Diagnostic>> {
    let given = given.cloned().or_else(|| variable("GITHUB_REPOSITORY"));
    let given = given.unwrap_or_default();
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.bytes().all(|byte| byte == b'.')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    match given.split_once('/') {
        Some((owner, name)) if is_part(owner) && is_part(name) => Ok(given),
        _ => Err(wrong(
            "there is no repository to publish to",
            "--repository",
            "write it as OWNER/NAME; in a workflow GITHUB_REPOSITORY does",
        )),
    }
}

/// Where people look, for links.
fn server() -> Result<String, Vec<Diagnostic>> {
    let given = variable("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
    let given = given.trim_end_matches('/').to_owned();
    let is_plain = given
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".:/-[]".contains(&byte));
    match Base::parse(&given) {
        Ok(_) if is_plain => Ok(given),
        _ => Err(wrong(
            "not an address of a GitHub",
            "GITHUB_SERVER_URL",
            "write it as https://HOST",
        )),
    }
}
