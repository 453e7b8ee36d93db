//! Drift: a level that crept away, in parts too small to be steps.

use super::step::{WINDOW, correlation, inflation, scale};
use crate::estimate::{Location, estimate, median, trimmed_away};

/// Points that the level is held against: the oldest since the last step.
pub const ANCHOR: usize = 14;

/// Newest points, whose level is told.
pub const RECENT: usize = 7;

/// Standard errors that a drift must be away from nothing. It is looked at night after night.
pub const SURE: f64 = 4.0;

/// A level that crept away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// First point of the anchor.
    pub since: usize,
    /// Standard errors between the two levels.
    pub score: f64,
    /// Level at the anchor.
    pub from: f64,
    /// Level now.
    pub to: f64,
}

/// The drift of a series without steps, if there is one of at least `smallest`, and most of the newest points are that
/// far away: the first two of a large step would move the mean of them.
#[must_use]
pub fn drift(values: &[f64], smallest: f64) -> Option<Drift> {
    let drift = measured(values)?;
    let most = median(&values[values.len() - RECENT..])?;
    let is_far = |level: f64| (level - drift.from).abs() >= smallest;
    (drift.score > SURE && is_far(drift.to) && is_far(most)).then_some(drift)
}

/// How far a series without steps has crept, told or not; `None` with too few points.
pub(super) fn measured(values: &[f64]) -> Option<Drift> {
    let since = values.len().saturating_sub(WINDOW);
    let window = &values[since..];
    if window.len() < ANCHOR + RECENT {
        return None;
    }
    let level = |points: &[f64]| estimate(points, Location::Trimmed).centre;
    let kept = |points: usize| (points - 2 * trimmed_away(points)) as f64;
    let (anchor, recent) = (&window[..ANCHOR], &window[window.len() - RECENT..]);
    let (from, to) = (level(anchor), level(recent));
    // A drift correlates neighbours by itself: what is left of a straight line does not.
    let flat = without_line(window);
    let scatter = scale(&flat, median(&flat)?);
    let widened = inflation(correlation(&flat), flat.len());
    let error = scatter * (widened * (1.0 / kept(ANCHOR) + 1.0 / kept(RECENT))).sqrt();
    let score = (to - from).abs() / error.max(f64::MIN_POSITIVE);
    Some(Drift {
        since,
        score: score.min(f64::MAX),
        from,
        to,
    })
}

/// What a straight line through the points leaves of them.
fn without_line(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let about = crate::estimate::mean(values);
    let at = |i: usize| i as f64 - middle;
    let products: f64 = values
        .iter()
        .enumerate()
        .map(|(i, v)| at(i) * (v - about))
        .sum();
    let squares: f64 = (0..values.len()).map(|i| at(i).powi(2)).sum();
    let slope = products / squares;
    let rest = values.iter().enumerate();
    rest.map(|(i, v)| v - about - slope * at(i)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is worth telling here.
    const MIN_SIZE: f64 = 0.03;

    /// A scatter of one percent that is the same every time.
    fn night(i: usize) -> f64 {
        [0.0, 0.008, -0.011, 0.005, -0.004, 0.012, -0.009][(i * 5) % 7]
    }

    #[test]
    fn a_level_that_crept_away_is_told() {
        let creeping = |per_night: f64, nights: usize| -> Vec<f64> {
            (0..nights)
                .map(|i| night(i) + per_night * i as f64)
                .collect()
        };
        let stepping = |nights: usize| -> Vec<f64> {
            let by = |i| if i < 60 - nights { 0.0 } else { 0.2 };
            (0..60).map(|i| night(i) + by(i)).collect()
        };
        for (name, values, expected) in [
            ("still", creeping(0.0, 60), false),
            ("two nights of a step", stepping(2), false),
            ("most nights of a step", stepping(4), true),
            ("5% in 60 nights", creeping(0.05 / 60.0, 60), true),
            ("2% is not worth it", creeping(0.02 / 60.0, 60), false),
            ("too few nights", creeping(0.01, 20), false),
            ("just enough", creeping(0.01, 21), true),
            ("better", creeping(-0.05 / 60.0, 60), true),
            ("exact, still", vec![1.0; 30], false),
        ] {
            let found = drift(&values, MIN_SIZE);
            assert_eq!(found.is_some(), expected, "{name}: {found:?}");
        }
        let found = drift(&creeping(0.05 / 60.0, 160), MIN_SIZE).expect("told");
        assert_eq!(
            found.since, 60,
            "an anchor more than a window ago is forgotten"
        );
    }
}
