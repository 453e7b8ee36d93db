//! A figure over time on both sides: what a plot needs, and no more. No verdict rests on it.

use serde::{Deserialize, Serialize};

use crate::id::{MetricName, ScenarioId};
use crate::unit::{Direction, Unit};

/// Both sides of one declared series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Series {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The declared metric, for example `timeline.memory`.
    pub metric: MetricName,
    /// Unit of the figures.
    pub unit: Unit,
    /// Which way the figure gets better.
    pub direction: Direction,
    /// What was seen of the baseline; absent when it is not known or not comparable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Course>,
    /// What was seen of the candidate; absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Course>,
}

/// One side: one repetition as it was seen, the one whose median is in the middle. Repetitions are not put
/// together, because what comes and goes in each of them, at its own time, would be smoothed away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Course {
    /// Repetitions it was chosen from, over all sessions.
    pub repetitions: usize,
    /// Median of all its points.
    pub median: f64,
    /// Seconds since measuring began, never falling, and the figure then; at most [`Course::MOST_POINTS`]. Of
    /// more, the first and the last are kept, and of each stretch between them the least and the most.
    pub points: Vec<(f64, f64)>,
}

impl Course {
    /// Most points of a course: more than one per five pixels of a small plot say nothing.
    pub const MOST_POINTS: usize = 64;
}
