//! One row: the verdict on one metric of one scenario, with the evidence.

use serde::{Deserialize, Serialize};

use super::{Disturbed, Level, Rank, SideName, Test};
use crate::id::{MetricName, Name, ScenarioId};
use crate::policy::Budget;
use crate::unit::{Direction, Unit};

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
    /// Where a broken budget or a worse level comes from; absent when nothing is wrong or the base
    /// is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blame: Option<Blame>,
    /// The change since the promoted baseline, which the base may share; absent when that is not known,
    /// or not comparable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_promoted: Option<SincePromoted>,
    /// Where a timing was not shown to be no worse: what was unusual while it was measured, per side that
    /// had any of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disturbed: Vec<Disturbed>,
}

/// The candidate against the promoted baseline, from stored sessions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct SincePromoted {
    /// The change, on the scale of the row's effect.
    pub estimate: f64,
    /// The interval around it.
    pub interval: Interval,
}

/// Where something bad comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Blame {
    /// The candidate: its base does not show it.
    CausedHere,
    /// The base: it shows the same without the candidate's change, which was shown to be no worse.
    AlreadyOnBase,
    /// Both: the base does not clearly keep the budget either, and the candidate is worse than it.
    MadeWorse,
    /// Nobody knows: the base does not clearly keep the budget either, and the candidate was not shown
    /// to be no worse; or, of a timing, it was not shown to be worse.
    Unclear,
}

/// The change of the candidate over the baseline. Positive means larger, not worse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Effect {
    /// Whether the numbers are fractions of the baseline or differences in the row's unit.
    pub scale: Scale,
    /// The estimate.
    pub estimate: f64,
    /// The interval around it, each end one-sided 95 %, however often pairs were looked at; absent when
    /// nothing says how noisy it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// The margin it was held against, on the same scale; absent when it was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// One-sided p-value of "got worse"; absent without an interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// What the p-value was computed from; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Test>,
    /// What the p-value was held against; absent where the row makes no claim, as after one session of
    /// pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<Rank>,
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
    /// More pairs that would let an unchanged row pass with 80 % probability; absent unless pairs were
    /// measured, and where no number worth measuring would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs_needed: Option<u32>,
    /// What each session of pairs showed on its own, oldest first; empty unless pairs were measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
}

/// One session of interleaved pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Stage {
    /// Pairs measured.
    pub pairs: usize,
    /// The change it showed, on the scale of the effect.
    pub estimate: f64,
    /// One-sided p-value of "got worse"; absent when nothing says how noisy it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// What its p-value was computed from; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Test>,
    /// Whether it shows on its own that the row got worse.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agrees: bool,
    /// Whether it scattered far more than the history of this metric.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub noisy: bool,
}

/// What an interval rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Basis {
    /// Noise within and between sessions.
    Sessions,
    /// Interleaved pairs of both builds.
    Pairs,
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

/// Where a level stands against its budget; best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

    /// Whether the candidate is shown to be worse than it may be.
    #[must_use]
    pub fn is_worse(self) -> bool {
        matches!(self, Self::Regressed | Self::OverBudget)
    }

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
    /// Worse over all sessions, but too few of them show it on their own. Where exactly one of two sessions
    /// of pairs did, a third was asked for.
    SessionsDisagree {
        /// Sessions that do.
        agreeing: usize,
        /// Sessions of the candidate, or of pairs.
        of: usize,
    },
    /// Looks worse, while the baseline differed from itself or could not be compared with itself:
    /// nothing shows that the machine is steady.
    Unsteady,
    /// Worse, together with most other scenarios: the machine, or something all of them share.
    SlowerTogether {
        /// Scenarios that got slower.
        scenarios: usize,
        /// Scenarios whose timings were compared.
        of: usize,
    },
    /// Looks worse, on a machine whose stored timings cannot be trusted to fail a row.
    SharedMachine,
    /// Looks worse or better against a baseline with too few sessions to know its noise.
    FewSessions {
        /// Sessions the baseline has for this metric.
        have: usize,
        /// Sessions it needs.
        need: usize,
    },
    /// Too few repetitions, or pairs in any one session, to decide anything.
    FewRepetitions {
        /// Repetitions the candidate has, or pairs of its longest session.
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
    /// A curve that was not measured, or never reaches the quality it is judged at.
    NotReached,
    /// Only part of its repetitions were measured.
    PartlyMeasured {
        /// Repetitions that hold it.
        have: usize,
        /// Repetitions of the scenario.
        need: usize,
    },
    /// A curve that reaches the quality it is judged at in part of its repetitions.
    PartlyReached {
        /// Repetitions in which it does.
        have: usize,
        /// Repetitions of the scenario.
        need: usize,
    },
    /// The clock was set back while a side was measured, so that some of its times are left out.
    ClockStepped {
        /// Repetitions, or pairs, that hold it.
        have: usize,
        /// Repetitions of the scenario, or its pairs.
        need: usize,
    },
    /// The clock is too coarse for a side: some of its times are zero and left out.
    ClockCoarse {
        /// Repetitions, or pairs, that hold it.
        have: usize,
        /// Repetitions of the scenario, or its pairs.
        need: usize,
    },
    /// Only part of the baseline's repetitions hold it, so that some pairs have no second member.
    BaselinePartlyMeasured {
        /// Pairs with both members.
        have: usize,
        /// Pairs that the candidate has in the same sessions.
        need: usize,
    },
    /// The baseline has it, the candidate does not even declare it.
    NotDeclared,
    /// The promoted baseline has it, neither side declares it.
    OnNeitherSide,
    /// The promoted baseline and the candidate have it, the base does not declare it.
    NotOnBase,
    /// Both sides declare it alike, and otherwise than the promoted baseline: other parameters, other input,
    /// or another kind, unit or direction.
    NotAsPromoted {
        /// The first parameter that differs; absent when no parameter does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parameter: Option<Name>,
    },
    /// The scenario's own check found a wrong answer.
    WrongAnswer,
    /// A repetition of the scenario crashed, hung or wrote no usable document.
    ScenarioFailed,
    /// The baseline does not have it.
    NotInBaseline,
    /// The baseline declares it but has no measurement of it that counts.
    BaselineUnusable,
}
