//! How a figure grows with size: a power law through measurements at several sizes.
//!
//! A cost that grows as the logarithm of the size is cheap for ever, one that grows as the size is
//! not; and the difference shows at sizes that are quick to measure, long before it hurts.
//!
//! What is measured again and again at one size is one point: a size has its own place in the caches and
//! its own luck with the data, which no repetition averages away. Only sizes are independent of each other.

use std::collections::BTreeMap;

/// Fewest sizes that bear a fit: two always lie on a line.
pub const MIN_SIZES: usize = 3;

/// Half-width of a 95 % interval in standard errors, by degrees of freedom from 1 on (Student's t).
const T_95: [f64; 8] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306];

/// A power law `y = a * x^b`, fitted by least squares on logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// `b`: 0 is flat, 1 is linear.
    pub exponent: f64,
    /// Half-width of the 95 % interval of the exponent.
    pub half_width: f64,
    /// `ln a`.
    intercept: f64,
    /// Mean of `ln x`, sum of squared deviations from it, number of different sizes.
    centre: f64,
    spread: f64,
    sizes: usize,
    /// Standard deviation of the sizes' figures around the law, in logarithms.
    scatter: f64,
}

/// What the law promises at a size that was not measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extrapolation {
    /// The figure on the law.
    pub expected: f64,
    /// Lower and upper end of the 95 % prediction interval. It knows the scatter of the measurements
    /// and nothing of what changes beyond them: caches that overflow, disks that fill.
    pub interval: (f64, f64),
}

impl Growth {
    /// Fits `(size, figure)` pairs, those of one size by their geometric mean. `None` with fewer than
    /// [`MIN_SIZES`] different sizes or a pair that is not positive and finite.
    #[must_use]
    pub fn fit(points: &[(f64, f64)]) -> Option<Self> {
        let points = of_sizes(points)?;
        let line = Line::through(&points);
        let squares = points.iter().map(|(x, y)| (y - line.at(*x)).powi(2));
        let scatter = (squares.sum::<f64>() / (points.len() as f64 - 2.0)).sqrt();
        Some(Self {
            exponent: line.slope,
            half_width: t_95(points.len()) * scatter / line.spread.sqrt(),
            intercept: line.intercept,
            centre: line.centre,
            spread: line.spread,
            sizes: points.len(),
            scatter,
        })
    }

    /// The figure at the largest size over what a law through the smaller ones alone would have promised:
    /// 1 where the law holds. `None` as for [`Growth::fit`].
    #[must_use]
    pub fn held_out(points: &[(f64, f64)]) -> Option<f64> {
        let points = of_sizes(points)?;
        let ((x, y), smaller) = points.split_last()?;
        Some((y - Line::through(smaller).at(*x)).exp())
    }

    /// By which factor the figure grows when the size grows tenfold: 1 is flat, 10 is linear.
    #[must_use]
    pub fn per_tenfold(&self) -> f64 {
        10_f64.powf(self.exponent)
    }

    /// The ends of its 95 % interval.
    #[must_use]
    pub fn interval_per_tenfold(&self) -> [f64; 2] {
        let end = |half_width| 10_f64.powf(self.exponent + half_width);
        [end(-self.half_width), end(self.half_width)]
    }

    /// The law at another size.
    #[must_use]
    pub fn at(&self, size: f64) -> Extrapolation {
        let x = size.ln();
        let expected = self.intercept + self.exponent * x;
        let leverage = 1.0 + 1.0 / self.sizes as f64 + (x - self.centre).powi(2) / self.spread;
        let half_width = t_95(self.sizes) * self.scatter * leverage.sqrt();
        Extrapolation {
            expected: expected.exp(),
            interval: ((expected - half_width).exp(), (expected + half_width).exp()),
        }
    }
}

/// A line by least squares.
struct Line {
    slope: f64,
    intercept: f64,
    /// Mean of the abscissas, and the sum of their squared deviations from it.
    centre: f64,
    spread: f64,
}

impl Line {
    /// Through two points or more, not all above each other.
    fn through(points: &[(f64, f64)]) -> Self {
        let count = points.len() as f64;
        let centre = points.iter().map(|(x, _)| x).sum::<f64>() / count;
        let mean = points.iter().map(|(_, y)| y).sum::<f64>() / count;
        let spread = points.iter().map(|(x, _)| (x - centre).powi(2)).sum();
        let product = points.iter().map(|(x, y)| (x - centre) * (y - mean));
        let slope = product.sum::<f64>() / spread;
        Self {
            slope,
            intercept: mean - slope * centre,
            centre,
            spread,
        }
    }

    fn at(&self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }
}

/// One point per size, in logarithms, smallest first; `None` where that bears no fit.
fn of_sizes(points: &[(f64, f64)]) -> Option<Vec<(f64, f64)>> {
    let is_positive = |value: f64| value.is_finite() && value > 0.0;
    if !points
        .iter()
        .all(|(x, y)| is_positive(*x) && is_positive(*y))
    {
        return None;
    }
    // Numbers above zero are in the order of their bits.
    let mut sizes: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (x, y) in points {
        sizes.entry(x.to_bits()).or_default().push(y.ln());
    }
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let points = sizes.into_iter();
    let points = points.map(|(x, figures)| (f64::from_bits(x).ln(), mean(&figures)));
    Some(points.collect()).filter(|points: &Vec<_>| points.len() >= MIN_SIZES)
}

