//! What a history looks like from the promoted baseline.

use serde::{Deserialize, Serialize};

use crate::id::{MetricName, ScenarioId};
use crate::quantity::Quantity;

/// The promoted baseline beside a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Promoted {
    /// Its file, as it was named.
    pub baseline: String,
    /// Rows of the newest run that it has a comparable level of: same tier, same scenario, and for timings the same
    /// conditions.
    pub rows: usize,
    /// Newest runs that must all be better by the margin before a row is listed.
    pub nights: usize,
    /// Rows that have been better for so long, best first: a promotion would hold them.
    pub improvements: Vec<Improvement>,
}

/// A row that has been better than the promoted baseline for some time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Improvement {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The judged metric.
    pub metric: MetricName,
    /// The level that was promoted last.
    pub from: Quantity,
    /// Level of the newest runs.
    pub to: Quantity,
}
