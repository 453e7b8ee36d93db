//! `gate check`: two revisions built and measured in turn on this machine, and judged.

use std::path::{Path, PathBuf};

use gate_core::evaluate::Known;
use gate_core::next::Plan;
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::report::Report;
use gate_schema::run::Source;

use crate::args::Check;
use crate::checkout::{Checkout, Commit, Side, Wanted};
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{read_run, write_all};
use crate::measure::arm::Arm;
use crate::measure::commands::Commands;
use crate::measure::progress::Progress;
use crate::measure::sessions::{Measurement, Rules, Runs, Seen, Stopped};
use crate::noise;
use crate::policy::{self, Loaded, Measure};
use crate::provenance;
use crate::show::{Destinations, unjudgeable};
use crate::signal::Interrupt;

/// Where the policy of a repository is looked for.
pub(crate) const BASELINE: &str = "baselines/main.json";

pub(crate) fn run(arguments: &Check) -> Result<ExitCode, Vec<Diagnostic>> {
    let interrupt = Interrupt::on_signals()?;
    let measuring = &arguments.measuring;
    let mut checkout = Checkout::open(Path::new("."), measuring.cache.as_deref(), &interrupt)?;
    let (loaded, measure) = load(arguments, checkout.top())?;
    let inputs: Vec<&Path> = [&loaded.path, &loaded.waivers]
        .into_iter()
        .flatten()
        .map(PathBuf::as_path)
        .collect();
    let destinations = Destinations::check(&arguments.show, &inputs)?;
    let kept = Kept::new(arguments.runs.as_deref(), &checkout)?;

    let base = checkout.resolve(Side::Base, Wanted::new(&arguments.base))?;
    let candidate = checkout.resolve(Side::Candidate, Wanted::new(&arguments.candidate))?;
    let progress = Progress::new();
    progress.say(&format!(
        "baseline {}, candidate {}",
        name(&base),
        name(&candidate)
    ));
    let plan = Plan {
        pairs: arguments.pairs.unwrap_or(measure.pairs),
        rerun_pairs: measure.rerun_pairs,
    };
    let baseline_file = checkout.top().join(BASELINE);
    let mut commands = Commands {
        checkout: &mut checkout,
        measure: &measure,
        extra: [&arguments.base_env, &arguments.candidate_env],
        interrupt: &interrupt,
    };
    for side in [Side::Base, Side::Candidate] {
        progress.building(side);
        commands.build(side)?;
    }
    let id = format!("check-{}", provenance::unique());
    let arms = [&base, &candidate, &base].map(|commit| Arm::new(id.clone(), source(commit)));
    let mut measurement = Measurement::new(id, arms, &mut commands, &progress);
    let promoted = promoted(arguments, &loaded, &baseline_file)?;
    let mut measured = || {
        let scenarios = measurement.prepare(&measuring.only)?;
        let noise = noise::beside(&loaded, &baseline_file, &measurement.environment())?;
        let rules = Rules {
            plan,
            budget: arguments.budget.unwrap_or(measure.budget),
            policy: &loaded.policy,
            noise: noise.as_ref(),
        };
        let runs = measurement.check(&scenarios, &rules)?;
        let known = Known {
            promoted: promoted.as_ref().map(Seen::side),
            ..runs.known(noise.as_ref())
        };
        let (baseline, candidate) = (runs.baseline.side(), runs.candidate.side());
        let judged = gate_core::evaluate(baseline, candidate, &known, &loaded.policy);
        Ok((runs, judged.map_err(Stopped::Unjudgeable)?))
    };
    let (runs, report) = match measured() {
        Ok(measured) => measured,
        Err(stopped) => {
            let mut problems = explain(stopped, &arguments.base, &loaded);
            if measurement.has_measured() {
                kept.write(&measurement.runs()?, None)?;
                let where_to = kept.directory.display();
                for problem in &mut problems {
                    problem.hint = format!("{}; what was measured is in {where_to}", problem.hint);
                }
            }
            return Err(problems);
        }
    };
    kept.write(&runs, Some(&report))?;
    progress.say(&format!(
        "runs and verdict.json are in {}",
        kept.directory.display()
    ));
    destinations.deliver(&report, &loaded)?;
    Ok(report.exit_code)
}

