//! Runs of interleaved pairs: what is judged, what is measured next, and whose fault it is.

use gate_schema::noise::Noise;
use gate_schema::report::Row;
use gate_schema::run::{Declared, DeclaredMetric, Failure, Kind, Measured, Repetition, Session};

use super::*;
use crate::calibrate::{Calibration, learn};
use crate::next::{Need, Plan, Step, Why, next};
use crate::observe::records;

mod blame;
mod canaries;
mod everything;
mod evidence;
mod learned;
mod misread;
mod numbers;

const PLAN: Plan = Plan {
    pairs: 5,
    rerun_pairs: 10,
};

/// Differences of pairs that scatter by 1 % about nothing; their trimmed mean is exactly zero.
const QUIET: [f64; 5] = [0.01, -0.01, 0.0, 0.005, -0.005];

/// One scenario in pairs: its sessions, and by how much the candidate lies above the baseline in each.
#[derive(Clone)]
struct Pairs {
    scenario: String,
    unit: Unit,
    level: f64,
    /// Session number and effect; each pair scatters as in [`QUIET`], times the last field.
    sessions: Vec<(usize, f64)>,
    noise: f64,
}

fn pairs(scenario: &str, effects: &[f64]) -> Pairs {
    Pairs {
        scenario: scenario.to_owned(),
        unit: Unit::Nanoseconds,
        level: 1000.0,
        sessions: effects.iter().copied().enumerate().collect(),
        noise: 1.0,
    }
}

/// Both runs of all scenarios.
fn runs(all: &[Pairs]) -> [Run; 2] {
    let mut runs = [case(1.0).run(), case(1.0).run()];
    for (run, is_candidate) in runs.iter_mut().zip([false, true]) {
        let of = |pairs: &Pairs| Declared {
            scenario: name(&pairs.scenario),
            params: BTreeMap::new(),
            input: None,
            metrics: vec![DeclaredMetric {
                name: name("time"),
                kind: Kind::Value,
                unit: pairs.unit,
                direction: Direction::Lower,
                at: None,
            }],
        };
        run.manifest.scenarios = all.iter().map(of).collect();
        let numbers = all
            .iter()
            .flat_map(|p| p.sessions.iter().map(|(at, _)| *at));
        let session = |at: usize| Session {
            id: format!("check/{at}"),
            start: "2026-11-20T08:00:00Z".into(),
            mode: Mode::Paired,
            scenarios: all
                .iter()
                .filter_map(|p| measured(p, at, is_candidate))
                .collect(),
        };
        let last = numbers.max().map_or(0, |last| last + 1);
        run.sessions = (0..last).map(session).collect();
        run.validate().expect("a valid run");
    }
    runs
}

fn measured(pairs: &Pairs, session: usize, is_candidate: bool) -> Option<Measured> {
    let (_, effect) = pairs.sessions.iter().find(|(at, _)| *at == session)?;
    let repetition = |(pair, difference): (usize, &f64)| {
        // Both members drift together from pair to pair, by more than any effect.
        let drift = 1.0 + 0.1 * pair as f64;
        let factor = if is_candidate {
            (1.0 + effect) * (difference * pairs.noise).exp()
        } else {
            1.0
        };
        let value = MetricValue::Value(pairs.level * drift * factor);
        Repetition {
            pair: u32::try_from(pair).ok(),
            ..Repetition::new(vec![(name("time"), value)]).expect("one metric")
        }
    };
    Some(Measured {
        scenario: name(&pairs.scenario),
        check: Check::None,
        recording_overhead_ns: None,
        repetitions: QUIET.iter().enumerate().map(repetition).collect(),
    })
}

pub(super) fn observed(run: &Run) -> Vec<Observed> {
    let records = records(run);
    records
        .iter()
        .map(|r| r.observe().expect("sound"))
        .collect()
}

/// Judges, and says what would be measured next.
fn check(runs: &[Run; 2], noise: Option<&Noise>, policy: &Policy) -> (Report, Step) {
    let [baseline, candidate] = runs;
    let seen = [observed(baseline), observed(candidate)];
    let baseline = Side {
        run: baseline,
        observed: &seen[0],
    };
    let candidate = Side {
        run: candidate,
        observed: &seen[1],
    };
    let known = Known {
        noise,
        ..Known::default()
    };
    let report = evaluate(baseline, candidate, &known, policy).expect("judged");
    let step = next(baseline, candidate, &known, policy, PLAN).expect("judged");
    (report, step)
}

fn of<'a>(report: &'a Report, scenario: &str) -> &'a Row {
    let mut rows = report.rows.iter();
    rows.find(|row| row.scenario.as_str() == scenario)
        .expect("a row")
}

