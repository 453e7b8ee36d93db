//! Location and variance of a handful of repetitions, and the tails of their distributions.

use statrs::distribution::{ContinuousCDF, FisherSnedecor, StudentsT};

/// Share trimmed from each end. With five repetitions that drops one on each side, so that one bad
/// repetition does not move the estimate.
pub const TRIM: f64 = 0.2;

/// Fewest values that are trimmed; below, the plain mean is all there is.
pub const TRIM_FROM: usize = 5;

/// How a location is estimated. Chosen once per metric from history, never from the run under
/// judgement: choosing on its data would inflate the false-alarm rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// Mean of what trimming leaves, with a winsorised variance (Yuen).
    Trimmed,
    /// Mean and variance of everything.
    Plain,
}

/// A location with what is needed to say how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The location.
    pub centre: f64,
    /// Variance per value, such that the squared standard error is `variance / n`.
    pub variance: f64,
    /// Degrees of freedom of `variance`; zero for a single value.
    pub freedom: f64,
    /// Number of values.
    pub n: usize,
}

/// Estimates location and variance of `values`, which must not be empty nor hold a NaN.
#[must_use]
pub fn estimate(values: &[f64], location: Location) -> Estimate {
    let n = values.len();
    let trim = match location {
        Location::Trimmed => trimmed_away(n),
        Location::Plain => 0,
    };
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let kept = &sorted[trim..n - trim];
    let h = kept.len() as f64;
    let centre = mean(kept);
    let (Some(&low), Some(&high)) = (kept.first(), kept.last()) else {
        return Estimate {
            centre: 0.0,
            variance: 0.0,
            freedom: 0.0,
            n,
        };
    };
    if kept.len() < 2 {
        return Estimate {
            centre,
            variance: 0.0,
            freedom: 0.0,
            n,
        };
    }
    let winsorised: Vec<f64> = sorted.iter().map(|v| v.clamp(low, high)).collect();
    let about = mean(&winsorised);
    let squares: f64 = winsorised.iter().map(|v| (v - about).powi(2)).sum();
    Estimate {
        centre,
        variance: n as f64 * squares / (h * (h - 1.0)),
        freedom: h - 1.0,
        n,
    }
}

/// How many of `n` values are trimmed from each end.
pub(crate) fn trimmed_away(n: usize) -> usize {
    if n >= TRIM_FROM {
        (TRIM * n as f64).floor() as usize
    } else {
        0
    }
}

/// Arithmetic mean; zero for nothing.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    // Summing distances from the first value keeps identical values exactly identical.
    let first = values[0];
    first + values.iter().map(|v| v - first).sum::<f64>() / values.len() as f64
}

/// Median; `None` for nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// Probability that Student's t with `freedom` degrees exceeds `t`.
#[must_use]
pub fn t_above(t: f64, freedom: f64) -> f64 {
    if t.is_nan() {
        return 1.0;
    }
    StudentsT::new(0.0, 1.0, freedom).map_or(1.0, |dist| dist.sf(t))
}

/// The value that Student's t with `freedom` degrees exceeds with probability `upper`, below one half.
///
/// Taken from the lower tail, which mirrors the upper one and keeps full precision where `1 - upper`
/// would lose it.
#[must_use]
pub fn t_quantile(upper: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |dist| -dist.inverse_cdf(upper))
}

