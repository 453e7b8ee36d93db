//! Why a verdict was reached, as a short phrase that says what would settle it.

use gate_schema::report::{Reason, Row, SideName, Verdict};

use crate::escape::Target;
use crate::quantity;

/// The reason of one row, for its `why` column.
pub(crate) fn phrase(row: &Row, target: Target) -> String {
    let reason = of_reason(row, target);
    if row.verdict == Verdict::Waived {
        format!("waived: {reason}")
    } else {
        reason
    }
}

fn of_reason(row: &Row, target: Target) -> String {
    match &row.reason {
        Reason::WithinMargin => "within the margin".into(),
        Reason::SmallEffect => "looks slightly worse, inside the margin".into(),
        Reason::Exact => "exactly repeatable".into(),
        Reason::NotJudged => "not judged by policy".into(),
        Reason::BeyondMargin => "worse by more than the margin".into(),
        Reason::BetterThanMargin => "better by more than the margin".into(),
        Reason::TradedQuality { metric } => {
            format!("traded {} for speed", target.outside(metric.as_str()))
        }
        Reason::Budget => "breaks its budget".into(),
        Reason::AtLimit => match row.budget.as_ref().and_then(|check| check.interval) {
            Some(ends) => {
                let [low, high] =
                    quantity::levels([Some(ends.low), Some(ends.high)], row.unit, None, target);
                format!(
                    "its interval, {} to {}, crosses the budget",
                    low.unwrap_or_default(),
                    high.unwrap_or_default()
                )
            }
            None => "one repetition cannot tell whether the budget holds".into(),
        },
        Reason::Noise => match seen(row, target) {
            Some(seen) => format!("too noisy: only a worsening of {seen} would have been seen"),
            None => "the noise is larger than the margin".into(),
        },
        Reason::NoisySession => "far noisier than its history; measure it again".into(),
        Reason::NeedsSecondSession => "looks worse in one session; measure a second".into(),
        Reason::SessionsDisagree { agreeing, of } => format!(
            "worse over all pairs, but only {agreeing} of {of} sessions show it; measure it again"
        ),
        Reason::Unsteady => {
            "looks worse, but the baseline differs from itself: the machine is not steady".into()
        }
        Reason::SlowerTogether { scenarios, of } => format!(
            "slower together with {scenarios} of {of} scenarios: the machine, or what they share; \
             `gate check` tells them apart"
        ),
        Reason::SharedMachine => {
            "looks worse, but on a shared machine; confirm it with `gate check`".into()
        }
        Reason::FewSessions { have, need } => format!("baseline has {have} of {need} sessions"),
        Reason::FewRepetitions { have, need } => {
            format!("candidate has {have} of {need} repetitions")
        }
        Reason::FewSamples { have, need } => {
            format!("{have} operations; this percentile needs {need}")
        }
        Reason::Environment { field } => format!("{} differs", target.outside(field.as_str())),
        Reason::EnvironmentUnknown { side } => {
            format!("the {} does not say where it ran", side_name(*side))
        }
        Reason::Parameter { parameter } => format!(
            "its parameter {} differs",
            target.outside(parameter.as_str())
        ),
        Reason::Input => "its input differs".into(),
        Reason::Declaration => "its kind, unit or direction differs".into(),
        Reason::NotMeasured => "declared and not measured".into(),
        Reason::PartlyMeasured { have, need } => {
            format!("measured in {have} of {need} repetitions")
        }
        Reason::NotDeclared => "in the baseline, but the candidate does not declare it".into(),
        Reason::WrongAnswer => {
            "its own check found a wrong answer; nothing it measured counts".into()
        }
        Reason::ScenarioFailed => "a repetition failed; nothing it measured counts".into(),
        Reason::NotInBaseline => "not in the baseline".into(),
        Reason::BaselineUnusable => {
            "declared in the baseline, but not measured there or wrong".into()
        }
    }
}

/// The reason of several rows at once, to stand after a number of rows: `3 too noisy`.
pub(crate) fn tally(reason: &Reason, target: Target) -> String {
    match reason {
        Reason::Noise => "too noisy".into(),
        Reason::NoisySession => "noisier than their history".into(),
        Reason::NeedsSecondSession => "looking worse in one session".into(),
        Reason::SessionsDisagree { .. } => "whose sessions disagree".into(),
        Reason::Unsteady => "on an unsteady machine".into(),
        Reason::SlowerTogether { .. } => "slower together with most scenarios".into(),
        Reason::SharedMachine => "looking worse on a shared machine".into(),
        Reason::FewSessions { .. } => "with too few baseline sessions".into(),
        Reason::FewRepetitions { .. } => "with too few repetitions".into(),
        Reason::FewSamples { .. } => "with too few operations".into(),
        Reason::AtLimit => "at the limit of their budget".into(),
        Reason::TradedQuality { metric } => {
            format!("trading {} for speed", target.outside(metric.as_str()))
        }
        Reason::NotMeasured | Reason::PartlyMeasured { .. } => "not fully measured".into(),
        Reason::WrongAnswer => "with a wrong answer".into(),
        Reason::ScenarioFailed => "with a failed repetition".into(),
        Reason::Environment { field } => {
            format!("not compared: {} differs", target.outside(field.as_str()))
        }
        Reason::EnvironmentUnknown { side } => {
            format!(
                "not compared: the {} does not say where it ran",
                side_name(*side)
            )
        }
        Reason::Parameter { parameter } => {
            format!(
                "not compared: parameter {} differs",
                target.outside(parameter.as_str())
            )
        }
        Reason::Input => "not compared: the input differs".into(),
        Reason::Declaration => "not compared: kind, unit or direction differs".into(),
        Reason::NotInBaseline | Reason::NotDeclared => "on one side only".into(),
        Reason::BaselineUnusable => "not compared: the baseline did not measure them".into(),
        Reason::WithinMargin
        | Reason::SmallEffect
        | Reason::BeyondMargin
        | Reason::BetterThanMargin => "close to the margin".into(),
        Reason::Exact | Reason::NotJudged | Reason::Budget => "not judged".into(),
    }
}

/// Whether verdict, change and limit of a row already say the reason. A waiver and a row that only
/// reports never go without saying.
pub(crate) fn is_evident(row: &Row) -> bool {
    let is_plain = matches!(
        row.reason,
        Reason::WithinMargin
            | Reason::Exact
            | Reason::BeyondMargin
            | Reason::BetterThanMargin
            | Reason::Budget
    );
    is_plain && row.gating && row.verdict != Verdict::Waived
}

/// Baseline or candidate as a word.
pub(crate) fn side_name(side: SideName) -> &'static str {
    match side {
        SideName::Baseline => "baseline",
        SideName::Candidate => "candidate",
    }
}

/// The smallest worsening the row would have found.
fn seen(row: &Row, target: Target) -> Option<String> {
    let effect = row.effect.as_ref()?;
    let detectable = effect.detectable.filter(|size| size.is_finite())?;
    Some(quantity::magnitude(
        detectable,
        effect.scale,
        row.unit,
        target,
    ))
}
