//! Whether the repetitions of one side fall into two modes: two levels, one of which each process is
//! near, for as long as it lives. Memory layout and huge pages do that.
//!
//! The finding explains noise and changes no verdict. Values are compared as logarithms.

use gate_schema::report::{ModeLevel, Modes};

use crate::estimate::{Location, estimate, mean};

/// Fewest repetitions of a side that can show two modes.
pub const MIN_MODE_VALUES: usize = 8;

/// Fewest repetitions of one mode: two that lie far out are outliers.
pub const MIN_IN_MODE: usize = 3;

/// Smallest share of the repetitions that is a mode.
pub const MIN_MODE_SHARE: f64 = 0.15;

/// Least distance of the centres of two modes, in standard deviations within both together. Simulated: of
/// 20 repetitions of one mode, normal or of Student's t with 3 degrees of freedom, less than 1 % look like
/// two; of 20 in modes of 80 % and 20 % that lie 6 standard deviations apart, 91 % are found.
pub const MODES_APART: f64 = 4.6;

/// The same in standard deviations within the wider mode: a long tail is wide, a mode is not. Halves what
/// is seen in skewed noise.
pub const MODES_APART_WIDER: f64 = 3.25;

/// Repetitions from which on [`MODES_APART`] is enough. The centres of `n` fewer must lie
/// `sqrt(MODES_SETTLED / n)` times as far apart: the best of all cuts flatters few values most.
pub const MODES_SETTLED: usize = 20;

/// Fewest changes of the mode from one repetition to the next: a slow stretch, during which a neighbour
/// was busy, comes and goes with two.
pub const MIN_MODE_CHANGES: usize = 3;

/// Share of the distance of two modes from which on it is the machine's: the other members of their pairs,
/// measured next to them, lie that far apart as well. What each process decides for itself leaves the
/// other member alone, but for chance where both sides have modes: of those in 80 % and 20 % of 20
/// repetitions this misses one in ten. A half let bursts of a real neighbour pass.
pub const MODES_SHARED: f64 = 0.33;

/// The modes of repetitions, session by session in order of execution; `None` unless there clearly are
/// two. `members` are those repetitions that were measured in pairs, each with the other side's.
///
/// Of all ways to cut the sorted values in two, the best leaves the least variance within the parts. It
/// counts when the centres of the parts are far apart, as measured by the scatter within them, and when
/// repetitions go back and forth between them, each for itself. Numbers that are not positive have no
/// logarithm and no modes.
#[must_use]
pub fn modes(sessions: &[Vec<f64>], members: &[[f64; 2]]) -> Option<Modes> {
    let mut sorted: Vec<f64> = sessions.iter().flatten().map(|value| value.ln()).collect();
    if sorted.len() < MIN_MODE_VALUES || sorted.iter().any(|value| !value.is_finite()) {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    let (low, high) = sorted.split_at(best_split(&sorted)?);
    let distance = mean(high) - mean(low);
    if distance < least_distance(low, high).max(MODES_APART * step(&sorted)) {
        return None;
    }
    let least_high = high.first()?;
    let is_high = |value: &f64| value.ln() >= *least_high;
    let changes = |session: &Vec<f64>| {
        let pairs = session.windows(2);
        pairs
            .filter(|pair| is_high(&pair[0]) != is_high(&pair[1]))
            .count()
    };
    if sessions.iter().map(changes).sum::<usize>() < MIN_MODE_CHANGES {
        return None;
    }
    let others = |wanted: bool| -> Option<f64> {
        let of_mode = members.iter().filter(|[own, _]| is_high(own) == wanted);
        let others: Vec<f64> = of_mode.map(|[_, other]| other.ln()).collect();
        (!others.is_empty()).then(|| mean(&others))
    };
    let shared = others(true)
        .zip(others(false))
        .map(|(high, low)| high - low);
    if shared.is_some_and(|shared| shared >= MODES_SHARED * distance) {
        return None;
    }
    let mode = |part: &[f64]| ModeLevel {
        level: mean(part).exp(),
        share: part.len() as f64 / sorted.len() as f64,
    };
    Some(Modes {
        low: mode(low),
        high: mode(high),
    })
}

/// Where the cut leaves the least sum of squares within both parts; `None` when no part would be large
/// enough to be a mode.
fn best_split(sorted: &[f64]) -> Option<usize> {
    let n = sorted.len();
    let least = MIN_IN_MODE.max((MIN_MODE_SHARE * n as f64).ceil() as usize);
    // Least within is most between: the product of the sizes times the squared distance of the means.
    let total: f64 = sorted.iter().map(|value| value - sorted[0]).sum();
    let mut below: f64 = sorted[..least.min(n)].iter().map(|v| v - sorted[0]).sum();
    let mut best: Option<(f64, usize)> = None;
    for at in least..=n.checked_sub(least)? {
        let (low, high) = (at as f64, (n - at) as f64);
        let distance = (total - below) / high - below / low;
        let between = low * high * distance * distance;
        if best.is_none_or(|(most, _)| between > most) {
            best = Some((between, at));
        }
        below += sorted[at] - sorted[0];
    }
    best.map(|(_, at)| at)
}

/// How far apart the centres of two parts, none of them empty, must be to be modes.
fn least_distance(low: &[f64], high: &[f64]) -> f64 {
    let [low, high] = [low, high].map(|part| estimate(part, Location::Plain));
    let squares = low.variance * low.freedom + high.variance * high.freedom;
    let together = (squares / (low.freedom + high.freedom)).sqrt();
    let wider = low.variance.max(high.variance).sqrt();
    let few = (MODES_SETTLED as f64 / (low.n + high.n) as f64).sqrt();
    (MODES_APART * few.max(1.0) * together).max(MODES_APART_WIDER * wider)
}

/// Smallest difference of two values that are not the same: rounded values lie that far apart however
/// they are distributed.
fn step(sorted: &[f64]) -> f64 {
    let steps = sorted.windows(2).map(|pair| pair[1] - pair[0]);
    let smallest = steps.filter(|step| *step > 0.0).min_by(f64::total_cmp);
    smallest.unwrap_or(0.0)
}

#[cfg(test)]
mod tests;
