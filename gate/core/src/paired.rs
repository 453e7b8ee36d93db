//! Comparing interleaved pairs: both builds were measured in turn, minutes apart at most.
//!
//! Whatever slows the machine for longer than one repetition hits both members of a pair and cancels
//! in their difference. A session is a row of pairs measured together; the variance of a difference is
//! moderated by what calibration sessions of the same machine showed (Smyth 2004, "moderated t").
//! All values are on the *worse* scale: larger is worse, logarithms where effects are relative.

use gate_schema::noise::{NoiseRow, Spread};

use crate::estimate::{Location, estimate, f_above, mean, t_above};
use crate::evidence::{AGREES, Comparison, Evidence, INTERVAL, MIN_REPETITIONS, NOISY};
use crate::next::MAX_LOOKS;
use crate::stored::{MAX_HISTORY_FREEDOM, MAX_SESSIONS, MIN_HISTORY, Nature};

/// Most degrees of freedom that several sessions of pairs may claim together.
pub const MAX_PAIRED_FREEDOM: f64 = 60.0;

/// One-sided level of each end of the interval at the first look at the pairs of a row, and at every
/// later one. Each look is one more chance to pass for a row that is worse by just its margin, so all of
/// [`crate::next::MAX_LOOKS`] together stay within [`crate::evidence::INTERVAL`]. Most rows pass at the
/// first look if at all, so that it gets most. The rest makes up for trimming, which is a little liberal
/// with five pairs: 5.7 % pass at a level of 5 %.
pub const LOOKS: [f64; 2] = [0.035, 0.005];
const _: () = assert!(LOOKS[0] + LOOKS[1] * (MAX_LOOKS - 1) as f64 <= INTERVAL);

/// The level at which a row is looked at after so many sessions of pairs; one of [`LOOKS`].
#[must_use]
pub fn level_after(sessions: usize) -> f64 {
    LOOKS[usize::from(sessions > 1)]
}

/// What calibration of this machine says about the noise of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct History {
    /// The location with the smaller variance; chosen here and never from the data under judgement.
    pub location: Location,
    /// Variance of one pair's difference.
    pub variance: f64,
    /// Degrees of freedom of `variance`.
    pub freedom: f64,
    /// Calibration sessions behind it.
    pub sessions: usize,
}

impl History {
    /// Pools the newest [`MAX_SESSIONS`] calibration sessions; `None` with fewer than [`MIN_HISTORY`].
    #[must_use]
    pub fn of(row: &NoiseRow) -> Option<Self> {
        let spreads: Vec<[Spread; 2]> = (row.sessions.iter())
            .map(|session| [session.trimmed, session.plain])
            .collect();
        Self::pooled(&spreads)
    }

    /// The same, of what each session showed from its trimmed and from its plain mean, oldest first.
    #[must_use]
    pub fn pooled(sessions: &[[Spread; 2]]) -> Option<Self> {
        let newest = &sessions[sessions.len().saturating_sub(MAX_SESSIONS)..];
        let pooled = |which: usize| {
            let known: Vec<Spread> = (newest.iter())
                .map(|spreads| spreads[which])
                .filter(|s| s.freedom > 0.0)
                .collect();
            let variances: Vec<f64> = known.iter().map(|s| s.variance).collect();
            let freedom: f64 = known.iter().map(|s| s.freedom).sum();
            (known.len() >= MIN_HISTORY)
                .then(|| (mean(&variances), freedom.min(MAX_HISTORY_FREEDOM)))
        };
        let (trimmed, plain) = (pooled(0)?, pooled(1)?);
        let (location, (variance, freedom)) = if plain.0 < trimmed.0 {
            (Location::Plain, plain)
        } else {
            (Location::Trimmed, trimmed)
        };
        Some(Self {
            location,
            variance,
            freedom,
            sessions: newest.len(),
        })
    }
}

/// What one session of pairs shows on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SessionEvidence {
    /// Pairs measured.
    pub pairs: usize,
    /// Candidate minus baseline; positive is worse.
    pub worse: f64,
    /// Variance of one pair's difference that these pairs show; `None` where a single one shows none.
    pub shown: Option<f64>,
    /// Moderated variance of one pair's difference; `None` when nothing says how noisy it is.
    pub variance: Option<f64>,
    /// Degrees of freedom of `variance`.
    pub freedom: f64,
    /// How many of them are history's, which other sessions share.
    pub from_history: f64,
    /// One-sided p-value of "got worse"; 1 without a variance.
    pub p_worse: f64,
    /// Whether it scatters far more than history allows.
    pub noisy: bool,
}

