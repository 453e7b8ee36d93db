//! `gate verify-baseline`: whether a baseline is what `gate promote` wrote, and what a change of it lets through.
//!
//! What a baseline says of itself is held against its own content and against git: nobody else can be asked. Who
//! promoted it is not: one person has a login, a name in git and an account, and a name proves nothing.

mod commit;
mod itself;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gate_core::accepted::{Flaw, flaws};
use gate_core::looser;
use gate_core::observe::Observed;
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;

use crate::accepted::{Accepted, WHY, Written};
use crate::args::VerifyBaseline;
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{parse_run, read_bytes, read_run_with_digest};
use crate::noise;
use crate::observe::observe;
use crate::policy::FILE_NAME;
use crate::refusal::{of_lost, of_moved};
use crate::terminal;

/// Looser settings, or noisier rows, that are named before the rest is counted.
const LISTED: usize = 10;

pub(crate) fn run(arguments: &VerifyBaseline) -> Result<ExitCode, Vec<Diagnostic>> {
    let accepted = match &arguments.base {
        Some(base) => Some(Accepted::new(base)?),
        None => None,
    };
    let mut problems = Vec::new();
    // The rows of all baselines that one policy is for.
    let mut policies: BTreeMap<PathBuf, Vec<Observed>> = BTreeMap::new();
    for path in &arguments.baselines {
        let observed = policies.entry(path.with_file_name(FILE_NAME)).or_default();
        match verify(arguments, path, accepted.as_ref(), observed) {
            Ok(found) => problems.extend(found),
            Err(found) => problems.extend(found),
        }
    }
    if let Some(accepted) = &accepted {
        for (file, rows) in &policies {
            match loosened(accepted, file, rows) {
                Ok(found) => problems.extend(found),
                Err(found) => problems.extend(found),
            }
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

/// What is wrong with one baseline, whose rows are added to `observed`.
fn verify(
    arguments: &VerifyBaseline,
    path: &Path,
    accepted: Option<&Accepted>,
    observed: &mut Vec<Observed>,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let bytes = read_bytes(path)?;
    let run = parse_run(path, &bytes)?;
    let before = match accepted {
        Some(accepted) => accepted.file(path)?,
        None => None,
    };
    let mut problems = itself::form(path, &bytes, &run);
    // What a change leaves alone was looked at when it came.
    if before.as_deref() != Some(&bytes[..]) {
        problems.extend(itself::promotion(path, &run, arguments.max_age));
        problems.extend(commit::problems(path, &run));
    }
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
    if accepted.is_none() {
        return Ok(problems);
    }
    let rows = observe(path, &run)?;
    if let Some(bytes) = before {
        let was = parse_run(path, &bytes)?;
        let flaws = flaws((&was, &observe(path, &was)?), (&run, &rows));
        problems.extend(flaws.iter().map(|flaw| diagnostic(path, flaw)));
    }
    observed.extend(rows);
    Ok(problems)
}

/// What the policy in `file`, and the policies, calibrations and baselines beside it, guard less than before,
/// without a word.
fn loosened(
    accepted: &Accepted,
    file: &Path,
    rows: &[Observed],
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let before = Written::new(file, accepted.file(file)?.unwrap_or_default())?;
    let now = Written::read(file)?;
    let mut problems = Vec::new();
    let is_said = now.says_why(&before);
    if !is_said {
        for path in accepted.gone(file)? {
            let message = "it was accepted and is gone, so nothing is compared with it any more";
            problems.push(unsaid(&path, file, message));
        }
        problems.extend(tolerant(file, &now.looser(&before, rows)));
        problems.extend(noisier(accepted, file)?);
    }
    for (path, before) in accepted.policies(file)? {
        if !path.exists() {
            let message = "it was a policy and is gone, so nothing is judged by it any more";
            problems.extend((!is_said).then(|| unsaid(&path, file, message)));
            continue;
        }
        let now = Written::read(&path)?;
        if !now.says_why(&before) {
            problems.extend(tolerant(&path, &now.looser(&before, rows)));
        }
    }
    Ok(problems)
}

/// The calibrations beside the policy in `file` that call a row noisier than before, or are gone. A new one
/// replaces nothing.
fn noisier(accepted: &Accepted, file: &Path) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    for (path, before) in accepted.calibrations(file)? {
        if !path.exists() {
            let message =
                "it was a calibration and is gone, so that more pairs are needed to decide";
            problems.push(unsaid(&path, file, message));
            continue;
        }
        let now = noise::read(&path)?;
        let rows = looser::noisier(&before, &now).into_iter();
        let names: Vec<String> = rows
            .map(|row| format!("{} {}", row.scenario, row.metric))
            .collect();
        if !names.is_empty() {
            let message = format!("it knows rows as noisier than before: {}", listed(&names));
            problems.push(unsaid(&path, file, message));
        }
    }
    Ok(problems)
}

/// That the policy in `file` has settings that tolerate more.
fn tolerant(file: &Path, settings: &[String]) -> Option<Diagnostic> {
    let message = || format!("it tolerates more than before: {}", listed(settings));
    (!settings.is_empty()).then(|| unsaid(file, file, message()))
}

/// What is wrong with `path` unless the policy in `file` says why.
fn unsaid(path: &Path, file: &Path, message: impl Into<String>) -> Diagnostic {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let hint =
        format!("add a line `{WHY} ...` to {name} that says why, to be reviewed with the change");
    Diagnostic::new(Code::Baseline, message, Place::File(path.to_owned()), hint)
}

fn listed(names: &[String]) -> String {
    let (first, rest) = names.split_at(names.len().min(LISTED));
    let more = match rest.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("{}{more}", first.join(", "))
}

const AGAIN: &str = "undo the change and promote with `gate promote`";

fn wrong(path: &Path, pointer: &str, message: impl Into<String>, hint: &str) -> Diagnostic {
    let place = Place::Pointer(path.to_owned(), pointer.to_owned());
    Diagnostic::new(Code::Baseline, message, place, hint)
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
        Flaw::Mixed { field } => {
            let message =
                format!("accepted sessions stand beside those of another machine: {field} differs");
            wrong(
                path,
                "/environment/fingerprint",
                message,
                "promote it again with --replace",
            )
        }
        Flaw::Gone { gone, left } => {
            let message = format!(
                "{gone} of {} accepted sessions are gone, and nobody says why",
                gone + left
            );
            wrong(path, "/provenance/reason", message, reason)
        }
        Flaw::Lost(lost) => {
            let message = format!("{}, and nobody says why", of_lost(lost));
            wrong(path, "/provenance/reason", message, reason)
        }
        Flaw::Worse(moved) => {
            let message = format!(
                "a worse level is accepted, and nobody says why: {}",
                of_moved(moved)
            );
            wrong(path, "/provenance/reason", message, reason)
        }
    }
}
