//! `bench count`: counts the instructions of one operation of each scenario, and writes them as a run
//! document.

use std::path::Path;
use std::time::SystemTime;

use gate_schema::exit::ExitCode;
use gate_schema::run::{
    Check, Declared, Failure, Manifest, Measured, MetricValue, Mode, Repetition, Run, Session,
};
use humantime::format_rfc3339_seconds;

use super::answer;
use super::args::{CountArgs, Selected};
use super::fit::{FEWER, fit};
use crate::child::Children;
use crate::count::{
    CountError, Counted, count as count_once, find_valgrind, instructions, prepare,
};
use crate::document::{Parts, manifest, run_id, scenario_id};
use crate::emit::Destination;
use crate::environment::environment;
use crate::error::BenchError;
use crate::interrupt::Interrupt;
use crate::plant::Planted;
use crate::prepare::audit;
use crate::scenario::Scenario;
use crate::source::source;
use crate::talk::{Phase, say};
use crate::traffic::Traffic;

/// Counts of one scenario that differ by more than this share do not repeat, and are left out: it is a
/// tenth of the smallest margin anybody would give an exact figure.
const REPEATABLE: f64 = 0.001;

pub(super) fn count(suite: &[&dyn Scenario], args: &CountArgs) -> Result<ExitCode, BenchError> {
    let tier = args.selection.setup.tier;
    let Selected { scenarios, plants } = args.selection.select_here(suite)?;
    let destination = Destination::check(&args.out)?;
    let (alone, others): (Vec<&dyn Scenario>, Vec<&dyn Scenario>) = scenarios
        .into_iter()
        .partition(|scenario| scenario.traffic(tier) == Traffic::Alone);
    for scenario in &others {
        say(format_args!(
            "left out {}: it has several threads or a schedule",
            scenario.id()
        ));
    }
    if alone.is_empty() {
        return Err(BenchError::NothingCounted);
    }
    let is_timed = |scenario: &&&dyn Scenario| {
        let planted = Planted::in_scenario(scenario.id(), &plants);
        planted.work.is_some() || planted.tail.is_some() || planted.memory.is_some()
    };
    if let Some(scenario) = alone.iter().find(is_timed) {
        return Err(BenchError::Uncountable(scenario.id()));
    }
    let cache = args.selection.setup.cache();
    let _hold = cache.hold()?;
    let interrupt = Interrupt::listen().map_err(BenchError::Signals)?;
    audit(&alone, tier, &cache, &|| interrupt.is_asked())?;
    if interrupt.is_asked() {
        return Err(BenchError::NothingMeasured);
    }
    fit(&alone, tier, &cache).all_or(FEWER)?;
    find_valgrind()?;
    let children = args.selection.children(&plants)?;
    // Described first: a commit made while we count must not be credited.
    let (source, environment) = (source(Path::new("."), &plants), environment());
    let start = SystemTime::now();
    let id = run_id(tier, start);
    let Outcome {
        kept,
        measured,
        failures,
    } = count_all(&alone, &children, args.repetitions, &interrupt);
    if kept.is_empty() {
        return Err(BenchError::NothingCounted);
    }
    if interrupt.is_asked() {
        say("interrupted: what was counted is kept, and the document names what is missing");
    }
    let is_right = measured
        .iter()
        .all(|measured| measured.check == Check::Passed);
    let (counted, is_whole) = (measured.len(), failures.is_empty());
    let session = Session {
        id: format!("{id}/1"),
        start: format_rfc3339_seconds(start).to_string(),
        mode: Mode::Single,
        scenarios: measured,
    };
    let run = Run::from(Parts {
        id,
        created: SystemTime::now(),
        source,
        environment,
        manifest: only_instructions(manifest(&kept, tier)),
        sessions: Vec::from_iter((counted > 0).then_some(session)),
        failures,
    });
    destination.write(&run)?;
    answer(&format!(
        "{counted} scenarios counted -> {}\n",
        args.out.display()
    ))?;
    Ok(if is_right && is_whole {
        ExitCode::Pass
    } else {
        ExitCode::Fail
    })
}

/// What came of counting.
#[derive(Default)]
struct Outcome<'s> {
    /// All that the document declares: what was counted, and what failed.
    kept: Vec<&'s dyn Scenario>,
    measured: Vec<Measured>,
    failures: Vec<Failure>,
}

