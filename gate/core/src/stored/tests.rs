use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Normal};
use rand_pcg::Pcg64Mcg;

use super::*;
use crate::family::discoveries;

/// Sessions of `repetitions` values: session-to-session and repetition noise around `level`.
fn sessions(rng: &mut Pcg64Mcg, noise: Noise, level: f64, count: usize) -> Vec<Vec<f64>> {
    let between = Normal::new(level, noise.between).expect("finite");
    (0..count)
        .map(|_| {
            let centre = between.sample(rng);
            let within = Normal::new(centre, noise.within).expect("finite");
            (0..5).map(|_| within.sample(rng)).collect()
        })
        .collect()
}

const COUNT: Nature = Nature {
    quantum: 0.0,
    may_be_exact: true,
};

#[derive(Clone, Copy)]
struct Noise {
    within: f64,
    between: f64,
}

/// The median row of `docs/verdict.md`'s simulation: repetitions scatter 1.6 %, sessions a quarter
/// of that and 0.2 %.
const QUIET: Noise = Noise {
    within: 0.016,
    between: 0.006,
};

struct Gate {
    failures: usize,
    found: usize,
}

/// Sessions of the candidate.
const CANDIDATE: usize = 3;

/// Gates of 100 that found 5, 10 and 20 %.
const FOUND: [usize; 3] = [49, 98, 100];

/// Whole gates of `rows` rows, the first of them worse by `planted`; three candidate sessions against
/// ten stored ones, decided as `crate::row` does.
fn simulate(gates: usize, rows: usize, planted: f64, noise: Noise) -> Gate {
    let mut rng = Pcg64Mcg::seed_from_u64(7);
    let margin = 0.03_f64.ln_1p();
    let mut outcome = Gate {
        failures: 0,
        found: 0,
    };
    for _ in 0..gates {
        let sides: Vec<_> = (0..rows)
            .map(|row| {
                // Rows differ in how noisy they are, as real metrics do.
                let spread = rng.random_range(0.5..2.0);
                let noise = Noise {
                    within: noise.within * spread,
                    between: noise.between * spread,
                };
                let level = if row == 0 { planted.ln_1p() } else { 0.0 };
                (
                    Baseline::new(&sessions(&mut rng, noise, 0.0, 10), COUNT),
                    sessions(&mut rng, noise, level, CANDIDATE),
                )
            })
            .collect();
        let ratios: Vec<f64> = sides
            .iter()
            .filter_map(|(baseline, _)| baseline.session_ratio())
            .collect();
        let fleet = crate::estimate::median(&ratios).expect("rows have history");
        let compared: Vec<Comparison> = sides
            .iter()
            .map(|(baseline, candidate)| baseline.compare(candidate, fleet))
            .collect();
        let evidence = |c: &Comparison| c.evidence.expect("ten sessions are evidence");
        let p: Vec<f64> = compared.iter().map(|c| evidence(c).p_worse).collect();
        let regressed: Vec<bool> = discoveries(&p, rows, 0.01)
            .into_iter()
            .zip(&compared)
            .map(|(found, c)| {
                found && c.worse >= margin && evidence(c).agreeing >= must_agree(CANDIDATE).0
            })
            .collect();
        outcome.found += usize::from(regressed[0] && planted > 0.0);
        outcome.failures += usize::from(
            regressed
                .iter()
                .skip(usize::from(planted > 0.0))
                .any(|r| *r),
        );
    }
    outcome
}

#[test]
fn unchanged_builds_rarely_fail_a_gate() {
    // Nominal level 1 %: more than 11 of 400 would happen once in 1,000 if it held exactly.
    let gate = simulate(400, 50, 0.0, QUIET);
    assert!(
        gate.failures <= 11,
        "{} of 400 gates failed with nothing changed",
        gate.failures
    );
}

#[test]
fn real_slowdowns_are_found_and_nothing_else() {
    let gates = [0.05, 0.10, 0.20].map(|planted| simulate(100, 50, planted, QUIET));
    // Found when written, as the page says; the bands are three binomial standard deviations below.
    let [least, more, most] = FOUND;
    let said = format!("{least} of 100 gates at +5 %, {more} at +10 %, {most} at +20 %");
    let page = include_str!("../../../../docs/verdict.md");
    assert!(page.contains(&said), "{said}");
    let found = gates.each_ref().map(|gate| gate.found);
    let at_least = [34, 93, 97];
    assert!(
        found
            .iter()
            .zip(at_least)
            .all(|(found, least)| *found >= least),
        "of 100 each: {found:?}"
    );
    let failures = gates.map(|gate| gate.failures);
    assert!(
        failures.iter().all(|&failures| failures <= 5),
        "{failures:?}"
    );
}

#[test]
fn noise_between_sessions_is_not_mistaken_for_a_change() {
    // Sessions scatter three times as much as their repetitions do: a plain test over all
    // repetitions would call most rows changed.
    let gate = simulate(
        200,
        50,
        0.0,
        Noise {
            within: 0.01,
            between: 0.03,
        },
    );
    assert!(
        gate.failures <= 8,
        "{} of 200 gates failed with nothing changed",
        gate.failures
    );
}

