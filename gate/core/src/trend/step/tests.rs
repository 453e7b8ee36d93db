//! Steps that were planted, and nights on which nothing happened.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_distr::{Distribution, Normal};
use rand_pcg::Pcg64Mcg;

use super::*;

const NOISE: f64 = 0.01;

/// Nights of a level of zero and a scatter of one percent, each `correlation` like the one before.
fn nights(seed: u64, count: usize, correlation: f64) -> Vec<f64> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let normal = Normal::new(0.0, NOISE * (1.0 - correlation * correlation).sqrt()).expect("sound");
    let mut last = 0.0;
    (0..count)
        .map(|_| {
            last = correlation * last + normal.sample(&mut random);
            last
        })
        .collect()
}

fn with_step(mut values: Vec<f64>, onset: usize, size: f64) -> Vec<f64> {
    values[onset..].iter_mut().for_each(|value| *value += size);
    values
}

#[test]
fn a_planted_step_is_found_where_it_is() {
    let (mut late, mut off) = (0, 0);
    for seed in 0..200 {
        let values = with_step(nights(seed, 50, 0.0), 40, 0.05);
        let found = steps(&values, LIMIT_MANY, MIN_SIZE);
        let [step] = found[..] else {
            panic!("seed {seed}: {found:?}");
        };
        off += usize::from(step.onset != 40);
        assert!(step.onset.abs_diff(40) <= 4, "seed {seed}: {step:?}");
        assert!(
            (step.to - step.from - 0.05).abs() < 0.03,
            "seed {seed}: {step:?}"
        );
        late = late.max(step.found - 40);
    }
    assert!(off <= 10, "{off} of 200 steps are dated some nights off");
    assert!(late <= 6, "found {late} nights after it happened");
}

/// 50,000 looks each; `docs/nightly.md` quotes the counts.
#[test]
fn nothing_happened_and_hardly_anything_is_told() {
    let alarms = |correlation: f64, limit: f64| -> usize {
        let series = (0..200).map(|seed| nights(seed, 250, correlation));
        series
            .map(|nights| steps(&nights, limit, MIN_SIZE).len())
            .sum()
    };
    let counted = [0.0, 0.3]
        .map(|correlation| [LIMIT_FEW, LIMIT_MANY].map(|limit| alarms(correlation, limit)));
    assert_eq!(counted, [[4, 1], [39, 13]]);
}

#[test]
fn what_is_no_step_makes_none() {
    let still = nights(2, 60, 0.0);
    let one_bad_night = |at: usize, size: f64| {
        let mut values = still.clone();
        values[at] += size;
        values
    };
    let slow = |size: f64| -> Vec<f64> {
        still
            .iter()
            .enumerate()
            .map(|(i, v)| v + size * i as f64)
            .collect()
    };
    for (name, values) in [
        ("nothing", vec![]),
        ("too few nights", with_step(vec![0.0; 16], 13, 1.0)),
        ("one wild night at the end", one_bad_night(59, 100.0)),
        ("one wild night in the middle", one_bad_night(30, -100.0)),
        (
            "a step below what is told",
            with_step(vec![0.0; 40], 20, 0.009),
        ),
        ("exact and still", vec![7.0; 60]),
        ("hardly a drift", slow(0.0001)),
        (
            "two levels in turn",
            (0..60).map(|i| f64::from(i % 2)).collect(),
        ),
    ] {
        assert_eq!(steps(&values, LIMIT_MANY, MIN_SIZE), [], "{name}");
    }
}

#[test]
fn a_counter_that_repeats_exactly_steps_at_once() {
    let found = steps(&with_step(vec![3.0; 30], 20, 0.02), LIMIT_MANY, MIN_SIZE);
    let [step] = found[..] else {
        panic!("{found:?}");
    };
    assert_eq!((step.onset, step.found), (20, 22));
    assert_eq!((step.from, step.to), (3.0, 3.02));
}

#[test]
fn a_step_and_its_repair_are_two_steps() {
    let values = with_step(with_step(nights(3, 80, 0.0), 30, 0.08), 55, -0.08);
    let onsets: Vec<usize> = steps(&values, LIMIT_MANY, MIN_SIZE)
        .iter()
        .map(|step| step.onset)
        .collect();
    assert_eq!(onsets.len(), 2, "{onsets:?}");
    assert!(
        onsets[0].abs_diff(30) <= 1 && onsets[1].abs_diff(55) <= 1,
        "{onsets:?}"
    );
}

