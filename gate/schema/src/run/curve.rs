//! Cost by quality, so that costs are compared at equal quality.

use serde::Serialize;

/// Cost by quality: what each setting of an engine costs, and how good its answers are.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Curve {
    /// Quality, a ratio, and cost in the declared unit; one point per setting, in any order.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// The cost of the cheapest way to reach `quality`: points that another beats in both are left
    /// out, and between two that remain the logarithm of the cost is a straight line. `None` when no
    /// point reaches that quality.
    #[must_use]
    pub fn cost_at(&self, quality: f64) -> Option<f64> {
        let mut points = self.points.clone();
        // Best quality first; among equals the cheapest.
        points.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
        let mut above: Option<(f64, f64)> = None;
        for point in points {
            let beaten = above.is_some_and(|above| above.1 <= point.1);
            if point.0 >= quality {
                if !beaten {
                    above = Some(point);
                }
            } else if let (Some(above), false) = (above, beaten) {
                // What costs nothing has no logarithm, and promises nothing at a higher quality.
                if point.1 <= 0.0 {
                    return Some(above.1);
                }
                let share = (quality - point.0) / (above.0 - point.0);
                return Some((point.1.ln() + share * (above.1 / point.1).ln()).exp());
            }
        }
        above.map(|(_, cost)| cost)
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
            let cost = Curve { points }.cost_at(quality);
            let is_close = match (cost, expected) {
                (Some(cost), Some(expected)) => (cost - expected).abs() < 1e-6 * expected,
                (cost, expected) => cost == expected,
            };
            assert!(is_close, "{name}: {cost:?}, expected {expected:?}");
        }
    }
}
