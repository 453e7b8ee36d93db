//! The verdict report, format `gate.verdict/1`: everything that may be shown about one judgement.
//!
//! Renderers see only this, so a report can be rendered again later by a job that never ran the
//! code it is about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::exit::ExitCode;
use crate::id::{MetricName, Name, ScenarioId};
use crate::policy::{Budget, Machine, Undecided};
use crate::unit::{Direction, Unit};

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
    /// Worst first.
    pub rows: Vec<Row>,
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

/// The verdict on one metric of one scenario, with the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Row {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The judged metric: `throughput`, or a statistic of a distribution such as `latency.p99`.
    pub metric: MetricName,
    /// Base unit of every number in this row but ratios of change.
    pub unit: Unit,
    /// Which way the metric gets better.
    pub direction: Direction,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Whether the verdict counts for the outcome.
    pub gating: bool,
    /// What the baseline measured; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Level>,
    /// What the candidate measured; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Level>,
    /// The effect; absent when the sides cannot be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// The budget; absent when the policy has none for this row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetCheck>,
}

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
}

/// The change of the candidate over the baseline. Positive means larger, not worse.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Effect {
    /// Whether the numbers are fractions of the baseline or differences in the row's unit.
    pub scale: Scale,
    /// The estimate.
    pub estimate: f64,
    /// The interval around it, each end one-sided 95 %; absent when nothing says how noisy it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// The margin it was held against, on the same scale; absent when it was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// One-sided p-value of "got worse"; absent without an interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// Smallest worsening this comparison would have found with 80 % probability, on the same scale;
    /// absent without an interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
    /// What the interval rests on; absent without an interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// Candidate sessions that on their own show the row got worse; absent unless sessions count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreeing: Option<usize>,
}

/// What an interval rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Basis {
    /// Noise within and between sessions.
    Sessions,
    /// Differences query by query.
    Queries,
    /// Both sides repeat exactly.
    Exact,
}

/// How an effect is expressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Scale {
    /// As a fraction of the baseline.
    Relative,
    /// As a difference in the row's unit.
    Absolute,
}

/// An interval, low end first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Interval {
    /// Low end.
    pub low: f64,
    /// High end.
    pub high: f64,
}

/// A budget held against the candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct BudgetCheck {
    /// The limit.
    pub budget: Budget,
    /// Where the candidate stands.
    pub status: BudgetStatus,
    /// Interval of the candidate's level, each end one-sided 95 %; absent when one repetition says
    /// nothing about its own noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Distance to the limit as a fraction of the limit; negative when over.
    pub headroom: f64,
}

/// Where a level stands against its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum BudgetStatus {
    /// The whole interval keeps the limit.
    Within,
    /// The interval crosses the limit.
    AtLimit,
    /// The whole interval breaks the limit.
    Over,
}

/// What was decided about one row. Ordered from best to worst: the order of the outcome's join and,
/// reversed, of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Verdict {
    /// Shown to be no worse than the margin allows, and within budget.
    Pass,
    /// Better by more than the margin.
    Improved,
    /// Not in the baseline: nothing to compare with, budgets count.
    Added,
    /// Worse, and accepted by a reviewed waiver.
    Waived,
    /// The sides were not measured under comparable conditions.
    Incomparable,
    /// The evidence decides neither way.
    Inconclusive,
    /// Declared and not measured.
    Missing,
    /// Worse by more than the margin.
    Regressed,
    /// Breaks an absolute limit.
    OverBudget,
}

impl Verdict {
    /// All verdicts, best first.
    pub const ALL: [Self; 9] = [
        Self::Pass,
        Self::Improved,
        Self::Added,
        Self::Waived,
        Self::Incomparable,
        Self::Inconclusive,
        Self::Missing,
        Self::Regressed,
        Self::OverBudget,
    ];

    /// The verdict as people read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Improved => "improved",
            Self::Added => "added",
            Self::Waived => "waived",
            Self::Incomparable => "incomparable",
            Self::Inconclusive => "inconclusive",
            Self::Missing => "missing",
            Self::Regressed => "regressed",
            Self::OverBudget => "over budget",
        }
    }
}

/// Why a verdict was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Reason {
    /// The whole interval stays inside the margin.
    WithinMargin,
    /// The interval says worse, by less than the margin. Not corrected for the number of rows.
    SmallEffect,
    /// Both sides are exactly repeatable and agree within the margin.
    Exact,
    /// Not compared by policy; its budget holds, or it has none.
    NotJudged,
    /// Worse by more than the margin, and the family of rows allows the claim.
    BeyondMargin,
    /// Better by more than the margin.
    BetterThanMargin,
    /// Faster, while a quality metric of the same scenario fell below its floor or got worse.
    TradedQuality {
        /// The quality metric.
        metric: MetricName,
    },
    /// Breaks its budget with its whole interval.
    Budget,
    /// Its interval crosses the budget.
    AtLimit,
    /// The noise is larger than the margin.
    Noise,
    /// The repetitions of this session scatter far more than the history of this metric.
    NoisySession,
    /// Looks worse, in one session; a second session must agree.
    NeedsSecondSession,
    /// Looks worse, on a machine whose stored timings cannot be trusted to fail a row.
    SharedMachine,
    /// Looks worse or better against a baseline with too few sessions to know its noise.
    FewSessions {
        /// Sessions the baseline has for this metric.
        have: usize,
        /// Sessions it needs.
        need: usize,
    },
    /// Too few repetitions to know the noise.
    FewRepetitions {
        /// Repetitions the candidate has.
        have: usize,
        /// Repetitions it needs.
        need: usize,
    },
    /// Too few operations for this percentile.
    FewSamples {
        /// Fewest operations of any repetition.
        have: u64,
        /// Operations it needs.
        need: u64,
    },
    /// The machine, compiler or build differs.
    Environment {
        /// The first field that differs.
        field: Name,
    },
    /// One side does not say where it ran.
    EnvironmentUnknown {
        /// Which side.
        side: SideName,
    },
    /// A parameter of the scenario differs.
    Parameter {
        /// The first parameter that differs.
        parameter: Name,
    },
    /// The input data differs.
    Input,
    /// The metric's kind, unit or direction differs.
    Declaration,
    /// The manifest declares it and no session of the candidate holds it.
    NotMeasured,
    /// Only part of its repetitions were measured.
    PartlyMeasured {
        /// Repetitions that hold it.
        have: usize,
        /// Repetitions of the scenario.
        need: usize,
    },
    /// The baseline has it, the candidate does not even declare it.
    NotDeclared,
    /// The scenario's own check found a wrong answer.
    WrongAnswer,
    /// The baseline does not have it.
    NotInBaseline,
    /// The baseline declares it but did not measure it, or gave a wrong answer.
    BaselineUnusable,
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