fn need(scenario: &str, pairs: u32, why: Why) -> Step {
    Step::Pairs(vec![Need {
        scenario: name(scenario),
        pairs,
        why,
    }])
}

/// Ten calibration sessions of scenarios with the noise of [`QUIET`].
fn calibrated(scenarios: &[&str]) -> Noise {
    let all: Vec<Pairs> = scenarios.iter().map(|id| pairs(id, &[0.0; 10])).collect();
    let runs = runs(&all);
    let seen = [observed(&runs[0]), observed(&runs[1])];
    let calibration = Calibration {
        arms: [(&runs[0], &seen[0]), (&runs[1], &seen[1])]
            .map(|(run, observed)| Side { run, observed }),
        dropped: 1,
        created: "2026-11-20T08:00:00Z",
        judged: None,
    };
    learn(None, &calibration, &Policy::default()).expect("learned")
}

#[test]
fn stages_of_one_row_among_quiet_ones() {
    use Verdict::*;
    let disagree = |agreeing, of| Reason::SessionsDisagree { agreeing, of };
    for (name, effects, verdict, reason, step) in [
        (
            "unchanged",
            &[0.0][..],
            Pass,
            Reason::WithinMargin,
            Step::Done,
        ),
        ("1 % worse", &[0.01], Pass, Reason::SmallEffect, Step::Done),
        (
            "10 % worse in one session",
            &[0.10],
            Inconclusive,
            Reason::NeedsSecondSession,
            need("s", 10, Why::Suspicious),
        ),
        (
            "10 % worse in two",
            &[0.10, 0.10],
            Regressed,
            Reason::BeyondMargin,
            Step::Done,
        ),
        (
            "worse over both, by the first alone",
            &[0.10, 0.0],
            Inconclusive,
            disagree(1, 2),
            need("s", 10, Why::Disagreeing),
        ),
        (
            "the third session convicts",
            &[0.10, 0.0, 0.10],
            Regressed,
            Reason::BeyondMargin,
            Step::Done,
        ),
        (
            "the third session does not",
            &[0.12, 0.0, 0.0],
            Inconclusive,
            disagree(1, 3),
            Step::Done,
        ),
        (
            "acquitted by the second",
            &[0.04, -0.04],
            Pass,
            Reason::WithinMargin,
            Step::Done,
        ),
        (
            "10 % better in one",
            &[-0.10],
            Improved,
            Reason::BetterThanMargin,
            Step::Done,
        ),
    ] {
        let mut all = vec![pairs("s", effects)];
        all.extend((0..9).map(|at| pairs(&format!("quiet/{at}"), &[0.0])));
        let ids: Vec<&str> = all.iter().map(|p| p.scenario.as_str()).collect();
        let (report, next) = check(&runs(&all), Some(&calibrated(&ids)), &Policy::default());
        let row = of(&report, "s");
        assert_eq!(
            (row.verdict, &row.reason),
            (verdict, &reason),
            "{name}: {row:#?}"
        );
        assert_eq!(next, step, "{name}");
        assert_eq!(report.method.calibration_sessions, 10, "{name}");
        let quiet = report
            .rows
            .iter()
            .filter(|row| row.scenario.as_str() != "s");
        assert!(quiet.clone().count() == 9 && quiet.clone().all(|row| row.verdict == Pass));
    }
}

#[test]
fn without_calibration_a_noisy_row_asks_for_pairs_it_could_use() {
    let noisy = Pairs {
        noise: 4.0,
        ..pairs("s", &[0.0])
    };
    let (report, next) = check(&runs(&[noisy]), None, &Policy::default());
    assert_eq!(of(&report, "s").verdict, Verdict::Inconclusive);
    let Step::Pairs(needs) = next else {
        panic!("it asks for pairs, not {next:?}")
    };
    assert_eq!((needs.len(), needs[0].why), (1, Why::Undecided));
    assert!((3..=20).contains(&needs[0].pairs), "{needs:?}");
    let hopeless = Pairs {
        noise: 40.0,
        ..pairs("s", &[0.0])
    };
    let (_, next) = check(&runs(&[hopeless]), None, &Policy::default());
    assert_eq!(next, Step::Done, "patience does not settle it");
}

