//! Cost by quality: compared at equal quality, whatever setting reaches it.

use gate_schema::run::Curve;

use super::*;

/// A run whose scenario reports a recall/latency curve, judged at 0.95; `cost` scales every point,
/// `quality` shifts their recall.
fn run(cost: f64, quality: f64) -> Run {
    let mut run = case(1.0).run();
    run.manifest.scenarios[0].metrics[0] = DeclaredMetric {
        name: name("time"),
        kind: Kind::Curve,
        unit: Unit::Nanoseconds,
        direction: Direction::Lower,
        at: Some(0.95),
    };
    for (s, session) in run.sessions.iter_mut().enumerate() {
        for (r, repetition) in session.scenarios[0].repetitions.iter_mut().enumerate() {
            let scatter = 1.0 + 0.004 * ((s + 2 * r) % 5) as f64;
            let point =
                |(recall, latency): (f64, f64)| (recall + quality, latency * cost * scatter);
            let points = [(0.90, 100.0), (0.94, 150.0), (0.97, 250.0)]
                .map(point)
                .to_vec();
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
    let baseline = run(1.0, 0.0);
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
        let mut candidate = run(cost, quality);
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
}
