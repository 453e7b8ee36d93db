//! `gate plan`: whether a change is worth measuring, and the job matrix of a workflow that measures it.

use std::path::Path;

use gate_schema::code::Code;
use gate_schema::exit::ExitCode;

use crate::args::Plan;
use crate::checkout;
use crate::diagnostic::{Diagnostic, Place, printable};
use crate::plan::{self, Change};
use crate::policy::{self, BASELINE};
use crate::provenance;
use crate::terminal;

pub(crate) fn run(arguments: &Plan) -> Result<ExitCode, Vec<Diagnostic>> {
    let top = checkout::top(Path::new("."))?;
    let policy = arguments.policy.as_deref();
    let loaded = policy::load(policy, None, &top.join(BASELINE), &provenance::today())?;
    let change = change(arguments)?;
    let fork = checkout::fork(&top, &change.base, &change.candidate)?;
    let change = Change {
        base: fork.base,
        candidate: fork.candidate,
        ..change
    };
    let ignore = match (&arguments.ignore[..], &loaded.measure) {
        ([], Some(measure)) => &measure.ignore_paths[..],
        (given, _) => given,
    };
    let policy = loaded.path_below(&top);
    let found = plan::relevant(&fork.changed, ignore, policy.as_deref());
    let (changed, runner) = (fork.changed.len(), runner(arguments, &change));
    terminal::talk(&match found {
        Some(path) => format!(
            "to be measured on {}: {} of {changed} changed files\n",
            printable(runner),
            printable(path),
        ),
        None => format!("nothing to measure in {changed} changed files\n"),
    });
    terminal::answer(&plan::output(&change, found.is_some(), runner))?;
    Ok(ExitCode::Pass)
}

fn runner<'a>(arguments: &'a Plan, change: &Change) -> &'a str {
    if change.is_fork {
        &arguments.fork_runner
    } else {
        &arguments.runner
    }
}

/// The commits given, else those of the event.
fn change(arguments: &Plan) -> Result<Change, Vec<Diagnostic>> {
    if let Some(base) = &arguments.base {
        return Ok(Change {
            base: base.clone(),
            candidate: arguments.candidate.clone(),
            is_fork: false,
        });
    }
    let hint = "name the base with --base REV, or run it on pull_request or merge_group";
    let variable = || std::env::var_os("GITHUB_EVENT_PATH").map(Into::into);
    let Some(path) = arguments.event.clone().or_else(variable) else {
        let message = "there is no event to take the commits from";
        let place = Place::Flag("--event");
        return Err(vec![Diagnostic::new(
            Code::Unreadable,
            message,
            place,
            hint,
        )]);
    };
    let refuse = |code, message: String| {
        vec![Diagnostic::new(
            code,
            message,
            Place::File(path.clone()),
            hint,
        )]
    };
    let bytes = std::fs::read(&path)
        .map_err(|error| refuse(Code::Unreadable, format!("cannot read the event: {error}")))?;
    let change = plan::of_event(&bytes)
        .map_err(|error| refuse(Code::Document, format!("not an event: {error}")))?;
    change.ok_or_else(|| {
        let message = "the event is about no pull request and no merge queue";
        refuse(Code::Document, message.to_owned())
    })
}
