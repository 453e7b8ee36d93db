//! Steps of one series: where its level changed and stayed changed.
//!
//! Every night the last few points are held against those before them, for every length of "last few". The
//! search over lengths, the drift of nights into each other, and a look every night are why the limit is far
//! above what one comparison would need.

use std::cmp::Ordering;
use std::ops::Range;

use crate::estimate::{mean, median};

/// Most points looked at since the last step.
pub const WINDOW: usize = 100;

/// Fewest points of a new level: one bad night is not a level.
pub const SHORTEST: usize = 3;

/// Most points of a new level that are held against those before it.
pub const LONGEST: usize = 40;

/// Most points before a new level that it is held against.
pub const BEFORE: usize = 60;

/// Fewest points before a new level. With fewer, their scatter is a guess.
pub const MIN_BEFORE: usize = 14;

/// Score of a step when few series are looked at.
pub const LIMIT_FEW: f64 = 4.5;

/// Score of a step when [`MANY`] series or more are looked at.
pub const LIMIT_MANY: f64 = 5.0;

/// Series from which on [`LIMIT_MANY`] counts.
pub const MANY: usize = 50;

/// Smallest step that is told, as a fraction of the level.
pub const MIN_SIZE: f64 = 0.01;

/// Scores beyond this count as this: one wild night must not make a step.
const CLIP: f64 = 3.0;

/// Smallest believed variance of scores. They are scaled to one.
const MIN_VARIANCE: f64 = 0.5;

/// Largest believed correlation of a night with the next.
const MAX_CORRELATION: f64 = 0.6;

/// Points that the guess "nights are independent" weighs as much as.
const CORRELATION_PRIOR: f64 = 30.0;

/// Standard deviations of a normal distribution in one median absolute deviation, inverted.
const NORMAL: f64 = 1.4826;

/// Smallest scatter, as a part of the smallest step told: counters that repeat exactly have none.
const SCALE_FLOOR: f64 = 0.1;

/// Variance of a median over that of a mean of as many normal points, and half as much again because the scatter is
/// that of other nights. Chosen by simulation: with it, a step is followed by a false one as rarely as if nothing was
/// told for [`fewest`] points after it.
const MEDIAN_VARIANCE: f64 = 1.5 * std::f64::consts::FRAC_PI_2;

/// A level that changed and stayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// First point of the new level.
    pub onset: usize,
    /// Point at which it was found.
    pub found: usize,
    /// How far it stands out; see [`LIMIT_FEW`].
    pub score: f64,
    /// Level of the points before.
    pub from: f64,
    /// Level of the points since.
    pub to: f64,
}

/// Fewest points before anything can be told.
#[must_use]
pub fn fewest() -> usize {
    MIN_BEFORE + SHORTEST
}

impl Step {
    /// Whether the newest of `values`, as many as it took to find the step, are nearer to its level than to that
    /// before.
    #[must_use]
    pub fn stands(&self, values: &[f64]) -> bool {
        let took = self.found + 1 - self.onset;
        let newest = median(&values[values.len().saturating_sub(took)..]);
        newest.is_some_and(|newest| (newest - self.to).abs() < (newest - self.from).abs())
    }
}

/// The steps of a series, oldest first, as they would have been found point by point. `smallest` is the
/// distance that is worth telling, on the axis of the values.
#[must_use]
pub fn steps(values: &[f64], limit: f64, smallest: f64) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut start = 0;
    let mut scatter = None;
    for end in fewest()..=values.len() {
        let first = start.max(end.saturating_sub(WINDOW));
        let window = &values[first..end];
        if let Some(step) = newest(window, scatter, limit, smallest) {
            if step.onset >= MIN_BEFORE {
                scatter = Some(Scatter::of(&window[..step.onset]));
            }
            start = first + step.onset;
            steps.push(Step {
                onset: start,
                found: end - 1,
                ..step
            });
        }
    }
    steps
}

