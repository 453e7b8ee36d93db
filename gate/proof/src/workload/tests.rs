use gate_schema::run::Summary;

use super::*;
use crate::noise::Regime;

fn fleet(workload: Workload, effect: f64) -> Fleet {
    Fleet::new(Simulated::new(1, Regime::Quiet, 2), workload, 2).plant(1, effect)
}

fn each(fleet: &Fleet, scenario: usize, second: Second, pairs: u32) -> Vec<[MetricValue; 2]> {
    let session = Session { index: 0, pairs };
    (0..pairs)
        .map(|pair| {
            fleet
                .measure(scenario, session, pair, second)
                .expect("sound")
        })
        .collect()
}

fn mean_ratio(pairs: &[[MetricValue; 2]], value: impl Fn(&MetricValue) -> f64) -> f64 {
    let logs = pairs.iter().map(|[b, c]| (value(c) / value(b)).ln());
    (logs.sum::<f64>() / pairs.len() as f64).exp()
}

fn summary(value: &MetricValue) -> Summary {
    match value {
        MetricValue::Distribution(d) => d.summary.expect("it carries one"),
        other => panic!("expected a distribution, got {other:?}"),
    }
}

#[test]
fn a_tail_change_moves_the_tail_and_not_the_median() {
    let pairs = each(&fleet(Workload::Tail, 0.10), 0, Second::Candidate, 400);
    let tail = mean_ratio(&pairs, |v| summary(v).tail.expect("enough operations"));
    let p50 = mean_ratio(&pairs, |v| summary(v).p50);
    assert!((tail - 1.10).abs() < 0.01, "{tail}");
    assert!((p50 - 1.0).abs() < 0.01, "{p50}");
    let untouched = each(&fleet(Workload::Tail, 0.10), 0, Second::Baseline, 400);
    let tail = mean_ratio(&untouched, |v| summary(v).tail.expect("enough operations"));
    assert!((tail - 1.0).abs() < 0.01, "{tail}");
}

#[test]
fn drawing_the_slowest_alone_is_the_same_as_drawing_all() {
    // Percentiles of a lognormal with sigma 0.5 around 1: exp(0.5 z).
    let draws: Vec<MetricValue> = (0..400)
        .map(|seed| tail::repetition(rand_seeded(seed), 1e5, 1.0))
        .collect();
    let mean = |value: &dyn Fn(&MetricValue) -> f64| {
        draws.iter().map(value).sum::<f64>() / draws.len() as f64 / 1e5
    };
    for (name, drawn, expected) in [
        ("p50", mean(&|v| summary(v).p50), 1.0),
        (
            "p99",
            mean(&|v| summary(v).p99.unwrap()),
            (0.5 * 2.326_35_f64).exp(),
        ),
        (
            "p99.9",
            mean(&|v| summary(v).p999.unwrap()),
            (0.5 * 3.090_23_f64).exp(),
        ),
        ("mean", mean(&sum_over_count), 0.125_f64.exp()),
    ] {
        assert!(
            (drawn / expected - 1.0).abs() < 0.005,
            "{name}: {drawn}, expected {expected}"
        );
    }
    // The reference puts one repetition's p99 at 2.8 % deviation with 5,000 operations: half with four times as many.
    let p99: Vec<f64> = draws.iter().map(|v| summary(v).p99.unwrap().ln()).collect();
    let centre = p99.iter().sum::<f64>() / p99.len() as f64;
    let deviation =
        (p99.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / p99.len() as f64).sqrt();
    assert!((0.011..0.016).contains(&deviation), "{deviation}");
}

fn sum_over_count(value: &MetricValue) -> f64 {
    match value {
        MetricValue::Distribution(d) => d.sum / d.count as f64,
        other => panic!("expected a distribution, got {other:?}"),
    }
}

fn rand_seeded(seed: u64) -> rand_pcg::Pcg64Mcg {
    rand::SeedableRng::seed_from_u64(seed)
}

fn recall(value: &MetricValue) -> f64 {
    match value {
        MetricValue::Proportion(p) => p.ratio(),
        other => panic!("expected a proportion, got {other:?}"),
    }
}

#[test]
fn recall_falls_by_the_points_planted() {
    let pairs = each(&fleet(Workload::Recall, -0.01), 0, Second::Candidate, 100);
    let mean = |arm: usize| pairs.iter().map(|p| recall(&p[arm])).sum::<f64>() / 100.0;
    assert!((mean(0) - 0.95).abs() < 0.006, "{}", mean(0));
    assert!(
        (mean(1) - mean(0) + 0.01).abs() < 0.001,
        "{} {}",
        mean(0),
        mean(1)
    );
}

#[test]
fn counters_repeat_exactly() {
    let pairs = each(&fleet(Workload::Counter, 0.10), 0, Second::Candidate, 5);
    let expected = [MetricValue::Value(100_000.0), MetricValue::Value(110_000.0)];
    assert!(pairs.iter().all(|pair| *pair == expected));
}

#[test]
fn only_the_planted_scenarios_carry_the_effect() {
    let fleet = fleet(Workload::Latency, 1.0);
    assert!(fleet.is_planted(0) && !fleet.is_planted(1));
    let ratio = |scenario| {
        mean_ratio(
            &each(&fleet, scenario, Second::Candidate, 50),
            |v| match v {
                MetricValue::Value(v) => *v,
                other => panic!("expected a value, got {other:?}"),
            },
        )
    };
    assert!((ratio(0) - 2.0).abs() < 0.2 && (ratio(1) - 1.0).abs() < 0.1);
}
