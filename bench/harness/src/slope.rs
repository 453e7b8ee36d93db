//! How fast a figure grows over time or work, whatever a few odd points say.
//!
//! Theil and Sen: the median of the slopes between all pairs of points. A quarter of the points may be
//! anything before it is misled, where a straight line by least squares follows every one of them, and
//! last minus first follows two.

/// Most points a slope is taken of: with more, every so many are left out. All pairs of these are sorted.
const MAX_POINTS: usize = 400;

/// Fewest points whose slope has an interval.
const MIN_POINTS: usize = 5;

/// Standard deviations of a two-sided 95 % interval.
const Z_95: f64 = 1.959_964;

/// A slope through points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// What `y` grows by when `x` grows by one.
    pub per_unit: f64,
    /// Lower and upper end of the 95 % interval, from the distribution of Kendall's rank correlation (Sen
    /// 1968). It takes the points' errors for independent: those of a series that wanders are not, and
    /// there it is too narrow.
    pub interval: (f64, f64),
}

impl Slope {
    /// The slope through `(x, y)` points. `None` with fewer than five of them, numbers that are not finite,
    /// or fewer than two different `x`.
    #[must_use]
    pub fn of(points: &[(f64, f64)]) -> Option<Self> {
        let stride = points.len().div_ceil(MAX_POINTS).max(1);
        let points: Vec<(f64, f64)> = points.iter().step_by(stride).copied().collect();
        let is_finite = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
        if points.len() < MIN_POINTS || !points.iter().all(is_finite) {
            return None;
        }
        let mut slopes = Vec::with_capacity(points.len() * (points.len() - 1) / 2);
        for (at, (x, y)) in points.iter().enumerate() {
            let later = points[at + 1..]
                .iter()
                .filter(|(other, _)| (other - x).abs() > 0.0);
            slopes.extend(later.map(|(later_x, later_y)| (later_y - y) / (later_x - x)));
        }
        slopes.sort_by(f64::total_cmp);
        // Half of the pairs by which the ranks of points without a trend would be out of order.
        let n = points.len() as f64;
        let off = Z_95 * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
        let last = slopes.len().checked_sub(1)?;
        // Counted from 1 there.
        let low = ((slopes.len() as f64 - off) / 2.0 - 1.0).max(0.0) as usize;
        Some(Self {
            per_unit: median(&slopes),
            interval: (slopes[low], slopes[last - low]),
        })
    }

    /// Whether it grows for certain: the whole interval lies above zero.
    #[must_use]
    pub fn is_growing(&self) -> bool {
        self.interval.0 > 0.0
    }
}

fn median(sorted: &[f64]) -> f64 {
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Not random, and without a trend.
    fn wobble(at: usize) -> f64 {
        (at * 7_919 % 101) as f64 / 101.0 - 0.5
    }

    fn line(slope: f64, count: usize, noise: f64) -> Vec<(f64, f64)> {
        let points = (0..count).map(|at| (at as f64, 1e6 + slope * at as f64 + noise * wobble(at)));
        points.collect()
    }

    #[test]
    fn leaks_are_told_from_what_goes_up_and_down() {
        for (case, points, is_growing) in [
            ("flat", line(0.0, 60, 0.0), false),
            ("noise alone", line(0.0, 60, 100.0), false),
            ("shrinking", line(-5.0, 60, 100.0), false),
            ("a leak under noise", line(5.0, 60, 100.0), true),
            (
                "flat but for one odd point",
                {
                    let mut points = line(0.0, 60, 0.0);
                    points[0].1 -= 1e5;
                    points
                },
                false,
            ),
        ] {
            let slope = Slope::of(&points).expect("enough points");
            assert_eq!(slope.is_growing(), is_growing, "{case}: {slope:?}");
        }
    }

    #[test]
    fn too_little_has_no_slope() {
        for points in [
            line(1.0, 4, 0.0),
            vec![(1.0, 2.0); 10],
            vec![(0.0, f64::NAN); 10],
            vec![],
        ] {
            assert_eq!(Slope::of(&points), None, "{points:?}");
        }
    }

    proptest! {
        #[test]
        fn a_line_is_found_through_a_fifth_of_anything(
            slope in -1e3_f64..1e3,
            odd in proptest::collection::vec((0_usize..100, -1e9_f64..1e9), 0..10),
        ) {
            let mut points = line(slope, 100, 0.0);
            for (at, y) in odd {
                points[at].1 = y;
            }
            let found = Slope::of(&points).expect("enough points");
            prop_assert!((found.per_unit - slope).abs() < 1e-6 * slope.abs().max(1.0), "{found:?}");
        }

        #[test]
        fn units_scale_and_shifts_do_not_matter(
            points in proptest::collection::vec((0_u16..100, -1e3_f64..1e3), 5..60),
            factor in 0.1_f64..10.0,
            shift in -1e3_f64..1e3,
        ) {
            let points: Vec<_> = points.iter().map(|(x, y)| (f64::from(*x), *y)).collect();
            let Some(slope) = Slope::of(&points) else { return Ok(()) };
            prop_assert!(slope.interval.0 <= slope.per_unit && slope.per_unit <= slope.interval.1);
            let moved: Vec<_> = points.iter().map(|(x, y)| (*x, factor * y + shift)).collect();
            let moved = Slope::of(&moved).expect("as many points");
            let expected = factor * slope.per_unit;
            prop_assert!((moved.per_unit - expected).abs() <= 1e-6 * expected.abs().max(1.0));
            let mirrored: Vec<_> = points.iter().map(|(x, y)| (*x, -y)).collect();
            let mirrored = Slope::of(&mirrored).expect("as many points");
            prop_assert_eq!(mirrored.is_growing(), slope.interval.1 < 0.0);
        }
    }
}
