//! `gate check`: two revisions built and measured in turn on this machine, and judged.

use std::path::{Path, PathBuf};
use std::time::Instant;

use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::report::Report;
use gate_schema::run::Source;

use crate::args::Check;
use crate::checkout::{Checkout, Commit, Side, Wanted};
use crate::diagnostic::{Diagnostic, Place};
use crate::document::read_run;
use crate::measure::arm::Arm;
use crate::measure::commands::Commands;
use crate::measure::judge::{Asked, judge};
use crate::measure::kept::Kept;
use crate::measure::progress::Progress;
use crate::measure::runs::{Runs, Seen};
use crate::measure::sessions::{Measurement, Stopped};
use crate::noise;
use crate::policy::{self, BASELINE, Loaded, Measure};
use crate::process;
use crate::profile::{self, Causes, lay};
use crate::provenance;
use crate::show::{Destinations, exit_code, unjudgeable};
use crate::signal::Interrupt;

pub(crate) fn run(arguments: &Check) -> Result<ExitCode, Vec<Diagnostic>> {
    let interrupt = Interrupt::on_signals()?;
    let cache = arguments.measuring.cache.as_deref();
    let mut checkout = Checkout::open(Path::new("."), cache, &interrupt)?;
    let (loaded, measure) = load(arguments, checkout.top())?;
    let promoted = promoted(arguments, checkout.top())?;
    let inputs = inputs(arguments, &loaded, checkout.top());
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    let destinations = Destinations::check(&arguments.show, &inputs)?;
    let directory = arguments.runs.clone();
    let kept = Kept::new(directory.unwrap_or_else(|| checkout.runs()), &inputs)?;

    let base = checkout.resolve(Side::Base, Wanted::new(&arguments.base))?;
    let candidate = checkout.resolve(Side::Candidate, Wanted::new(&arguments.candidate))?;
    let progress = Progress::new();
    let (from, to) = (name(&base), name(&candidate));
    progress.say(&format!("baseline {from}, candidate {to}"));
    let id = format!("check-{}", provenance::unique());
    let commits = [&base, &candidate].map(|commit| Some(commit.head.clone()));
    let base = source(&base, &arguments.base_env);
    let candidate = source(&candidate, &arguments.candidate_env);
    let arms = [base.clone(), candidate, base].map(|source| Arm::new(id.clone(), source));
    let top = checkout.top().to_owned();
    let mut commands = Commands {
        checkout: &mut checkout,
        measure: &measure,
        extra: [&arguments.base_env, &arguments.candidate_env],
        interrupt: &interrupt,
    };
    for side in [Side::Base, Side::Candidate] {
        commands.build(side, &progress)?;
    }
    let start = Instant::now();
    let mut measurement = Measurement::new(id, arms, &mut commands, &progress);
    let asked = Asked {
        only: &arguments.measuring.only,
        pairs: arguments.pairs,
        budget: arguments.budget.unwrap_or(measure.budget),
        promoted: promoted.as_ref(),
    };
    let judged = judge(&mut measurement, &asked, &loaded, &measure, &top);
    let (runs, mut report) = match judged {
        Ok(judged) => judged,
        Err(stopped) => {
            let problems = explain(stopped, arguments, &loaded);
            if !measurement.has_measured() {
                return Err(problems);
            }
            let runs = measurement.runs();
            return Err(keep(runs, &kept, &mut checkout, problems));
        }
    };
    if !arguments.no_profile {
        // Kept before, too: profiling takes minutes, and the verdict is known. What cannot be written
        // now is said when it cannot be written then.
        let _ = kept.write(&runs, Some(&report));
        let budget = arguments.budget.unwrap_or(measure.budget);
        let mut causes = Causes {
            commands: &mut commands,
            progress: &progress,
            deadline: Instant::now().max(start + budget) + profile::ALLOWANCE,
            commits,
        };
        let files = causes.find(&mut report, &runs);
        // Beside each copy of the report.
        let beside = [kept.directory.clone()].into_iter();
        for problem in lay(beside.chain(destinations.folders()), &files) {
            progress.say(&problem);
        }
    }
    // What was measured took minutes: whatever cannot be written takes nothing else along.
    let mut problems = match write(&kept, &mut checkout, &runs, Some(&report)) {
        Ok(()) => {
            let directory = kept.directory.display();
            progress.say(&format!("runs and verdict.json are in {directory}"));
            Vec::new()
        }
        Err(problems) => problems,
    };
    problems.extend(destinations.deliver(&report, &loaded));
    Ok(exit_code(&report, &problems))
}