/// 200 levels of ten times the scatter, for a few nights: how many stand on the last of them, three nights later, and
/// 60 nights later. `docs/nightly.md` quotes the counts.
#[test]
fn what_lasted_a_few_nights_does_not_stand_for_ever() {
    let counted = [3, 5, 9, 13].map(|lasting| {
        let fixed = 40 + lasting;
        [fixed, fixed + 3, fixed + 60].map(|end| {
            let stands = |seed: &u64| {
                let worse = with_step(nights(*seed, fixed + 60, 0.0), 40, 0.1);
                let values = &with_step(worse, fixed, -0.1)[..end];
                let last = steps(values, LIMIT_MANY, MIN_SIZE).pop();
                last.is_some_and(|step| step.to > step.from && step.stands(values))
            };
            (0..200).filter(stands).count()
        })
    });
    assert_eq!(
        counted,
        [[147, 0, 0], [195, 0, 0], [200, 0, 0], [200, 0, 0]]
    );
}

/// Two nights stand out with the one before them; what is said to be the first must be the first all the same.
#[test]
fn a_large_step_is_dated_to_the_night() {
    for seed in 0..200 {
        let values = with_step(nights(seed, 50, 0.0), 40, 0.1);
        let found = steps(&values, LIMIT_FEW, MIN_SIZE);
        let step = found.iter().find(|step| step.found >= 40);
        assert_eq!(step.map(|step| step.onset), Some(40), "seed {seed}");
    }
}

#[test]
fn a_second_step_soon_after_the_first_is_found() {
    for seed in 0..200 {
        let values = with_step(with_step(nights(seed, 80, 0.0), 40, 0.1), 46, 0.3);
        let found = steps(&values, LIMIT_MANY, MIN_SIZE);
        let second = found.iter().find(|step| step.onset.abs_diff(46) <= 1);
        assert!(
            second.is_some_and(|step| step.found <= 50),
            "seed {seed}: {found:?}"
        );
    }
}

/// 200 steps of five times the scatter, and 60 nights after each; `docs/nightly.md` quotes the counts.
#[test]
fn a_step_makes_hardly_any_false_ones_after_it() {
    let more = |correlation: f64, limit: f64| -> usize {
        let after = (0..200).map(|seed| {
            let values = with_step(nights(seed, 100, correlation), 40, 0.05);
            let found = steps(&values, limit, MIN_SIZE);
            found.iter().filter(|step| step.found >= 40).count() - 1
        });
        after.sum()
    };
    let counted =
        [0.0, 0.3].map(|correlation| [LIMIT_FEW, LIMIT_MANY].map(|limit| more(correlation, limit)));
    assert_eq!(counted, [[2, 1], [28, 8]]);
}

#[test]
fn levels_of_nothing_have_no_score_that_is_no_number() {
    for (values, expected) in [
        (vec![0.0; 40], 0),
        (with_step(vec![0.0; 40], 39, 1.0), 0),
        (with_step(vec![0.0; 40], 30, 1.0), 1),
    ] {
        let found = steps(&values, LIMIT_FEW, 0.0);
        assert_eq!(found.len(), expected, "{found:?}");
        assert!(found.iter().all(|step| step.score.is_finite()), "{found:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// What was found stays found: later nights change nothing about steps of before.
    #[test]
    fn later_nights_do_not_rewrite_earlier_ones(seed in 0_u64..1000, onset in 15_usize..60, size in -0.2_f64..0.2) {
        let values = with_step(nights(seed, 80, 0.2), onset, size);
        let all = steps(&values, LIMIT_FEW, MIN_SIZE);
        for end in [40, 60, 79] {
            let then = steps(&values[..end], LIMIT_FEW, MIN_SIZE);
            let known: Vec<Step> = all.iter().copied().filter(|step| step.found < end).collect();
            prop_assert_eq!(then, known);
        }
    }

    /// Neither another unit nor another direction finds other steps.
    #[test]
    fn steps_do_not_depend_on_level_or_sign(seed in 0_u64..1000, size in -0.2_f64..0.2, shift in -5.0_f64..5.0) {
        let values = with_step(nights(seed, 60, 0.0), 40, size);
        let places = |values: &[f64]| -> Vec<(usize, usize)> {
            steps(values, LIMIT_FEW, MIN_SIZE).iter().map(|step| (step.onset, step.found)).collect()
        };
        let expected = places(&values);
        let shifted: Vec<f64> = values.iter().map(|value| value + shift).collect();
        let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
        prop_assert_eq!(places(&shifted), expected.clone());
        prop_assert_eq!(places(&mirrored), expected);
    }

    /// No night, however wild, is too strange to look at.
    #[test]
    fn no_series_is_too_strange(values in prop::collection::vec(-1e12_f64..1e12, 0..120)) {
        for step in steps(&values, LIMIT_FEW, MIN_SIZE) {
            prop_assert!(step.onset < step.found && step.found < values.len());
            prop_assert!(step.score.is_finite() && step.from.is_finite() && step.to.is_finite());
        }
    }
}
