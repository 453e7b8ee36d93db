//! A figure over time.

use serde::Serialize;

/// What a figure was while a repetition was measured. It is shown and not judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Series {
    /// Seconds since measuring began, never falling, and the figure in the declared unit.
    pub series: Vec<(f64, f64)>,
}
