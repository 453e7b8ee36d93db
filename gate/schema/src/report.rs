//! The verdict report, format `gate.verdict/1`: everything that may be shown about one judgement.
//!
//! Renderers see only this, so a report can be rendered again later by a job that never ran the
//! code it is about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::exit::ExitCode;
use crate::id::{MetricName, Name, ScenarioId};
use crate::policy::{Machine, Undecided};
use crate::run::{Failure, Mode};
use crate::unit::{Direction, Unit};

mod distribution;
mod disturbed;
mod level;
mod profile;
mod row;
mod series;
mod test;
pub use distribution::{Distribution, Distributions, Quantiles};
pub use disturbed::Disturbed;
pub use level::{Level, ModeLevel, Modes};
pub use profile::{
    CandidateProfile, FrameChange, FrameShare, FrameTime, Hotspot, NotRelative, ProfileChange,
    ProfileFiles, ProfiledSide, Profiles, RelativePath, ScenarioProfile,
};
pub use row::{
    Basis, Blame, BudgetCheck, BudgetStatus, Effect, Interval, Reason, Row, Scale, SincePromoted,
    Stage, Verdict,
};
pub use series::{Course, Series};
pub use test::{Rank, Test};

/// The format this version writes.
pub const FORMAT: &str = "gate.verdict/1";

/// One judgement of a candidate against a baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// Always [`FORMAT`].
    pub format: String,
    /// The join of all gating verdicts.
    pub outcome: Outcome,
    /// The exit code that follows from the outcome and the policy.
    pub exit_code: ExitCode,
    /// The run compared against.
    pub baseline: RunSummary,
    /// The run under judgement.
    pub candidate: RunSummary,
    /// Fingerprint fields that differ, sorted by name. Not empty means no timing was compared.
    pub environment_differences: Vec<FieldDifference>,
    /// What the verdicts depended on besides the runs.
    pub method: Method,
    /// What a reader must know before trusting the rows.
    pub warnings: Vec<Warning>,
    /// What became of each accepted regression.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<WaiverUse>,
    /// What the scenarios show together, one per judged metric, worst first; see [`Uniform`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uniform: Vec<Uniform>,
    /// The baseline measured against itself; absent unless too much looked suspicious.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canaries: Option<Canaries>,
    /// Scenarios of which a repetition crashed, hung or wrote no usable document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailedScenario>,
    /// Where the time goes, one per profiled scenario.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<ScenarioProfile>,
    /// Worst first.
    pub rows: Vec<Row>,
    /// How the single operations behind the rows spread, for plots; absent where no histogram is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distributions: Option<Distributions>,
    /// Figures over time of the scenarios of the rows, those of the worst rows first, for plots. Bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<Series>,
}

impl Report {
    /// Number of rows with each verdict, including those that do not gate.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Verdict, usize> {
        let mut counts = BTreeMap::new();
        for row in &self.rows {
            *counts.entry(row.verdict).or_default() += 1;
        }
        counts
    }
}

/// The settings that shaped a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Method {
    /// Benjamini-Hochberg level for regressions.
    pub false_discovery: f64,
    /// Number of rows in the family that the level covers.
    pub family: usize,
    /// What inconclusive rows mean for the exit code.
    pub inconclusive: Undecided,
    /// What incomparable rows mean for the exit code.
    pub incomparable: Undecided,
    /// How far stored timings were trusted.
    pub machine: Machine,
    /// How the two sides were measured: next to each other, or at different times.
    #[serde(default = "single", skip_serializing_if = "is_single")]
    pub mode: Mode,
    /// Whether the baseline is a release and margins are drift budgets.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_drift: bool,
    /// Calibration sessions of this machine behind the noise of pairs; zero without any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub calibration_sessions: usize,
}

fn single() -> Mode {
    Mode::Single
}