/// Keeps what was measured until something stopped it, and says where.
fn keep(
    runs: Result<Runs, Vec<Diagnostic>>,
    kept: &Kept,
    checkout: &mut Checkout,
    mut problems: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let written = runs.and_then(|runs| write(kept, checkout, &runs, None));
    match written {
        Ok(()) => {
            let directory = kept.directory.display();
            for problem in &mut problems {
                problem.hint = format!("{}; what was measured is in {directory}", problem.hint);
            }
        }
        Err(more) => problems.extend(more),
    }
    problems
}

/// Writes what is kept, once nothing is measured any more. On a full disk the trees are what can go.
fn write(
    kept: &Kept,
    checkout: &mut Checkout,
    runs: &Runs,
    report: Option<&Report>,
) -> Result<(), Vec<Diagnostic>> {
    kept.write(runs, report).or_else(|_| {
        for side in [Side::Base, Side::Candidate] {
            // What cannot be removed now is, or is complained about, at the next start.
            let _ = checkout.leave(side);
        }
        kept.write(runs, report)
    })
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
    loaded.policy.only.clone_from(&arguments.measuring.only);
    let measure = measure(&mut loaded, top)?;
    Ok((loaded, measure))
}

/// What people wrote or promoted and a check must not write over, also where it has no use for it.
fn inputs(arguments: &Check, loaded: &Loaded, top: &Path) -> Vec<PathBuf> {
    let read = [&loaded.path, &loaded.waivers, &arguments.baseline];
    let read = read.into_iter().flatten().cloned();
    let mut inputs: Vec<PathBuf> = read.collect();
    inputs.push(top.join(BASELINE));
    inputs.extend(noise::all(&top.join(BASELINE)));
    inputs
}

/// The promoted baseline: the one given, else the repository's where there is one. Against a release it has
/// nothing to add.
fn promoted(arguments: &Check, top: &Path) -> Result<Option<Seen>, Vec<Diagnostic>> {
    let own = top.join(BASELINE);
    let path = match &arguments.baseline {
        Some(given) => given.clone(),
        None if arguments.drift || !own.exists() => return Ok(None),
        None => own,
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

/// What a build is, for its run document; `variables` are those of its side alone.
pub(crate) fn source(commit: &Commit, variables: &[(String, String)]) -> Source {
    let shown = |(name, value): &(String, String)| {
        process::lines(format!("{name}={value}").as_bytes()).join(" ")
    };
    Source {
        commit: Some(commit.head.clone()),
        dirty: Some(commit.is_dirty),
        settings: variables.iter().map(shown).collect(),
        ..Source::default()
    }
}

fn name(commit: &Commit) -> String {
    let id = commit.head.get(..10).unwrap_or(&commit.head);
    if commit.is_dirty {
        format!("{id} (the work tree, with uncommitted changes)")
    } else {
        id.to_owned()
    }
}

fn explain(stopped: Stopped, arguments: &Check, loaded: &Loaded) -> Vec<Diagnostic> {
    match stopped {
        Stopped::Problems(problems) => problems,
        Stopped::Unjudgeable(error) => {
            let candidate = Path::new("the candidate");
            vec![unjudgeable(&error, candidate, &arguments.base, loaded)]
        }
    }
}
