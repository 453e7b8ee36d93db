//! `gate issue`: the issues of a trend, opened, kept up to date and closed.

use std::path::Path;

use gate_github::Fault;
use gate_github::client::Client;
use gate_github::clock::Deadlines;
use gate_github::issue::{Gone, IssueDone, Nightly, Standing, keep};
use gate_schema::bisect;
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::trend;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::args::Issue;
use crate::diagnostic::{self, Diagnostic, Place};
use crate::document::unreadable;
use crate::publish::say;
use crate::publish::settings::{self, Place as Where};
use crate::publish::wall::Wall;
use crate::terminal;

pub(crate) fn run(arguments: &Issue) -> Result<ExitCode, Vec<Diagnostic>> {
    let trend = read(&arguments.trend, &TREND)?;
    let bisected = match &arguments.bisected {
        Some(path) => Some(read(path, &BISECTED)?),
        None => None,
    };
    let told = settings::place(arguments.repository.as_ref(), arguments.api.as_ref())?;
    let issues = gate_render::trend_issues(&trend, &told.address, bisected.as_ref());
    if bisected.is_some() && issues.iter().all(|issue| issue.finding.is_none()) {
        terminal::talk("note: what was bisected is no step that stands, so no issue says it\n");
    }
    let standing: Vec<Standing> = issues
        .into_iter()
        .map(|issue| Standing {
            key: issue.key,
            title: issue.title,
            body: issue.body,
            finding: issue.finding,
            is_new: issue.is_new,
            bad: issue.bad,
        })
        .collect();
    let gone: Vec<Gone> = gate_render::trend_gone(&trend)
        .into_iter()
        .map(|(key, since)| Gone { key, since })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| vec![settings::no_client(&error.to_string())])?;
    let clock = Wall::start();
    let nightly = Nightly {
        label: &arguments.label,
        night: &trend.newest.created,
        standing: &standing,
        gone: &gone,
    };
    let kept = runtime.block_on(kept(arguments, &told, &clock, &nightly))?;
    match kept {
        Ok(done) if done.is_empty() => terminal::answer("no issue has to change\n")?,
        Ok(done) => {
            let lines = done
                .iter()
                .map(|(title, done)| line(title, *done, arguments.dry_run));
            terminal::answer(&lines.collect::<String>())?;
        }
        Err(fault) => {
            let hint = "the token needs the permission `issues: write`; else start this again";
            let place = Place::Flag("GitHub");
            let problem = Diagnostic::new(Code::GitHub, fault.to_string(), place, hint);
            terminal::talk(&diagnostic::render(&[problem]));
            return Ok(ExitCode::Unpublished);
        }
    }
    Ok(ExitCode::Pass)
}

/// What became of the issues, or why GitHub did not take them.
async fn kept(
    arguments: &Issue,
    told: &Where,
    clock: &Wall,
    nightly: &Nightly<'_>,
) -> Result<Result<Vec<(String, IssueDone)>, Fault>, Vec<Diagnostic>> {
    // Connections are made inside the runtime.
    let client = Client::new(&told.base, &told.token, clock, Deadlines::default());
    let client = client.map_err(|error| vec![settings::no_client(&error)])?;
    let client = if arguments.dry_run {
        client.dry()
    } else {
        client
    };
    let github = gate_github::Settings {
        repository: told.repository.clone(),
        workflow: String::new(),
        artifact: String::new(),
        author: arguments.author.clone(),
        check: String::new(),
    };
    let kept = keep(&client, &github, nightly).await;
    for line in client.take_log() {
        terminal::talk(&format!("note: {}\n", say::for_log(&line)));
    }
    Ok(kept)
}

fn line(title: &str, done: IssueDone, is_dry: bool) -> String {
    let title = say::for_log(title);
    let done = match done {
        IssueDone::Opened => "opened".to_owned(),
        IssueDone::Reopened => "opened again".to_owned(),
        IssueDone::Updated => "updated".to_owned(),
        IssueDone::Green(1) => "one night without it".to_owned(),
        IssueDone::Green(nights) => format!("{nights} nights without it"),
        IssueDone::Closed => "closed".to_owned(),
    };
    let would = if is_dry { "would be " } else { "" };
    format!("{would}{done}: {title}\n")
}

/// A document that this reads, and how to come by one.
struct Kind {
    name: &'static str,
    format: &'static str,
    hint: &'static str,
}

const TREND: Kind = Kind {
    name: "trend",
    format: trend::FORMAT,
    hint: "write one with `gate trend --history STORE --output trend.json`",
};

const BISECTED: Kind = Kind {
    name: "bisection",
    format: bisect::FORMAT,
    hint: "write one with `gate bisect ... --output bisected.json`",
};

fn read<T: DeserializeOwned>(path: &Path, kind: &Kind) -> Result<T, Vec<Diagnostic>> {
    let Kind { name, format, hint } = kind;
    let bytes = std::fs::read(path).map_err(|error| vec![unreadable(path, &error, hint)])?;
    let wrong = |message: String| {
        let place = Place::File(path.to_owned());
        vec![Diagnostic::new(Code::Format, message, place, *hint)]
    };
    let head: Head =
        serde_json::from_slice(&bytes).map_err(|error| wrong(format!("not a {name}: {error}")))?;
    if head.format != *format {
        return Err(wrong(format!("not a {name} of a version this gate reads")));
    }
    serde_json::from_slice(&bytes).map_err(|error| wrong(format!("not a {name}: {error}")))
}

/// What every document of ours says first.
#[derive(Deserialize)]
struct Head {
    format: String,
}