#[test]
fn a_budget_in_doubt_does_not_hide_what_a_noisy_row_needs() {
    let noisy = Pairs {
        noise: 4.0,
        ..pairs("s", &[0.0])
    };
    let both = runs(&[noisy]);
    let (_, Step::Pairs(alone)) = check(&both, None, &Policy::default()) else {
        panic!("it asks for pairs")
    };
    // The level lies at the limit, and the change is not known either.
    let (report, next) = check(
        &both,
        None,
        &policy(vec![budget("time", Operator::AtMost, 1100.0)]),
    );
    let row = of(&report, "s");
    assert_eq!(
        (row.verdict, &row.reason),
        (Verdict::Inconclusive, &Reason::AtLimit)
    );
    let Step::Pairs(needs) = next else {
        panic!("it asks for pairs, not {next:?}")
    };
    assert!(needs[0].pairs >= alone[0].pairs, "{needs:?} {alone:?}");
}

#[test]
fn a_row_that_was_disturbed_once_gets_a_session_of_its_own() {
    let noise = calibrated(&["s"]);
    let disturbed = Pairs {
        noise: 40.0,
        ..pairs("s", &[0.0])
    };
    let [baseline, candidate] = runs(std::slice::from_ref(&disturbed));
    let (report, next) = check(
        &[baseline.clone(), candidate.clone()],
        Some(&noise),
        &Policy::default(),
    );
    assert_eq!(of(&report, "s").reason, Reason::NoisySession);
    assert_eq!(next, need("s", 10, Why::Undecided));

    // The session that follows is as quiet as ever.
    let quiet = runs(&[pairs("s", &[0.0, 0.0])]);
    let mut both = [baseline, candidate];
    for (run, quiet) in both.iter_mut().zip(quiet) {
        run.sessions.extend(quiet.sessions.into_iter().skip(1));
    }
    let (report, next) = check(&both, Some(&noise), &Policy::default());
    assert_eq!(
        of(&report, "s").verdict,
        Verdict::Pass,
        "{:#?}",
        report.rows
    );
    assert_eq!(next, Step::Done);
}

#[test]
fn a_failed_repetition_fails_its_scenario() {
    let failure = |scenario: &str| Failure {
        scenario: name(scenario),
        session: None,
        pair: None,
        how: "killed by signal 11".into(),
        stderr: Vec::new(),
    };
    let all = ["a", "b"].map(|id| pairs(id, &[0.0]));
    let noise = calibrated(&["a", "b"]);
    let [baseline, candidate] = runs(&all);
    for (name, on_baseline, on_candidate, verdict, reason, outcome) in [
        (
            "the candidate",
            vec![],
            vec![failure("a")],
            Verdict::Missing,
            Reason::ScenarioFailed,
            Outcome::Fail,
        ),
        (
            "the baseline",
            vec![failure("a")],
            vec![],
            Verdict::Incomparable,
            Reason::BaselineUnusable,
            Outcome::Undecided,
        ),
        (
            "a scenario that never declared itself",
            vec![],
            vec![failure("c")],
            Verdict::Pass,
            Reason::WithinMargin,
            Outcome::Fail,
        ),
    ] {
        let runs = [
            Run {
                failures: on_baseline,
                ..baseline.clone()
            },
            Run {
                failures: on_candidate,
                ..candidate.clone()
            },
        ];
        let (report, step) = check(&runs, Some(&noise), &Policy::default());
        let row = of(&report, "a");
        assert_eq!((row.verdict, &row.reason), (verdict, &reason), "{name}");
        assert_eq!(
            (report.outcome, report.failures.len()),
            (outcome, 1),
            "{name}"
        );
        assert_eq!(step, Step::Done, "{name}");
    }
}

#[test]
fn a_row_may_decide_in_pairs_alone() {
    let only_pairs = policy(vec![Rule {
        metric: "time".into(),
        mode: Some(RowMode::Pairs),
        line: 1,
        ..Rule::default()
    }]);
    let paired = runs(&[pairs("s", &[0.2, 0.2])]);
    let (report, _) = check(&paired, Some(&calibrated(&["s"])), &only_pairs);
    assert_eq!(of(&report, "s").verdict, Verdict::Regressed);
    let stored = judge(&case(100.0), &case(120.0).sessions(2), &only_pairs);
    let row = &stored.rows[0];
    assert_eq!(
        (row.verdict, &row.reason, row.gating),
        (Verdict::Pass, &Reason::NotJudged, false)
    );
}

#[test]
fn a_release_is_held_to_drift_budgets() {
    let drift = Policy {
        is_drift: true,
        ..Policy::default()
    };
    let noise = calibrated(&["s"]);
    for (effect, verdict) in [(0.07, Verdict::Pass), (0.2, Verdict::Regressed)] {
        let runs = runs(&[pairs("s", &[effect, effect])]);
        let (report, _) = check(&runs, Some(&noise), &drift);
        assert_eq!(of(&report, "s").verdict, verdict, "{effect}");
        assert!(report.method.is_drift);
    }
}