/// The step that the last points of `window` make, if they make one. `scatter` is that of the nights before the
/// window, where a step was found.
fn newest(window: &[f64], scatter: Option<Scatter>, limit: f64, smallest: f64) -> Option<Step> {
    let fewest_before = if scatter.is_some() {
        SHORTEST
    } else {
        MIN_BEFORE
    };
    let n = window.len();
    let longest = LONGEST.min(n.checked_sub(fewest_before)?);
    let long = score(window, smallest);
    let short = scatter.map(|scatter| scatter.score(window, smallest));
    let score = long.into_iter().chain(short).max_by(f64::total_cmp)?;
    // Not `<=`, which a score that is no number would pass.
    if score.partial_cmp(&limit) != Some(Ordering::Greater) {
        return None;
    }
    // Scores say that there is a step. Where it is, the two levels say that leave the least unexplained: clipped
    // scores of three nights often look best with a night or two more.
    let levels = |onset: usize| -> Option<(f64, f64)> {
        let before = &window[onset.saturating_sub(BEFORE)..onset];
        Some((median(before)?, median(&window[onset..])?))
    };
    let unexplained = |onset: usize| -> f64 {
        let (from, to) = levels(onset).unwrap_or_default();
        let level = |at| if at < onset { from } else { to };
        let from_level = |(at, value): (usize, &f64)| (value - level(at)).abs();
        window.iter().enumerate().map(from_level).sum()
    };
    let onsets = (1..=longest).map(|last| n - last);
    let onset = onsets.min_by(|a, b| unexplained(*a).total_cmp(&unexplained(*b)))?;
    let (from, to) = levels(onset)?;
    // Two nights far away stand out together with the one before them. The next night will say where it was.
    let is_level = n - onset >= SHORTEST;
    (is_level && (to - from).abs() >= smallest).then_some(Step {
        onset,
        found: n - 1,
        score: score.min(f64::MAX),
        from,
        to,
    })
}

/// How far the last points of `window` stand out from those before, of which there are enough to know their scatter.
fn score(window: &[f64], smallest: f64) -> Option<f64> {
    let longest = LONGEST.min(window.len().checked_sub(MIN_BEFORE)?);
    let centre = median(window)?;
    let scale = floored(scale(window, centre), smallest);
    let scores: Vec<f64> = window
        .iter()
        .map(|value| ((value - centre) / scale).clamp(-CLIP, CLIP))
        .collect();
    let sums = Sums::new(&scores);
    (SHORTEST..=longest)
        .map(|last| sums.score(window.len(), last))
        .max_by(f64::total_cmp)
}

/// How nights scatter, as those before a step did.
#[derive(Clone, Copy)]
struct Scatter {
    scale: f64,
    inflation: f64,
}

impl Scatter {
    fn of(values: &[f64]) -> Self {
        let values = &values[values.len().saturating_sub(BEFORE)..];
        let centre = median(values).unwrap_or_default();
        Self {
            scale: scale(values, centre),
            inflation: inflation(correlation(values), values.len()),
        }
    }

    /// How far the last points of `window` stand out from those before, of which there are too few to tell how they
    /// scatter. Levels are medians: with so few points nothing else survives a wild night.
    fn score(self, window: &[f64], smallest: f64) -> f64 {
        let n = window.len();
        let scores = (SHORTEST..MIN_BEFORE)
            .filter(|before| (SHORTEST..=LONGEST).contains(&n.saturating_sub(*before)))
            .map(|before| {
                let (low, high) = window.split_at(before);
                self.distance(low, high, smallest).abs()
            });
        scores.fold(0.0, f64::max)
    }

    /// How far the median of `high` is above that of `low`, in standard errors.
    fn distance(self, low: &[f64], high: &[f64], smallest: f64) -> f64 {
        let distance = median(high).unwrap_or_default() - median(low).unwrap_or_default();
        let points = 1.0 / low.len() as f64 + 1.0 / high.len() as f64;
        let scale = floored(self.scale, smallest);
        distance / (scale * (self.inflation * MEDIAN_VARIANCE * points).sqrt())
    }
}

/// How far the median of the points in `nights` is above that of those just before, in standard errors; `None` with
/// too few of either.
pub(super) fn rise(values: &[f64], nights: Range<usize>, smallest: f64) -> Option<f64> {
    let before = &values[..nights.start];
    let near = &before[before.len().checked_sub(MIN_BEFORE)?..];
    let there = &values[nights];
    (there.len() >= SHORTEST).then(|| Scatter::of(before).distance(near, there, smallest))
}