fn is_single(mode: &Mode) -> bool {
    *mode == Mode::Single
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// The change of one judged metric over all scenarios together: sees a slowdown of everything that
/// is too small for any single row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Uniform {
    /// The judged metric, for example `latency.p50`.
    pub metric: MetricName,
    /// Its unit.
    pub unit: Unit,
    /// Which way it gets better.
    pub direction: Direction,
    /// Scenarios behind it.
    pub scenarios: usize,
    /// Mean change over the scenarios, as a fraction; positive means larger, not worse.
    pub estimate: f64,
    /// Interval around it, each end one-sided 95 %.
    pub interval: Interval,
    /// The margin it was held against, as a fraction.
    pub margin: f64,
    /// One-sided p-value of "got worse".
    pub p_value: f64,
    /// [`Verdict::Regressed`], or [`Verdict::Pass`] when nothing was shown.
    pub verdict: Verdict,
    /// Whether the verdict counts for the outcome.
    pub gating: bool,
}

/// Scenarios on which the baseline was measured against itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Canaries {
    /// The scenarios.
    pub scenarios: Vec<ScenarioId>,
    /// Those on which it differed from itself. Not empty means that no timing row may fail.
    pub fired: Vec<ScenarioId>,
    /// Those whose timings could not be compared, such as a scenario that crashed. Nothing shows there
    /// that the machine is steady, so these count like those that fired.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusable: Vec<ScenarioId>,
}

impl Canaries {
    /// Whether the baseline repeated itself everywhere it was asked to.
    #[must_use]
    pub fn are_steady(&self) -> bool {
        self.fired.is_empty() && self.unusable.is_empty()
    }
}

/// A failed repetition and whose it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct FailedScenario {
    /// Whose repetition failed.
    pub side: SideName,
    /// What failed and how; the first failure of the scenario on this side.
    pub failure: Failure,
}

/// A run, as much of it as a reader needs to recognise it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct RunSummary {
    /// Id of the run document.
    pub id: String,
    /// When it was written.
    pub created: String,
    /// Commit, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether the work tree was dirty, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// Variables that were set for this build alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
    /// Changes planted on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planted: Vec<String>,
    /// Size class, when declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Name>,
    /// Number of sessions.
    pub sessions: usize,
    /// The fingerprint and soft fields of the machine.
    pub environment: BTreeMap<Name, String>,
}

/// A fingerprint field with two values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct FieldDifference {
    /// The field.
    pub field: Name,
    /// Its value in the baseline; absent when unknown there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Its value in the candidate; absent when unknown there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<String>,
}

/// One accepted regression and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct WaiverUse {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The judged metric.
    pub metric: MetricName,
    /// The largest worsening accepted, as it was written.
    pub ceiling: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it is discussed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Last day it holds, `YYYY-MM-DD`.
    pub expires: String,
    /// What became of it.
    pub status: WaiverStatus,
}

/// What became of a waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum WaiverStatus {
    /// Its row regressed within the ceiling.
    Applied,
    /// Its row did not regress.
    NotNeeded,
    /// Its row got worse than the ceiling allows.
    Exceeded,
    /// Its last day has passed: stale.
    Expired,
    /// There is no such row: stale.
    Unmatched,
}

impl WaiverStatus {
    /// Whether the waiver must be removed or renewed; a stale one fails the comparison.
    #[must_use]
    pub fn is_stale(self) -> bool {
        matches!(self, Self::Expired | Self::Unmatched)
    }
}

/// Something a reader must know before trusting the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "warning", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Warning {
    /// A rule of the policy matched no row: a typo there silently switches off a budget.
    RuleMatchesNothing {
        /// Line of the rule in the policy file.
        line: u32,
        /// Its scenario glob.
        scenario: String,
        /// Its metric glob.
        metric: String,
    },
    /// A run with planted changes.
    Planted {
        /// Which side.
        side: SideName,
    },
    /// Sessions of the candidate are in the baseline too, so it is compared with itself.
    ComparedWithItself,
    /// A run measured from a work tree with uncommitted changes.
    Dirty {
        /// Which side.
        side: SideName,
    },
}

/// Baseline or candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum SideName {
    /// The run compared against.
    Baseline,
    /// The run under judgement.
    Candidate,
}

/// The outcome of a whole comparison: the join of all gating verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Outcome {
    /// Nothing got worse and something was measured.
    Pass,
    /// At least one row could not be decided, and the policy wants to know.
    Undecided,
    /// At least one row is worse, over budget or missing.
    Fail,
}
