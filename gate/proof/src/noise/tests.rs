use super::*;

const SESSION: Session = Session {
    index: 3,
    pairs: 10,
};

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

/// Log ratios of many pairs of one metric, over many sessions.
fn ratios(machine: &Simulated, metric: usize, sessions: u64) -> Vec<f64> {
    (0..sessions)
        .flat_map(|index| (0..10).map(move |pair| (Session { index, pairs: 10 }, pair)))
        .map(|(session, pair)| {
            let (baseline, candidate) = machine.pair(metric, session, pair);
            (candidate / baseline).ln()
        })
        .collect()
}

#[test]
fn half_of_the_metrics_are_quieter_than_the_median_and_all_classes_are_populated() {
    for (regime, shares) in [
        (Regime::Quiet, [0.50, 0.437, 0.063]),
        (Regime::Hosted, [0.124, 0.521, 0.355]),
    ] {
        let machine = Simulated::new(1, regime, 20_000);
        for (class, expected) in Class::ALL.into_iter().zip(shares) {
            let of_class = |m: &&Metric| Class::of(m.sigma) == class;
            let share = machine.metrics().iter().filter(of_class).count() as f64 / 20_000.0;
            assert!(
                (share - expected).abs() < 0.012,
                "{regime:?} {class:?}: {share}, expected {expected}"
            );
        }
        for shape in Shape::ALL {
            let of_shape = |m: &&Metric| m.shape == shape;
            let share = machine.metrics().iter().filter(of_shape).count() as f64 / 20_000.0;
            assert!((share - 1.0 / 6.0).abs() < 0.01, "{shape:?}: {share}");
        }
    }
}

#[test]
fn a_place_always_draws_the_same_in_any_order() {
    let machine = Simulated::new(5, Regime::Neighbour, 8);
    let mut places: Vec<(usize, u64, u32)> = (0..8)
        .flat_map(|m| (0..6).flat_map(move |s| (0..10).map(move |p| (m, s, p))))
        .collect();
    let at = |machine: &Simulated, (m, index, p): (usize, u64, u32)| {
        machine.pair(m, Session { index, pairs: 10 }, p)
    };
    let forwards: Vec<_> = places.iter().map(|&place| at(&machine, place)).collect();
    places.reverse();
    let again = Simulated::new(5, Regime::Neighbour, 8);
    let mut backwards: Vec<_> = places.iter().map(|&place| at(&again, place)).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    let other = Simulated::new(6, Regime::Neighbour, 8);
    assert_ne!(at(&machine, (0, 0, 0)), at(&other, (0, 0, 0)));
}

#[test]
fn more_metrics_leave_the_first_ones_as_they_were() {
    let (few, many) = (
        Simulated::new(9, Regime::Quiet, 3),
        Simulated::new(9, Regime::Quiet, 300),
    );
    assert_eq!(few.metrics(), &many.metrics()[..3]);
    assert_eq!(few.pair(2, SESSION, 4), many.pair(2, SESSION, 4));
}

#[test]
fn pairs_scatter_by_sigma_and_drift_alone() {
    // Sessions, their disturbances, slopes and steps hit both arms of a pair.
    for shape in [
        Shape::Normal,
        Shape::Skewed,
        Shape::Contaminated,
        Shape::Bimodal,
    ] {
        let machine = Simulated::new(2, Regime::Quiet, 4).of_shape(shape);
        for metric in 0..4 {
            let ratios = ratios(&machine, metric, 2_000);
            let sigma = machine.metrics()[metric].sigma;
            let expected = (2.0 * sigma * sigma + 0.003_f64.powi(2)).sqrt();
            assert!(mean(&ratios).abs() < 4.0 * expected / (ratios.len() as f64).sqrt());
            assert!(
                (deviation(&ratios) / expected - 1.0).abs() < 0.05,
                "{shape:?}: {} expected {expected}",
                deviation(&ratios)
            );
        }
    }
}

