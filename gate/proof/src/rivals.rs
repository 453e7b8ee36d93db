//! The decision rules of other tools, on the repetitions of one metric or of a whole gate.
//!
//! Each is what the tool's users let fail a build, from its source or documentation as cited. All
//! values are latencies: larger is worse. A rule sees what its tool would see and no more.

use gate_core::estimate::{mean, median, t_quantile};
use gate_core::family::discoveries;

mod criterion;
mod mann_whitney;
mod welch;

pub use criterion::{RESAMPLES, change_interval, p_value as criterion_p_value};
pub use mann_whitney::p_value as mann_whitney;
pub use welch::p_slower as welch_p_slower;

/// `go test` users compare with this level: `DefaultThresholds.CompareAlpha` of
/// `golang.org/x/perf/benchmath`.
const BENCHSTAT_ALPHA: f64 = 0.05;

/// `alert-threshold` of `benchmark-action/github-action-benchmark`, default `200%` (its `action.yml`).
const ALERT_RATIO: f64 = 2.0;

/// `--threshold-upper-boundary` in the examples of bencher.dev/docs/explanation/thresholds.
const BENCHER_BOUNDARY: f64 = 0.99;

/// Most history that a Bencher threshold looks at here (`--threshold-max-sample-size`).
const BENCHER_SAMPLE: usize = 10;

/// How sure the plain t-test must be.
const T_TEST: f64 = 0.99;

/// Significance level and noise threshold of criterion 0.8 (`Criterion::default`).
const CRITERION_ALPHA: f64 = 0.05;
const CRITERION_NOISE: f64 = 0.01;

/// Benjamini-Hochberg level of the textbook rule, the same as gate's default.
const FAMILY_LEVEL: f64 = 0.01;

/// The repetitions of one metric on both sides, neither empty.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// Of the baseline.
    pub baseline: &'a [f64],
    /// Of the candidate.
    pub candidate: &'a [f64],
}

impl<'a> Samples<'a> {
    /// One entry per metric; each is baseline, then candidate.
    #[must_use]
    pub fn of(repetitions: &'a [[Vec<f64>; 2]]) -> Vec<Self> {
        let of_metric = |[baseline, candidate]: &'a [Vec<f64>; 2]| Self {
            baseline,
            candidate,
        };
        repetitions.iter().map(of_metric).collect()
    }
}

/// A decision rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rival {
    /// critcmp with `--threshold`: the ratio of the means exceeds it. critcmp only lists (`src/main.rs`
    /// keeps comparisons whose `biggest_difference() > threshold`); scripts fail when it lists a
    /// slowdown.
    Critcmp {
        /// Fraction that is tolerated.
        threshold: f64,
    },
    /// benchstat: Mann-Whitney U, two-sided, p at most 0.05, and the median got slower
    /// (`benchmath/anone.go`, and `FormatDelta` of `sample.go`, which shows `~` above it).
    Benchstat {
        /// Smallest slowdown of the median that counts; 0 for any.
        at_least: f64,
    },
    /// github-action-benchmark: the value is more than twice the one of the baseline
    /// (`src/write/findAlerts.ts`).
    GithubActionBenchmark,
    /// Bencher's `t_test` with upper boundary 0.99: the value exceeds
    /// `mean + t(0.99, n-1) * sd` of the history, with the standard deviation over n and no allowance
    /// for the error of the mean (`lib/bencher_boundary`: `limits/mod.rs`, `mean.rs`). Its values are
    /// one per report.
    Bencher,
    /// criterion's own "Performance has regressed": bootstrap t-test below 0.05, and the whole 95 %
    /// bootstrap interval of the change of the mean beyond +1 % (`src/analysis/compare.rs`,
    /// `compare_to_threshold` of `src/report.rs`).
    Criterion,
    /// Welch's t, one-sided, row by row at 0.99: what a script around a statistics library does.
    TTest,
    /// The textbook: Welch's t, one-sided, corrected over all metrics by Benjamini-Hochberg at 1 %.
    WelchFamily,
}

