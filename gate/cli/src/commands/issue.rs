//! `gate issue`: the issues of a trend, opened, kept up to date and closed.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use gate_github::Fault;
use gate_github::client::Client;
use gate_github::clock::Deadlines;
use gate_github::issue::{Gone, IssueDone, Nightly, Standing, keep};
use gate_render::{Fresh, NOT_MEASURED, TrendIssue};
use gate_schema::bisect::{self, Bisection};
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::trend;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::args::Issue;
use crate::diagnostic::{self, Diagnostic, Place};
use crate::document::{check_outputs, unreadable, write};
use crate::publish::say;
use crate::publish::settings::{self, Place as Where};
use crate::publish::wall::Wall;
use crate::terminal;

pub(crate) fn run(arguments: &Issue) -> Result<ExitCode, Vec<Diagnostic>> {
    let outputs: Vec<PathBuf> = arguments.hold.iter().cloned().collect();
    check_outputs(&outputs, &[&arguments.trend])?;
    let trend = read(&arguments.trend, &TREND)?;
    let bisected = match &arguments.bisected {
        Some(path) => bisections(path)?,
        None => Vec::new(),
    };
    let told = settings::place(arguments.repository.as_ref(), arguments.api.as_ref())?;
    let issues = gate_render::trend_issues(&trend, &told.address, &bisected);
    if !bisected.is_empty() && issues.iter().all(|issue| issue.finding.is_none()) {
        terminal::talk("note: what was bisected is no step that stands, so no issue says it\n");
    }
    let host = gate_render::trend_host(&trend);
    let topics = [
        Topic {
            label: &arguments.label,
            standing: all(&issues, arguments),
            gone: gone(gate_render::trend_gone(&trend), arguments),
        },
        Topic {
            label: &arguments.host_label,
            standing: all(host.as_slice(), arguments),
            gone: gone(gate_render::trend_host_gone(&trend), arguments),
        },
    ];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| vec![settings::no_client(&error.to_string())])?;
    let clock = Wall::start();
    let night = &trend.newest.created;
    let (done, fault) = runtime.block_on(kept(arguments, &told, &clock, night, &topics))?;
    // Also when GitHub does not take everything: what is new this night is not new the next one.
    if let Some(path) = &arguments.hold {
        write(path, questions(&issues, &done).as_bytes())?;
    }
    let lines = done
        .iter()
        .map(|(title, done)| line(title, *done, arguments.dry_run));
    terminal::answer(&lines.collect::<String>())?;
    let Some(fault) = fault else {
        if done.is_empty() {
            terminal::answer("no issue has to change\n")?;
        }
        return Ok(ExitCode::Pass);
    };
    let hint = "the token needs the permission `issues: write`; else start this again";
    let place = Place::Flag("GitHub");
    let problem = Diagnostic::new(Code::GitHub, fault.to_string(), place, hint);
    terminal::talk(&diagnostic::render(&[problem]));
    Ok(ExitCode::Unpublished)
}

/// What issues of one label are about.
struct Topic<'a> {
    label: &'a str,
    standing: Vec<Standing>,
    gone: Vec<Gone>,
}

/// Nights come once a day. What is started by hand may come three times in an hour, and tells of none that it is gone.
fn gone(known: impl IntoIterator<Item = (String, String)>, arguments: &Issue) -> Vec<Gone> {
    let known = known.into_iter().filter(|_| !arguments.unscheduled);
    known.map(|(key, since)| Gone { key, since }).collect()
}

fn all(issues: &[TrendIssue], arguments: &Issue) -> Vec<Standing> {
    issues
        .iter()
        .map(|issue| standing(issue, arguments))
        .collect()
}

/// What an issue says, and whether it may be opened. What is no step may. A step may not where it is held, and where it
/// was measured, by what that says: one that is new this night is no less there because nothing could be measured, and
/// one of an earlier night may have been acquitted then.
fn standing(issue: &TrendIssue, arguments: &Issue) -> Standing {
    let is_measured = arguments.bisected.is_some();
    let may_open = match issue.fresh {
        _ if !issue.needs_measuring => true,
        // What cannot be asked is not waited for.
        _ if arguments.hold.is_some() => issue.question.is_none(),
        Some(Fresh::Confirmed) => true,
        Some(Fresh::Acquitted) => false,
        Some(Fresh::Open) | None => issue.is_new || !is_measured,
    };
    let unmeasured = is_measured && issue.needs_measuring && issue.is_new;
    let unmeasured = unmeasured.then(|| NOT_MEASURED.to_owned());
    Standing {
        key: issue.key.clone(),
        title: issue.title.clone(),
        body: issue.body.clone(),
        finding: issue.finding.clone().or(unmeasured),
        is_new: issue.is_new,
        may_open,
        bad: issue.bad.clone(),
    }
}

/// What has to be measured before more is said: what was held back, and new steps of issues that are open.
fn questions(issues: &[TrendIssue], done: &[(String, IssueDone)]) -> String {
    let mut lines = String::new();
    for issue in issues {
        let held = (issue.title.clone(), IssueDone::Held);
        let Some(asked) = &issue.question else {
            continue;
        };
        if issue.is_new || done.contains(&held) {
            // Writing to a String cannot fail.
            let _ = writeln!(
                lines,
                "{} {} {:.4}% {} {}",
                asked.good,
                asked.bad,
                100.0 * asked.margin,
                asked.scenario,
                asked.metric
            );
        }
    }
    lines
}

/// What became of the issues, and why GitHub did not take all of them.
async fn kept(
    arguments: &Issue,
    told: &Where,
    clock: &Wall,
    night: &str,
    topics: &[Topic<'_>],
) -> Result<(Vec<(String, IssueDone)>, Option<Fault>), Vec<Diagnostic>> {
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
    let mut done = Vec::new();
    let mut fault = None;
    for Topic {
        label,
        standing,
        gone,
    } in topics
    {
        let nightly = Nightly {
            label,
            night,
            standing,
            gone,
        };
        match keep(&client, &github, &nightly).await {
            Ok(kept) => done.extend(kept),
            Err(failed) => {
                fault = Some(failed);
                break;
            }
        }
    }
    for line in client.take_log() {
        terminal::talk(&format!("note: {}\n", say::for_log(&line)));
    }
    Ok((done, fault))
}

fn line(title: &str, done: IssueDone, is_dry: bool) -> String {
    let title = say::for_log(title);
    let done = match done {
        IssueDone::Opened => "opened".to_owned(),
        IssueDone::Reopened => "opened again".to_owned(),
        IssueDone::Held => "held back".to_owned(),
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

/// One bisection, or those of a folder by name.
fn bisections(path: &Path) -> Result<Vec<Bisection>, Vec<Diagnostic>> {
    if !path.is_dir() {
        return Ok(vec![read(path, &BISECTED)?]);
    }
    let fail = |error: std::io::Error| vec![unreadable(path, &error, BISECTED.hint)];
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fail)? {
        let file = entry.map_err(fail)?.path();
        files.extend(Some(file).filter(|file| file.extension().is_some_and(|end| end == "json")));
    }
    files.sort();
    files.iter().map(|file| read(file, &BISECTED)).collect()
}

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
