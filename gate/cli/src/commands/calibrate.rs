//! `gate calibrate`: one build measured against itself, so that the noise of this machine is known
//! before anything is judged on it.

use std::path::Path;

use gate_core::calibrate::{Calibration, learn};
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;

use crate::args::Calibrate;
use crate::checkout::{Checkout, Side, Wanted};
use crate::commands::check::{measure, source};
use crate::commands::lint::of_machine;
use crate::diagnostic::{Diagnostic, Place};
use crate::measure::arm::Arm;
use crate::measure::commands::Commands;
use crate::measure::progress::Progress;
use crate::measure::runs::Who;
use crate::measure::sessions::Measurement;
use crate::noise;
use crate::policy::{self, BASELINE};
use crate::provenance;
use crate::show::unjudgeable;
use crate::signal::Interrupt;
use crate::terminal;

pub(crate) fn run(arguments: &Calibrate) -> Result<ExitCode, Vec<Diagnostic>> {
    let interrupt = Interrupt::on_signals()?;
    let measuring = &arguments.measuring;
    let mut checkout = Checkout::open(Path::new("."), measuring.cache.as_deref(), &interrupt)?;
    let top = checkout.top().to_owned();
    let baseline = top.join(BASELINE);
    let today = provenance::today();
    let mut loaded = policy::load(measuring.policy.as_deref(), None, &baseline, &today)?;
    let measure = measure(&mut loaded, &top)?;
    let commit = checkout.resolve(Side::Base, Wanted::new(&arguments.revision))?;

    let progress = Progress::new();
    let mut commands = Commands {
        checkout: &mut checkout,
        measure: &measure,
        extra: [&[], &[]],
        interrupt: &interrupt,
    };
    commands.build(Side::Base, &progress)?;
    let id = format!("calibrate-{}", provenance::unique());
    let arms = [0; 3].map(|_| Arm::new(id.clone(), source(&commit, &[])));
    let mut measurement = Measurement::new(id, arms, &mut commands, &progress);
    let scenarios = measurement.prepare_one(&measuring.only, measure.warm_up_starts)?;
    let path = noise::path(&loaded, &baseline, &measurement.environment());
    let path = path.ok_or_else(|| vec![unknown_machine()])?;
    let earlier = if path.exists() {
        Some(noise::read(&path)?)
    } else {
        None
    };
    for session in 1..=arguments.sessions {
        let why = format!(
            "session {session} of {}: the build against itself",
            arguments.sessions
        );
        let arms = [Who::Baseline, Who::Canary];
        measurement.session(arms, &scenarios, arguments.pairs, &why)?;
    }
    let runs = measurement.runs()?;
    let canary = runs.canary.as_ref();
    let Some(canary) = canary.filter(|canary| !canary.run.sessions.is_empty()) else {
        return Err(vec![nothing_measured()]);
    };
    let calibration = Calibration {
        arms: [runs.baseline.side(), canary.side()],
        dropped: measure.warm_up_starts,
        created: &provenance::now(),
    };
    let learned = learn(earlier.as_ref(), &calibration, &loaded.policy);
    let mut learned = learned.map_err(|error| {
        vec![unjudgeable(
            &error,
            Path::new("the second arm"),
            "the first",
            &loaded,
        )]
    })?;
    learned.fingerprint = noise::fingerprint(&loaded, &measurement.environment());
    noise::write_new(&path, &learned)?;
    progress.say(&format!("wrote {}", path.display()));
    terminal::answer(&of_machine(&path, &learned, &loaded, &measure)?.0)?;
    Ok(ExitCode::Pass)
}

fn unknown_machine() -> Diagnostic {
    Diagnostic::new(
        Code::Measure,
        "the measuring command does not say on which machine it runs, so its noise has no name",
        Place::Flag("[measure]"),
        "fill in `environment` of the run document; `gate import --environment FILE` does",
    )
}

fn nothing_measured() -> Diagnostic {
    Diagnostic::new(
        Code::Measure,
        "every scenario failed, so nothing was learned and nothing written",
        Place::Flag("[measure]"),
        "the warnings above say how each failed",
    )
}