/// Probability that an F ratio with these degrees exceeds `ratio`.
#[must_use]
pub fn f_above(ratio: f64, numerator: f64, denominator: f64) -> f64 {
    if ratio.is_nan() {
        return 1.0;
    }
    if ratio.is_infinite() {
        return 0.0;
    }
    FisherSnedecor::new(numerator, denominator).map_or(1.0, |dist| dist.sf(ratio))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn trimming_drops_one_of_five_on_each_side() {
        let with_outlier = [1.0, 2.0, 3.0, 4.0, 900.0];
        let trimmed = estimate(&with_outlier, Location::Trimmed);
        assert!((trimmed.centre - 3.0).abs() < 1e-12, "{trimmed:?}");
        // Winsorised to 2 2 3 4 4: sum of squares 4, n/(h(h-1)) = 5/6.
        assert!(
            (trimmed.variance - 4.0 * 5.0 / 6.0).abs() < 1e-12,
            "{trimmed:?}"
        );
        assert!((trimmed.freedom - 2.0).abs() < 1e-12);
        let plain = estimate(&with_outlier, Location::Plain);
        assert!(
            (plain.centre - 182.0).abs() < 1e-9 && (plain.freedom - 4.0).abs() < 1e-12,
            "{plain:?}"
        );
    }

    #[test]
    fn single_values_have_no_variance_to_speak_of() {
        let one = estimate(&[7.0], Location::Trimmed);
        assert!((one.centre - 7.0).abs() < 1e-12 && one.freedom == 0.0 && one.n == 1);
    }

    #[test]
    fn student_tails_match_published_tables() {
        for (freedom, upper, expected) in [
            (1.0, 0.05, 6.313_751_5),
            (4.0, 0.05, 2.131_846_8),
            (8.0, 0.005, 3.355_387_3),
            (10.0, 0.0001, 5.693_820),
            (30.0, 0.001, 3.385_185),
            (8.0, 5e-5, 7.120_4),
        ] {
            let t = t_quantile(upper, freedom);
            assert!(
                (t / expected - 1.0).abs() < 1e-4,
                "t({upper}, {freedom}) = {t}, expected {expected}"
            );
        }
    }

    #[test]
    fn f_tails_match_published_tables() {
        for (ratio, numerator, denominator, expected) in [
            (18.00, 2.0, 8.0, 0.001_1),
            (4.26, 2.0, 9.0, 0.05),
            (8.77, 2.0, 30.0, 0.001),
        ] {
            let p = f_above(ratio, numerator, denominator);
            assert!(
                (p / expected - 1.0).abs() < 0.05,
                "F({ratio}; {numerator}, {denominator}) = {p}, expected {expected}"
            );
        }
    }

    proptest! {
        #[test]
        fn order_of_repetitions_does_not_matter(mut values in prop::collection::vec(-1e3_f64..1e3, 1..30)) {
            let before = estimate(&values, Location::Trimmed);
            values.reverse();
            let reversed = estimate(&values, Location::Trimmed);
            prop_assert!((before.centre - reversed.centre).abs() < 1e-9);
            prop_assert!((before.variance - reversed.variance).abs() <= 1e-9 * (1.0 + before.variance));
        }

        #[test]
        fn shifting_moves_only_the_centre(values in prop::collection::vec(-10.0_f64..10.0, 2..30), shift in -5.0_f64..5.0) {
            let shifted: Vec<f64> = values.iter().map(|v| v + shift).collect();
            let (a, b) = (estimate(&values, Location::Trimmed), estimate(&shifted, Location::Trimmed));
            prop_assert!((a.centre + shift - b.centre).abs() < 1e-9);
            prop_assert!((a.variance - b.variance).abs() < 1e-9 * (1.0 + a.variance));
        }

        #[test]
        fn the_quantile_inverts_the_tail_as_far_out_as_families_need(exponent in 0.4_f64..9.0, freedom in 5.0_f64..1000.0) {
            let upper = 10_f64.powf(-exponent);
            let back = t_above(t_quantile(upper, freedom), freedom);
            prop_assert!((back / upper - 1.0).abs() < 1e-4, "{upper} {back}");
        }

        #[test]
        fn identical_repetitions_have_exactly_no_variance(value in -1e6_f64..1e6, n in 2_usize..20) {
            let e = estimate(&vec![value; n], Location::Trimmed);
            prop_assert_eq!((e.variance.to_bits(), e.centre.to_bits()), (0, value.to_bits()));
        }
    }
}
