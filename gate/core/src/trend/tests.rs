//! Histories of a few rows: what is told, and what is behind it.

use gate_schema::run::{
    Check, Declared, DeclaredMetric, Kind, Manifest, Measured, MetricValue, Mode, Repetition,
    Session, Source,
};
use gate_schema::trend::{Step, Suspect};
use gate_schema::unit::Direction;
use rand::SeedableRng;
use rand_distr::{Distribution, Normal};
use rand_pcg::Pcg64Mcg;

use super::*;
use crate::observe::records;

mod promoted;

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// Three scenarios' worth of a night: time and memory of each.
#[derive(Clone)]
struct Plan {
    commit: usize,
    machine: &'static str,
    tier: &'static str,
    /// Factor on the time of each scenario.
    time: Vec<f64>,
    memory: f64,
    items: i64,
    has_segments: bool,
}

/// By how much of itself the time of a night is off.
fn scatter(at: usize) -> f64 {
    [0.0, 0.004, -0.006, 0.009, -0.003, 0.001, -0.008][(at * 3) % 7]
}

/// The run number `at` of a history.
fn run(at: usize, plan: &Plan) -> Run {
    let scatter = scatter(at);
    let scenarios: Vec<ScenarioId> = (0..plan.time.len())
        .map(|i| name(&format!("demo/{i}")))
        .collect();
    let metric = |name: &str, unit| DeclaredMetric {
        name: self::name(name),
        kind: Kind::Value,
        unit,
        direction: Direction::Lower,
        at: None,
    };
    let declared = scenarios.iter().map(|scenario| Declared {
        scenario: scenario.clone(),
        params: [(name("items"), gate_schema::run::Param::Integer(plan.items))].into(),
        input: None,
        metrics: [
            Some(metric("memory", Unit::Bytes)),
            plan.has_segments.then(|| metric("segments", Unit::Count)),
            Some(metric("time", Unit::Nanoseconds)),
        ]
        .into_iter()
        .flatten()
        .collect(),
    });
    let measured = scenarios
        .iter()
        .zip(&plan.time)
        .map(|(scenario, factor)| Measured {
            scenario: scenario.clone(),
            check: Check::Passed,
            recording_overhead_ns: None,
            repetitions: (0..5)
                .map(|_| {
                    let time = 1e6 * factor * (1.0 + scatter);
                    let value = |value: f64| MetricValue::Value(value);
                    let mut metrics = vec![
                        (name("memory"), value(plan.memory)),
                        (name("time"), value(time)),
                    ];
                    metrics.extend(plan.has_segments.then(|| (name("segments"), value(7.0))));
                    Repetition::new(metrics).expect("sound")
                })
                .collect(),
        });
    let created = format!("2026-{:02}-{:02}T03:17:00Z", 1 + at / 28, 1 + at % 28);
    Run {
        format: gate_schema::run::FORMAT.to_owned(),
        id: format!("night-{at}"),
        created: created.clone(),
        source: Source {
            commit: Some(format!("{:040x}", plan.commit)),
            ..Source::default()
        },
        environment: Environment {
            fingerprint: [(name("machine"), plan.machine.to_owned())].into(),
            ..Environment::default()
        },
        manifest: Manifest {
            tier: Some(name(plan.tier)),
            scenarios: declared.collect(),
        },
        sessions: vec![Session {
            id: "s0".to_owned(),
            start: created,
            mode: Mode::Single,
            scenarios: measured.collect(),
        }],
        failures: Vec::new(),
        pooled: Vec::new(),
        provenance: None,
    }
}

fn plan(at: usize) -> Plan {
    Plan {
        commit: at,
        machine: "perf-01",
        tier: "nightly",
        time: vec![1.0; 8],
        memory: 1e6,
        items: 10,
        has_segments: false,
    }
}

fn entry(run: &Run) -> Entry {
    let observed = records(run);
    let observed = observed.iter().map(|r| r.observe().expect("sound"));
    Entry::new(run, observed.collect())
}

/// `nights` nights, each changed by `change`.
fn entries(nights: usize, mut change: impl FnMut(usize, &mut Plan)) -> Vec<Entry> {
    let planned = (0..nights).map(|at| {
        let mut plan = plan(at);
        change(at, &mut plan);
        entry(&run(at, &plan))
    });
    planned.collect()
}

fn seen(history: &[Entry]) -> Trend {
    let told = trend(history, &Policy::default(), None);
    told.expect("the policy fits").expect("not empty")
}

