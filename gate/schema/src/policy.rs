//! What is tolerated: margins, budgets and what an undecided row means. Pure data; `gate.toml` is
//! read by the command line.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{MetricName, ScenarioId};
use crate::unit::Unit;

/// Everything a verdict depends on besides the two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Later rules override earlier ones, setting by setting. The rules of [`Policy::default`] come first.
    pub rules: Vec<Rule>,
    /// Benjamini-Hochberg level for regressions over all gating rows.
    pub false_discovery: f64,
    /// What an inconclusive row means for the exit code.
    pub inconclusive: Undecided,
    /// What an incomparable row means for the exit code.
    pub incomparable: Undecided,
    /// How far stored timings of this machine can be trusted.
    pub machine: Machine,
    /// Stored baselines with fewer sessions can raise suspicion but not fail a row.
    pub min_sessions: usize,
    /// Whether rows are held to their drift budgets instead of their margins: the baseline is a release.
    pub is_drift: bool,
    /// Whether a slowdown of everything that is too small for any single row decides.
    pub uniform: RowMode,
    /// Fingerprint fields that may differ.
    pub ignore_environment: BTreeSet<String>,
    /// Accepted regressions.
    pub waivers: Vec<Waiver>,
    /// Globs over the scenarios that were asked for; empty for all. What is said about other scenarios
    /// does not apply.
    pub only: Vec<String>,
}

/// The built-in policy. `gate init` writes the same as a commented file.
impl Default for Policy {
    fn default() -> Self {
        let rule = |metric: &str| Rule {
            metric: metric.into(),
            ..Rule::default()
        };
        Self {
            rules: vec![
                Rule {
                    margin: Some(Margin::Relative(0.03)),
                    drift_budget: Some(Margin::Relative(0.10)),
                    ..rule("*")
                },
                Rule {
                    margin: Some(Margin::Relative(0.05)),
                    ..rule("tail")
                },
                Rule {
                    margin: Some(Margin::Unjudged),
                    drift_budget: Some(Margin::Unjudged),
                    ..rule("p99*")
                },
                Rule {
                    margin: Some(Margin::Absolute(0.005)),
                    drift_budget: Some(Margin::Absolute(0.01)),
                    ..rule("recall*")
                },
                Rule {
                    margin: Some(Margin::Unjudged),
                    drift_budget: Some(Margin::Unjudged),
                    ..rule("growth.*.{low,high}")
                },
                Rule {
                    margin: Some(Margin::Unjudged),
                    drift_budget: Some(Margin::Unjudged),
                    ..rule("extrapolated.*")
                },
            ],
            false_discovery: 0.01,
            inconclusive: Undecided::Report,
            incomparable: Undecided::Report,
            machine: Machine::Dedicated,
            min_sessions: 5,
            is_drift: false,
            uniform: RowMode::Gate,
            ignore_environment: BTreeSet::new(),
            waivers: Vec::new(),
            only: Vec::new(),
        }
    }
}

/// One accepted regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiver {
    /// The scenario; no glob, so that one waiver accepts one row.
    pub scenario: ScenarioId,
    /// The judged metric, for example `latency.p50`.
    pub metric: MetricName,
    /// The largest worsening accepted; never [`Margin::Unjudged`].
    pub ceiling: Margin,
    /// The ceiling as it was written.
    pub ceiling_text: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it is discussed.
    pub link: Option<String>,
    /// Last day it holds, `YYYY-MM-DD`.
    pub expires: String,
    /// Whether that day has passed; told by the shell, which has a clock.
    pub has_expired: bool,
}

/// Settings for the rows that match both globs. `None` leaves the earlier rule's setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Glob over scenario ids.
    pub scenario: String,
    /// Glob over judged metrics: `latency.p99`, or its last part alone, `p99`.
    pub metric: String,
    /// The effect we tolerate.
    pub margin: Option<Margin>,
    /// The effect we tolerate since the last release, all changes together.
    pub drift_budget: Option<Margin>,
    /// The absolute limit; needs no baseline.
    pub budget: Option<Limit>,
    /// Whether the row decides.
    pub mode: Option<RowMode>,
    /// What an interval that crosses the budget means.
    pub at_limit: Option<AtLimit>,
    /// Fewest operations per repetition before a percentile is printed.
    pub min_samples: Option<u64>,
    /// Line in the policy file, 1-based; 0 for a built-in rule.
    pub line: u32,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            scenario: "**".into(),
            metric: "*".into(),
            margin: None,
            drift_budget: None,
            budget: None,
            mode: None,
            at_limit: None,
            min_samples: None,
            line: 0,
        }
    }
}

/// The effect we tolerate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// A fraction of the baseline: 0.03 is 3 %.
    Relative(f64),
    /// A difference in the metric's own unit: 0.005 of a ratio is half a point.
    Absolute(f64),
    /// The effect is shown and not judged; usual for p99, whose budget is.
    Unjudged,
}

/// A budget or its absence.
#[derive(Clone, Debug, PartialEq)]
pub enum Limit {
    /// No budget; removes one that an earlier rule set.
    None,
    /// An absolute limit.
    Budget(Budget),
}

/// An absolute limit that needs no baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Budget {
    /// How the metric relates to the limit when the budget holds.
    pub operator: Operator,
    /// The limit in the metric's base unit.
    pub limit: f64,
    /// The unit that was written, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// The budget as it was written, for example `<= 50ms`.
    pub text: String,
}

/// How a metric relates to its limit when the budget holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Operator {
    /// Below.
    #[serde(rename = "<")]
    Below,
    /// At most.
    #[serde(rename = "<=")]
    AtMost,
    /// At least.
    #[serde(rename = ">=")]
    AtLeast,
    /// Above.
    #[serde(rename = ">")]
    Above,
}

impl Operator {
    /// Whether `value` keeps within `limit`.
    #[must_use]
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Below => value < limit,
            Self::AtMost => value <= limit,
            Self::AtLeast => value >= limit,
            Self::Above => value > limit,
        }
    }

    /// Whether the limit is a ceiling (`<`, `<=`) rather than a floor.
    #[must_use]
    pub fn is_ceiling(self) -> bool {
        matches!(self, Self::Below | Self::AtMost)
    }
}

/// Whether a row decides or is only reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowMode {
    /// Its verdict counts for the outcome.
    Gate,
    /// Its margin counts where both builds were measured in turn; against stored numbers only its
    /// budget does.
    Pairs,
    /// Its verdict is shown and does not count.
    Report,
}

/// What an interval that crosses the budget means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtLimit {
    /// Over budget: for quality and memory, where the limit is a promise.
    Fail,
    /// Passes while the measured value itself is within, else inconclusive: for timings.
    Review,
}

/// What an undecided row means for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Undecided {
    /// Exit 1.
    Fail,
    /// Exit 3.
    Report,
    /// Exit 0. The row still says that it was not decided.
    Pass,
}

/// How far stored timings of a machine can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Machine {
    /// Nothing else runs there: stored timings may fail a row.
    Dedicated,
    /// Neighbours come and go: stored timings may raise suspicion but never fail a row, unless `at-limit = "fail"` makes
    /// its budget a promise.
    Shared,
}
