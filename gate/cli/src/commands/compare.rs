//! `gate compare`: two documents and a policy in, a report and an exit code out.

use std::path::{Path, PathBuf};

use gate_core::evaluate::{Known, Side};
use gate_schema::exit::ExitCode;

use crate::args::Compare;
use crate::diagnostic::Diagnostic;
use crate::document::read_run;
use crate::noise;
use crate::observe::observe;
use crate::policy::{self, Loaded};
use crate::profile::lay;
use crate::profile::stored::{Compared, note};
use crate::provenance;
use crate::show::{Destinations, exit_code, unjudgeable};
use crate::terminal;

pub(crate) fn run(arguments: &Compare) -> Result<ExitCode, Vec<Diagnostic>> {
    let loaded = load_policy(arguments)?;
    let inputs = [
        Some(&arguments.baseline),
        Some(&arguments.candidate),
        loaded.path.as_ref(),
        loaded.waivers.as_ref(),
    ];
    let inputs: Vec<&Path> = inputs.into_iter().flatten().map(PathBuf::as_path).collect();
    let destinations = Destinations::check(&arguments.show, &inputs)?;
    let (baseline, candidate) = rayon::join(
        || read_run(&arguments.baseline),
        || read_run(&arguments.candidate),
    );
    let (baseline, candidate) = both(baseline, candidate)?;
    let observed = both(
        observe(&arguments.baseline, &baseline),
        observe(&arguments.candidate, &candidate),
    )?;
    let sides = [(&baseline, &observed.0), (&candidate, &observed.1)]
        .map(|(run, observed)| Side { run, observed });
    let noise = noise::beside(&loaded, &arguments.baseline, &baseline.environment)?;
    let known = Known {
        noise: noise.as_ref(),
        ..Known::default()
    };
    let judged = gate_core::evaluate(sides[0], sides[1], &known, &loaded.policy);
    let mut report = judged.map_err(|error| {
        let baseline = arguments.baseline.display().to_string();
        vec![unjudgeable(
            &error,
            &arguments.candidate,
            &baseline,
            &loaded,
        )]
    })?;
    if let Some(folder) = &arguments.profiles {
        let compared = Compared {
            baseline: sides[0],
            candidate: sides[1],
            path: &arguments.baseline,
        };
        let files = note(&mut report, folder, &compared);
        for problem in lay(destinations.folders().into_iter(), &files) {
            terminal::talk(&format!("note: {problem}\n"));
        }
    }
    let problems = destinations.deliver(&report, &loaded);
    Ok(exit_code(&report, &problems))
}

fn load_policy(arguments: &Compare) -> Result<Loaded, Vec<Diagnostic>> {
    let mut loaded = policy::load(
        arguments.policy.as_deref(),
        arguments.waivers.as_deref(),
        &arguments.baseline,
        &provenance::today(),
    )?;
    if loaded.path.is_none() {
        terminal::talk(
            "note: no gate.toml beside the baseline; using the built-in policy, which has no budgets (`gate init` writes one)\n",
        );
    }
    arguments.show.apply_to(&mut loaded.policy);
    if let Some(machine) = arguments.machine {
        loaded.policy.machine = machine.into();
    }
    Ok(loaded)
}

/// Both, or the problems of both: a user mends two files in one go.
fn both<A, B>(
    a: Result<A, Vec<Diagnostic>>,
    b: Result<B, Vec<Diagnostic>>,
) -> Result<(A, B), Vec<Diagnostic>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).flatten().collect()),
    }
}
