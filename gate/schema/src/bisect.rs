//! Which commit brought a regression, format `gate.bisect/1`.

use serde::{Deserialize, Serialize};

use crate::exit::ExitCode;
use crate::id::{MetricName, ScenarioId};
use crate::report::Row;

/// The format this version writes.
pub const FORMAT: &str = "gate.bisect/1";

/// What a search between two commits came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Bisection {
    /// Always [`FORMAT`].
    pub format: String,
    /// The exit code this leads to: pass when one commit was found, usage when one of the two ends does not build or
    /// cannot be measured, or something stopped the search, undecided otherwise.
    pub exit_code: ExitCode,
    /// The scenario.
    pub scenario: ScenarioId,
    /// The judged metric, for example `latency.p50`.
    pub metric: MetricName,
    /// The commit that everything was held against.
    pub good: Revision,
    /// The commit that was said to be worse.
    pub bad: Revision,
    /// First-parent commits after `good`, up to and with `bad`.
    pub commits: usize,
    /// What it came to.
    pub found: Found,
    /// Why it is not one commit; absent when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// The newest commit that was measured and is not worse.
    pub from: Revision,
    /// The oldest commit that was measured and is worse; `bad` as long as that is not confirmed.
    pub to: Revision,
    /// First-parent commits after `from`, up to and with `to`: one of them brought it.
    pub suspects: usize,
    /// What was measured, in that order; `bad` first.
    pub steps: Vec<Step>,
}

/// A commit as people know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Revision {
    /// Its full id.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Found {
    /// One commit.
    Commit,
    /// A shorter stretch, or the whole one.
    Range,
    /// Nothing: the two ends do not differ as was said.
    NotConfirmed,
}

/// Why a search did not come to one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Why {
    /// The bad end is not worse than the good one.
    NotWorse,
    /// The last commit that was measured is neither shown to be worse nor to be no worse.
    CannotTell,
    /// No commit that is left could be measured.
    Skipped,
    /// The time was up.
    Time,
}

/// One commit held against the good one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// The commit.
    pub revision: Revision,
    /// What was decided.
    pub answer: Answer,
    /// How it failed, when it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// The row as it was judged; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Row>,
}

/// What one commit is, held against the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Answer {
    /// Worse by more than the margin.
    Worse,
    /// Shown to be no worse than the margin allows.
    NotWorse,
    /// Neither.
    CannotTell,
    /// It does not build, its scenario fails, or it has no such row.
    Skipped,
}
