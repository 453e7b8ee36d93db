//! `bench run`: measures the selected scenarios and writes the run document.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use gate_schema::exit::ExitCode;
use gate_schema::run::{Check, Failure, Run};

use super::answer;
use super::args::{RunArgs, Selected};
use super::fit::fit;
use super::ready::Preparing;
use crate::child::ChildError;
use crate::document::{Parts, manifest, run_id, scenario_id};
use crate::emit::Destination;
use crate::environment::environment;
use crate::error::BenchError;
use crate::interrupt::Interrupt;
use crate::prepare::audit;
use crate::profile::VARIABLE;
use crate::repetition::Observation;
use crate::scenario::Scenario;
use crate::session::{Outcome, Plan, Turn, Unmeasured, measure_sessions};
use crate::source::source;
use crate::talk::{Phase, say};

pub(super) fn run(suite: &[&dyn Scenario], args: &RunArgs) -> Result<ExitCode, BenchError> {
    // All that can be wrong with the call is found before the first minute is spent.
    let setup = &args.selection.setup;
    let Selected { scenarios, plants } = args.selection.select_here(suite)?;
    let destination = Destination::check(&args.out)?;
    let profile = std::env::var_os(VARIABLE)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let children = args.selection.children(&plants)?;
    let cache = setup.cache();
    let _hold = cache.hold()?;
    let interrupt = Interrupt::listen().map_err(BenchError::Signals)?;
    // Described first: a commit made while we measure must not be credited.
    let (source, environment) = (source(Path::new("."), &plants), environment());
    audit(&scenarios, setup.tier, &cache, &|| interrupt.is_asked())?;
    let sessions = args.sessions.unwrap_or(setup.tier.sessions());
    let repetitions = args.repetitions.unwrap_or(setup.tier.repetitions());
    let (fitting, mut failures) = fitting(&scenarios, args, sessions * repetitions)?;
    let turns = fitting.len() * (sessions * repetitions) as usize;
    if profile.is_some() && turns != 1 {
        return Err(BenchError::ManyProfiles(turns));
    }
    let preparing = Preparing::new(&children, setup.tier, &cache);
    let (ready, unprepared) = prepare_all(&fitting, preparing, &interrupt)?;
    failures.extend(unprepared);
    let id = run_id(setup.tier, SystemTime::now());
    let plan = Plan {
        scenarios: &ready,
        sessions,
        repetitions,
    };
    let start = Instant::now();
    let unprofiled = RefCell::new(None);
    let repeat = |scenario: &dyn Scenario| {
        let observation = children.repeat_into(scenario, profile.as_deref())?;
        unprofiled.replace(observation.unprofiled.clone());
        Ok(observation)
    };
    let outcome = measure_all(&plan, &id, &repeat, &interrupt);
    let is_right = outcome
        .sessions
        .iter()
        .flat_map(|session| &session.scenarios)
        .all(|measured| measured.check == Check::Passed);
    failures.extend(outcome.failures);
    let is_whole = failures.is_empty();
    let run = Run::from(Parts {
        id,
        created: SystemTime::now(),
        source,
        environment,
        manifest: manifest(&scenarios, setup.tier),
        sessions: outcome.sessions,
        failures,
    });
    destination.write(&run)?;
    conclude(&run, outcome.is_interrupted);

    let measured: usize = run
        .sessions
        .iter()
        .flat_map(|session| &session.scenarios)
        .map(|measured| measured.repetitions.len())
        .sum();
    let seconds = start.elapsed().as_secs_f64();
    answer(&format!(
        "{measured} repetitions in {seconds:.1} s -> {}\n",
        args.out.display()
    ))?;
    // Who asked for a profile and got none has to know why; the run itself is sound.
    if let Some(why) = unprofiled.into_inner() {
        say(format_args!("error: no profile: {why}"));
        return Ok(ExitCode::Fail);
    }
    Ok(if is_right && is_whole {
        ExitCode::Pass
    } else {
        ExitCode::Fail
    })
}

