//! What was unusual while a side was measured.

use serde::{Deserialize, Serialize};

use super::SideName;
use crate::run::AnomalyKind;

/// Repetitions of one side during which something unusual happened. It explains a row and changes no
/// verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Disturbed {
    /// Which side.
    pub side: SideName,
    /// Repetitions with an anomaly, at least 1.
    pub repetitions: usize,
    /// Repetitions of the scenario in all.
    pub of: usize,
    /// What happened, most frequent first. Never empty.
    pub by: Vec<AnomalyKind>,
}
