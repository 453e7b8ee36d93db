//! Comparing with stored sessions: the candidate was measured today, the baseline some time ago.
//!
//! The unit of evidence is the repetition, and what separates two sessions of one build (another
//! hour, another neighbour) is noise too. So the variance has two parts: within a session, pooled
//! over the baseline's history, and between sessions, moderated towards what the whole fleet of rows
//! shows. All values are on the *worse* scale: larger is worse, logarithms where effects are relative.

use crate::estimate::{Estimate, Location, estimate, f_above, mean, t_above, trimmed_away};
use crate::evidence::{
    AGREES, Comparison, Evidence, INTERVAL, MIN_AGREEING, MIN_REPETITIONS, NOISY,
};

/// Newest baseline sessions that count. Older ones describe a machine that has drifted away.
pub const MAX_SESSIONS: usize = 20;

/// Fewest baseline sessions that say anything about noise between sessions.
pub const MIN_HISTORY: usize = 3;

/// Fewest repetitions before identical values are taken as exactly repeatable, on either side.
pub const MIN_EXACT: usize = 3;

/// Most degrees of freedom that history may claim, because its sessions are not quite independent.
pub const MAX_HISTORY_FREEDOM: f64 = 30.0;

/// Weight, in degrees of freedom, of what the fleet says about noise between sessions.
pub const PRIOR_FREEDOM: f64 = 6.0;

/// Smallest believed ratio of the variance of session values to what repetitions alone explain.
pub const MIN_FLEET_RATIO: f64 = 1.05;

/// Share of the within-session variance that is always added between sessions.
pub const MIN_BETWEEN: f64 = 0.02;

/// One-sided level at which each of two sessions agrees, where no third decides.
pub const AGREES_OF_TWO: f64 = 0.001;

/// How many of `sessions` of the candidate must show on their own that a row got worse, and at which
/// one-sided level each of them does. A disturbance that lasts a whole session cancels in pairs and not
/// here. Where one session of a row in 200 is disturbed, two of 400 are in every gate of 200 rows, and the one
/// session that stands against each must not be easily moved; of three or more, two can be disturbed at the
/// same time, and a third decides; of six or more, three can, and more than half decide. With two at [`AGREES`]
/// 1.4 % of unchanged gates failed in simulation, with any two of three 2.7 %, and on hosted machines with any
/// three of ten 4.7 %.
#[must_use]
pub fn must_agree(sessions: usize) -> (usize, f64) {
    match sessions {
        0..=2 => (MIN_AGREEING, AGREES_OF_TWO),
        _ => ((MIN_AGREEING + 1).max(sessions / 2 + 1), AGREES),
    }
}

/// What is known about a row's values before any is seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nature {
    /// Smallest step the values can take, on the worse scale.
    pub quantum: f64,
    /// Whether identical values mean that the row repeats exactly. Bytes and counts do; timings that
    /// agree were rounded.
    pub may_be_exact: bool,
}

/// What the stored sessions say about one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// Where the row stood: trimmed mean of the session values.
    pub centre: f64,
    /// Chosen from this history, applied to the candidate too.
    pub location: Location,
    /// Session values that trimming kept.
    kept: f64,
    /// Sessions used, at most [`MAX_SESSIONS`].
    pub sessions: usize,
    /// Mean repetitions per session.
    repetitions: f64,
    /// Variance per repetition within sessions, with its degrees of freedom.
    within: Option<(f64, f64)>,
    /// Variance of session values.
    between: Option<f64>,
    /// Whether all values are identical, and there are enough to believe it.
    exact: Option<f64>,
}

impl Baseline {
    /// Summarises the sessions, oldest first; none of them empty, and at least one.
    #[must_use]
    pub fn new(sessions: &[Vec<f64>], nature: Nature) -> Self {
        let sessions = &sessions[sessions.len().saturating_sub(MAX_SESSIONS)..];
        let within = |location| within(sessions, location);
        // Without history trimming is the safer choice: one bad repetition does not move it.
        let location = match (within(Location::Trimmed), within(Location::Plain)) {
            (Some((trimmed, _)), Some((plain, _)))
                if plain < trimmed && sessions.len() >= MIN_HISTORY =>
            {
                Location::Plain
            }
            _ => Location::Trimmed,
        };
        let centres: Vec<f64> = sessions
            .iter()
            .map(|values| estimate(values, location).centre)
            .collect();
        let across = estimate(&centres, Location::Trimmed);
        let values: usize = sessions.iter().map(Vec::len).sum();
        let first = sessions[0][0];
        let identical = sessions
            .iter()
            .flatten()
            .all(|v| v.total_cmp(&first).is_eq());
        Self {
            centre: across.centre,
            location,
            kept: (centres.len() - 2 * trimmed_away(centres.len())) as f64,
            sessions: sessions.len(),
            repetitions: values as f64 / sessions.len() as f64,
            within: within(location)
                .map(|(u, df)| (u.max(nature.quantum * nature.quantum / 6.0), df)),
            between: (sessions.len() >= MIN_HISTORY).then_some(across.variance),
            exact: (nature.may_be_exact && identical && values >= MIN_EXACT).then_some(first),
        }
    }