impl Rival {
    /// The rules of the tables, in their order.
    pub const ALL: [Self; 9] = [
        Self::Critcmp { threshold: 0.05 },
        Self::Critcmp { threshold: 0.10 },
        Self::Benchstat { at_least: 0.0 },
        Self::Benchstat { at_least: 0.05 },
        Self::TTest,
        Self::Bencher,
        Self::Criterion,
        Self::GithubActionBenchmark,
        Self::WelchFamily,
    ];

    /// The name in tables.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Critcmp { threshold } => format!("critcmp {} %", threshold * 100.0),
            Self::Benchstat { at_least } if at_least > 0.0 => {
                format!("benchstat p <= 0.05 and median >= {} %", at_least * 100.0)
            }
            Self::Benchstat { .. } => "benchstat p <= 0.05".to_owned(),
            Self::GithubActionBenchmark => "github-action-benchmark 200 %".to_owned(),
            Self::TTest => "t-test 0.99".to_owned(),
            Self::Bencher => "Bencher t-test 0.99, 10 reports".to_owned(),
            Self::Criterion => "criterion p < 0.05 beyond 1 %".to_owned(),
            Self::WelchFamily => "Welch and Benjamini-Hochberg 1 %".to_owned(),
        }
    }

    /// Whether its values are one per report, the mean of a session, rather than single repetitions.
    #[must_use]
    pub fn takes_reports(self) -> bool {
        self == Self::Bencher
    }

    /// Whether one metric alone fails.
    #[must_use]
    pub fn fails(self, samples: Samples<'_>) -> bool {
        self.judge(&[samples]).into_iter().any(|fails| fails)
    }

    /// Which metrics of a gate fail, one flag each, in order.
    #[must_use]
    pub fn judge(self, gate: &[Samples<'_>]) -> Vec<bool> {
        if self == Self::WelchFamily {
            let p: Vec<f64> = gate.iter().map(|s| welch_p_slower(*s)).collect();
            return discoveries(&p, p.len(), FAMILY_LEVEL);
        }
        gate.iter()
            .map(|samples| self.fails_alone(*samples))
            .collect()
    }

    fn fails_alone(self, samples: Samples<'_>) -> bool {
        let Samples {
            baseline,
            candidate,
        } = samples;
        let ratio = mean(candidate) / mean(baseline);
        match self {
            Self::Critcmp { threshold } => ratio > 1.0 + threshold,
            Self::Benchstat { at_least } => {
                let slower = median(candidate)
                    .zip(median(baseline))
                    .map_or(0.0, |(c, b)| c / b - 1.0);
                slower > 0.0 && slower >= at_least && mann_whitney(samples) <= BENCHSTAT_ALPHA
            }
            Self::GithubActionBenchmark => ratio > ALERT_RATIO,
            Self::Bencher => bencher_limit(baseline).is_some_and(|limit| mean(candidate) > limit),
            Self::Criterion => {
                let (low, high) = change_interval(samples, RESAMPLES);
                low > CRITERION_NOISE
                    && high > CRITERION_NOISE
                    && criterion_p_value(samples, RESAMPLES) < CRITERION_ALPHA
            }
            Self::TTest => welch_p_slower(samples) <= 1.0 - T_TEST,
            Self::WelchFamily => welch_p_slower(samples) <= FAMILY_LEVEL,
        }
    }
}

/// Bencher's upper limit from the newest reports; `None` where it draws none: fewer than two reports,
/// or reports that do not differ.
#[must_use]
pub fn bencher_limit(reports: &[f64]) -> Option<f64> {
    let newest = &reports[reports.len().saturating_sub(BENCHER_SAMPLE)..];
    let n = newest.len() as f64;
    let centre = mean(newest);
    let variance = newest.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / n;
    let is_drawn = newest.len() >= 2 && variance > 0.0;
    is_drawn.then(|| centre + t_quantile(1.0 - BENCHER_BOUNDARY, n - 1.0) * variance.sqrt())
}

#[cfg(test)]
mod tests;
