//! `gate calibrate`: one build measured against itself, so that the noise of this machine is known
//! before anything is judged on it.

mod add;

use std::path::{Path, PathBuf};

use gate_core::calibrate::{Calibration, learn};
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::noise::Noise;

use crate::args::{Calibrate, MIN_PAIRS};
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
use crate::policy::{self, BASELINE, Loaded, Measure};
use crate::provenance;
use crate::show::unjudgeable;
use crate::signal::Interrupt;
use crate::terminal;

pub(crate) fn run(arguments: &Calibrate) -> Result<ExitCode, Vec<Diagnostic>> {
    if let Some(directory) = &arguments.add {
        return add::run(directory, arguments);
    }
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
    let notebook = Notebook::open(&loaded, &measure, &baseline, &measurement)?;
    for session in 1..=arguments.sessions {
        let why = format!(
            "session {session} of {}: the build against itself",
            arguments.sessions
        );
        let arms = [Who::Baseline, Who::Canary];
        let ended = measurement.session(arms, &scenarios, arguments.pairs, &why);
        if let Err(problems) = ended {
            measurement.forget_short(MIN_PAIRS as usize);
            return Err(notebook.close(&measurement, problems));
        }
        // Written at once: sessions are worth hours, and the next one may be interrupted.
        if notebook.write(&measurement)?.is_none() {
            return Err(vec![nothing_measured()]);
        }
    }
    let learned = noise::read(&notebook.path)?;
    progress.say(&format!("wrote {}", notebook.path.display()));
    terminal::answer(&of_machine(&notebook.path, &learned, &loaded, &measure)?.0)?;
    Ok(ExitCode::Pass)
}

/// The calibration of this machine while sessions are added to it.
struct Notebook<'a> {
    path: PathBuf,
    /// What was known before.
    earlier: Option<Noise>,
    loaded: &'a Loaded,
    measure: &'a Measure,
}

impl<'a> Notebook<'a> {
    fn open(
        loaded: &'a Loaded,
        measure: &'a Measure,
        baseline: &Path,
        measurement: &Measurement<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let path = noise::path(loaded, baseline, &measurement.environment());
        let path = path.ok_or_else(|| vec![unknown_machine()])?;
        let earlier = if path.exists() {
            Some(noise::read(&path)?)
        } else {
            None
        };
        noise::check_output(&path)?;
        Ok(Self {
            path,
            earlier,
            loaded,
            measure,
        })
    }

    /// Writes what was known and what was measured so far; `None` when nothing was.
    fn write(&self, measurement: &Measurement<'_>) -> Result<Option<Noise>, Vec<Diagnostic>> {
        let runs = measurement.runs()?;
        let canary = runs.canary.as_ref();
        let Some(canary) = canary.filter(|canary| !canary.run.sessions.is_empty()) else {
            return Ok(None);
        };
        let calibration = Calibration {
            arms: [runs.baseline.side(), canary.side()],
            dropped: self.measure.warm_up_starts,
            created: &provenance::now(),
            judged: None,
        };
        let learned = learn(self.earlier.as_ref(), &calibration, &self.loaded.policy);
        let mut learned = learned.map_err(|error| {
            let arm = Path::new("the second arm");
            vec![unjudgeable(&error, arm, "the first", self.loaded)]
        })?;
        learned.fingerprint = noise::fingerprint(self.loaded, &measurement.environment());
        noise::write_new(&self.path, &learned)?;
        Ok(Some(learned))
    }

    /// Writes what is left of a calibration that was stopped, and adds to the reasons what became of it.
    fn close(
        &self,
        measurement: &Measurement<'_>,
        mut problems: Vec<Diagnostic>,
    ) -> Vec<Diagnostic> {
        let kept = match self.write(measurement) {
            Ok(Some(_)) => format!("what was learned is in {}", self.path.display()),
            Ok(None) => format!(
                "no scenario had {MIN_PAIRS} pairs, so nothing was learned and nothing written"
            ),
            Err(more) => {
                problems.extend(more);
                return problems;
            }
        };
        for problem in &mut problems {
            problem.hint = format!("{}; {kept}", problem.hint);
        }
        problems
    }
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
