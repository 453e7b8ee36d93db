//! `bench run`: measures the selected scenarios and writes the run document.

use std::path::Path;
use std::time::{Instant, SystemTime};

use gate_schema::exit::ExitCode;
use gate_schema::run::{Check, Run, Session};

use super::answer;
use super::args::{RunArgs, Selected};
use crate::child::{ChildError, Children};
use crate::document::{Parts, manifest, run_id};
use crate::emit::Destination;
use crate::environment::environment;
use crate::error::BenchError;
use crate::scenario::Scenario;
use crate::session::{Plan, Turn, measure_sessions};
use crate::source::source;
use crate::talk::Phase;

pub(super) fn run(suite: &[&dyn Scenario], args: &RunArgs) -> Result<ExitCode, BenchError> {
    // All that can be wrong with the call is found before the first minute is spent.
    let setup = &args.selection.setup;
    let Selected { scenarios, plants } = args.selection.select_here(suite)?;
    let destination = Destination::check(&args.out)?;
    let children = args.selection.children(&plants)?;
    // Described first: a commit made while we measure must not be credited.
    let (source, environment) = (source(Path::new("."), &plants), environment());

    for scenario in &scenarios {
        children.prepare(*scenario)?;
    }
    let id = run_id(setup.tier, SystemTime::now());
    let plan = Plan {
        scenarios: &scenarios,
        sessions: args.sessions,
        repetitions: args.repetitions,
    };
    let start = Instant::now();
    let sessions = measure_all(&plan, &id, &children)?;
    let is_right = sessions
        .iter()
        .flat_map(|session| &session.scenarios)
        .all(|measured| measured.check == Check::Passed);
    let manifest = manifest(&scenarios, setup.tier);
    let run = Run::from(Parts {
        id,
        created: SystemTime::now(),
        source,
        environment,
        manifest,
        sessions,
    });
    destination.write(&run)?;

    let (turns, seconds) = (plan.turns(), start.elapsed().as_secs_f64());
    answer(&format!(
        "{turns} repetitions in {seconds:.1} s -> {}\n",
        args.out.display()
    ))?;
    Ok(if is_right {
        ExitCode::Pass
    } else {
        ExitCode::Fail
    })
}

fn measure_all(plan: &Plan<'_>, id: &str, children: &Children) -> Result<Vec<Session>, ChildError> {
    let progress = Phase::start("measuring", plan.turns());
    measure_sessions(plan, id, &SystemTime::now, &mut |turn: Turn<'_>| {
        let start = Instant::now();
        let observation = children.repeat(turn.scenario)?;
        let Turn {
            session,
            repetition,
            scenario,
        } = turn;
        let seconds = start.elapsed().as_secs_f64();
        progress.say(format_args!(
            "session {session} repetition {repetition} {}: {seconds:.1} s",
            scenario.id()
        ));
        if let Some(wrong) = &observation.wrong_answer {
            progress.say(format_args!(
                "error: wrong answer from {}: {wrong}",
                scenario.id()
            ));
        }
        progress.advance(1);
        Ok(observation)
    })
}