/// The trend of `nights` nights, each changed by `change`.
fn told(nights: usize, change: impl FnMut(usize, &mut Plan)) -> Trend {
    seen(&entries(nights, change))
}

/// Factors with a scatter of their own for each scenario and night.
fn scattered(seed: u64, scatter: f64) -> impl FnMut() -> f64 {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let normal = Normal::new(1.0, scatter).expect("sound");
    move || normal.sample(&mut random)
}

#[test]
fn a_step_names_the_two_commits_it_lies_between() {
    let trend = told(30, |at, plan| {
        plan.time[2] = if at >= 25 { 1.1 } else { 1.0 }
    });
    let [step] = &trend.steps[..] else {
        panic!("{:?}", trend.steps);
    };
    assert_eq!(
        (step.scenario.as_str(), step.metric.as_str()),
        ("demo/2", "time")
    );
    assert_eq!((step.way, step.suspect), (Way::Worse, Suspect::Code));
    assert_eq!(step.good.commit, Some(format!("{:040x}", 24)));
    assert_eq!(step.bad.commit, Some(format!("{:040x}", 25)));
    assert!(
        (step.to.value / step.from.value - 1.1).abs() < 0.01,
        "{step:?}"
    );
}

#[test]
fn only_the_night_that_shows_a_step_is_red() {
    let at_night = |nights| {
        told(nights, |at, plan| {
            plan.time[2] = if at >= 25 { 1.1 } else { 1.0 }
        })
    };
    let red: Vec<usize> = (20..40)
        .filter(|&nights| at_night(nights).exit_code == ExitCode::Fail)
        .collect();
    let [first] = red[..] else {
        panic!("{red:?}");
    };
    assert!((28..=30).contains(&first), "{first}");
    assert!(!at_night(39).steps[0].is_new);
}

#[test]
fn too_few_nights_tell_nothing_and_are_no_pass() {
    let trend = told(16, |_, _| ());
    assert_eq!(
        (trend.exit_code, trend.told, trend.untold),
        (ExitCode::Undecided, 0, 16)
    );
    assert_eq!(told(17, |_, _| ()).exit_code, ExitCode::Pass);
}

#[test]
fn another_machine_is_never_a_step() {
    let moved = |at: usize, plan: &mut Plan| {
        if at >= 25 {
            plan.machine = "perf-02";
            plan.time = vec![2.0; 8];
        }
    };
    let trend = told(40, moved);
    assert_eq!(trend.steps, []);
    assert_eq!((trend.runs, trend.alike), (40, 15));
    let [change] = &trend.machines[..] else {
        panic!("{:?}", trend.machines);
    };
    assert_eq!(change.night.commit, Some(format!("{:040x}", 25)));
    assert_eq!(change.fields[0].candidate.as_deref(), Some("perf-02"));
    // Timings wait for enough nights on the new machine; bytes do not.
    assert_eq!((trend.told, trend.untold), (8, 8));
}

#[test]
fn bytes_step_also_across_machines() {
    let trend = told(30, |at, plan| {
        if at >= 20 {
            (plan.machine, plan.memory) = ("perf-02", 2e6);
        }
    });
    assert_eq!(trend.steps.len(), 8);
    assert!(
        trend
            .steps
            .iter()
            .all(|step| step.metric.as_str() == "memory")
    );
}

#[test]
fn a_step_without_a_commit_is_not_of_the_code() {
    let trend = told(30, |at, plan| {
        plan.commit = at.min(20);
        plan.time[1] = if at >= 25 { 1.1 } else { 1.0 };
    });
    assert_eq!(trend.steps[0].suspect, Suspect::SameCommit);
}

#[test]
fn what_moves_everything_is_suspected_of_the_machine() {
    let trend = told(30, |at, plan| {
        if at >= 25 {
            plan.time = vec![1.1; 8];
        }
    });
    assert_eq!(trend.steps.len(), 8);
    assert!(
        trend
            .steps
            .iter()
            .all(|step| step.suspect == Suspect::Everything)
    );
}

