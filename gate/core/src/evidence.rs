//! How sure a comparison is, however it was made.

use crate::estimate::t_quantile;

/// Fewest repetitions of a session that may vote for a regression.
pub const MIN_REPETITIONS: usize = 3;

/// Tail of the F distribution beyond which a session scatters too much for its history.
pub const NOISY: f64 = 0.001;

/// One-sided level at which a single session agrees that a row got worse. Two stored sessions ask for
/// more; see [`crate::stored::must_agree`].
pub const AGREES: f64 = 0.005;

/// Sessions that must show a regression on their own: one disturbance lasts one session.
pub const MIN_AGREEING: usize = 2;

/// One-sided level of each end of an interval. Pairs are looked at more than once and split it; see
/// [`crate::paired::LOOKS`].
pub const INTERVAL: f64 = 0.05;

/// Standard normal quantile of 80 % power.
pub const POWER: f64 = 0.84;

/// A candidate held against a baseline, on the *worse* scale: larger is worse.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Candidate minus baseline; positive is worse.
    pub worse: f64,
    /// How sure; `None` when too little is stored to know the noise.
    pub evidence: Option<Evidence>,
    /// Both sides are exactly repeatable, so `worse` is exact and needs no test.
    pub exact: bool,
}

/// How sure a comparison is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Standard error of `worse`.
    pub error: f64,
    /// Degrees of freedom of `error`.
    pub freedom: f64,
    /// One-sided level of each end of the interval.
    pub level: f64,
    /// One-sided p-value of "got worse".
    pub p_worse: f64,
    /// One-sided p-value of "got better".
    pub p_better: f64,
    /// Sessions that on their own show the row got worse.
    pub agreeing: usize,
    /// Whether a session scatters far more than history allows.
    pub noisy: bool,
}

impl Evidence {
    /// Half-width of the interval.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        t_quantile(self.level, self.freedom) * self.error
    }

    /// Smallest worsening found with 80 % probability when `family` rows are tested at level `q`.
    #[must_use]
    pub fn detectable(&self, q: f64, family: usize) -> f64 {
        (t_quantile(q / family.max(1) as f64, self.freedom) + POWER) * self.error
    }
}
