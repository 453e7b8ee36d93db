//! Cost by quality: compared at equal quality, whatever setting reaches it.

use gate_schema::run::{Curve, DeclaredMetric, Kind};

use super::*;

/// A run whose scenario reports a recall/latency curve, judged at 0.95; `cost` scales every point,
/// `quality` shifts their recall.
fn run(cost: f64, quality: f64) -> Run {
    curve(
        (Unit::Nanoseconds, Direction::Lower),
        [(0.90, 100.0), (0.94, 150.0), (0.97, 250.0)],
        cost,
        quality,
    )
}

/// The same of a recall/throughput curve.
fn rates(rate: f64, quality: f64) -> Run {
    curve(
        (Unit::PerSecond, Direction::Higher),
        [(0.90, 9000.0), (0.94, 6000.0), (0.97, 4000.0)],
        rate,
        quality,
    )
}

fn curve(
    (unit, direction): (Unit, Direction),
    points: [(f64, f64); 3],
    factor: f64,
    quality: f64,
) -> Run {
    let mut run = case(1.0).run();
    run.manifest.scenarios[0].metrics[0] = DeclaredMetric {
        name: name("time"),
        kind: Kind::Curve,
        unit,
        direction,
        at: Some(0.95),
    };
    for (s, session) in run.sessions.iter_mut().enumerate() {
        for (r, repetition) in session.scenarios[0].repetitions.iter_mut().enumerate() {
            let scatter = 1.0 + 0.004 * ((s + 2 * r) % 5) as f64;
            let point =
                |(recall, number): (f64, f64)| (recall + quality, number * factor * scatter);
            let points = points.map(point).to_vec();
            let curve = MetricValue::Curve(Box::new(Curve { points }));
            repetition.metrics = vec![(name("time"), curve)];
        }
    }
    run.validate().expect("a valid run");
    run
}

#[test]
fn latency_is_compared_at_equal_recall() {
    use Verdict::*;
    for (name, cost, quality, verdict, reason) in [
        ("unchanged", 1.0, 0.0, Pass, Reason::WithinMargin),
        (
            "slower everywhere",
            1.2,
            0.0,
            Regressed,
            Reason::BeyondMargin,
        ),
        // Each setting is as fast as it was and finds less: at equal recall that is slower.
        (
            "worse answers at the same speed",
            1.0,
            -0.015,
            Regressed,
            Reason::BeyondMargin,
        ),
        (
            "better answers at the same speed",
            1.0,
            0.02,
            Improved,
            Reason::BetterThanMargin,
        ),
        ("never good enough", 1.0, -0.05, Missing, Reason::NotReached),
    ] {
        check(name, [run(1.0, 0.0), run(cost, quality)], verdict, reason);
    }
}

#[test]
fn throughput_is_compared_at_equal_recall() {
    use Verdict::*;
    for (name, rate, quality, verdict, reason) in [
        ("unchanged", 1.0, 0.0, Pass, Reason::WithinMargin),
        (
            "slower everywhere",
            0.8,
            0.0,
            Regressed,
            Reason::BeyondMargin,
        ),
        (
            "faster everywhere",
            1.25,
            0.0,
            Improved,
            Reason::BetterThanMargin,
        ),
        // Each setting answers as many and finds less: at equal recall that is slower.
        (
            "worse answers at the same speed",
            1.0,
            -0.015,
            Regressed,
            Reason::BeyondMargin,
        ),
        (
            "better answers at the same speed",
            1.0,
            0.02,
            Improved,
            Reason::BetterThanMargin,
        ),
        ("never good enough", 1.0, -0.05, Missing, Reason::NotReached),
    ] {
        let runs = [rates(1.0, 0.0), rates(rate, quality)];
        check(name, runs, verdict, reason);
    }
}

#[test]
fn a_curve_that_is_good_enough_in_some_repetitions_says_so() {
    let mut candidate = run(1.0, 0.0);
    let poor = run(1.0, -0.05).sessions.swap_remove(0).scenarios;
    let poor = poor[0].repetitions[0].clone();
    candidate.sessions[1].scenarios[0].repetitions[2] = poor;
    let reason = Reason::PartlyReached { have: 29, need: 30 };
    let runs = [run(1.0, 0.0), candidate];
    check("one of 30", runs, Verdict::Inconclusive, reason);
}

fn check(name: &str, [baseline, mut candidate]: [Run; 2], verdict: Verdict, reason: Reason) {
    for session in &mut candidate.sessions {
        session.id.push_str("/candidate");
    }
    let report = judge_runs(&baseline, &candidate, &Policy::default()).expect("they overlap");
    let row = &report.rows[0];
    assert_eq!(
        (row.verdict, &row.reason),
        (verdict, &reason),
        "{name}: {row:#?}"
    );
}
