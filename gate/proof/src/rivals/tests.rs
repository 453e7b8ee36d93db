use super::*;

fn samples<'a>(baseline: &'a [f64], candidate: &'a [f64]) -> Samples<'a> {
    Samples {
        baseline,
        candidate,
    }
}

#[test]
fn mann_whitney_gives_the_values_of_r_and_of_gos_own_tests() {
    let large: Vec<f64> = (0..500).map(|i| f64::from(i * 2)).collect();
    let shifted: Vec<f64> = (0..600).map(|i| f64::from(i * 2 - 41)).collect();
    let mut tied = shifted.clone();
    tied[..30].copy_from_slice(&large[..30]);
    for (name, a, b, expected) in [
        (
            "apart",
            &[2.0, 1.0, 3.0, 5.0][..],
            &[12.0, 11.0, 13.0, 15.0][..],
            2.0 / 70.0,
        ),
        (
            "interleaved",
            &[2.0, 1.0, 3.0, 5.0],
            &[0.0, 4.0, 6.0, 7.0],
            34.0 / 70.0,
        ),
        (
            "the same",
            &[2.0, 1.0, 3.0, 5.0],
            &[2.0, 1.0, 3.0, 5.0],
            1.0,
        ),
        (
            "ties",
            &[2.0, 1.0, 3.0, 5.0],
            &[2.0, 2.0, 2.0, 2.0],
            0.714_285_7,
        ),
        ("all equal", &[2.0; 4], &[2.0; 4], 1.0),
        // `uTestMinP` of benchmath.
        (
            "five apart",
            &[1.0, 2.0, 3.0, 4.0, 5.0],
            &[6.0, 7.0, 8.0, 9.0, 10.0],
            2.0 / 252.0,
        ),
        // `wilcox.test` of R, normal approximation.
        ("large", &large, &shifted, 0.004_933_536),
        ("large with ties", &large, &tied, 0.003_870_381),
    ] {
        for (a, b) in [(a, b), (b, a)] {
            let p = mann_whitney(samples(a, b));
            assert!(
                (p - expected).abs() < 1e-6,
                "{name}: {p}, expected {expected}"
            );
        }
    }
}

#[test]
fn counting_agrees_with_the_approximation_where_both_hold() {
    let a: Vec<f64> = (0..50).map(|i| f64::from(i) + 0.3).collect();
    let mut b: Vec<f64> = (0..50).map(|i| f64::from(i) + 8.1).collect();
    let counted = mann_whitney(samples(&a, &b));
    b.push(33.75);
    let approximated = mann_whitney(samples(&a, &b));
    assert!(
        (counted / approximated - 1.0).abs() < 0.1,
        "{counted} {approximated}"
    );
}

#[test]
fn welch_gives_the_value_by_hand() {
    // Means 2.5 and 5.5, squared errors 5/12 and 13/12: t = 2.449 490 with 5.010 309 degrees of
    // freedom; the density integrated numerically gives the tail.
    let p = welch_p_slower(samples(&[1.0, 2.0, 3.0, 4.0], &[3.0, 5.0, 6.0, 8.0]));
    assert!((p - 0.028_935_5).abs() < 1e-6, "{p}");
    assert!(welch_p_slower(samples(&[1.0; 3], &[2.0; 3])) < 1e-12);
    assert!(welch_p_slower(samples(&[2.0; 3], &[1.0; 3])) > 0.99);
    assert!(welch_p_slower(samples(&[2.0], &[9.0])) > 0.99);
}

#[test]
fn bencher_draws_its_line_where_it_says() {
    // Mean 3, population deviation sqrt(2), t(0.99, 4) = 3.746 947.
    let limit = bencher_limit(&[1.0, 2.0, 3.0, 4.0, 5.0]).expect("five reports");
    assert!(
        (limit - (3.0 + 3.746_947 * 2.0_f64.sqrt())).abs() < 1e-4,
        "{limit}"
    );
    let many = [
        [1e9; 20].as_slice(),
        &[1.0, 2.0, 3.0, 4.0, 5.0, 1.0, 2.0, 3.0, 4.0, 5.0],
    ]
    .concat();
    let limit = bencher_limit(&many).expect("ten reports");
    assert!(
        (limit - (3.0 + 2.821_438 * 2.0_f64.sqrt())).abs() < 1e-4,
        "only the newest ten"
    );
    assert_eq!(bencher_limit(&[1.0]), None);
    assert_eq!(bencher_limit(&[1.0, 1.0]), None);
}

#[test]
fn criterions_bootstrap_finds_what_is_plain_and_nothing_else() {
    let baseline = [10.0, 10.1, 9.9, 10.05, 9.95, 10.02, 9.98, 10.03];
    let slower: Vec<f64> = baseline.iter().map(|v| v * 1.1).collect();
    let apart = samples(&baseline, &slower);
    let (low, high) = change_interval(apart, RESAMPLES);
    assert!(
        low > 0.09 && high < 0.11 && low < 0.1 && high > 0.1,
        "[{low}, {high}]"
    );
    assert!(criterion_p_value(apart, RESAMPLES) < 0.01);
    let same = samples(&baseline, &baseline);
    assert!(criterion_p_value(same, RESAMPLES) > 0.8);
    let (low, high) = change_interval(same, RESAMPLES);
    assert!(low < 0.0 && high > 0.0);
}

#[test]
fn every_rule_fails_what_it_says_and_passes_what_it_says() {
    let baseline = [100.0, 101.0, 99.0, 100.5, 99.5];
    let slower = |by: f64| baseline.map(|v| v * (1.0 + by));
    let (small, large, double) = (slower(0.04), slower(0.08), slower(1.5));
    for (rival, at_small, at_large, at_double) in [
        (Rival::Critcmp { threshold: 0.05 }, false, true, true),
        (Rival::Critcmp { threshold: 0.10 }, false, false, true),
        (Rival::Benchstat { at_least: 0.0 }, true, true, true),
        (Rival::Benchstat { at_least: 0.05 }, false, true, true),
        (Rival::TTest, true, true, true),
        (Rival::Bencher, true, true, true),
        (Rival::Criterion, true, true, true),
        (Rival::GithubActionBenchmark, false, false, true),
        (Rival::WelchFamily, true, true, true),
    ] {
        for (candidate, expected) in [
            (baseline, false),
            (slower(-0.2), false),
            (small, at_small),
            (large, at_large),
            (double, at_double),
        ] {
            let fails = rival.fails(samples(&baseline, &candidate));
            assert_eq!(fails, expected, "{} on {candidate:?}", rival.name());
        }
    }
}

#[test]
fn the_family_rule_asks_more_of_many() {
    // p = 0.004 or so: enough alone, not among fifty.
    let baseline = [100.0, 101.0, 99.0, 100.5, 99.5];
    let candidate = baseline.map(|v| v + 1.6);
    let flat = samples(&baseline, &baseline);
    let mut gate = vec![samples(&baseline, &candidate)];
    assert!(Rival::WelchFamily.judge(&gate)[0]);
    gate.resize(50, flat);
    assert!(Rival::TTest.judge(&gate)[0]);
    assert!(!Rival::WelchFamily.judge(&gate)[0]);
}