/// Eight scenarios, all slower by 8% from night 40 on, each with a scatter of 1.5%: their steps are found on
/// different nights, and on none of them is one of them the code's.
#[test]
fn what_moves_everything_is_the_machine_on_the_first_night_already() {
    let mut steps = 0;
    for seed in 0..24 {
        let mut factor = scattered(seed, 0.015);
        let history = entries(50, |at, plan| {
            let level = if at >= 40 { 1.08 } else { 1.0 };
            plan.time
                .iter_mut()
                .for_each(|time| *time = level * factor());
        });
        for night in 41..=50 {
            let trend = seen(&history[..night]);
            steps += trend.steps.iter().filter(|step| step.is_new).count();
            let code = trend
                .steps
                .iter()
                .find(|step| step.way == Way::Worse && step.suspect == Suspect::Code);
            assert_eq!(code, None, "seed {seed}, {night} nights");
        }
    }
    assert!(steps >= 24 * 7, "{steps} steps found");
}

/// One of eight scenarios got slower: nothing else did.
#[test]
fn a_step_of_one_scenario_is_never_that_of_all() {
    for seed in 0..24 {
        let mut factor = scattered(seed, 0.015);
        let trend = told(50, |at, plan| {
            plan.time.iter_mut().for_each(|time| *time = factor());
            plan.time[3] *= if at >= 40 { 1.1 } else { 1.0 };
        });
        let suspects: Vec<_> = trend.steps.iter().map(|step| step.suspect).collect();
        assert!(
            suspects.contains(&Suspect::Code),
            "seed {seed}: {suspects:?}"
        );
        assert!(
            !suspects.contains(&Suspect::Everything),
            "seed {seed}: {suspects:?}"
        );
    }
}

/// The commit changes every seventh night, and that of night 40 brought a step, which is often dated a night off.
#[test]
fn a_step_that_is_dated_a_night_off_is_of_the_code_all_the_same() {
    let week = |at: usize| (at + 2) / 7;
    for (scatter, size) in [(0.01, 0.05), (0.015, 0.05), (0.02, 0.06)] {
        let mut wrong = Vec::new();
        for seed in 0..40 {
            let mut factor = scattered(seed, scatter);
            let trend = told(56, |at, plan| {
                plan.commit = week(at);
                plan.time = vec![factor() * if at >= 40 { 1.0 + size } else { 1.0 }];
            });
            let worse = trend.steps.iter().find(|step| step.way == Way::Worse);
            let [good, bad] = [39, 40].map(|at| Some(format!("{:040x}", week(at))));
            let is_right = |step: &Step| {
                step.suspect == Suspect::Code && step.good.commit <= good && step.bad.commit >= bad
            };
            if !worse.is_some_and(is_right) {
                wrong.push(seed);
            }
        }
        assert!(
            wrong.len() <= 2,
            "scatter {scatter}, size {size}: {wrong:?}"
        );
    }
}

#[test]
fn a_step_that_is_gone_does_not_stand() {
    for lasting in [3, 5, 9] {
        let history = entries(60, |at, plan| {
            plan.time[2] = if (30..30 + lasting).contains(&at) {
                1.1
            } else {
                1.0
            };
        });
        let standing = |nights: usize| {
            let worse = |step: &Step| step.way == Way::Worse;
            seen(&history[..nights]).steps.iter().any(worse)
        };
        assert!(standing(30 + lasting), "{lasting} nights");
        // On the second night the median of three is back already; the repair is a step of its own on the third.
        for nights in 30 + lasting + 2..=60 {
            assert!(!standing(nights), "{lasting} nights, told after {nights}");
        }
    }
}

/// A fifth was lost, and some of it came back.
#[test]
fn what_repairs_a_part_leaves_the_rest() {
    for (left, expected) in [
        (1.15, &[Way::Worse, Way::Better][..]),
        (1.04, &[Way::Better]),
    ] {
        let trend = told(60, |at, plan| {
            plan.time[2] = match at {
                0..30 => 1.0,
                30..45 => 1.2,
                _ => left,
            };
        });
        let ways: Vec<Way> = trend.steps.iter().map(|step| step.way).collect();
        assert_eq!(ways, expected, "{left}: {:?}", trend.steps);
    }
}

/// Nothing was measured, so that nothing is told, whatever earlier nights say.
#[test]
fn a_night_that_measured_nothing_is_no_pass() {
    let mut history = entries(30, |_, _| ());
    for damage in [
        |run: &mut Run| {
            let scenarios = &mut run.sessions[0].scenarios;
            scenarios
                .iter_mut()
                .for_each(|there| there.check = Check::Failed);
        },
        |run: &mut Run| run.sessions[0].scenarios.clear(),
    ] {
        let mut run = run(30, &plan(30));
        damage(&mut run);
        history.truncate(30);
        history.push(entry(&run));
        let trend = seen(&history);
        assert_eq!((trend.exit_code, trend.told), (ExitCode::Undecided, 0));
        assert!(trend.rows.iter().all(|row| row.since.is_none()));
    }
}

