//! The run document, format `gate.run/1`: all sessions of one build.
//!
//! It is the only thing that crosses from a benchmark to the gate. A promoted baseline is a run too,
//! with [`Provenance`] and with distributions cut down to [`Summary`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::defect::Defect;
use crate::id::{Digest, MetricName, Name, ScenarioId};
use crate::quantity::Quantity;
use crate::unit::{Direction, Unit};

pub use crate::validate::limits;

mod anomaly;
mod curve;
mod misread;
mod series;
mod value;
pub use anomaly::{Anomaly, AnomalyKind};
pub use curve::Curve;
pub use series::Series;
pub use value::{Distribution, MetricValue, Proportion, Summary};

/// The format this version reads and writes.
pub const FORMAT: &str = "gate.run/1";

/// All sessions of one build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Run {
    /// Always [`FORMAT`].
    pub format: String,
    /// Names this run in reports.
    pub id: String,
    /// When the document was written, RFC 3339 in UTC.
    pub created: String,
    /// What was built.
    pub source: Source,
    /// Where it ran.
    pub environment: Environment,
    /// What should be here. A scenario or metric that is declared and absent is `Missing`.
    pub manifest: Manifest,
    /// What was measured, oldest first. Never empty, unless every repetition failed.
    pub sessions: Vec<Session>,
    /// Repetitions that gave no values. Their whole scenario counts as failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// For a promoted baseline: one pooled distribution per scenario, for plots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pooled: Vec<Pooled>,
    /// For a promoted baseline: who promoted what, when and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

/// What was built. Absent fields are unknown, not empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Source {
    /// Name or address of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Full commit id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Branch name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Whether the work tree had changes that no commit holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// Digest of the lock file, so that a changed dependency is visible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lockfile: Option<Digest>,
    /// Variables that were set for this build alone, as `NAME=VALUE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
    /// Changes planted on purpose to prove that the gate sees them. Such a run is never promoted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planted: Vec<String>,
}

/// Where a run was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Environment {
    /// The fingerprint: fields that must be equal before timings are compared. Empty when unknown.
    pub fingerprint: BTreeMap<Name, String>,
    /// Fields that are shown but never refuse a comparison.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub soft: BTreeMap<Name, String>,
    /// The program that measured, with its version.
    pub tool: String,
}

/// What a run should contain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Manifest {
    /// Size class of the suite, for example `smoke`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Name>,
    /// Every scenario that should have been measured.
    pub scenarios: Vec<Declared>,
}

/// One declared scenario: its identity and its metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Declared {
    /// The scenario.
    pub scenario: ScenarioId,
    /// What fixes the workload: sizes, dimensions, seeds. Part of the identity: two runs whose
    /// parameters differ measured different things.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<Name, Param>,
    /// Digest of the recipe of the input data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Digest>,
    /// The metrics each repetition should carry. Never empty.
    pub metrics: Vec<DeclaredMetric>,
}

impl Declared {
    /// The declaration of `metric`, if there is one.
    #[must_use]
    pub fn metric(&self, metric: &MetricName) -> Option<&DeclaredMetric> {
        self.metrics.iter().find(|m| &m.name == metric)
    }
}

/// A typed parameter of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Param {
    /// A switch.
    Flag(bool),
    /// A size, a count or a seed.
    Integer(i64),
    /// A kind.
    Text(String),
}

impl std::fmt::Display for Param {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// One declared metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct DeclaredMetric {
    /// Its name, unique in the scenario.
    pub name: MetricName,
    /// The shape of its values.
    pub kind: Kind,
    /// The base unit of its values.
    pub unit: Unit,
    /// Which way it gets better.
    pub direction: Direction,
    /// For a curve: the quality at which costs or rates are compared, a ratio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<f64>,
}

/// The shape of one metric's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Kind {
    /// A distribution of single operations.
    Histogram,
    /// One number.
    Value,
    /// Hits out of trials.
    Proportion,
    /// Cost or rate by quality, for example latency or throughput by recall; judged at one quality.
    Curve,
    /// A figure over time, for example memory or a number of segments; shown and not judged.
    Series,
}

