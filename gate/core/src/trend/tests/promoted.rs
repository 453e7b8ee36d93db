//! Histories beside a policy and a promoted baseline: which drift counts, and what could be promoted.

use gate_schema::policy::{Margin, RowMode, Rule};

use super::*;

/// The built-in policy, with another margin and mode for times.
fn policy(margin: Margin, mode: RowMode) -> Policy {
    let mut policy = Policy::default();
    policy.rules.push(Rule {
        metric: "time".into(),
        margin: Some(margin),
        mode: Some(mode),
        ..Rule::default()
    });
    policy
}

/// A baseline of these times, and of what `change` makes of it.
fn baseline(time: f64, change: impl Fn(&mut Plan)) -> Entry {
    let level = |_, plan: &mut Plan| {
        plan.time = vec![time; 8];
        change(plan);
    };
    entries(1, level).remove(0)
}

/// How far a time has crept on a night: nine thousandths in a hundred nights, which are too little for a step, and with
/// a tenth of the usual scatter.
fn crept(at: usize) -> f64 {
    (1.0 + 0.009 * at as f64 / 100.0) * (1.0 + scatter(at) / 10.0) / (1.0 + scatter(at))
}

/// What a hundred nights show.
fn shown(
    policy: &Policy,
    promoted: Option<&Entry>,
    change: impl Fn(usize, &mut Plan),
) -> Vec<Suspect> {
    let promoted = promoted.map(|entry| ("baselines/main.json", entry));
    let told = trend(&entries(100, change), policy, promoted).expect("the policy fits");
    let told = told.expect("not empty");
    assert!(told.steps.is_empty(), "{:?}", told.steps);
    told.drifts.iter().map(|drift| drift.suspect).collect()
}

/// The drifts of a hundred nights in which one time creeps.
fn drifts(policy: &Policy, promoted: Option<&Entry>) -> usize {
    shown(policy, promoted, |at, plan| plan.time[0] = crept(at)).len()
}