/// The scenarios that this machine can measure, `repetitions` times each, and the others as failures
/// when they may be skipped.
fn fitting<'s>(
    scenarios: &[&'s dyn Scenario],
    args: &RunArgs,
    repetitions: u32,
) -> Result<(Vec<&'s dyn Scenario>, Vec<Failure>), BenchError> {
    let setup = &args.selection.setup;
    let fit = fit(scenarios, setup.tier, &setup.cache());
    if !args.skip_unfit {
        fit.all_or(
            "--skip-unfit measures the others and records these as not measured; a smaller --tier needs less",
        )?;
    }
    let skipped = fit.unfit.into_iter().map(|(scenario, misfit)| {
        say(format_args!("skipping {}: it {misfit}", scenario.id()));
        unmeasured(scenario, format!("skipped: {misfit}"))
    });
    let skipped = skipped.collect();
    say(fit.together.time(repetitions));
    Ok((fit.fitting, skipped))
}

/// The scenarios whose files are there, and the others as failures.
fn prepare_all<'s>(
    scenarios: &[&'s dyn Scenario],
    mut preparing: Preparing<'_>,
    interrupt: &Interrupt,
) -> Result<(Vec<&'s dyn Scenario>, Vec<Failure>), BenchError> {
    let (mut ready, mut failures) = (Vec::new(), Vec::new());
    for scenario in scenarios {
        if interrupt.is_asked() {
            break;
        }
        match preparing.prepare(*scenario) {
            Ok(()) => ready.push(*scenario),
            // Ctrl-C reaches the child too, so its end is ours.
            Err(_) if interrupt.is_asked() => break,
            Err(unready) => {
                say(format_args!("error: {}: {unready}", scenario.id()));
                failures.push(unmeasured(*scenario, format!("not prepared: {unready}")));
            }
        }
    }
    if interrupt.is_asked() {
        return Err(BenchError::NothingMeasured);
    }
    Ok((ready, failures))
}

/// A scenario that has no place in any session.
fn unmeasured(scenario: &dyn Scenario, how: String) -> Failure {
    Failure {
        scenario: scenario_id(scenario),
        session: None,
        pair: None,
        how,
        stderr: Vec::new(),
    }
}

/// Says what is not in the document, and that it is not.
fn conclude(run: &Run, is_interrupted: bool) {
    if is_interrupted {
        say("interrupted: what was measured is kept, and the document names what is missing");
    }
    for failure in &run.failures {
        say(format_args!(
            "not measured: {} ({})",
            failure.scenario, failure.how
        ));
    }
}

fn measure_all(
    plan: &Plan<'_>,
    id: &str,
    repeat: &dyn Fn(&dyn Scenario) -> Result<Observation, ChildError>,
    interrupt: &Interrupt,
) -> Outcome {
    let progress = Phase::start("measuring", plan.turns());
    measure_sessions(plan, id, &SystemTime::now, &mut |turn: Turn<'_>| {
        let start = Instant::now();
        if interrupt.is_asked() {
            return Err(Unmeasured::Interrupted);
        }
        let observation = repeat(turn.scenario).map_err(|error| {
            // Ctrl-C reaches the child too, so its end is ours.
            if interrupt.is_asked() {
                return Unmeasured::Interrupted;
            }
            progress.say(format_args!("error: {error}"));
            error.into()
        })?;
        let Turn {
            session,
            repetition,
            scenario,
        } = turn;
        let (id, seconds) = (scenario.id(), start.elapsed().as_secs_f64());
        progress.say(format_args!(
            "session {session} repetition {repetition} {id}: {seconds:.1} s"
        ));
        if let Some(wrong) = &observation.wrong_answer {
            progress.say(format_args!("error: wrong answer from {id}: {wrong}"));
        }
        for anomaly in &observation.repetition.anomalies {
            progress.say(format_args!("  note: {}", anomaly.said));
        }
        progress.advance(1);
        Ok(observation)
    })
}