impl Kind {
    /// The kind as documents write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Histogram => "histogram",
            Self::Value => "value",
            Self::Proportion => "proportion",
            Self::Curve => "curve",
            Self::Series => "series",
        }
    }
}

/// Repetitions that were measured together on one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Session {
    /// Unique in the run.
    pub id: String,
    /// When it started, RFC 3339 in UTC.
    pub start: String,
    /// How its repetitions were ordered.
    pub mode: Mode,
    /// One entry per scenario that was measured.
    pub scenarios: Vec<Measured>,
}

/// How the repetitions of a session were ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Mode {
    /// One build alone.
    Single,
    /// Next to repetitions of the other build; each repetition carries its pair index.
    Paired,
}

/// The repetitions of one scenario in one session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Measured {
    /// The scenario.
    pub scenario: ScenarioId,
    /// Whether the scenario verified its own answer.
    pub check: Check,
    /// Cost of recording one operation, in nanoseconds, as the harness measured it on this machine.
    /// It is inside every latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_overhead_ns: Option<f64>,
    /// In the order they ran. Never empty.
    pub repetitions: Vec<Repetition>,
}

/// Whether a scenario verified its own answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Check {
    /// It did and the answer was right.
    Passed,
    /// It did and the answer was wrong: nothing it measured counts.
    Failed,
    /// It cannot; usual for imported benchmarks.
    None,
}

/// One process start: one value per metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Repetition {
    /// In a paired session: which pair this belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<u32>,
    /// The values, sorted by name.
    #[serde(with = "value::sorted_map")]
    #[cfg_attr(
        feature = "json-schema",
        schemars(with = "BTreeMap<Name, MetricValue>")
    )]
    pub metrics: Vec<(MetricName, MetricValue)>,
    /// What was unusual meanwhile. It makes nothing pass or fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<Anomaly>,
}

impl Repetition {
    /// A repetition outside any pair.
    ///
    /// # Errors
    /// [`Defect::Duplicate`] when a metric is given twice.
    pub fn new(mut metrics: Vec<(MetricName, MetricValue)>) -> Result<Self, Defect> {
        metrics.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(pair) = metrics.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Defect::Duplicate(pair[0].0.to_string()));
        }
        Ok(Self {
            pair: None,
            metrics,
            anomalies: Vec::new(),
        })
    }

    /// The value of `metric`, if it was measured.
    #[must_use]
    pub fn metric(&self, metric: &MetricName) -> Option<&MetricValue> {
        let at = self
            .metrics
            .binary_search_by(|(name, _)| name.cmp(metric))
            .ok()?;
        Some(&self.metrics[at].1)
    }
}

/// A repetition that crashed, hung or wrote no usable document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Failure {
    /// The scenario. It may be undeclared: one that never answered could not declare itself.
    pub scenario: ScenarioId,
    /// The session it belonged to; absent for a warm-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Its pair in that session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<u32>,
    /// How it ended, in one line: `killed by signal 11`, `no end after 10m`.
    pub how: String,
    /// The last lines of its stderr.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stderr: Vec<String>,
}

/// One pooled distribution of a promoted baseline: all repetitions of its newest session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Pooled {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The metric.
    pub metric: MetricName,
    /// The distribution.
    pub distribution: Distribution,
}

/// How a baseline came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Provenance {
    /// Who promoted it.
    pub promoted_by: String,
    /// When, RFC 3339 in UTC.
    pub promoted_at: String,
    /// Why; required when a rule of promotion was overridden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The workflow run that measured it, as an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_run: Option<String>,
    /// Digest of the promoted document.
    pub promoted_document: Digest,
    /// Digest of all the rest of this baseline, so that an edit by hand shows. What older versions promoted has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
    /// Rules of promotion that the reason overrode, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overridden: Vec<String>,
    /// What changed against the baseline it replaced: levels that got worse first, of each kind the largest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// One metric whose accepted level moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The judged metric, for example `latency.p50`.
    pub metric: MetricName,
    /// The level that was accepted so far.
    pub from: Quantity,
    /// The level accepted now.
    pub to: Quantity,
}