#[test]
fn what_is_told_says_since_when() {
    let trend = told(40, |at, plan| {
        if at < 10 {
            plan.machine = "perf-02";
        }
    });
    assert_eq!(trend.rows.len(), 16);
    for row in trend.rows {
        let first = if row.metric.as_str() == "time" { 10 } else { 0 };
        let commit = row.since.and_then(|night| night.commit);
        assert_eq!(commit, Some(format!("{first:040x}")), "{}", row.metric);
    }
}

#[test]
fn a_ratio_that_is_zero_has_levels_too() {
    let axis = Axis {
        unit: Unit::Ratio,
        sign: 1.0,
        is_logarithmic: false,
        shift: 0.0,
    };
    let errors = |since: usize, size: f64| -> Vec<f64> {
        let level = |at| if at >= since { size } else { 0.0 };
        (0..45).map(level).collect()
    };
    for (values, expected) in [
        (errors(45, 0.0), 0),
        (errors(44, 0.5), 0),
        (errors(40, 0.01), 1),
        (errors(40, 0.0001), 0),
    ] {
        let row = Series {
            scenario: name("demo/0"),
            metric: name("errors"),
            axis,
            nights: (0..values.len()).collect(),
            values,
            held: Held::default(),
        };
        let steps = step::steps(&row.values, step::LIMIT_FEW, row.smallest(step::MIN_SIZE));
        assert_eq!(steps.len(), expected, "{:?}", row.values);
        assert!(steps.iter().all(|step| step.score.is_finite()), "{steps:?}");
    }
}

#[test]
fn nights_of_another_tier_or_workload_are_not_looked_at() {
    let trend = told(40, |at, plan| {
        if at % 2 == 1 {
            (plan.tier, plan.time) = ("smoke", vec![0.1; 8]);
        }
        if at < 4 {
            plan.items = 5;
        }
    });
    assert_eq!(
        (trend.tier.as_ref().map(Name::as_str), trend.runs),
        (Some("smoke"), 20)
    );
    assert_eq!(trend.steps, []);
    assert_eq!((trend.told, trend.untold), (16, 0));
}

#[test]
fn a_metric_more_does_not_end_the_history_of_the_others() {
    let since = 30;
    let trend = told(40, |at, plan| plan.has_segments = at >= since);
    let untold = trend.rows.iter().filter(|row| row.since.is_none());
    let untold: BTreeSet<&str> = untold.map(|row| row.metric.as_str()).collect();
    assert_eq!(untold, BTreeSet::from(["segments"]));
    assert_eq!((trend.told, trend.untold), (16, 8));
}

#[test]
fn a_level_that_creeps_does_not_go_unseen() {
    for per_night in [0.0004, 0.0007, 0.002] {
        let trend = told(100, |at, plan| plan.time[0] = 1.0 + per_night * at as f64);
        let steps = trend
            .steps
            .iter()
            .map(|step| (step.scenario.as_str(), step.way));
        let drifts = trend
            .drifts
            .iter()
            .map(|drift| (drift.scenario.as_str(), drift.way));
        let told: Vec<_> = steps.chain(drifts).collect();
        assert!(!told.is_empty(), "{per_night}");
        assert!(
            told.iter().all(|told| *told == ("demo/0", Way::Worse)),
            "{told:?}"
        );
    }
}

#[test]
fn red_is_a_new_step_or_a_drift_that_lasts() {
    let mut red = 0;
    for nights in 17..40 {
        let trend = told(nights, |at, plan| {
            plan.time[0] = 1.0 + 0.004 * (at as f64 - 9.0).clamp(0.0, 12.0);
        });
        let is_new = trend.steps.iter().any(|step| step.is_new);
        let has_crept = !trend.drifts.is_empty();
        assert_eq!(
            trend.exit_code == ExitCode::Fail,
            is_new || has_crept,
            "{nights}"
        );
        red += usize::from(trend.exit_code == ExitCode::Fail);
    }
    assert!(red > 0);
}

#[test]
fn an_empty_history_has_no_trend() {
    assert_eq!(trend(&[], &Policy::default(), None), Ok(None));
}
