//! `gate calibrate --add DIR`: what a finished check showed of the noise of its machine.

use std::path::Path;

use gate_core::calibrate::{Calibration, learn};
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::report::Report;

use super::unknown_machine;
use crate::args::Calibrate;
use crate::checkout;
use crate::commands::lint::of_machine;
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{read_report, read_run};
use crate::measure::runs::Seen;
use crate::noise;
use crate::policy::{self, BASELINE, Measure};
use crate::provenance;
use crate::show::unjudgeable;
use crate::terminal;

/// Where a verdict and the runs beside it come from.
const KEPT: &str = "name the directory that `gate check` says its runs and verdict.json are in";

pub(super) fn run(directory: &Path, arguments: &Calibrate) -> Result<ExitCode, Vec<Diagnostic>> {
    let here = Path::new(".");
    // Outside of a repository the files can still be named.
    let top = checkout::top(here).unwrap_or_else(|_| here.to_owned());
    let baseline = top.join(BASELINE);
    let policy = arguments.measuring.policy.as_deref();
    let loaded = policy::load(policy, None, &baseline, &provenance::today())?;
    let usual = Measure::new(String::new());
    let measure = loaded.measure.as_ref().unwrap_or(&usual);

    let seen = |name: &str| Seen::new(read_run(&directory.join(name))?);
    let (first, second) = (seen("baseline.json")?, seen("candidate.json")?);
    let verdict = directory.join("verdict.json");
    let report = read_report(&verdict, KEPT)?;
    accept(&report, [&first, &second], &verdict)?;

    let environment = &first.run.environment;
    let path = noise::path(&loaded, &baseline, environment);
    let path = path.ok_or_else(|| vec![unknown_machine()])?;
    let earlier = path.exists().then(|| noise::read(&path)).transpose()?;
    let calibration = Calibration {
        arms: [first.side(), second.side()],
        dropped: measure.warm_up_starts,
        created: &provenance::now(),
        judged: Some(&report),
    };
    let learned = learn(earlier.as_ref(), &calibration, &loaded.policy);
    let mut learned = learned.map_err(|error| {
        let candidate = directory.join("candidate.json");
        vec![unjudgeable(&error, &candidate, "baseline.json", &loaded)]
    })?;
    learned.fingerprint = noise::fingerprint(&loaded, environment);
    noise::write_new(&path, &learned)?;
    terminal::talk(&format!("wrote {}\n", path.display()));
    terminal::answer(&of_machine(&path, &learned, &loaded, measure)?.0)?;
    Ok(ExitCode::Pass)
}

/// Refuses what says nothing about the machine's own noise. A check that is undecided for its noise does:
/// without it the machine would look quieter than it is.
fn accept(report: &Report, runs: [&Seen; 2], verdict: &Path) -> Result<(), Vec<Diagnostic>> {
    let place = Place::File(verdict.to_owned());
    let refused = |code: Code, message: &str, hint: &str| {
        Err(vec![Diagnostic::new(code, message, place, hint)])
    };
    let ids = runs.map(|seen| (seen.run.id.as_str(), seen.run.created.as_str()));
    let judged = [&report.baseline, &report.candidate];
    if judged.map(|of| (of.id.as_str(), of.created.as_str())) != ids {
        let message = "the verdict is not about the runs beside it";
        return refused(Code::Document, message, KEPT);
    }
    if report.exit_code == ExitCode::Fail {
        return refused(
            Code::Unrecordable,
            "the check failed, so nothing it measured is accepted",
            "add a check that passed, or was undecided",
        );
    }
    Ok(())
}
