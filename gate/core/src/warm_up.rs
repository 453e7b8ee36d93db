//! Whether the starts that are dropped at the beginning of a measurement are enough.
//!
//! A measurement starts every scenario once or a few times and drops what that measured; then its
//! sessions follow without a pause. So only the first session of a calibration begins where a check
//! begins, and the first pairs of that one are compared with its later pairs. Both members of a pair
//! warm up alike and their difference hides it: what is looked at is the level of a pair, the mean of
//! its members. A pair of a calibration is two starts of the one build. All values are on the *worse*
//! scale: larger is worse.

use gate_schema::noise::WarmUp;

use crate::estimate::{Location, estimate, median};
use crate::stored::MAX_SESSIONS;

/// Mean excess of a pair, in standard deviations, times the square root of the calibrations behind it,
/// from which on the pair is visibly warming up. A calibration judges many rows and the sentence about
/// it is to be believed.
pub const VISIBLE: f64 = 4.5;

/// Most standard deviations that one pair counts for. Less than [`VISIBLE`], so that one calibration
/// alone shows nothing: what happens once, at the beginning or not, is a disturbance.
pub const MAX_EXCESS: f64 = 4.0;

/// Fewest later pairs of a session, and half the fewest of a calibration.
const MIN_LATER: usize = 5;

/// What one calibration shows: the levels of its pairs, session by session, the first of which followed
/// the `dropped` starts. `quantum` is the smallest step of a level. `None` with too few pairs.
pub(crate) fn of_calibration(sessions: &[Vec<f64>], quantum: f64, dropped: u32) -> Option<WarmUp> {
    let later = |session: &'_ [f64]| session[session.len() / 2..].to_vec();
    let first = sessions.first().filter(|s| s.len() / 2 >= MIN_LATER)?;
    let settled = later(first);
    let scatter: Vec<(f64, f64)> = sessions
        .iter()
        .map(|session| estimate(&later(session), Location::Plain))
        .map(|e| (e.variance, e.freedom))
        .collect();
    let freedom: f64 = scatter.iter().map(|(_, freedom)| freedom).sum();
    if freedom < (2 * MIN_LATER - 2) as f64 {
        return None;
    }
    let squares: f64 = scatter.iter().map(|(variance, f)| variance * f).sum();
    // The mean of two rounded values scatters at least half as much as their difference, `q^2 / 6`.
    let variance = (squares / freedom).max(quantum * quantum / 12.0);
    // One pair against the middle of the later ones, which scatters as well.
    let deviation = (variance * (1.0 + 1.0 / settled.len() as f64)).sqrt();
    let centre = median(&settled)?;
    let excess = first[..first.len() / 2].iter().map(|level| {
        let excess = (level - centre) / deviation.max(f64::MIN_POSITIVE);
        excess.clamp(-MAX_EXCESS, MAX_EXCESS)
    });
    let excess: Vec<f64> = excess.collect();
    Some(WarmUp {
        dropped,
        more: visible(&excess, 1),
        measurements: 1,
        excess,
    })
}

/// Adds one calibration to earlier ones. What was learned while another number of starts was dropped
/// answers another question and is forgotten.
pub(crate) fn joined(earlier: Option<WarmUp>, fresh: Option<WarmUp>) -> Option<WarmUp> {
    match (earlier, fresh) {
        (earlier, None) => earlier,
        (Some(earlier), Some(fresh)) if earlier.dropped == fresh.dropped => {
            // As many count as sessions do; from then on the newest weigh most.
            let measurements = (earlier.measurements + 1).min(MAX_SESSIONS as u32);
            let share = 1.0 / f64::from(measurements);
            let pairs = earlier.excess.iter().zip(&fresh.excess);
            let excess: Vec<f64> = pairs.map(|(old, new)| old + share * (new - old)).collect();
            Some(WarmUp {
                more: visible(&excess, measurements),
                measurements,
                excess,
                ..fresh
            })
        }
        (_, fresh) => fresh,
    }
}

/// Starts in pairs from the first on, without a gap, that are visibly worse than the later ones.
fn visible(excess: &[f64], measurements: u32) -> u32 {
    let least = VISIBLE / f64::from(measurements).sqrt();
    let pairs = excess.iter().take_while(|excess| **excess >= least);
    u32::try_from(2 * pairs.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