/// Counts each of `scenarios` so often. What does not repeat is left out, and said. After an interruption the
/// scenarios that are not counted yet are among the failures.
fn count_all<'s>(
    scenarios: &[&'s dyn Scenario],
    children: &Children,
    repetitions: u32,
    interrupt: &Interrupt,
) -> Outcome<'s> {
    let progress = Phase::start("counting", scenarios.len());
    let mut outcome = Outcome::default();
    for &scenario in scenarios {
        if interrupt.is_asked() {
            outcome.fail(scenario, "interrupted");
            continue;
        }
        let counts = prepare(children, scenario).and_then(|()| {
            let count = |_| count_once(children, scenario);
            (0..repetitions).map(count).collect::<Result<Vec<_>, _>>()
        });
        match counts.map(|counts| judge(scenario, &counts)) {
            Ok(Ok(counted)) => {
                progress.say(format_args!("{}: {}", scenario.id(), told(&counted)));
                outcome.measured.push(counted);
                outcome.kept.push(scenario);
            }
            Ok(Err(why)) => progress.say(format_args!("left out {}: {why}", scenario.id())),
            Err(why @ CountError::Threads(_)) => {
                progress.say(format_args!("left out {}: {why}", scenario.id()));
            }
            // Ctrl-C reaches the process too, so its end is ours.
            Err(_) if interrupt.is_asked() => outcome.fail(scenario, "interrupted"),
            Err(error) => {
                progress.say(format_args!("error: {}: {error}", scenario.id()));
                outcome.fail(scenario, &error.to_string());
            }
        }
        progress.advance(1);
    }
    outcome
}

impl<'s> Outcome<'s> {
    /// `scenario` was not counted, for a reason whose first line says enough.
    fn fail(&mut self, scenario: &'s dyn Scenario, why: &str) {
        self.failures.push(Failure {
            scenario: scenario_id(scenario),
            session: None,
            pair: None,
            how: why.lines().next().unwrap_or_default().to_owned(),
            stderr: Vec::new(),
        });
        self.kept.push(scenario);
    }
}

/// The counts of one scenario, or why they are no exact figure.
fn judge(scenario: &dyn Scenario, counts: &[Counted]) -> Result<Measured, String> {
    let values = || counts.iter().map(|counted| counted.instructions);
    let (least, most) = (
        values().fold(f64::MAX, f64::min),
        values().fold(0.0, f64::max),
    );
    if most > least * (1.0 + REPEATABLE) {
        return Err(format!(
            "it does not repeat: {least:.1} to {most:.1} instructions per operation"
        ));
    }
    let repetitions = values().map(|value| {
        let metrics = vec![(instructions().name, MetricValue::Value(value))];
        Repetition::new(metrics).expect("one metric is not there twice")
    });
    let wrong = counts
        .iter()
        .find_map(|counted| counted.wrong_answer.as_ref());
    if let Some(wrong) = wrong {
        say(format_args!(
            "error: wrong answer from {}: {wrong}",
            scenario.id()
        ));
    }
    Ok(Measured {
        scenario: scenario_id(scenario),
        check: match wrong {
            None => Check::Passed,
            Some(_) => Check::Failed,
        },
        recording_overhead_ns: None,
        repetitions: repetitions.collect(),
    })
}

/// The first count, for people.
fn told(measured: &Measured) -> String {
    let first = measured.repetitions.first();
    match first.and_then(|repetition| repetition.metric(&instructions().name)) {
        Some(MetricValue::Value(value)) => format!("{value:.1} instructions per operation"),
        _ => String::new(),
    }
}

/// The manifest of a document that holds nothing else.
fn only_instructions(manifest: Manifest) -> Manifest {
    let scenarios = manifest.scenarios.into_iter().map(|declared| Declared {
        metrics: vec![instructions()],
        ..declared
    });
    Manifest {
        scenarios: scenarios.collect(),
        ..manifest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeScenario;

    #[test]
    fn what_repeats_is_kept_and_what_does_not_is_named() {
        let scenario = FakeScenario::named("fake/one");
        let counted = |instructions, wrong_answer: Option<&str>| Counted {
            instructions,
            wrong_answer: wrong_answer.map(str::to_owned),
        };
        let judged = |counts: &[Counted]| {
            judge(&scenario, counts).map(|measured| (measured.check, measured.repetitions.len()))
        };
        let right = [counted(1000.0, None), counted(1000.5, None)];
        assert_eq!(judged(&right), Ok((Check::Passed, 2)));
        let wrong = [
            counted(1000.0, None),
            counted(1000.0, Some("7, expected 8")),
        ];
        assert_eq!(judged(&wrong), Ok((Check::Failed, 2)));
        let wild = [counted(1000.0, None), counted(1002.0, None)];
        assert_eq!(
            judged(&wild),
            Err("it does not repeat: 1000.0 to 1002.0 instructions per operation".to_owned())
        );
    }
}
