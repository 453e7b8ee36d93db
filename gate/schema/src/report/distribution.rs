//! How the single operations of a metric spread: what a plot of both sides needs, and no more. No verdict
//! rests on it.

use serde::{Deserialize, Serialize};

use crate::id::{MetricName, ScenarioId};
use crate::unit::Unit;

/// The distributions behind the rows, as quantiles at common ranks. Bounded: those of the worst rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Distributions {
    /// Shares of the operations, as fractions, ascending: 0.99 is the 99th percentile.
    pub ranks: Vec<f64>,
    /// One per declared distribution, in the order of the worst row of each.
    pub metrics: Vec<Distribution>,
}

/// Both sides of one declared distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Distribution {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The declared metric, for example `latency`; its rows are `latency.p50` and the like.
    pub metric: MetricName,
    /// Unit of the quantiles.
    pub unit: Unit,
    /// What the baseline recorded; absent when it is not known or not comparable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Quantiles>,
    /// What the candidate recorded; absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Quantiles>,
}

/// One side: the operations of all its repetitions together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Quantiles {
    /// Number of operations.
    pub count: u64,
    /// The value at each rank, ascending, within two percent. Ends early: a rank that too few operations
    /// lie beyond has no value.
    pub values: Vec<f64>,
}
