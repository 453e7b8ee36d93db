//! What an index makes of a row: the kind of its scalars and the metric between them.

use usearch::{MetricKind, ScalarKind};

use super::truth::distance;

/// Bits of one scalar.
pub(crate) fn bits(kind: ScalarKind) -> usize {
    match kind {
        ScalarKind::F64 => 64,
        ScalarKind::F32 => 32,
        ScalarKind::BF16 | ScalarKind::F16 => 16,
        ScalarKind::B1 => 1,
        _ => 8,
    }
}

/// The kind as ids and parameters write it.
pub(crate) fn kind_name(kind: ScalarKind) -> &'static str {
    match kind {
        ScalarKind::F64 => "f64",
        ScalarKind::F32 => "f32",
        ScalarKind::BF16 => "bf16",
        ScalarKind::F16 => "f16",
        ScalarKind::I8 => "i8",
        ScalarKind::B1 => "b1",
        _ => "other",
    }
}

/// The metric as ids and parameters write it.
pub(crate) fn metric_name(metric: MetricKind) -> &'static str {
    match metric {
        MetricKind::IP => "ip",
        MetricKind::Cos => "cos",
        MetricKind::L2sq => "l2",
        MetricKind::Hamming => "hamming",
        _ => "other",
    }
}

/// The distance that an exact engine would report between two rows of unit length, and how far the
/// engine's own may be off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported {
    /// Computed from the rows as they were generated.
    pub(crate) distance: fn(&[f32], &[f32]) -> f32,
    /// Largest difference that rounding explains.
    pub(crate) tolerance: f32,
}

impl Reported {
    /// The same with another tolerance.
    pub(crate) fn within(self, tolerance: f32) -> Self {
        Self { tolerance, ..self }
    }

    /// What an index of this metric and kind reports.
    pub(crate) fn by(metric: MetricKind, kind: ScalarKind) -> Self {
        match metric {
            // Every bit counts, so nothing is rounded.
            MetricKind::Hamming => Self {
                distance: differing_signs,
                tolerance: 0.0,
            },
            // One scalar that the two computations cut to different sides of a step.
            MetricKind::IP if kind == ScalarKind::I8 => Self {
                distance: |a, b| 1.0 - product_of_bytes(a, b),
                tolerance: 127.0,
            },
            // Of unit vectors: 2 (1 - product), so errors count twice.
            MetricKind::L2sq => Self {
                distance: |a, b| 2.0 * distance(a, b),
                tolerance: 2.0 * rounding(kind),
            },
            _ => Self {
                distance,
                tolerance: rounding(kind),
            },
        }
    }
}

/// Largest error of a distance between rows of unit length whose scalars were rounded to the nearest of
/// `kind`. Each scalar is off by at most half a unit in its last place, 2^-8 of it for the eight bits of
/// bf16, so each of the products by twice that, and their sum too (Cauchy-Schwarz). The errors of hundreds
/// of products mostly cancel; those of three need not.
fn rounding(kind: ScalarKind) -> f32 {
    match kind {
        // Sums in another order.
        ScalarKind::F64 | ScalarKind::F32 => 1e-5,
        ScalarKind::F16 => 2.0_f32.powi(-10),
        _ => 2.0_f32.powi(-7),
    }
}

/// The product of two rows as the engine's bytes: it scales a row to the length 127, cuts the
/// fractions off, which leaves most of 384 scalars three bits, and does not scale back.
fn product_of_bytes(a: &[f32], b: &[f32]) -> f32 {
    let length = |row: &[f32]| {
        row.iter()
            .map(|&x| f64::from(x).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let (of_a, of_b) = (length(a), length(b));
    let byte = |x: &f32, length: f64| (f64::from(*x) * 127.0 / length) as i8;
    let products = a.iter().zip(b);
    let products = products.map(|(a, b)| i32::from(byte(a, of_a)) * i32::from(byte(b, of_b)));
    products.sum::<i32>() as f32
}

fn differing_signs(a: &[f32], b: &[f32]) -> f32 {
    let differ = |(a, b): &(&f32, &f32)| (**a > 0.0) != (**b > 0.0);
    a.iter().zip(b).filter(differ).count() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_scalars_may_all_be_rounded_the_same_way() {
        // Seen among a million rows of three dimensions.
        let (found, exact) = (-0.004_302_978_5_f32, 0.000_829_391_7_f32);
        let tolerance = Reported::by(MetricKind::IP, ScalarKind::BF16).tolerance;
        assert!((found - exact).abs() <= tolerance);
    }

    #[test]
    fn reported_distances_follow_the_metric() {
        let (a, b) = ([0.6, 0.8], [0.6, -0.8]);
        // The product of the two is -0.28.
        for (metric, expected) in [
            (MetricKind::IP, 1.28),
            (MetricKind::Cos, 1.28),
            (MetricKind::L2sq, 2.56),
            (MetricKind::Hamming, 1.0),
        ] {
            let found = (Reported::by(metric, ScalarKind::F32).distance)(&a, &b);
            assert!((found - expected).abs() < 1e-6, "{metric:?}: {found}");
        }
    }
}
