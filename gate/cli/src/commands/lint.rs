//! `gate lint`: which margins of the policy this machine cannot resolve, and what it would take.

use std::path::Path;

use gate_core::resolution::resolutions;
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::noise::{Noise, Resolution};

use crate::args::Lint;
use crate::checkout;
use crate::diagnostic::{Diagnostic, Place};
use crate::noise;
use crate::policy::{self, BASELINE, Loaded, Measure};
use crate::provenance;
use crate::show::unit_mismatch;
use crate::terminal;

pub(crate) fn run(arguments: &Lint) -> Result<ExitCode, Vec<Diagnostic>> {
    let here = Path::new(".");
    // Outside of a repository both files can still be named.
    let top = checkout::top(here).unwrap_or_else(|_| here.to_owned());
    let baseline = top.join(BASELINE);
    let policy = arguments.policy.as_deref();
    let loaded = policy::load(policy, None, &baseline, &provenance::today())?;
    // Where the policy does not say how much is measured, the usual amount is.
    let usual = Measure::new(String::new());
    let measure = loaded.measure.as_ref().unwrap_or(&usual);
    let paths = match &arguments.noise {
        Some(path) => vec![path.clone()],
        None => noise::all(&baseline),
    };
    if paths.is_empty() {
        let folder = baseline.with_file_name("noise");
        return Err(vec![Diagnostic::new(
            Code::Unreadable,
            "no machine was calibrated, so nothing is known of its noise",
            Place::File(folder),
            "run `gate calibrate` on the machine that measures",
        )]);
    }
    let mut all_resolved = true;
    let mut text = String::new();
    for path in &paths {
        let (answer, resolved) = of_machine(path, &noise::read(path)?, &loaded, measure)?;
        text.push_str(&answer);
        all_resolved &= resolved;
    }
    terminal::answer(&text)?;
    Ok(if all_resolved {
        ExitCode::Pass
    } else {
        ExitCode::Fail
    })
}

/// What the policy can expect of one machine, and whether that is all it asks for.
pub(crate) fn of_machine(
    path: &Path,
    noise: &Noise,
    loaded: &Loaded,
    measure: &Measure,
) -> Result<(String, bool), Vec<Diagnostic>> {
    let plan = measure.plan();
    let found = resolutions(noise, &loaded.policy, plan)
        .map_err(|mismatch| vec![unit_mismatch(&mismatch, loaded)])?;
    let machine = noise
        .fingerprint
        .iter()
        .find(|(name, _)| name.as_str() == "cpu_model")
        .map_or("unknown processor", |(_, model)| model.as_str());
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let title = format!("{machine} (noise/{file})");
    let is_resolved = |r: &&Resolution| r.pairs_to_pass <= plan.pairs && r.is_gateable;
    let mut gating = found.iter().filter(|r| r.gating).peekable();
    // Nothing known resolves nothing.
    let resolved = gating.peek().is_some() && gating.all(|r| is_resolved(&r));
    let pairs = (plan.pairs, plan.rerun_pairs);
    let mut text = gate_render::resolutions(&title, &found, pairs);
    text.push_str(&gate_render::warm_up(&found, measure.warm_up_starts));
    Ok((text, resolved))
}
