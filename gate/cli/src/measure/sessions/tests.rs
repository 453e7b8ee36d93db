use std::collections::BTreeMap;

use gate_schema::exit::ExitCode;
use gate_schema::id::Name;
use gate_schema::report::{Reason, Report, SideName, Verdict};
use gate_schema::run::{
    Check, Declared, DeclaredMetric, FORMAT, Kind, Manifest, Measured, MetricValue, Mode,
    Repetition, Session, Source,
};
use gate_schema::unit::{Direction, Unit};

use super::*;
use crate::checkout::Side;

const PLAN: Plan = Plan {
    pairs: 5,
    rerun_pairs: 10,
};

/// What a made-up project does.
#[derive(Default)]
struct Project {
    scenarios: Vec<&'static str>,
    /// Scenarios that only the candidate, or only the baseline, has.
    only: BTreeMap<&'static str, Side>,
    /// Factor on the candidate's latency.
    slower: BTreeMap<&'static str, f64>,
    /// Which start of a scenario fails on a side, counted from the warm-up.
    failing: BTreeMap<(&'static str, &'static str), usize>,
    /// Which starts of a scenario on a side measure while the clock is set back, counted from the warm-up.
    set_back: BTreeMap<(&'static str, &'static str), std::ops::Range<usize>>,
    /// Repetitions in each document; 1 keeps the contract.
    repetitions: usize,
    /// How far one repetition lies from another.
    scatter: f64,
    /// Starts before somebody presses Ctrl-C.
    patience: Option<usize>,
    /// Scenario and side of every start.
    starts: Vec<String>,
}

