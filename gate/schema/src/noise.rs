//! The noise of one machine, format `gate.noise/1`: what a build compared with itself showed.
//!
//! Written by `gate calibrate`, read by `gate check` as the history behind the variance of pairs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::defect::{Defect, Problem};
use crate::id::{MetricName, Name, ScenarioId};
use crate::report::Scale;
use crate::run::limits;
use crate::unit::{MAX_MAGNITUDE, Unit};

/// The format this version reads and writes.
pub const FORMAT: &str = "gate.noise/1";

/// Largest variance of differences: the square of the largest measurement. Beyond it sums of squares
/// overflow.
pub const MAX_VARIANCE: f64 = MAX_MAGNITUDE * MAX_MAGNITUDE;

/// The noise of one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Noise {
    /// Always [`FORMAT`].
    pub format: String,
    /// When it was last added to, RFC 3339 in UTC.
    pub created: String,
    /// The fingerprint it holds for; see [`crate::run::Environment`].
    pub fingerprint: BTreeMap<Name, String>,
    /// One entry per scenario and judged metric, sorted.
    pub rows: Vec<NoiseRow>,
}

/// The noise of one judged metric of one scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct NoiseRow {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The judged metric, for example `latency.p50`.
    pub metric: MetricName,
    /// Its unit.
    pub unit: Unit,
    /// Whether differences are of logarithms or of values.
    pub scale: Scale,
    /// One entry per session of pairs, oldest first.
    pub sessions: Vec<NoiseSession>,
    /// Whether dropping the first starts of a measurement is enough; absent while too few pairs tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<WarmUp>,
}

/// What the first starts of calibrations showed that were not dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct WarmUp {
    /// Starts of the build that were dropped before them.
    pub dropped: u32,
    /// Starts of the build, after the dropped ones, that are still visibly warming up, two for every
    /// pair; 0 when dropping those is enough.
    pub more: u32,
    /// Calibrations behind it, each with its own beginning.
    pub measurements: u32,
    /// How much worse each of the first pairs was than the later ones of its session: the mean over
    /// calibrations, in standard deviations of one pair. In order of execution, never empty.
    pub excess: Vec<f64>,
}

/// What one session of pairs of one build showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct NoiseSession {
    /// The session.
    pub id: String,
    /// Pairs measured.
    pub pairs: usize,
    /// Level of the metric, in its unit.
    pub level: f64,
    /// Trimmed mean difference of the second arm over the first; zero but for noise.
    pub difference: f64,
    /// Variance of one pair's difference, from the trimmed mean.
    pub trimmed: Spread,
    /// The same, from the plain mean.
    pub plain: Spread,
}

/// A variance and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Spread {
    /// Variance of one pair's difference on the row's scale.
    pub variance: f64,
    /// Its degrees of freedom.
    pub freedom: f64,
}

/// What one judged row can resolve on a calibrated machine. Sizes are fractions of the level, or
/// differences in the row's unit, by `scale`.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The judged metric.
    pub metric: MetricName,
    /// Its unit.
    pub unit: Unit,
    /// What the sizes are.
    pub scale: Scale,
    /// Whether the policy lets the row decide.
    pub gating: bool,
    /// Calibration sessions behind it.
    pub sessions: usize,
    /// The margin it is held to.
    pub margin: f64,
    /// Standard deviation of one pair's difference.
    pub floor: f64,
    /// Smallest worsening that the first and second session find with 80 % probability.
    pub detectable: f64,
    /// Pairs of the first session that let an unchanged row pass with 80 % probability.
    pub pairs_to_pass: u32,
    /// Whether a gate on this row would see anything worth seeing.
    pub is_gateable: bool,
    /// Starts of each build to drop as warm-up; 0 when those that calibration dropped are enough, or
    /// nothing is known.
    pub warm_up_starts: u32,
}

impl Noise {
    /// The noise of one row, if it is known.
    #[must_use]
    pub fn row(&self, scenario: &ScenarioId, metric: &MetricName) -> Option<&NoiseRow> {
        let at = self
            .rows
            .binary_search_by(|row| (&row.scenario, &row.metric).cmp(&(scenario, metric)))
            .ok()?;
        Some(&self.rows[at])
    }

    /// Checks the format, the order of the rows and every number.
    ///
    /// # Errors
    /// The first problem.
    pub fn validate(&self) -> Result<(), Problem> {
        let problem = |pointer: String, defect| Problem { pointer, defect };
        if self.format != FORMAT {
            return Err(problem(
                "/format".into(),
                Defect::Format(self.format.clone()),
            ));
        }
        for (i, pair) in self.rows.windows(2).enumerate() {
            let key = |row: &NoiseRow| (row.scenario.clone(), row.metric.clone());
            if key(&pair[0]) >= key(&pair[1]) {
                let name = format!("{} {}", pair[1].scenario, pair[1].metric);
                return Err(problem(format!("/rows/{}", i + 1), Defect::Duplicate(name)));
            }
        }
        for (i, row) in self.rows.iter().enumerate() {
            let mut excess = row.warm_up.iter().flat_map(|warm_up| &warm_up.excess);
            if excess.any(|excess| !excess.is_finite()) {
                return Err(problem(
                    format!("/rows/{i}/warm_up/excess"),
                    Defect::NotFinite,
                ));
            }
            for (k, session) in row.sessions.iter().enumerate() {
                let spreads = [session.trimmed, session.plain];
                let sizes = spreads.iter().flat_map(|s| [s.variance, s.freedom]);
                let is_too_large = |s: &Spread| {
                    s.variance > MAX_VARIANCE || s.freedom > limits::REPETITIONS as f64
                };
                let measured = [session.level, session.difference];
                let defect = if sizes.clone().any(|size| size < 0.0) {
                    Defect::Negative
                } else if sizes.chain(measured).any(|v| !v.is_finite()) {
                    Defect::NotFinite
                } else if spreads.iter().any(is_too_large)
                    || measured.iter().any(|v| v.abs() > MAX_MAGNITUDE)
                {
                    Defect::TooLarge
                } else {
                    continue;
                };
                return Err(problem(format!("/rows/{i}/sessions/{k}"), defect));
            }
        }
        Ok(())
    }
}