#[test]
fn sessions_scatter_as_stated_and_one_in_two_hundred_is_disturbed() {
    let machine = Simulated::new(4, Regime::Quiet, 1);
    let sessions = 40_000;
    let effects: Vec<f64> = (0..sessions)
        .map(|index| machine.session_effect(0, Session { index, pairs: 5 }))
        .collect();
    let disturbed = effects.iter().filter(|&&e| e > 0.028).count() as f64 / sessions as f64;
    assert!((0.003..0.007).contains(&disturbed), "{disturbed}");
    let usual: Vec<f64> = effects.into_iter().filter(|e| e.abs() < 0.028).collect();
    let expected = 0.25 * machine.metrics()[0].sigma + 0.002;
    assert!((deviation(&usual) / expected - 1.0).abs() < 0.03);
}

#[test]
fn what_is_planted_is_what_the_candidate_shows() {
    let mut machine = Simulated::new(7, Regime::Drift, 2).of_shape(Shape::Normal);
    machine.plant(1, 1.05);
    for (metric, expected) in [(0, 0.0), (1, 0.05_f64.ln())] {
        let expected = if metric == 0 { expected } else { 1.05_f64.ln() };
        let ratios = ratios(&machine, metric, 500);
        let error = deviation(&ratios) / (ratios.len() as f64).sqrt();
        assert!((mean(&ratios) - expected).abs() < 4.0 * error);
    }
}

#[test]
fn quantised_latencies_come_in_steps_of_the_clock() {
    let machine = Simulated::new(8, Regime::Quiet, 1).of_shape(Shape::Quantised);
    for pair in 0..10 {
        let (latency, _) = machine.pair(0, SESSION, pair);
        assert!((latency / CLOCK_NS).fract().abs() < 1e-9 && latency > 20_000.0);
    }
}

/// Log latencies of the baseline in one session, without own scatter: what the machine did.
fn course(regime: Regime, index: u64) -> Vec<f64> {
    let machine = Simulated::new(10, regime, 1);
    let episode = machine.episode(0, Session { index, pairs: 50 });
    (0..100)
        .map(|at| episode.at((f64::from(at) + 0.5) / 100.0))
        .collect()
}

#[test]
fn a_neighbour_comes_to_one_session_in_ten_and_slows_a_contiguous_part() {
    let mut hit = 0;
    for index in 0..4_000 {
        let course = course(Regime::Neighbour, index);
        let slow: Vec<usize> = (0..100).filter(|&at| course[at] > 0.0).collect();
        let (Some(first), Some(last)) = (slow.first(), slow.last()) else {
            continue;
        };
        hit += 1;
        assert_eq!(last - first + 1, slow.len(), "contiguous");
        assert!((29..=61).contains(&slow.len()), "{}", slow.len());
        assert!(
            (0.048..=0.27).contains(&course[*first]),
            "{}",
            course[*first]
        );
    }
    assert!((340..460).contains(&hit), "{hit} of 4,000 sessions");
}

#[test]
fn slopes_and_steps_are_as_large_as_they_say() {
    for index in 0..50 {
        let slope = course(Regime::Drift, index);
        assert!(((slope[99] - slope[0]).abs() - 0.99 * 1.03_f64.ln()).abs() < 1e-9);
        let step = course(Regime::Step, index);
        assert!(((step[99] - step[0]).abs() - 1.05_f64.ln()).abs() < 1e-9);
        let at = step.iter().position(|&s| s.abs() > 0.0).expect("it steps");
        assert!((24..=76).contains(&at), "in the middle half: {at}");
    }
}

#[test]
fn hosted_is_twice_quiet() {
    let (quiet, hosted) = (
        Simulated::new(3, Regime::Quiet, 50),
        Simulated::new(3, Regime::Hosted, 50),
    );
    for (q, h) in quiet.metrics().iter().zip(hosted.metrics()) {
        assert!((h.sigma / q.sigma - 2.0).abs() < 1e-12);
    }
}
