//! Cost or rate by quality, so that they are compared at equal quality.

use serde::Serialize;

use crate::unit::Direction;

/// Cost or rate by quality: what each setting of an engine costs or yields, and how good its answers
/// are.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Curve {
    /// Quality, a ratio, and cost or rate in the declared unit; one point per setting, in any order.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// The least cost at which `quality` is reached, or the highest rate where `direction` says that
    /// higher is better: points that another beats in both are left out, and between two that remain
    /// the logarithm of the number is a straight line. `None` when no point reaches that quality.
    #[must_use]
    pub fn best_at(&self, quality: f64, direction: Direction) -> Option<f64> {
        let worse = |number: f64| direction.sign() * number;
        let mut points = self.points.clone();
        // Best quality first; among equals the best number.
        points.sort_by(|a, b| {
            let by_number = worse(a.1).total_cmp(&worse(b.1));
            b.0.total_cmp(&a.0).then(by_number)
        });
        let mut above: Option<(f64, f64)> = None;
        for point in points {
            let beaten = above.is_some_and(|above| worse(above.1) <= worse(point.1));
            if point.0 >= quality {
                if !beaten {
                    above = Some(point);
                }
            } else if let (Some(above), false) = (above, beaten) {
                // Zero has no logarithm, and what costs nothing promises nothing at a higher quality.
                if point.1 <= 0.0 || above.1 <= 0.0 {
                    return Some(above.1);
                }
                let share = (quality - point.0) / (above.0 - point.0);
                return Some((point.1.ln() + share * (above.1 / point.1).ln()).exp());
            }
        }
        above.map(|(_, number)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_read_at_equal_quality() {
        let rising = vec![(0.90, 100.0), (0.98, 400.0), (0.94, 200.0)];
        for (name, points, quality, expected) in [
            ("a point of its own", rising.clone(), 0.94, Some(200.0)),
            (
                "halfway, on the logarithm",
                rising.clone(),
                0.96,
                Some(282.842_712),
            ),
            ("above all", rising.clone(), 0.99, None),
            (
                "below all: nothing cheaper was tried",
                rising.clone(),
                0.5,
                Some(100.0),
            ),
            ("no points", vec![], 0.5, None),
            (
                "one that another beats in both says nothing",
                vec![(0.90, 100.0), (0.94, 900.0), (0.98, 400.0)],
                0.94,
                Some(200.0),
            ),
            (
                "free, but not good enough",
                vec![(0.90, 0.0), (0.96, 300.0)],
                0.95,
                Some(300.0),
            ),
            (
                "equal quality, the cheaper",
                vec![(0.95, 300.0), (0.95, 200.0)],
                0.95,
                Some(200.0),
            ),
        ] {
            let cost = Curve { points }.best_at(quality, Direction::Lower);
            assert!(is_close(cost, expected), "{name}: {cost:?}");
        }
    }

    #[test]
    fn rates_are_read_at_equal_quality() {
        let falling = vec![(0.90, 8000.0), (0.98, 2000.0), (0.94, 4000.0)];
        for (name, points, quality, expected) in [
            (
                "a point of its own, and not the lowest rate",
                falling.clone(),
                0.94,
                Some(4000.0),
            ),
            (
                "halfway, on the logarithm",
                falling.clone(),
                0.96,
                Some(2_828.427_12),
            ),
            ("above all", falling.clone(), 0.99, None),
            (
                "below all: nothing faster was tried",
                falling,
                0.5,
                Some(8000.0),
            ),
            (
                "one that another beats in both says nothing",
                vec![(0.90, 8000.0), (0.94, 1000.0), (0.98, 2000.0)],
                0.94,
                Some(4000.0),
            ),
            (
                "nothing at all where the quality is reached",
                vec![(0.90, 5.0), (0.98, 0.0)],
                0.95,
                Some(0.0),
            ),
            (
                "equal quality, the faster",
                vec![(0.95, 200.0), (0.95, 300.0)],
                0.95,
                Some(300.0),
            ),
        ] {
            let rate = Curve { points }.best_at(quality, Direction::Higher);
            assert!(is_close(rate, expected), "{name}: {rate:?}");
        }
    }

    fn is_close(found: Option<f64>, expected: Option<f64>) -> bool {
        match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= 1e-6 * expected,
            (found, expected) => found == expected,
        }
    }
}
