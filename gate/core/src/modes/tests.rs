use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal, Normal, StandardNormal, StudentT};
use rand_pcg::Pcg64Mcg;

use super::*;

/// Trials behind each rate.
const TRIALS: u32 = 5_000;

/// Share of sessions of `n` repetitions in which two modes are seen.
fn seen(n: usize, mut draw: impl FnMut(&mut Pcg64Mcg, usize) -> Vec<f64>) -> f64 {
    let mut rng = Pcg64Mcg::seed_from_u64(62);
    let found = (0..TRIALS).filter(|_| modes(&[draw(&mut rng, n)], &[]).is_some());
    found.count() as f64 / f64::from(TRIALS)
}

/// Repetitions near `level`, of which `slow` are in a mode 3 % above it, each scattered by 0.5 %, in any
/// order.
fn bimodal(rng: &mut Pcg64Mcg, level: f64, n: usize, slow: usize) -> Vec<f64> {
    let noise = Normal::new(0.0, 0.005).expect("a deviation");
    let mut values: Vec<f64> = (0..n)
        .map(|at| {
            let mode = if at < slow { 0.03_f64.ln_1p() } else { 0.0 };
            level * (mode + noise.sample(rng)).exp()
        })
        .collect();
    for at in (1..n).rev() {
        values.swap(at, rng.random_range(0..=at));
    }
    values
}

/// One repetition of one mode.
type Draw = fn(&mut Pcg64Mcg) -> f64;

#[test]
fn one_mode_is_hardly_ever_taken_for_two() {
    let normal: Draw = |rng| {
        let normal: f64 = StandardNormal.sample(rng);
        1e6 * (1.0 + 0.02 * normal)
    };
    let lognormal: Draw = |rng| {
        let level = LogNormal::new(14.0, 0.5).expect("a deviation");
        level.sample(rng)
    };
    let heavy: Draw = |rng| {
        let noise: f64 = StudentT::new(3.0).expect("a freedom").sample(rng);
        1e6 * (0.02 * noise).exp()
    };
    // Noise that is lognormal itself, with a long way up: the limit of what a few values in a tail tell.
    let skewed: Draw = |rng| {
        let noise: f64 = LogNormal::new(0.0, 1.0).expect("a deviation").sample(rng);
        1e6 * (0.02 * noise).exp()
    };
    for n in [10, 12, 15, 19, 20, 30, 40] {
        for (name, draw, most) in [
            ("normal", normal, 0.01),
            ("lognormal", lognormal, 0.01),
            ("t3", heavy, 0.01),
            ("skewed", skewed, 0.12),
        ] {
            let rate = seen(n, |rng, n| (0..n).map(|_| draw(rng)).collect());
            assert!(rate < most, "{name}, {n} repetitions: {rate}");
        }
    }
}

#[test]
fn a_fifth_of_the_repetitions_three_percent_slower_is_found() {
    let rate = seen(20, |rng, n| bimodal(rng, 1.2e6, n, n / 5));
    assert!(rate >= 0.9, "{rate}");
    // The slower ones may be the many.
    let rate = seen(20, |rng, n| bimodal(rng, 1.2e6, n, n - n / 5));
    assert!(rate >= 0.9, "{rate}");
}

#[test]
fn modes_are_told_with_their_levels_and_shares() {
    let slow = [1.236e6, 1.24e6, 1.244e6];
    let fast = [1.196e6, 1.2e6, 1.204e6, 1.199e6, 1.201e6, 1.2e6];
    let session = [
        fast[0], slow[0], fast[1], fast[2], slow[1], fast[3], fast[4], slow[2], fast[5],
    ];
    let found = modes(&[session.to_vec()], &[]).expect("two modes");
    assert!(
        (found.low.share - 6.0 / 9.0).abs() < 1e-12 && (found.high.share - 1.0 / 3.0).abs() < 1e-12
    );
    assert!((found.low.level / 1.2e6 - 1.0).abs() < 1e-4, "{found:?}");
    assert!((found.high.level / 1.24e6 - 1.0).abs() < 1e-4, "{found:?}");
    // However the repetitions are divided into sessions, and in whatever unit.
    let divided = [session[..4].to_vec(), session[4..].to_vec()];
    assert_eq!(modes(&divided, &[]), Some(found));
    let scaled = modes(&[session.map(|value| value * 1e-6).to_vec()], &[]).expect("two modes");
    assert!((scaled.high.level / 1.24 - 1.0).abs() < 1e-4, "{scaled:?}");
}

#[test]
fn what_only_looks_like_two_modes_is_none() {
    let mixed = [1.0, 1.3, 1.01, 1.31, 1.02, 1.32, 1.03, 1.33, 1.04, 1.34];
    let sorted = {
        let mut sorted = mixed;
        sorted.sort_by(f64::total_cmp);
        sorted
    };
    assert!(modes(&[mixed.to_vec()], &[]).is_some());
    for (name, sessions) in [
        ("a level that changed once", vec![sorted.to_vec()]),
        (
            "a slow stretch",
            vec![[&sorted[..3], &sorted[5..], &sorted[3..5]].concat()],
        ),
        (
            "a slow session",
            vec![sorted[..5].to_vec(), sorted[5..].to_vec()],
        ),
        ("too few", vec![mixed[..7].to_vec()]),
        (
            "two outliers",
            vec![[&mixed[..4], &[1.0, 1.01, 1.02, 1.03, 1.04, 1.02]].concat()],
        ),
        ("a clock with two answers", vec![[40.0, 41.0].repeat(10)]),
        ("one level", vec![vec![7.0; 20]]),
        ("zeros", vec![[0.0, 1.0, 0.1, 1.1, 0.2].repeat(4)]),
        ("nothing", Vec::new()),
    ] {
        assert_eq!(modes(&sessions, &[]), None, "{name}");
    }
}

#[test]
fn what_slows_both_members_of_a_pair_is_the_machine() {
    let own = [1.0, 1.3, 1.01, 1.31, 1.02, 1.32, 1.03, 1.33, 1.04, 1.34];
    let beside = |other: &dyn Fn(usize) -> f64| {
        let members = own.iter().enumerate().map(|(at, &own)| [own, other(at)]);
        modes(&[own.to_vec()], &members.collect::<Vec<_>>()).is_some()
    };
    assert!(beside(&|at| 2.0 + 0.001 * at as f64), "steady");
    assert!(!beside(&|at| 2.0 * own[at]), "slow together");
    assert!(beside(&|at| own[(at + at / 2) % 10]), "slow by itself");
}

#[test]
fn two_sides_with_the_same_modes_are_seldom_taken_for_the_machine() {
    let mut rng = Pcg64Mcg::seed_from_u64(63);
    let mut found = 0;
    for _ in 0..TRIALS {
        let [own, other] = [(); 2].map(|()| bimodal(&mut rng, 1.2e6, 20, 4));
        let members: Vec<[f64; 2]> = own.iter().zip(&other).map(|(a, b)| [*a, *b]).collect();
        found += u32::from(modes(&[own], &members).is_some());
    }
    let rate = f64::from(found) / f64::from(TRIALS);
    assert!(rate >= 0.8, "{rate}");
}
