//! What one side measured of a metric.

use serde::{Deserialize, Serialize};

/// One side's level of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Level {
    /// The level, in the row's unit.
    pub value: f64,
    /// Sessions behind it.
    pub sessions: usize,
    /// Repetitions behind it, over all sessions.
    pub repetitions: usize,
    /// The two modes its repetitions fall into; absent unless they clearly do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modes: Option<Modes>,
}

/// Two levels, one of which every repetition of a side is near: something that is decided once per
/// process, such as its memory layout, matters. They change no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Modes {
    /// The lower one.
    pub low: ModeLevel,
    /// The higher one.
    pub high: ModeLevel,
}

/// One of two modes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct ModeLevel {
    /// Geometric mean of its repetitions, in the row's unit.
    pub level: f64,
    /// Share of the side's repetitions, as a fraction.
    pub share: f64,
}