#[test]
fn exact_rows_need_no_test() {
    let baseline = Baseline::new(&[vec![3.0; 5], vec![3.0; 5]], COUNT);
    for (candidate, worse) in [(vec![vec![3.0; 5]], 0.0), (vec![vec![3.5; 5]], 0.5)] {
        let comparison = baseline.compare(&candidate, 1.0);
        assert!(
            comparison.exact && (comparison.worse - worse).abs() < 1e-12,
            "{comparison:?}"
        );
    }
    // One odd repetition and it is no longer exact.
    assert!(
        !baseline
            .compare(&[vec![3.0, 3.0, 3.1, 3.0, 3.0]], 1.0)
            .exact
    );
}

#[test]
fn two_sessions_of_history_are_no_evidence() {
    let baseline = Baseline::new(&[vec![1.0, 1.1, 0.9], vec![1.0, 1.2, 0.8]], COUNT);
    let comparison = baseline.compare(&[vec![2.0, 2.1, 1.9]], 1.0);
    assert!(comparison.evidence.is_none() && !comparison.exact);
    assert!((comparison.worse - 1.0).abs() < 1e-9);
}

#[test]
fn one_odd_session_cannot_agree_with_itself() {
    let mut rng = Pcg64Mcg::seed_from_u64(3);
    let baseline = Baseline::new(&sessions(&mut rng, QUIET, 0.0, 10), COUNT);
    let calm = sessions(&mut rng, QUIET, 0.0, 1).remove(0);
    let disturbed = sessions(&mut rng, QUIET, 0.3, 1).remove(0);
    let evidence = baseline
        .compare(&[calm, disturbed], 1.2)
        .evidence
        .expect("history");
    assert_eq!(evidence.agreeing, 1, "{evidence:?}");
    assert!(
        evidence.p_worse < 1e-3,
        "pooled it looks terrible: {evidence:?}"
    );
}

#[test]
fn two_sessions_alone_have_to_be_surer_than_three() {
    let mut rng = Pcg64Mcg::seed_from_u64(3);
    let baseline = Baseline::new(&sessions(&mut rng, QUIET, 0.0, 10), COUNT);
    let agreeing = |worse: f64, count: usize| {
        let session: Vec<f64> = [-0.01, 0.0, 0.0, 0.0, 0.01].map(|off| worse + off).into();
        let compared = baseline.compare(&vec![session; count], 1.2);
        compared.evidence.expect("history").agreeing
    };
    let first = |count: usize| (0..200).find(|at| agreeing(f64::from(*at) / 1e3, count) == count);
    let [two, three] = [2, 3].map(|count| first(count).expect("20 % is seen by all"));
    assert!(three < two, "{three} and {two} per mille");
}

#[test]
fn a_session_that_scatters_too_much_is_flagged_and_weighs_less() {
    let mut rng = Pcg64Mcg::seed_from_u64(5);
    let baseline = Baseline::new(&sessions(&mut rng, QUIET, 0.0, 10), COUNT);
    let calm = baseline
        .compare(&sessions(&mut rng, QUIET, 0.0, 2), 1.2)
        .evidence
        .expect("history");
    let wild = Noise {
        within: 0.3,
        between: 0.0,
    };
    let noisy = baseline
        .compare(&sessions(&mut rng, wild, 0.0, 2), 1.2)
        .evidence
        .expect("history");
    assert!(
        !calm.noisy && noisy.noisy && noisy.error > 3.0 * calm.error,
        "{calm:?} {noisy:?}"
    );
}

#[test]
fn only_the_newest_twenty_sessions_count() {
    let mut all: Vec<Vec<f64>> = vec![vec![100.0, 101.0, 99.0]; 30];
    all.extend(vec![vec![1.0, 1.1, 0.9]; MAX_SESSIONS]);
    let baseline = Baseline::new(&all, COUNT);
    assert_eq!(baseline.sessions, MAX_SESSIONS);
    assert!((baseline.centre - 1.0).abs() < 0.1);
}

#[test]
fn timings_that_agree_were_rounded_and_are_no_exact_evidence() {
    let timing = Nature {
        quantum: 0.001,
        may_be_exact: false,
    };
    let baseline = Baseline::new(&[vec![3.0; 5], vec![3.0; 5]], timing);
    assert!(!baseline.compare(&[vec![3.5; 5]], 1.0).exact);
}

proptest::proptest! {
    /// Constant sessions, single values, zero variance: every combination gives numbers.
    #[test]
    fn odd_but_valid_histories_never_panic_and_never_give_nan(
        levels in proptest::collection::vec(0_u8..3, 1..8),
        candidate in proptest::collection::vec(0_u8..3, 1..4),
        repetitions in 1_usize..6,
        scatter in 0_u8..2,
        fleet in 0.0_f64..1e6,
    ) {
        let session = |level: &u8| (0..repetitions).map(|r| f64::from(*level) + f64::from(scatter) * r as f64).collect();
        let baseline = Baseline::new(&levels.iter().map(session).collect::<Vec<_>>(), COUNT);
        let comparison = baseline.compare(&candidate.iter().map(session).collect::<Vec<_>>(), fleet);
        proptest::prop_assert!(comparison.worse.is_finite());
        if let Some(evidence) = comparison.evidence {
            proptest::prop_assert!(evidence.error > 0.0 && evidence.error.is_finite());
            proptest::prop_assert!((0.0..=1.0).contains(&evidence.p_worse) && (0.0..=1.0).contains(&evidence.p_better));
        }
    }
}
