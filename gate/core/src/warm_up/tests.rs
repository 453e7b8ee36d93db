use rand::SeedableRng;
use rand_distr::{Distribution, Normal, StudentT};
use rand_pcg::Pcg64Mcg;

use super::*;

/// Levels of the pairs of one calibration: sessions of ten that differ a little, each pair scattered by
/// `draw` times 1 %. The first pairs are worse by `warming`.
fn calibration(
    rng: &mut Pcg64Mcg,
    sessions: usize,
    warming: &[f64],
    draw: &mut impl FnMut(&mut Pcg64Mcg) -> f64,
) -> Vec<Vec<f64>> {
    (0..sessions)
        .map(|session| {
            let level = 0.005 * draw(rng);
            (0..10)
                .map(|pair| {
                    let warming = warming.get(pair).filter(|_| session == 0);
                    level + 0.01 * draw(rng) + warming.copied().unwrap_or(0.0)
                })
                .collect()
        })
        .collect()
}

/// Share of 4,000 rows that are said to be warming up after so many calibrations, and not by `starts`.
fn wrong(
    calibrations: usize,
    warming: &[f64],
    starts: u32,
    mut draw: impl FnMut(&mut Pcg64Mcg) -> f64,
) -> f64 {
    let mut rng = Pcg64Mcg::seed_from_u64(61);
    let mut wrong = 0;
    for _ in 0..4_000 {
        let mut known = None;
        for _ in 0..calibrations {
            let sessions = calibration(&mut rng, 3, warming, &mut draw);
            known = joined(known, of_calibration(&sessions, 0.0, 1));
        }
        wrong += u32::from(known.expect("enough pairs").more != starts);
    }
    f64::from(wrong) / 4_000.0
}

#[test]
fn a_machine_that_is_warm_is_not_said_to_be_warming_up() {
    let normal = Normal::new(0.0, 1.0).expect("a deviation");
    let heavy = StudentT::new(3.0).expect("a freedom");
    for calibrations in [2, 3, 5, 10] {
        for (name, rate) in [
            (
                "normal",
                wrong(calibrations, &[], 0, |rng| normal.sample(rng)),
            ),
            ("t3", wrong(calibrations, &[], 0, |rng| heavy.sample(rng))),
        ] {
            assert!(rate < 0.001, "{name} after {calibrations}: {rate}");
        }
    }
}

#[test]
fn starts_that_are_clearly_worse_are_counted_in_pairs() {
    let normal = Normal::new(0.0, 1.0).expect("a deviation");
    for (calibrations, warming, starts, most) in [
        (1, &[0.08][..], 0, 0.0),
        (2, &[0.08], 2, 0.05),
        (2, &[0.10, 0.08], 4, 0.05),
        // What two cannot see, more can.
        (9, &[0.03], 2, 0.05),
    ] {
        let missed = wrong(calibrations, warming, starts, |rng| normal.sample(rng));
        assert!(missed <= most, "{warming:?} after {calibrations}: {missed}");
    }
}

#[test]
fn one_stall_is_no_warm_up_and_two_are() {
    let mut sessions = vec![vec![0.0, 0.01, -0.01, 0.0, 0.01, 0.0, -0.01, 0.01, 0.0, 0.01]; 3];
    let quiet = of_calibration(&sessions, 0.0, 1).expect("enough pairs");
    assert_eq!((quiet.more, quiet.measurements), (0, 1));
    sessions[0][0] = 3.0;
    let stalled = of_calibration(&sessions, 0.0, 1).expect("enough pairs");
    assert_eq!((stalled.more, stalled.excess[0]), (0, MAX_EXCESS));
    let after = |all: &[&WarmUp]| {
        let known = all.iter().map(|one| Some((*one).clone())).reduce(joined);
        known.flatten().expect("enough pairs").more
    };
    assert_eq!(after(&[&stalled, &quiet]), 0);
    assert_eq!(after(&[&stalled, &quiet, &quiet, &quiet]), 0);
    assert_eq!(after(&[&stalled, &stalled]), 2);
    assert_eq!(after(&[&stalled, &stalled, &quiet, &quiet]), 0);
}

#[test]
fn too_few_pairs_tell_nothing_and_keep_what_was_known() {
    let pairs =
        |count: usize| -> Vec<f64> { (0..count).map(|at| 0.01 * (at % 3) as f64).collect() };
    assert_eq!(of_calibration(&[], 0.0, 1), None);
    assert_eq!(
        of_calibration(&[pairs(9), pairs(9), pairs(9)], 0.0, 1),
        None
    );
    assert_eq!(of_calibration(&[pairs(10)], 0.0, 1), None);
    let known = of_calibration(&[pairs(10), pairs(10)], 0.0, 1);
    assert!(known.is_some());
    assert_eq!(joined(known.clone(), None), known);
}

#[test]
fn what_other_starts_showed_is_forgotten() {
    let sessions = vec![(0..10).map(|at| 0.01 * f64::from(at % 3)).collect(); 3];
    let dropping = |starts| of_calibration(&sessions, 0.0, starts);
    let twice = joined(dropping(1), dropping(1)).expect("enough pairs");
    assert_eq!(twice.measurements, 2);
    assert_eq!(joined(Some(twice), dropping(3)), dropping(3));
}

#[test]
fn values_without_scatter_are_held_against_their_step() {
    let mut sessions = vec![vec![1.0; 10]; 3];
    sessions[0][0] = 1.001;
    let of = |quantum| of_calibration(&sessions, quantum, 1).expect("enough pairs");
    assert!(of(0.001).excess[0] < 3.5, "one step is little");
    assert!(of(0.0001).excess[0] >= MAX_EXCESS, "ten are not");
    let none = of_calibration(&vec![vec![1.0; 10]; 3], 0.0, 1).expect("enough pairs");
    assert_eq!(none.excess, [0.0; 5]);
}