#[test]
fn a_drift_is_more_than_the_margin_of_its_row() {
    for (name, margin, expected) in [
        ("less than has crept", Margin::Relative(0.005), 1),
        ("more than has crept", Margin::Relative(0.01), 0),
        ("none", Margin::Unjudged, 0),
    ] {
        assert_eq!(
            drifts(&policy(margin, RowMode::Gate), None),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_drift_that_was_promoted_is_forgotten() {
    let policy = policy(Margin::Relative(0.005), RowMode::Gate);
    for (name, promoted, expected) in [
        ("before it", baseline(1.0, |_| ()), 1),
        ("half way", baseline(1.005, |_| ()), 0),
        ("where it is now", baseline(1.009, |_| ()), 0),
        ("better than ever", baseline(0.9, |_| ()), 1),
        (
            "another machine",
            baseline(1.009, |plan| plan.machine = "perf-02"),
            1,
        ),
        (
            "another tier",
            baseline(1.009, |plan| plan.tier = "smoke"),
            1,
        ),
        (
            "another workload",
            baseline(1.009, |plan| plan.items = 5),
            1,
        ),
    ] {
        assert_eq!(drifts(&policy, Some(&promoted)), expected, "{name}");
    }
}

#[test]
fn half_a_point_of_recall_is_a_drift() {
    let axis = Axis {
        unit: Unit::Ratio,
        sign: -1.0,
        is_logarithmic: false,
        shift: 0.0,
    };
    let held = |margin| Held {
        tolerated: axis.tolerated(margin, &[-0.95]),
        ..Held::default()
    };
    let recall = |per_night: f64, margin| Series {
        scenario: name("demo/search"),
        metric: name("recall"),
        axis,
        nights: (0..40).collect(),
        values: (0..40)
            .map(|at| axis.place(0.95 - per_night * f64::from(at)))
            .collect(),
        held: held(margin),
    };
    for (per_night, margin, expected) in [
        (0.0002, Margin::Absolute(0.005), true),
        (0.0001, Margin::Absolute(0.005), false),
        (0.0002, Margin::Relative(0.03), false),
    ] {
        let crept = recall(per_night, margin).crept(0);
        assert_eq!(
            crept.is_some(),
            expected,
            "{per_night} {margin:?}: {crept:?}"
        );
    }
}

/// What could be promoted, of `nights` nights.
fn improved(
    nights: usize,
    policy: &Policy,
    promoted: &Entry,
    change: impl Fn(usize, &mut Plan),
) -> Vec<String> {
    let promoted = Some(("baselines/main.json", promoted));
    let told = trend(&entries(nights, change), policy, promoted).expect("the policy fits");
    let promoted = told
        .expect("not empty")
        .promoted
        .expect("there is a baseline");
    let rows = promoted.improvements.iter();
    rows.map(|row| format!("{} {}", row.scenario, row.metric))
        .collect()
}

#[test]
fn what_is_better_for_seven_nights_could_be_promoted() {
    let faster = |at: usize, plan: &mut Plan| plan.time[2] = if at >= 22 { 0.9 } else { 1.0 };
    let usual = Policy::default();
    let first = || baseline(1.0, |_| ());
    let row = vec!["demo/2 time".to_owned()];
    assert_eq!(
        improved(28, &usual, &first(), faster),
        [""; 0],
        "six nights"
    );
    assert_eq!(improved(29, &usual, &first(), faster), row, "seven nights");
    let interrupted = |at: usize, plan: &mut Plan| {
        faster(at, plan);
        plan.time[2] = if at == 26 { 0.99 } else { plan.time[2] };
    };
    assert_eq!(
        improved(33, &usual, &first(), interrupted),
        [""; 0],
        "six since"
    );
    assert_eq!(
        improved(34, &usual, &first(), interrupted),
        row,
        "seven since"
    );
    for (name, policy, promoted) in [
        ("promoted", usual.clone(), baseline(0.9, |_| ())),
        (
            "another machine",
            usual.clone(),
            baseline(1.0, |plan| plan.machine = "perf-02"),
        ),
        (
            "another tier",
            usual.clone(),
            baseline(1.0, |plan| plan.tier = "smoke"),
        ),
        (
            "within the margin",
            policy(Margin::Relative(0.2), RowMode::Gate),
            first(),
        ),
        (
            "not judged",
            policy(Margin::Unjudged, RowMode::Gate),
            first(),
        ),
        (
            "decides nothing",
            policy(Margin::Relative(0.03), RowMode::Report),
            first(),
        ),
        (
            "decides in pairs",
            policy(Margin::Relative(0.03), RowMode::Pairs),
            first(),
        ),
    ] {
        assert_eq!(improved(34, &policy, &promoted, faster), [""; 0], "{name}");
    }
}

#[test]
fn what_was_paid_for_or_is_the_machines_is_not_proposed() {
    let usual = Policy::default();
    let first = baseline(1.0, |_| ());
    let paid = |at: usize, plan: &mut Plan| {
        plan.time[2] = if at >= 22 { 0.9 } else { 1.0 };
        plan.memory = if at >= 22 { 1.1e6 } else { 1e6 };
    };
    assert_eq!(improved(34, &usual, &first, paid), [""; 0], "with memory");
    let machine = |at: usize, plan: &mut Plan| {
        plan.time = vec![if at >= 22 { 0.9 } else { 1.0 }; 8];
    };
    assert_eq!(
        improved(34, &usual, &first, machine),
        [""; 0],
        "everything at once"
    );
}

#[test]
fn a_drift_of_everything_is_suspected_of_the_machine() {
    let policy = policy(Margin::Relative(0.005), RowMode::Gate);
    let one = shown(&policy, None, |at, plan| plan.time[0] = crept(at));
    assert_eq!(one, [Suspect::Code]);
    let all = shown(&policy, None, |at, plan| plan.time = vec![crept(at); 8]);
    assert_eq!(all, [Suspect::Everything; 8]);
    let half = shown(&policy, None, |at, plan| plan.time[..4].fill(crept(at)));
    assert_eq!(half, [Suspect::Code; 4]);
    let same = shown(&policy, None, |at, plan| {
        (plan.commit, plan.time[0]) = (7, crept(at));
    });
    assert_eq!(same, [Suspect::SameCommit]);
}
