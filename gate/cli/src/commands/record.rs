//! `gate record`: a run becomes part of a history, red or green.

use gate_core::promote::kept;
use gate_schema::code::Code;
use gate_schema::defect::Problem;
use gate_schema::exit::ExitCode;
use gate_schema::run::Run;

use crate::args::Record;
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{canonical, read_run_with_digest};
use crate::history::{Added, Entry, Store};
use crate::terminal;

pub(crate) fn run(arguments: &Record) -> Result<ExitCode, Vec<Diagnostic>> {
    let (run, digest) = read_run_with_digest(&arguments.run)?;
    let wrong = |code, message: String, hint: &str| {
        let place = Place::File(arguments.run.clone());
        vec![Diagnostic::new(code, message, place, hint)]
    };
    if let Some((message, hint)) = refusal(&run) {
        return Err(wrong(Code::Unrecordable, message.to_owned(), hint));
    }
    let kept = kept(&run).map_err(|defect| {
        let pointer = "/sessions".to_owned();
        vec![Diagnostic::of_problem(
            &arguments.run,
            &Problem { pointer, defect },
        )]
    })?;
    let value = serde_json::to_value(&kept).map_err(|error| {
        let message = format!("cannot be written as JSON: {error}");
        wrong(Code::Unwritable, message, "measure the run again")
    })?;
    let entry = Entry::new(&run, &digest, canonical(&value));
    let keep = usize::try_from(arguments.keep).unwrap_or(usize::MAX);
    let added = Store::new(&arguments.store)?.add(&entry, keep)?;
    let (run, store) = (arguments.run.display(), &arguments.store.history);
    terminal::answer(&match added {
        Added::New(runs) => format!("recorded {run} in {store}: {runs} runs\n"),
        Added::Known => format!("{run} is in {store} already\n"),
        Added::TooOld => {
            format!("{run} is older than the {keep} runs that {store} keeps: left out\n")
        }
    })?;
    Ok(ExitCode::Pass)
}

/// Why a history does not take `run`, and what to do.
fn refusal(run: &Run) -> Option<(&'static str, &'static str)> {
    if !run.source.planted.is_empty() {
        Some((
            "the run has changes planted on purpose",
            "measure again without --plant",
        ))
    } else if run.source.dirty == Some(true) {
        let message = "the work tree had uncommitted changes, so no commit can be blamed for this";
        Some((message, "commit and measure again"))
    } else if run.provenance.is_some() {
        Some((
            "a promoted baseline is no run",
            "record the run that was promoted",
        ))
    } else {
        None
    }
}
