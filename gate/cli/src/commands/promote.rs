//! `gate promote`: a run becomes the baseline, as a file change that is reviewed like code.

use std::fmt::Write;
use std::path::Path;

use gate_core::promote::{self, Onto, Refusal};
use gate_schema::code::Code;
use gate_schema::defect::Problem;
use gate_schema::exit::ExitCode;
use gate_schema::run::{Provenance, Run};

use crate::args::{Accept, Promote};
use crate::checkout;
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{
    canonical, check_outputs, make_folder, read_run, read_run_with_digest, same_file, seal, write,
};
use crate::git;
use crate::observe::observe;
use crate::profile::stored::{keep, outdated};
use crate::provenance;
use crate::refusal;
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
    let inputs = [arguments.run.as_path(), &arguments.baseline];
    check_outputs(arguments.output.as_slice(), &inputs)?;
    let accepted = match arguments.baseline.exists() {
        true => Some(read_run(&arguments.baseline)?),
        false => None,
    };
    let onto = match &accepted {
        None => Onto::Nothing,
        Some(accepted) if arguments.replace => Onto::Replaced(accepted),
        Some(accepted) => Onto::Kept(accepted),
    };
    let observed = observe(&arguments.run, &run)?;
    let moves = match &accepted {
        Some(accepted) => promote::moves(&observe(&arguments.baseline, accepted)?, &observed),
        None => Vec::new(),
    };
    let mut refusals = promote::refusals(&run, onto, &moves);
    refusals.extend(other_history(&run));
    let overridden = refuse(arguments, &refusals)?;
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
        content: None,
        overridden,
        changes: promote::listed(&moves),
    };
    let baseline = promote::baseline(&run, onto.kept(), provenance).map_err(|defect| {
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
    let mut value = serde_json::to_value(&baseline).map_err(|error| {
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
    seal(&mut value);
    let text = canonical(&value);
    let kept = match profiles {
        Some(profiles) => profiles.write_beside((&arguments.baseline, text.as_bytes()))?,
        None => {
            write(&arguments.baseline, text.as_bytes())?;
            String::new()
        }
    };
    if let Some(note) = outdated(&arguments.baseline, &baseline) {
        terminal::talk(&format!("note: {note}\n"));
    }
    terminal::answer(&answer(arguments, &baseline, &kept))?;
    if let Some(output) = &arguments.output {
        let worse = moves.iter().filter(|moved| moved.is_worse).count();
        let file = arguments.baseline.display().to_string();
        write(
            output,
            gate_render::promotion(&baseline, worse, &file).as_bytes(),
        )?;
    }
    Ok(ExitCode::Pass)
}

/// Whether the run is of a commit that the work tree around the current directory has no history of: anybody can
/// write a commit into a document. Outside of a repository nothing can be said.
fn other_history(run: &Run) -> Option<Refusal> {
    let commit = run.source.commit.as_ref()?;
    let top = checkout::top(Path::new(".")).ok()?;
    (!git::is_in_history(&top, commit)).then(|| Refusal::OtherHistory {
        commit: commit.clone(),
    })
}

/// What is accepted for the reason, in words.
fn refuse(arguments: &Promote, refusals: &[Refusal]) -> Result<Vec<String>, Vec<Diagnostic>> {
    let reason = arguments.reason.as_deref();
    let has_reason = reason.is_some_and(|reason| !reason.trim().is_empty());
    let is_accepted = |refusal: &&Refusal| {
        let word = refusal.kind().map(Accept::from);
        has_reason && word.is_some_and(|word| arguments.accept.contains(&word))
    };
    let (overridden, refused): (Vec<&Refusal>, Vec<&Refusal>) =
        refusals.iter().partition(is_accepted);
    if refused.is_empty() {
        return Ok(overridden.into_iter().map(refusal::sentence).collect());
    }
    let refused = refused.into_iter();
    Err(refused
        .map(|r| refusal::diagnostic(&arguments.run, r))
        .collect())
}

fn answer(arguments: &Promote, baseline: &Run, kept: &str) -> String {
    let mut text = format!(
        "promoted {} into {}: {}, {}\n",
        arguments.run.display(),
        arguments.baseline.display(),
        gate_render::counted(baseline.manifest.scenarios.len(), "scenario"),
        gate_render::counted(baseline.sessions.len(), "session"),
    );
    // Writing to a String cannot fail.
    for sentence in baseline.provenance.iter().flat_map(|p| &p.overridden) {
        let _ = writeln!(text, "  accepted for the reason: {sentence}");
    }
    for change in baseline.provenance.iter().flat_map(|p| &p.changes) {
        let (from, to) = (
            gate_render::quantity(&change.from),
            gate_render::quantity(&change.to),
        );
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