/// A scale that is never nothing.
fn floored(scale: f64, smallest: f64) -> f64 {
    scale.max(SCALE_FLOOR * smallest).max(f64::MIN_POSITIVE)
}

/// Scatter from night to night, which a step hardly moves; never more than the scatter about the centre
/// allows, which nights that alternate do not move.
pub(super) fn scale(values: &[f64], centre: f64) -> f64 {
    let spread = |distances: Vec<f64>| NORMAL * median(&distances).unwrap_or(0.0);
    let neighbours = spread(
        values
            .windows(2)
            .map(|two| (two[1] - two[0]).abs())
            .collect(),
    );
    let about = spread(values.iter().map(|value| (value - centre).abs()).collect());
    (neighbours / std::f64::consts::SQRT_2).min(1.5 * about)
}

/// By how much dependence of nights widens what a mean of them is worth.
pub(super) fn inflation(correlation: f64, points: usize) -> f64 {
    let n = points as f64;
    let believed = (correlation * n / (n + CORRELATION_PRIOR)).clamp(0.0, MAX_CORRELATION);
    (1.0 + believed) / (1.0 - believed)
}

/// Correlation of each value with the next; zero where nothing varies.
pub(super) fn correlation(values: &[f64]) -> f64 {
    let about = mean(values);
    let all: f64 = values.iter().map(|value| (value - about).powi(2)).sum();
    let lagged: f64 = values
        .windows(2)
        .map(|two| (two[0] - about) * (two[1] - about))
        .sum();
    if all > 0.0 { lagged / all } else { 0.0 }
}

/// Sums up to each point, so that any stretch costs the same.
struct Sums {
    /// Of scores.
    one: Vec<f64>,
    /// Of their squares.
    two: Vec<f64>,
    /// Of products of neighbours; entry `i` holds those that end before point `i`.
    next: Vec<f64>,
    scores: Vec<f64>,
}

impl Sums {
    fn new(scores: &[f64]) -> Self {
        let running = |terms: &mut dyn Iterator<Item = f64>| {
            let mut sums = vec![0.0];
            let mut sum = 0.0;
            for term in terms {
                sum += term;
                sums.push(sum);
            }
            sums
        };
        let next = running(&mut scores.windows(2).map(|two| two[0] * two[1]));
        Self {
            one: running(&mut scores.iter().copied()),
            two: running(&mut scores.iter().map(|score| score * score)),
            next: std::iter::once(0.0).chain(next).collect(),
            scores: scores.to_vec(),
        }
    }

    /// Mean and sum of squares about it, from point `a` up to `b`.
    fn about(&self, a: usize, b: usize) -> (f64, f64) {
        let n = (b - a) as f64;
        let mean = (self.one[b] - self.one[a]) / n;
        let squares = (self.two[b] - self.two[a] - n * mean * mean).max(0.0);
        (mean, squares)
    }

    /// How far the last `last` of `n` points stand out from those before.
    fn score(&self, n: usize, last: usize) -> f64 {
        let onset = n - last;
        let from = onset.saturating_sub(BEFORE);
        let before = onset - from;
        let (low, squares_before) = self.about(from, onset);
        let (high, squares_last) = self.about(onset, n);
        let variance = (squares_before + squares_last) / (n - from - 2) as f64;
        // Products about the mean: those of the scores, less what the mean contributes.
        let products = self.next[onset] - self.next[from + 1];
        let ends =
            2.0 * (self.one[onset] - self.one[from]) - self.scores[from] - self.scores[onset - 1];
        let lagged = products - low * ends + (before - 1) as f64 * low * low;
        let correlation = if squares_before > 0.0 {
            lagged / squares_before
        } else {
            0.0
        };
        let spread = variance.max(MIN_VARIANCE)
            * inflation(correlation, before)
            * (1.0 / last as f64 + 1.0 / before as f64);
        (high - low).abs() / spread.sqrt()
    }
}

#[cfg(test)]
mod tests;