impl Project {
    fn of(scenarios: &[&'static str]) -> Self {
        Self {
            scenarios: scenarios.to_vec(),
            repetitions: 1,
            scatter: 0.01,
            ..Self::default()
        }
    }

    fn has(&self, side: Side, scenario: &str) -> bool {
        self.only.get(scenario).is_none_or(|only| *only == side)
    }

    /// Even scatter that repeats for ever and is the same in every test: a counter through a mixer.
    fn scattered(&self) -> f64 {
        let mixed = (self.starts.len() as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        1.0 + self.scatter * ((mixed >> 40) as f64 / f64::from(1 << 24) - 0.5)
    }
}

impl Repeat for Project {
    fn list(&mut self, side: Side) -> Result<Vec<ScenarioId>, Vec<Diagnostic>> {
        let scenarios = self.scenarios.iter().filter(|id| self.has(side, id));
        Ok(scenarios.map(|id| name(id)).collect())
    }

    fn repeat(&mut self, side: Side, scenario: &ScenarioId) -> Result<Repeated, Vec<Diagnostic>> {
        if self.patience == Some(self.starts.len()) {
            let place = Place::Flag("signal");
            let stop = Diagnostic::new(Code::Interrupted, "interrupted", place, "again");
            return Err(vec![stop]);
        }
        let start = format!("{scenario} {}", side.name());
        let count = self.starts.iter().filter(|s| **s == start).count();
        let level = 1e6 * self.scattered();
        self.starts.push(start);
        if self.failing.get(&(scenario.as_str(), side.name())) == Some(&count) {
            return Ok(Repeated::Failed {
                how: "killed by signal 11".to_owned(),
                stderr: vec!["out of luck".to_owned()],
            });
        }
        let factor = match side {
            Side::Base => 1.0,
            Side::Candidate => self.slower.get(scenario.as_str()).copied().unwrap_or(1.0),
        };
        let set_back = self.set_back.get(&(scenario.as_str(), side.name()));
        let sign = match set_back.is_some_and(|starts| starts.contains(&count)) {
            true => -1.0,
            false => 1.0,
        };
        let mut document = document(scenario, sign * level * factor, self.repetitions);
        document.leave_out_misread();
        Ok(Repeated::Measured(Box::new(document)))
    }
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn document(scenario: &ScenarioId, latency: f64, repetitions: usize) -> Run {
    let repetition =
        Repetition::new(vec![(name("latency"), MetricValue::Value(latency))]).expect("one metric");
    Run {
        format: FORMAT.to_owned(),
        id: "made-up".to_owned(),
        created: "2026-11-20T00:00:00Z".to_owned(),
        source: Source::default(),
        environment: Environment {
            tool: "made-up".to_owned(),
            ..Environment::default()
        },
        manifest: Manifest {
            tier: None,
            scenarios: vec![Declared {
                scenario: scenario.clone(),
                params: BTreeMap::new(),
                input: None,
                metrics: vec![DeclaredMetric {
                    name: name("latency"),
                    kind: Kind::Value,
                    unit: Unit::Nanoseconds,
                    direction: Direction::Lower,
                    at: None,
                }],
            }],
        },
        sessions: vec![Session {
            id: "made-up/1".to_owned(),
            start: "2026-11-20T00:00:00Z".to_owned(),
            mode: Mode::Single,
            scenarios: vec![Measured {
                scenario: scenario.clone(),
                check: Check::None,
                recording_overhead_ns: None,
                repetitions: vec![repetition; repetitions],
            }],
        }],
        failures: Vec::new(),
        pooled: Vec::new(),
        provenance: None,
    }
}

/// A whole check of a project, without time to spare.
fn check(project: &mut Project) -> Report {
    let policy = Policy::default();
    let progress = Progress::silent();
    let arms = [(); 3].map(|()| Arm::new("check".to_owned(), Source::default()));
    let mut measurement = Measurement::new("check".to_owned(), arms, project, &progress);
    let scenarios = measurement.prepare(&[], 1).expect("it lists its scenarios");
    let rules = Rules {
        plan: PLAN,
        budget: Duration::ZERO,
        policy: &policy,
        noise: None,
    };
    let runs = measurement.check(&scenarios, &rules).expect("it measures");
    let canary = runs.canary.iter();
    for seen in [&runs.baseline, &runs.candidate].into_iter().chain(canary) {
        seen.run.validate().expect("a valid run");
    }
    let (baseline, candidate) = (runs.baseline.side(), runs.candidate.side());
    gate_core::evaluate(baseline, candidate, &runs.known(None), &policy).expect("it is judged")
}

fn row<'a>(report: &'a Report, scenario: &str) -> (Verdict, &'a Reason) {
    let row = report
        .rows
        .iter()
        .find(|row| row.scenario.as_str() == scenario);
    let row = row.expect("the scenario has a row");
    (row.verdict, &row.reason)
}

#[test]
fn pairs_alternate_who_goes_first() {
    let mut project = Project::of(&["a", "b"]);
    let report = check(&mut project);
    assert_eq!(report.exit_code, ExitCode::Pass, "{:#?}", report.rows);
    let starts: Vec<&str> = project.starts.iter().map(String::as_str).collect();
    let warm_ups = ["a base", "b base", "a cand", "b cand"];
    assert_eq!(starts[..4], warm_ups);
    let pair = ["a base", "a cand", "b cand", "b base"];
    let turned = ["a cand", "a base", "b base", "b cand"];
    assert_eq!(starts[4..], [pair, turned, pair, turned, pair].concat());
}

#[test]
fn as_many_starts_are_dropped_as_wanted_and_none_after_one_that_fails() {
    let mut project = Project::of(&["a", "b"]);
    project.failing.insert(("b", "base"), 1);
    let progress = Progress::silent();
    let arms = [(); 3].map(|()| Arm::new("check".to_owned(), Source::default()));
    let mut measurement = Measurement::new("check".to_owned(), arms, &mut project, &progress);
    measurement.prepare(&[], 3).expect("it warms up");
    assert!(!measurement.has_measured());
    let runs = measurement.runs().expect("it is kept");
    let [failure] = &runs.baseline.run.failures[..] else {
        panic!("one failure, not {:?}", runs.baseline.run.failures)
    };
    assert_eq!((failure.scenario.as_str(), failure.pair), ("b", None));
    let base = ["a base", "b base", "a base", "b base", "a base"];
    let candidate = ["a cand", "b cand"].repeat(3);
    assert_eq!(project.starts, [&base[..], &candidate].concat());
}

#[test]
fn only_the_scenario_that_looks_worse_is_measured_again_and_it_fails() {
    let mut project = Project::of(&["a", "b", "c", "d", "e", "f", "g", "h"]);
    project.slower.insert("c", 1.08);
    let report = check(&mut project);
    assert_eq!(report.exit_code, ExitCode::Fail);
    assert_eq!(
        row(&report, "c"),
        (Verdict::Regressed, &Reason::BeyondMargin)
    );
    let worse = report
        .rows
        .iter()
        .filter(|row| row.verdict != Verdict::Pass);
    assert_eq!(worse.count(), 1);
    let starts = |of: &str| project.starts.iter().filter(|s| s.starts_with(of)).count();
    assert_eq!((starts("c "), starts("a ")), (2 + 10 + 20, 2 + 10));
}

#[test]
fn when_most_look_worse_the_baseline_is_measured_against_itself_first() {
    let scenarios = ["a", "b", "c", "d"];
    let mut project = Project::of(&scenarios);
    project.slower.extend(scenarios.map(|id| (id, 1.2)));
    let report = check(&mut project);
    let canaries = report.canaries.as_ref().expect("they were asked for");
    assert_eq!((canaries.scenarios.len(), canaries.fired.len()), (3, 0));
    assert_eq!(report.exit_code, ExitCode::Fail);
    for scenario in scenarios {
        assert_eq!(row(&report, scenario).0, Verdict::Regressed, "{scenario}");
    }
}

#[test]
fn canaries_that_crash_end_the_check_and_show_no_steady_machine() {
    let scenarios = ["a", "b", "c", "d"];
    let project = || {
        let mut project = Project::of(&scenarios);
        project.slower.extend(scenarios.map(|id| (id, 1.2)));
        project
    };
    let mut sound = project();
    check(&mut sound);
    // A start of each side of each scenario warms up, and five pairs follow; then each canary starts
    // twice by turns, the baseline's arm first in the first and the third.
    let first_pair = &sound.starts[scenarios.len() * (2 + 10)..][..6];
    let mut crashing = project();
    for (at, start) in first_pair.iter().step_by(2).enumerate() {
        let scenario = scenarios.iter().find(|id| start.starts_with(**id));
        let count = 6 + usize::from(at % 2 == 0);
        crashing
            .failing
            .insert((scenario.expect("its start"), "base"), count);
    }
    let report = check(&mut crashing);
    let canaries = report.canaries.as_ref().expect("they were tried");
    assert_eq!(
        (
            canaries.scenarios.len(),
            canaries.fired.len(),
            canaries.unusable.len()
        ),
        (3, 0, 3)
    );
    assert_eq!(report.exit_code, ExitCode::Undecided, "{:#?}", report.rows);
    assert_eq!(
        row(&report, "a"),
        (Verdict::Inconclusive, &Reason::Unsteady)
    );
    let sides: Vec<SideName> = report.failures.iter().map(|f| f.side).collect();
    assert_eq!(sides, [SideName::Baseline; 3]);
    // Each was started once and never again; before the second the other arm had no turn.
    assert_eq!(crashing.starts.len(), scenarios.len() * (2 + 10) + 5);
}

#[test]
fn a_failed_repetition_fails_its_scenario_and_nothing_else() {
    let mut project = Project::of(&["a", "b"]);
    project.failing.insert(("a", "cand"), 3);
    let report = check(&mut project);
    assert_eq!(report.exit_code, ExitCode::Fail);
    assert_eq!(
        row(&report, "a"),
        (Verdict::Missing, &Reason::ScenarioFailed)
    );
    assert_eq!(row(&report, "b").0, Verdict::Pass);
    let [failed] = &report.failures[..] else {
        panic!("one failure, not {:?}", report.failures)
    };
    assert_eq!(failed.side, SideName::Candidate);
    assert_eq!(failed.failure.stderr, ["out of luck"]);
    assert_eq!(failed.failure.pair, Some(2));
    // The warm-up, two good pairs and the failed one; then nobody starts it any more.
    let starts = project.starts.iter().filter(|s| *s == "a cand").count();
    assert_eq!(starts, 4);
}

/// The warm-up and five pairs take six starts of a side.
#[test]
fn a_start_whose_clock_was_set_back_is_made_again_and_fails_nobody() {
    for side in ["base", "cand"] {
        for (set_back, starts, left) in [
            (0..1, 7, None),
            (3..4, 7, None),
            (3..5, 8, None),
            (3..6, 8, Some(4)),
            (0..usize::MAX, 18, Some(0)),
        ] {
            let name = format!("{side} {set_back:?}");
            let mut project = Project::of(&["a", "b"]);
            project.set_back.insert(("a", side), set_back);
            let report = check(&mut project);
            let (verdict, reason) = row(&report, "a");
            match left {
                None => assert_eq!(verdict, Verdict::Pass, "{name}: {reason:?}"),
                Some(have) => {
                    assert_eq!(verdict, Verdict::Inconclusive, "{name}: {reason:?}");
                    assert_eq!(*reason, Reason::ClockStepped { have, need: 5 }, "{name}");
                    assert_eq!(report.exit_code, ExitCode::Undecided, "{name}");
                }
            }
            assert_eq!(row(&report, "b").0, Verdict::Pass, "{name}");
            assert!(report.failures.is_empty(), "{name}");
            let of_side = format!("a {side}");
            let made = project.starts.iter().filter(|start| **start == of_side);
            assert_eq!(made.count(), starts, "{name}");
        }
    }
}

#[test]
fn a_scenario_that_never_answers_still_fails_the_candidate() {
    let mut project = Project::of(&["a", "b"]);
    project.only.insert("a", Side::Candidate);
    project.failing.insert(("a", "cand"), 0);
    let report = check(&mut project);
    assert_eq!(report.exit_code, ExitCode::Fail);
    assert!(report.rows.iter().all(|row| row.scenario.as_str() == "b"));
    assert_eq!(report.failures.len(), 1);
}

#[test]
fn a_baseline_that_fails_leaves_nothing_to_compare_with_and_blames_nobody() {
    let mut project = Project::of(&["a", "b"]);
    project.failing.insert(("a", "base"), 0);
    let report = check(&mut project);
    assert_eq!(report.failures[0].side, SideName::Baseline);
    assert_eq!(
        row(&report, "a"),
        (Verdict::Incomparable, &Reason::BaselineUnusable)
    );
    assert_eq!(row(&report, "b").0, Verdict::Pass);
    assert_eq!(report.exit_code, ExitCode::Undecided);
}

#[test]
fn scenarios_of_one_side_are_added_or_missing() {
    let mut project = Project::of(&["a", "gone", "fresh"]);
    project.only.insert("gone", Side::Base);
    project.only.insert("fresh", Side::Candidate);
    let report = check(&mut project);
    assert_eq!(
        row(&report, "gone"),
        (Verdict::Missing, &Reason::NotDeclared)
    );
    assert_eq!(
        row(&report, "fresh"),
        (Verdict::Added, &Reason::NotInBaseline)
    );
    assert_eq!(report.exit_code, ExitCode::Fail);
}

#[test]
fn a_document_of_several_repetitions_breaks_the_contract() {
    let mut project = Project::of(&["a"]);
    project.repetitions = 5;
    let report = check(&mut project);
    let how: Vec<&str> = report
        .failures
        .iter()
        .map(|f| f.failure.how.as_str())
        .collect();
    assert_eq!(how, ["wrote 5 repetitions; one start measures one"; 2]);
    assert_eq!(report.exit_code, ExitCode::Fail);
}

#[test]
fn an_interruption_keeps_what_was_measured() {
    let mut project = Project::of(&["a"]);
    project.patience = Some(8);
    let progress = Progress::silent();
    let arms = [(); 3].map(|()| Arm::new("check".to_owned(), Source::default()));
    let mut measurement = Measurement::new("check".to_owned(), arms, &mut project, &progress);
    let scenarios = measurement.prepare(&[], 1).expect("two warm-ups");
    let policy = Policy::default();
    let rules = Rules {
        plan: PLAN,
        budget: Duration::ZERO,
        policy: &policy,
        noise: None,
    };
    let stopped = measurement.check(&scenarios, &rules).err();
    assert!(matches!(stopped, Some(Stopped::Problems(_))), "{stopped:?}");
    assert!(measurement.has_measured());
    let runs = measurement.runs().expect("it is kept");
    assert_eq!(
        runs.candidate.run.sessions[0].scenarios[0]
            .repetitions
            .len(),
        3
    );
    runs.candidate.run.validate().expect("a valid run");
}

#[test]
fn noise_that_hides_the_margin_is_inconclusive_and_never_a_pass() {
    let mut project = Project::of(&["a"]);
    project.scatter = 0.5;
    let report = check(&mut project);
    assert_eq!(row(&report, "a").0, Verdict::Inconclusive);
    assert_eq!(report.exit_code, ExitCode::Undecided);
}