    /// Variance of session values over what repetitions alone explain; one row's vote on how much
    /// sessions differ on this machine.
    #[must_use]
    pub fn session_ratio(&self) -> Option<f64> {
        let (within, _) = self.within.filter(|(u, _)| *u > 0.0)?;
        Some(self.between? / (within / self.repetitions))
    }

    /// Compares the candidate's sessions, none empty, with this baseline. `fleet_ratio` is the median
    /// [`Baseline::session_ratio`] over all rows.
    #[must_use]
    pub fn compare(&self, candidate: &[Vec<f64>], fleet_ratio: f64) -> Comparison {
        let estimates: Vec<Estimate> = candidate
            .iter()
            .map(|values| estimate(values, self.location))
            .collect();
        if let Some(exact) = self.compare_exactly(candidate) {
            return exact;
        }
        let centre = mean(&estimates.iter().map(|e| e.centre).collect::<Vec<_>>());
        let Some(between) = self.between.filter(|_| self.sessions >= MIN_HISTORY) else {
            return Comparison {
                worse: centre - self.centre,
                evidence: None,
                exact: false,
            };
        };
        let (variance, freedom) = self.session_variance(between, fleet_ratio);
        let within = self.within.map_or(0.0, |(u, _)| u);
        let tau =
            (variance - within / self.repetitions).max(MIN_BETWEEN * within / self.repetitions);
        let baseline = variance / self.kept;
        let mut noisy = false;
        let sessions: Vec<(f64, f64)> = estimates
            .iter()
            .map(|e| {
                let scatters = self.is_noisy(e);
                noisy |= scatters;
                let u = if scatters { e.variance } else { within };
                (e.centre, tau + u / e.n as f64)
            })
            .collect();
        let weight: f64 = sessions.iter().map(|(_, v)| 1.0 / v).sum();
        let pooled = sessions.iter().map(|(t, v)| t / v).sum::<f64>() / weight;
        let worse = pooled - self.centre;
        let error = (1.0 / weight + baseline).sqrt();
        let p = |worse: f64, error: f64| t_above(worse / error, freedom);
        let (_, agrees) = must_agree(sessions.len());
        let agreeing = sessions
            .iter()
            .zip(&estimates)
            .filter(|((t, v), e)| {
                e.n >= MIN_REPETITIONS && p(t - self.centre, (v + baseline).sqrt()) <= agrees
            })
            .count();
        let evidence = Evidence {
            error,
            freedom,
            level: INTERVAL,
            p_worse: p(worse, error),
            p_better: p(-worse, error),
            agreeing,
            noisy,
        };
        Comparison {
            worse,
            evidence: Some(evidence),
            exact: false,
        }
    }

    /// Variance of a session value and its degrees of freedom, moderated towards the fleet.
    fn session_variance(&self, between: f64, fleet_ratio: f64) -> (f64, f64) {
        let own = self.kept - 1.0;
        let freedom = PRIOR_FREEDOM + own;
        let explained = self.within.map_or(between, |(u, _)| u / self.repetitions);
        let prior = fleet_ratio.max(MIN_FLEET_RATIO) * explained;
        // A row whose every value is identical still gets an error of one rounding step of f64, so
        // that a candidate that differs is a difference and not a division by zero.
        let variance = ((PRIOR_FREEDOM * prior + own * between) / freedom)
            .max(explained)
            .max(f64::MIN_POSITIVE.sqrt());
        (variance, freedom)
    }

    fn is_noisy(&self, session: &Estimate) -> bool {
        let Some((within, freedom)) = self.within else {
            return false;
        };
        session.variance > 0.0
            && f_above(session.variance / within, session.freedom, freedom) < NOISY
    }

    /// The exact difference; `None` unless every value of either side repeats to the last bit.
    #[must_use]
    pub fn compare_exactly(&self, candidate: &[Vec<f64>]) -> Option<Comparison> {
        Some(Comparison {
            worse: self.exact_level(candidate)? - self.exact?,
            evidence: None,
            exact: true,
        })
    }

    /// The one value that all repetitions of an exactly repeatable candidate share.
    fn exact_level(&self, candidate: &[Vec<f64>]) -> Option<f64> {
        let first = *candidate.first()?.first()?;
        let values: usize = candidate.iter().map(Vec::len).sum();
        let identical = candidate
            .iter()
            .flatten()
            .all(|v| v.total_cmp(&first).is_eq());
        (identical && values >= MIN_EXACT).then_some(first)
    }
}

/// Mean variance within sessions and its degrees of freedom. Computed about each session's own
/// centre, so that accepted changes of level do not enter it.
fn within(sessions: &[Vec<f64>], location: Location) -> Option<(f64, f64)> {
    let estimates: Vec<Estimate> = sessions
        .iter()
        .map(|values| estimate(values, location))
        .filter(|e| e.freedom > 0.0)
        .collect();
    if estimates.is_empty() {
        return None;
    }
    let variance = mean(&estimates.iter().map(|e| e.variance).collect::<Vec<_>>());
    let freedom: f64 = estimates.iter().map(|e| e.freedom).sum();
    Some((variance, freedom.min(MAX_HISTORY_FREEDOM)))
}

#[cfg(test)]
mod tests;
