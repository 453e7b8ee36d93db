//! The numbers behind a p-value.

use serde::{Deserialize, Serialize};

/// What a p-value was computed from, on the scale on which values are compared: logarithms where effects
/// are fractions, so that 0.01 is about 1 %. Larger is worse.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Test {
    /// Of one session of pairs: the variance of a pair's difference that its own pairs show, `u`; absent
    /// where one pair shows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<f64>,
    /// Of one session of pairs: the variance that counts, `u*`, with what calibration knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderated: Option<f64>,
    /// Degrees of freedom.
    pub freedom: f64,
    /// Standard error of the change.
    pub error: f64,
    /// The change in standard errors.
    pub t: f64,
}

/// The place of one claim of "got worse" among all claims that are decided together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Rank {
    /// Place of its p-value, the smallest of all being 1.
    pub rank: usize,
    /// Rows decided together.
    pub of: usize,
    /// What the p-value may be at most: the level times `rank / of`, or that of the last claim that holds
    /// where this one stands before it.
    pub threshold: f64,
}