fn load(arguments: &Check, top: &Path) -> Result<(Loaded, Measure), Vec<Diagnostic>> {
    let mut loaded = policy::load(
        arguments.measuring.policy.as_deref(),
        arguments.waivers.as_deref(),
        &top.join(BASELINE),
        &provenance::today(),
    )?;
    arguments.show.apply_to(&mut loaded.policy);
    loaded.policy.is_drift = arguments.drift;
    let measure = measure(&mut loaded, top)?;
    Ok((loaded, measure))
}

/// The promoted baseline: the one given, else `main.json` beside the policy where there is one. Against
/// a release it has nothing to add.
fn promoted(
    arguments: &Check,
    loaded: &Loaded,
    baseline: &Path,
) -> Result<Option<Seen>, Vec<Diagnostic>> {
    let beside = loaded
        .path
        .as_deref()
        .unwrap_or(baseline)
        .with_file_name("main.json");
    let path = match &arguments.baseline {
        Some(given) => given.clone(),
        None if arguments.drift || !beside.exists() => return Ok(None),
        None => beside,
    };
    Seen::new(read_run(&path)?).map(Some)
}

/// The `[measure]` table.
pub(crate) fn measure(loaded: &mut Loaded, top: &Path) -> Result<Measure, Vec<Diagnostic>> {
    loaded.measure.take().ok_or_else(|| {
        let path = loaded.path.clone();
        let path = path.unwrap_or_else(|| top.join(BASELINE).with_file_name("gate.toml"));
        vec![Diagnostic::new(
            Code::Measure,
            "nothing says how to measure: there is no [measure] table",
            Place::File(path),
            "add [measure] with a `command`; docs/measuring-command.md shows one",
        )]
    })
}

/// What a build is, for its run document.
pub(crate) fn source(commit: &Commit) -> Source {
    Source {
        commit: Some(commit.id.clone()),
        dirty: Some(commit.is_dirty),
        ..Source::default()
    }
}

fn name(commit: &Commit) -> String {
    let id = commit.id.get(..10).unwrap_or(&commit.id);
    if commit.is_dirty {
        format!("{id} (the work tree, with uncommitted changes)")
    } else {
        id.to_owned()
    }
}

fn explain(stopped: Stopped, base: &str, loaded: &Loaded) -> Vec<Diagnostic> {
    match stopped {
        Stopped::Problems(problems) => problems,
        Stopped::Unjudgeable(error) => {
            vec![unjudgeable(
                &error,
                Path::new("the candidate"),
                base,
                loaded,
            )]
        }
    }
}

/// Where the measured runs are kept.
struct Kept {
    directory: PathBuf,
}

impl Kept {
    /// Makes the directory, before anything is measured.
    fn new(given: Option<&Path>, checkout: &Checkout) -> Result<Self, Vec<Diagnostic>> {
        let directory = match given {
            Some(directory) => directory.to_owned(),
            None => checkout.build_cache().with_file_name("runs"),
        };
        std::fs::create_dir_all(&directory).map_err(|error| {
            let place = Place::File(directory.clone());
            let message = format!("cannot create the directory of runs: {error}");
            vec![Diagnostic::new(
                Code::Unwritable,
                message,
                place,
                "name another with --runs DIR",
            )]
        })?;
        Ok(Self { directory })
    }

    fn write(&self, runs: &Runs, report: Option<&Report>) -> Result<(), Vec<Diagnostic>> {
        let json = |run| serde_json::to_vec(run).unwrap_or_default();
        let mut files = vec![
            ("baseline.json", json(&runs.baseline.run)),
            ("candidate.json", json(&runs.candidate.run)),
        ];
        if let Some(canary) = &runs.canary {
            files.push(("canary.json", json(&canary.run)));
        }
        if let Some(report) = report {
            files.push(("verdict.json", gate_render::json(report).into_bytes()));
        }
        let paths: Vec<PathBuf> = files
            .iter()
            .map(|(name, _)| self.directory.join(name))
            .collect();
        let files: Vec<(&Path, &[u8])> = paths
            .iter()
            .zip(&files)
            .map(|(path, (_, bytes))| (path.as_path(), bytes.as_slice()))
            .collect();
        // What an earlier check left must not be taken for this one's.
        for stale in ["canary.json", "verdict.json"] {
            let _ = std::fs::remove_file(self.directory.join(stale));
        }
        write_all(&files)
    }
}
