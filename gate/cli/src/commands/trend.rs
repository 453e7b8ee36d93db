//! `gate trend`: what a history shows, seen from its newest run.

use std::path::{Path, PathBuf};

use gate_core::trend::{Entry, trend};
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use rayon::prelude::*;

use crate::args::{MOST_KEPT, Trend};
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{check_outputs, read_run, write};
use crate::history::Store;
use crate::observe::observe;
use crate::policy::{self, BASELINE};
use crate::provenance;
use crate::show::unit_mismatch;
use crate::terminal;

pub(crate) fn run(arguments: &Trend) -> Result<ExitCode, Vec<Diagnostic>> {
    let outputs: Vec<PathBuf> = arguments.output.iter().cloned().collect();
    let given = arguments.policy.as_deref();
    let default = Path::new(BASELINE);
    let baseline = arguments.baseline.as_deref();
    let inputs = given.into_iter().chain([baseline.unwrap_or(default)]);
    check_outputs(&outputs, &inputs.collect::<Vec<_>>())?;
    let beside = baseline.unwrap_or(default);
    let loaded = policy::load(given, None, beside, &provenance::today())?;
    let baseline = baseline.or(Some(default).filter(|default| default.exists()));
    let promoted = match baseline {
        Some(path) => Some((path.display().to_string(), entry(path)?)),
        None => None,
    };
    // The files of a branch are there as long as `_copy` is.
    let (files, _copy) = Store::new(&arguments.store)?.read()?;
    let newest = files.len().saturating_sub(MOST_KEPT as usize);
    let entries = files[newest..]
        .par_iter()
        .map(|path| entry(path))
        .collect::<Result<Vec<_>, Vec<Diagnostic>>>()?;
    let promoted = promoted
        .as_ref()
        .map(|(path, entry)| (path.as_str(), entry));
    let trend = trend(&entries, &loaded.policy, promoted)
        .map_err(|mismatch| vec![unit_mismatch(&mismatch, &loaded)])?;
    let Some(trend) = trend else {
        let place = Place::File(PathBuf::from(&arguments.store.history));
        let hint = "`gate record RUN --history STORE` adds a run";
        return Err(vec![Diagnostic::new(
            Code::History,
            "the history has no run",
            place,
            hint,
        )]);
    };
    if let Some(output) = &arguments.output {
        let json = serde_json::to_string_pretty(&trend).map_err(|error| {
            let message = format!("cannot be written as JSON: {error}");
            let place = Place::File(output.clone());
            vec![Diagnostic::new(
                Code::Unwritable,
                message,
                place,
                "leave --output out",
            )]
        })?;
        write(output, format!("{json}\n").as_bytes())?;
    }
    terminal::answer(&gate_render::trend(&trend))?;
    Ok(trend.exit_code)
}

fn entry(path: &Path) -> Result<Entry, Vec<Diagnostic>> {
    let run = read_run(path)?;
    Ok(Entry::new(&run, observe(path, &run)?))
}