impl SessionEvidence {
    /// Judges the differences of one session, which must not be empty.
    #[must_use]
    pub fn new(differences: &[f64], history: Option<&History>, nature: Nature) -> Self {
        // Without history trimming is the safer choice: one bad pair does not move it.
        let e = estimate(
            differences,
            history.map_or(Location::Trimmed, |h| h.location),
        );
        // A difference of two rounded values scatters at least this much (uniform rounding, twice).
        let floor = nature.quantum * nature.quantum / 6.0;
        let (variance, from_history, noisy) = match history {
            None => (e.variance, 0.0, false),
            Some(h) if e.freedom == 0.0 => (h.variance, h.freedom, false),
            Some(h) => {
                let pooled =
                    (h.freedom * h.variance + e.freedom * e.variance) / (h.freedom + e.freedom);
                let ratio = e.variance / h.variance.max(floor);
                if e.variance > 0.0 && f_above(ratio, e.freedom, h.freedom) < NOISY {
                    (pooled.max(e.variance), 0.0, true)
                } else {
                    (pooled, h.freedom, false)
                }
            }
        };
        // Differences that agree to the last bit still get an error of one rounding step of f64.
        let variance = variance.max(floor).max(f64::MIN_POSITIVE.sqrt());
        let freedom = from_history + e.freedom;
        let is_known = freedom > 0.0;
        let error = (variance / e.n as f64).sqrt();
        Self {
            pairs: e.n,
            worse: e.centre,
            shown: (e.freedom > 0.0).then_some(e.variance),
            variance: is_known.then_some(variance),
            freedom,
            from_history,
            p_worse: if is_known {
                t_above(e.centre / error, freedom)
            } else {
                1.0
            },
            noisy,
        }
    }

    /// Whether this session alone shows that the row got worse.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.pairs >= MIN_REPETITIONS && self.p_worse <= AGREES
    }

    /// The variance, where nothing but its own pairs tells it.
    fn own_variance(&self) -> Option<f64> {
        self.variance
            .filter(|_| self.from_history <= 0.0 && !self.noisy)
    }
}

/// The variance of sessions without history: what all of them show, by degrees of freedom. A session of
/// few pairs that is quiet by luck would else outweigh the others and pass for certain.
fn shared_variance(sessions: &[SessionEvidence]) -> f64 {
    let own = || sessions.iter().filter_map(|s| Some((s, s.own_variance()?)));
    let freedom: f64 = own().map(|(s, _)| s.freedom).sum();
    own().map(|(s, u)| s.freedom * u).sum::<f64>() / freedom
}

/// Pools sessions, at least one, by the inverse of the variance of their estimates.
#[must_use]
pub fn pool(sessions: &[SessionEvidence]) -> Comparison {
    let shared = shared_variance(sessions);
    let known: Vec<(&SessionEvidence, f64)> = sessions
        .iter()
        .filter_map(|s| {
            let variance = s.own_variance().map_or(s.variance, |_| Some(shared))?;
            Some((s, s.pairs as f64 / variance))
        })
        .collect();
    let weight: f64 = known.iter().map(|(_, w)| w).sum();
    if known.is_empty() {
        let centres: Vec<f64> = sessions.iter().map(|s| s.worse).collect();
        return Comparison {
            worse: mean(&centres),
            evidence: None,
            exact: false,
        };
    }
    let worse = known.iter().map(|(s, w)| w * s.worse).sum::<f64>() / weight;
    let error = (1.0 / weight).sqrt();
    // All sessions lean on one history, so it counts once.
    let own: f64 = known.iter().map(|(s, _)| s.freedom - s.from_history).sum();
    let history = known.iter().map(|(s, _)| s.from_history);
    let freedom = (own + history.fold(0.0, f64::max)).min(MAX_PAIRED_FREEDOM);
    Comparison {
        worse,
        evidence: Some(Evidence {
            error,
            freedom,
            level: level_after(sessions.len()),
            p_worse: t_above(worse / error, freedom),
            p_better: t_above(-worse / error, freedom),
            agreeing: sessions.iter().filter(|s| s.agrees()).count(),
            noisy: sessions.iter().any(|s| s.noisy),
        }),
        exact: false,
    }
}

#[cfg(test)]
mod tests;
