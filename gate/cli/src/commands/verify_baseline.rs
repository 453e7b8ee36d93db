//! `gate verify-baseline`: whether a baseline is what `gate promote` wrote, and what a change of it lets through.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use gate_core::accepted::{Flaw, Looser, flaws, looser};
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::policy::Policy;
use gate_schema::run::Run;

use crate::args::VerifyBaseline;
use crate::checkout;
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{canonical, parse_run, read_bytes, read_run_with_digest, unreadable};
use crate::git;
use crate::observe::observe;
use crate::policy::{self, FILE_NAME};
use crate::terminal;

/// What a comment in `gate.toml` starts with that says why it tolerates more.
const WHY: &str = "# loosened:";

/// Looser settings that are named before the rest is counted.
const LISTED: usize = 10;

pub(crate) fn run(arguments: &VerifyBaseline) -> Result<ExitCode, Vec<Diagnostic>> {
    let accepted = match &arguments.base {
        Some(base) => Some(Accepted::new(base)?),
        None => None,
    };
    let mut problems = Vec::new();
    for path in &arguments.baselines {
        match verify(arguments, path, accepted.as_ref()) {
            Ok(found) => problems.extend(found),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let names: Vec<String> = arguments
        .baselines
        .iter()
        .map(|p| p.display().to_string())
        .collect();
    let since = arguments
        .base
        .as_ref()
        .map_or(String::new(), |base| format!(", also since {base}"));
    terminal::answer(&format!("{}: as promoted{since}\n", names.join(", ")))?;
    Ok(ExitCode::Pass)
}

fn verify(
    arguments: &VerifyBaseline,
    path: &Path,
    accepted: Option<&Accepted>,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let bytes = read_bytes(path)?;
    let run = parse_run(path, &bytes)?;
    let mut problems = of_itself(arguments, path, &bytes, &run);
    if let Some(digest_of) = &arguments.run {
        let (_, digest) = read_run_with_digest(digest_of)?;
        let promoted = run.provenance.as_ref().map(|p| &p.promoted_document);
        if promoted != Some(&digest) {
            let message = format!(
                "{} is not what was promoted: its digest differs",
                digest_of.display()
            );
            problems.push(wrong(path, "/provenance/promoted_document", message, AGAIN));
        }
    }
    let Some(accepted) = accepted else {
        return Ok(problems);
    };
    let observed = observe(path, &run)?;
    if let Some(bytes) = accepted.file(path)? {
        let was = parse_run(path, &bytes)?;
        let flaws = flaws((&was, &observe(path, &was)?), (&run, &observed));
        problems.extend(flaws.iter().map(|flaw| diagnostic(path, flaw)));
    }
    let file = path.with_file_name(FILE_NAME);
    let [before, now] = [accepted.policy(&file)?, Written::read(&file)?];
    if before.text != now.text && !now.says_why(&before) {
        let looser = looser(&before.policy, &now.policy, &observed);
        problems.extend(silent(&file, &looser));
    }
    Ok(problems)
}

const AGAIN: &str = "undo the change and promote with `gate promote`";

fn wrong(path: &Path, pointer: &str, message: impl Into<String>, hint: &str) -> Diagnostic {
    let place = Place::Pointer(path.to_owned(), pointer.to_owned());
    Diagnostic::new(Code::Baseline, message, place, hint)
}

/// What can be said of a baseline without another one.
fn of_itself(arguments: &VerifyBaseline, path: &Path, bytes: &[u8], run: &Run) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let form = serde_json::to_value(run).map(|value| canonical(&value));
    if form.is_ok_and(|form| form.as_bytes() != bytes) {
        let message =
            "not in the form that `gate promote` writes: edited by hand, or by another tool";
        problems.push(wrong(path, "", message, AGAIN));
    }
    let Some(provenance) = &run.provenance else {
        let message = "nobody promoted it: it has no provenance";
        problems.push(wrong(
            path,
            "/provenance",
            message,
            "promote a run with `gate promote`",
        ));
        return problems;
    };
    let pointer = "/provenance/promoted_at";
    let Ok(promoted) = humantime::parse_rfc3339(&provenance.promoted_at) else {
        problems.push(wrong(path, pointer, "not a time", AGAIN));
        return problems;
    };
    match (
        SystemTime::now().duration_since(promoted),
        arguments.max_age,
    ) {
        (Err(_), _) => problems.push(wrong(path, pointer, "promoted in the future", AGAIN)),
        (Ok(age), Some(most)) if age > most => {
            let days = age.as_secs() / (24 * 3600);
            let message = format!("promoted {days} days ago, longer than --max-age allows");
            let hint = "measure the default branch and promote it again";
            problems.push(wrong(path, pointer, message, hint));
        }
        _ => {}
    }
    problems
}

fn diagnostic(path: &Path, flaw: &Flaw) -> Diagnostic {
    let reason = "promote it again with --reason \"...\", which is kept in the baseline";
    match flaw {
        Flaw::Edited => wrong(
            path,
            "/provenance",
            "its numbers changed, and who promoted it did not: edited by hand",
            AGAIN,
        ),
        Flaw::SessionEdited { session } => {
            let message = format!("session {session} is not the one that was accepted");
            wrong(path, "/sessions", message, AGAIN)
        }
        Flaw::Replaced => wrong(
            path,
            "/provenance/reason",
            "all accepted sessions are gone, and nobody says why",
            reason,
        ),
        Flaw::Worse(change) => {
            let levels = [&change.from, &change.to].map(gate_render::quantity);
            let message = format!(
                "{} {} is accepted at a worse level, {} -> {}, and nobody says why",
                change.scenario, change.metric, levels[0], levels[1]
            );
            wrong(path, "/provenance/reason", message, reason)
        }
    }
}

/// A policy that tolerates more without a word.
fn silent(path: &Path, looser: &[Looser]) -> Option<Diagnostic> {
    if looser.is_empty() {
        return None;
    }
    let name = |looser: &Looser| match &looser.row {
        Some((scenario, metric)) => format!("{} of {scenario} {metric}", looser.setting),
        None => looser.setting.to_owned(),
    };
    let mut names: Vec<String> = looser.iter().take(LISTED).map(name).collect();
    if looser.len() > LISTED {
        names.push(format!("and {} more", looser.len() - LISTED));
    }
    let message = format!("it tolerates more than before: {}", names.join(", "));
    let hint = format!("add a line `{WHY} ...` that says why, to be reviewed with the change");
    let place = Place::File(path.to_owned());
    Some(Diagnostic::new(Code::Baseline, message, place, hint))
}

/// A policy as it was written.
struct Written {
    text: String,
    policy: Policy,
}

impl Written {
    fn new(path: &Path, text: String) -> Result<Self, Vec<Diagnostic>> {
        let policy = policy::parse(path, &text)?;
        Ok(Self { text, policy })
    }

    /// Without a file, the built-in policy.
    fn read(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        if !path.exists() {
            return Self::new(path, String::new());
        }
        let bytes = std::fs::read_to_string(path);
        let text = bytes.map_err(|error| vec![unreadable(path, &error, "restore it from git")])?;
        Self::new(path, text)
    }

    /// Whether a line says why, which the other one does not have.
    fn says_why(&self, before: &Self) -> bool {
        let why = |text: &str| -> Vec<String> {
            let lines = text
                .lines()
                .map(str::trim)
                .filter_map(|line| line.strip_prefix(WHY));
            lines
                .map(|why| why.trim().to_owned())
                .filter(|why| !why.is_empty())
                .collect()
        };
        let known = why(&before.text);
        why(&self.text).iter().any(|why| !known.contains(why))
    }
}

/// The files of the revision that a change leaves.
struct Accepted {
    top: PathBuf,
    commit: String,
}

impl Accepted {
    fn new(base: &str) -> Result<Self, Vec<Diagnostic>> {
        let top = checkout::top(Path::new("."))?;
        let commit = git::resolve(&top, base, Place::Flag("--base"))?;
        Ok(Self { top, commit })
    }

    /// What `path` was; `None` if it was not there.
    fn file(&self, path: &Path) -> Result<Option<Vec<u8>>, Vec<Diagnostic>> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let real = std::fs::canonicalize(folder.unwrap_or(Path::new("."))).ok();
        let name = path.file_name();
        let inside = real.zip(name).and_then(|(folder, name)| {
            let path = folder.strip_prefix(&self.top).ok()?.join(name);
            path.to_str().map(str::to_owned)
        });
        let Some(inside) = inside else {
            let message = "not a file of this repository, so nothing was accepted before it";
            return Err(vec![wrong(path, "", message, "leave --base out")]);
        };
        let object = format!("{}:{inside}", self.commit);
        let mut exists = git::git(&self.top);
        if git::read(exists.args(["cat-file", "-e", &object])).is_err() {
            return Ok(None);
        }
        let mut show = git::git(&self.top);
        let shown = git::read(show.args(["cat-file", "blob", &object]));
        shown.map(Some).map_err(|failure| {
            let place = Place::File(path.to_owned());
            vec![failure.diagnostic(
                "cannot read what was accepted",
                place,
                "see the words of git",
            )]
        })
    }

    fn policy(&self, path: &Path) -> Result<Written, Vec<Diagnostic>> {
        let bytes = self.file(path)?.unwrap_or_default();
        Written::new(path, String::from_utf8_lossy(&bytes).into_owned())
    }
}
