//! What a history of runs shows, format `gate.trend/1`: steps, drift, and changes of the machine.

use serde::{Deserialize, Serialize};

use crate::exit::ExitCode;
use crate::id::{MetricName, Name, ScenarioId};
use crate::quantity::Quantity;
use crate::report::FieldDifference;

mod promoted;
pub use promoted::{Improvement, Promoted};

/// The format this version writes.
pub const FORMAT: &str = "gate.trend/1";

/// What a history of runs shows, seen from its newest run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Trend {
    /// Always [`FORMAT`].
    pub format: String,
    /// The exit code this leads to: fail when the newest run shows a new step or a drift to the worse, undecided
    /// when there are too few runs to tell anything.
    pub exit_code: ExitCode,
    /// Size class of the newest run; runs of others are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Name>,
    /// Runs looked at.
    pub runs: usize,
    /// Of these, runs with the fingerprint of the newest one. Timings of others are not looked at.
    pub alike: usize,
    /// The newest run.
    pub newest: Night,
    /// Rows that the newest run measured and that have enough runs to tell.
    pub told: usize,
    /// Rows that the newest run did not measure, or that have too few runs since the machine or the scenario changed.
    pub untold: usize,
    /// Runs that a row needs.
    pub needed: usize,
    /// Steps that stand: the last one of each row, while the newest runs are nearer to its level than to that before;
    /// and of a row that got better last, by the same rule, the last one to the worse. New ones first, then worst first.
    pub steps: Vec<Step>,
    /// Rows that crept away since their last step by more than their margins, and away from what was promoted, worst
    /// first.
    pub drifts: Vec<Drift>,
    /// How it stands to the promoted baseline; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted: Option<Promoted>,
    /// Runs that were measured under other conditions than the run before them, oldest first.
    pub machines: Vec<MachineChange>,
    /// Every row of the newest run. What is not listed is not told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
}

/// A row of the newest run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Row {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The judged metric.
    pub metric: MetricName,
    /// The oldest run that it is told from; absent when it is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Night>,
}

/// One run of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Night {
    /// When the run was written, RFC 3339 in UTC.
    pub created: String,
    /// What it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// A level that changed and stayed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The judged metric, for example `latency.p50`.
    pub metric: MetricName,
    /// Which way.
    pub way: Way,
    /// What may be behind it.
    pub suspect: Suspect,
    /// Whether the newest run showed it first.
    pub is_new: bool,
    /// How far it stands out from night to night, in standard errors.
    pub score: f64,
    /// Level of the runs before.
    pub from: Quantity,
    /// Level since.
    pub to: Quantity,
    /// The last run before it. Where one commit was measured again around the step, the last one of another commit.
    pub good: Night,
    /// The first run with it, or of another commit: what changed lies between the two.
    pub bad: Night,
}

/// A level that crept away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Drift {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The judged metric.
    pub metric: MetricName,
    /// Which way.
    pub way: Way,
    /// What may be behind it; the code where nothing is said.
    #[serde(default, skip_serializing_if = "Suspect::is_code")]
    pub suspect: Suspect,
    /// How far it stands out, in standard errors.
    pub score: f64,
    /// Level of the oldest runs since the last step.
    pub from: Quantity,
    /// Level of the newest.
    pub to: Quantity,
    /// The oldest of these runs.
    pub since: Night,
}

/// Better or worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Way {
    /// Worse.
    Worse,
    /// Better.
    Better,
}

/// What may be behind a step or a drift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Suspect {
    /// The commits between the two runs.
    #[default]
    Code,
    /// The machine: both runs, and those around them, were built from one commit.
    SameCommit,
    /// The machine, or something all code shares: most timings moved the same way at the same time.
    Everything,
}

impl Suspect {
    /// Whether it is nothing but the code.
    #[must_use]
    pub fn is_code(&self) -> bool {
        *self == Self::Code
    }
}

/// A run that was measured under other conditions than the run before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct MachineChange {
    /// The run.
    pub night: Night,
    /// Fields of the fingerprint that differ. Never empty.
    pub fields: Vec<FieldDifference>,
}