/// For a line through that many points.
fn t_95(points: usize) -> f64 {
    let freedom = points.saturating_sub(2).clamp(1, T_95.len());
    T_95[freedom - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law(exponent: f64, sizes: &[f64]) -> Vec<(f64, f64)> {
        sizes.iter().map(|x| (*x, 3.0 * x.powf(exponent))).collect()
    }

    #[test]
    fn a_law_is_found_again() {
        for exponent in [0.0, 0.1, 0.5, 1.0, 2.0] {
            let growth = Growth::fit(&law(exponent, &[1e3, 1e4, 1e5])).expect("three sizes");
            assert!((growth.exponent - exponent).abs() < 1e-9, "{growth:?}");
            assert!(growth.half_width < 1e-6, "no scatter, no doubt: {growth:?}");
            let far = growth.at(1e9);
            let expected = 3.0 * 1e9_f64.powf(exponent);
            assert!((far.expected / expected - 1.0).abs() < 1e-6, "{far:?}");
        }
        let linear = Growth::fit(&law(1.0, &[1e3, 1e4, 1e5])).expect("three sizes");
        assert!((linear.per_tenfold() - 10.0).abs() < 1e-6);
    }

    #[test]
    fn too_little_bears_no_fit() {
        for points in [
            law(1.0, &[1e3, 1e4]),
            law(1.0, &[1e3, 1e3, 1e4]),
            vec![(1e3, 1.0), (1e4, 0.0), (1e5, 3.0)],
            vec![(1e3, 1.0), (1e4, f64::NAN), (1e5, 3.0)],
            vec![],
        ] {
            assert_eq!(Growth::fit(&points), None, "{points:?}");
            assert_eq!(Growth::held_out(&points), None, "{points:?}");
        }
    }

    #[test]
    fn the_largest_size_tells_whether_the_law_of_the_others_holds() {
        let held_out = |points: &[(f64, f64)]| Growth::held_out(points).expect("three sizes");
        let sizes = [1e3, 1e4, 1e5];
        assert!((held_out(&law(0.3, &sizes)) - 1.0).abs() < 1e-9);
        // Half as much again at the largest, measured twice and in any order.
        let mut bent = law(0.3, &sizes);
        bent[2].1 *= 1.5;
        bent.push(bent[2]);
        bent.reverse();
        assert!((held_out(&bent) - 1.5).abs() < 1e-9);
    }

    /// Between -1 and 1, another for every number (splitmix64).
    fn error(number: u64) -> f64 {
        let mix = |n: u64, shift: u32, by: u64| (n ^ (n >> shift)).wrapping_mul(by);
        let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = mix(
            mix(mixed, 30, 0xBF58_476D_1CE4_E5B9),
            27,
            0x94D0_49BB_1331_11EB,
        );
        ((mixed ^ (mixed >> 31)) >> 40) as f64 / f64::from(1 << 23) - 1.0
    }

    #[test]
    fn turns_of_one_size_do_not_make_the_law_surer() {
        // Every size is off by up to a tenth, and each of its five turns by up to another hundredth.
        let covered = |turns: u64| {
            let cases = (0..1_000).filter(|case| {
                let sizes = [1e4_f64, 1e5, 1e6].into_iter().zip(0..);
                let points: Vec<(f64, f64)> = sizes
                    .flat_map(|(size, number)| {
                        let of_size = 100 * (3 * case + number);
                        (0..turns).map(move |turn| {
                            let off = 0.1 * error(of_size + 99) + 0.01 * error(of_size + turn);
                            (size, size.powf(0.3) * off.exp())
                        })
                    })
                    .collect();
                let growth = Growth::fit(&points).expect("three sizes");
                (growth.exponent - 0.3).abs() <= growth.half_width
            });
            cases.count()
        };
        for turns in [1, 5, 20] {
            let covered = covered(turns);
            assert!((920..=980).contains(&covered), "{turns}: {covered}");
        }
    }

    #[test]
    fn intervals_cover_and_widen_with_the_distance() {
        // Alternately 5 % above and below a square root.
        let points: Vec<(f64, f64)> = (0_i32..6)
            .map(|number| {
                let size = 1e3 * 4_f64.powi(number);
                let error = if number % 2 == 0 { 1.05 } else { 0.95 };
                (size, size.sqrt() * error)
            })
            .collect();
        let growth = Growth::fit(&points).expect("six sizes");
        assert!(
            (growth.exponent - 0.5).abs() < growth.half_width,
            "{growth:?}"
        );
        assert!(growth.half_width < 0.05, "{growth:?}");
        let width = |size: f64| {
            let (low, high) = growth.at(size).interval;
            assert!(low < size.sqrt() && size.sqrt() < high, "{size}");
            high / low
        };
        assert!(width(1e6) < width(1e8) && width(1e8) < width(1e9));
    }
}
