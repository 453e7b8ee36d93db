//! `gate promote`: a run becomes the baseline, as a file change that is reviewed like code.

use std::fmt::Write;
use std::path::Path;

use gate_core::promote::{self, MIN_REPETITIONS, Refusal};
use gate_schema::code::Code;
use gate_schema::defect::Problem;
use gate_schema::exit::ExitCode;
use gate_schema::run::{Provenance, Run};

use crate::args::Promote;
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{canonical, make_folder, read_run, read_run_with_digest, same_file, write};
use crate::observe::observe;
use crate::profile::stored::{keep, outdated};
use crate::provenance;
use crate::terminal;

pub(crate) fn run(arguments: &Promote) -> Result<ExitCode, Vec<Diagnostic>> {
    let (run, digest) = read_run_with_digest(&arguments.run)?;
    if same_file(&arguments.run, &arguments.baseline) {
        let place = Place::File(arguments.baseline.clone());
        let hint = "name the run to accept first, then --baseline";
        return Err(vec![Diagnostic::new(
            Code::Overwrite,
            "the run is also the baseline",
            place,
            hint,
        )]);
    }
    let accepted = match arguments.baseline.exists() && !arguments.replace {
        true => Some(read_run(&arguments.baseline)?),
        false => None,
    };
    refuse(arguments, &run, accepted.as_ref())?;

    let observed = observe(&arguments.run, &run)?;
    let changes = match &accepted {
        Some(accepted) => promote::changes(&observe(&arguments.baseline, accepted)?, &observed),
        None => Vec::new(),
    };
    let Some(promoted_by) = arguments.by.clone().or_else(provenance::whoami) else {
        return Err(vec![Diagnostic::new(
            Code::Promotion,
            "nobody to name as promoter",
            Place::Flag("--by"),
            "add --by NAME",
        )]);
    };
    let provenance = Provenance {
        promoted_by,
        promoted_at: provenance::now(),
        reason: arguments.reason.clone(),
        workflow_run: provenance::workflow_run(),
        promoted_document: digest,
        changes,
    };
    let baseline = promote::baseline(&run, accepted.as_ref(), provenance).map_err(|defect| {
        vec![Diagnostic::of_problem(
            &arguments.run,
            &Problem {
                pointer: "/sessions".to_owned(),
                defect,
            },
        )]
    })?;
    // What is written must be readable by the next comparison.
    baseline.validate().map_err(|problems| {
        problems
            .iter()
            .map(|p| Diagnostic::of_problem(&arguments.baseline, p))
            .collect::<Vec<_>>()
    })?;
    let value = serde_json::to_value(&baseline).map_err(|error| {
        vec![Diagnostic::new(
            Code::Unwritable,
            format!("cannot be written as JSON: {error}"),
            Place::File(arguments.baseline.clone()),
            "measure the run again",
        )]
    })?;
    // Read before anything is written, so that what is wrong with them leaves the baseline as it was.
    let profiles = match &arguments.profiles {
        Some(folder) => Some(keep(folder, &run, &arguments.baseline)?),
        None => None,
    };
    make_folder(&arguments.baseline)?;
    write(&arguments.baseline, canonical(&value).as_bytes())?;
    let kept = profiles.map(|profiles| profiles.write()).transpose()?;
    if let Some(note) = outdated(&arguments.baseline, &baseline) {
        terminal::talk(&format!("note: {note}\n"));
    }
    terminal::answer(&answer(arguments, &baseline, &kept.unwrap_or_default()))?;
    Ok(ExitCode::Pass)
}

fn refuse(arguments: &Promote, run: &Run, accepted: Option<&Run>) -> Result<(), Vec<Diagnostic>> {
    let problems: Vec<Diagnostic> = promote::refusals(run, accepted)
        .into_iter()
        .filter(|refusal| {
            !(refusal.yields_to_reason()
                && arguments
                    .reason
                    .as_deref()
                    .is_some_and(|r| !r.trim().is_empty()))
        })
        .map(|refusal| diagnostic(&arguments.run, &refusal))
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn diagnostic(path: &Path, refusal: &Refusal) -> Diagnostic {
    let code = if refusal.yields_to_reason() {
        Code::Promotion
    } else {
        Code::PromotionNever
    };
    let reason = "or promote with --reason \"...\", which is kept in the baseline";
    let (message, hint) = match refusal {
        Refusal::Dirty => (
            "the work tree had uncommitted changes, so nobody can build this again".to_owned(),
            format!("commit and measure again, {reason}"),
        ),
        Refusal::FewRepetitions { scenario, have } => (
            format!(
                "{scenario} has {have} repetitions in a session, a baseline needs {MIN_REPETITIONS}"
            ),
            format!("`bench run --repetitions {MIN_REPETITIONS}`, {reason}"),
        ),
        Refusal::OtherMachine { field } => (
            format!("measured on another machine than the accepted sessions: {field} differs"),
            "sessions of two machines are never mixed; start afresh with --replace".to_owned(),
        ),
        Refusal::UnknownSource => (
            "nobody knows which commit this was built from".to_owned(),
            format!("measure in a clean checkout, {reason}"),
        ),
        Refusal::Dropped { scenario } => (
            format!("{scenario} is accepted now, and absent or declared differently in this run"),
            format!("its history would be dropped; measure the whole suite, {reason}"),
        ),
        Refusal::Failed { scenario } => (
            format!("a repetition of {scenario} failed, so what it measured is not all there is"),
            format!("repair it and measure again, {reason}"),
        ),
        Refusal::WrongAnswer { scenario } => (
            format!("{scenario} gave a wrong answer, so nothing can be compared with it"),
            format!("repair it and measure again, {reason}"),
        ),
        Refusal::Planted => (
            "the run has changes planted on purpose".to_owned(),
            "measure again without --plant".to_owned(),
        ),
        Refusal::Incomplete { scenario } => (
            format!("{scenario} is declared but not wholly measured in every session"),
            "measure the whole manifest again".to_owned(),
        ),
    };
    Diagnostic::new(code, message, Place::File(path.to_owned()), hint)
}

fn answer(arguments: &Promote, baseline: &Run, kept: &str) -> String {
    let mut text = format!(
        "promoted {} into {}: {} scenarios, {} sessions\n",
        arguments.run.display(),
        arguments.baseline.display(),
        baseline.manifest.scenarios.len(),
        baseline.sessions.len(),
    );
    for change in baseline.provenance.iter().flat_map(|p| &p.changes) {
        let (from, to) = (
            gate_render::quantity(&change.from),
            gate_render::quantity(&change.to),
        );
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  {} {}: {from} -> {to}",
            change.scenario, change.metric
        );
    }
    text.push_str(kept);
    text.push_str("next: commit it; the change is reviewed like code\n");
    text
}
