//! Why a verdict was reached, as a short phrase that says what would settle it.

use gate_schema::report::{Blame, BudgetStatus, Reason, Row, SideName, Verdict};
use gate_schema::run::Mode;

use crate::escape::Target;
use crate::quantity;

/// The reason of one row, for its `why` column.
pub(crate) fn phrase(row: &Row, mode: Mode, target: Target) -> String {
    let reason = match mode {
        Mode::Single => None,
        Mode::Paired => of_pairs(row),
    };
    let reason = reason.unwrap_or_else(|| of_reason(row, target));
    let blame = blame(row, target).unwrap_or_default();
    if row.verdict == Verdict::Waived {
        format!("waived: {reason}{blame}")
    } else {
        format!("{reason}{blame}")
    }
}

/// Where something bad comes from, to follow a reason; `None` where the reason leaves no doubt.
fn blame(row: &Row, target: Target) -> Option<String> {
    let is_reason = matches!(row.reason, Reason::Budget | Reason::AtLimit);
    let is_broken = breaks_budget(row);
    match row.blame? {
        Blame::AlreadyOnBase if is_reason => Some(", already on the base".into()),
        Blame::AlreadyOnBase if is_broken => Some("; the base breaks its budget too".into()),
        Blame::AlreadyOnBase => {
            let (since, effect) = (row.since_promoted?, row.effect.as_ref()?);
            let size = quantity::magnitude(since.estimate.abs(), effect.scale, row.unit, target);
            Some(format!(
                "; {size} worse than the promoted baseline, as the base is"
            ))
        }
        Blame::CausedHere if is_reason => Some("; the base keeps it".into()),
        Blame::CausedHere => None,
        Blame::MadeWorse => {
            Some("; the base does not clearly keep it either, but this is worse".into())
        }
        Blame::Unclear if row.verdict == Verdict::Inconclusive => {
            Some(", and nothing shows whether the change or the machine does".into())
        }
        Blame::Unclear => {
            Some("; the base does not clearly keep it either, but this may be worse".into())
        }
    }
}

/// Whether the budget of a row is broken or in doubt.
pub(crate) fn breaks_budget(row: &Row) -> bool {
    row.budget
        .as_ref()
        .is_some_and(|check| check.status != BudgetStatus::Within)
}

fn is_over_budget(row: &Row) -> bool {
    let budget = row.budget.as_ref();
    budget.is_some_and(|check| check.status == BudgetStatus::Over)
}

/// What reads differently after interleaved pairs.
fn of_pairs(row: &Row) -> Option<String> {
    let effect = row.effect.as_ref();
    let stages = effect.map_or(&[][..], |effect| &effect.stages);
    let pairs: usize = stages.iter().map(|stage| stage.pairs).sum();
    Some(match &row.reason {
        Reason::BeyondMargin => {
            let agreeing = effect?.agreeing.filter(|_| !stages.is_empty())?;
            format!("beyond the margin; {}", agreement(agreeing, stages.len()))
        }
        // Enough to say so, and not for a failure: a disturbance of one session may favour the candidate.
        Reason::BetterThanMargin if stages.len() == 1 => {
            "better by more than the margin, in one session".into()
        }
        Reason::NeedsSecondSession => {
            let first = stages.first().map_or("its first pairs".into(), |stage| {
                format!("its first {} pairs", stage.pairs)
            });
            // Whether time ran out or nothing more was asked for, only what was seen is certain.
            format!("looks worse in {first}; no fresh pairs have confirmed it")
        }
        Reason::SessionsDisagree { agreeing, of } => {
            let all = match pairs {
                0 => "all pairs".to_owned(),
                pairs => format!("all {pairs} pairs"),
            };
            format!("worse over {all}, but {}", agreement(*agreeing, *of))
        }
        Reason::FewRepetitions { have, need } if stages.len() > 1 => {
            format!("at most {have} pairs in any session; {need} are needed")
        }
        Reason::FewRepetitions { have, need } => format!("measured in {have} of {need} pairs"),
        _ => return None,
    })
}

/// How many sessions show a worsening on their own: `2 of 2 sessions agree`.
fn agreement(agreeing: usize, of: usize) -> String {
    match agreeing {
        0 => format!("none of {of} sessions agrees"),
        1 => format!("only 1 of {of} sessions agrees"),
        _ => format!("{agreeing} of {of} sessions agree"),
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
        Reason::Noise if sees_its_margin(row) => "its interval crosses the margin".into(),
        Reason::Noise => match seen(row, target) {
            Some(seen) => format!("too noisy: only a worsening of {seen} would have been seen"),
            None => "the noise is larger than the margin".into(),
        },
        Reason::NoisySession => "far noisier than its history; measure it again".into(),
        Reason::NeedsSecondSession => "looks worse in one session; measure a second".into(),
        Reason::SessionsDisagree { agreeing, of } if *agreeing > 1 => {
            format!("worse over all sessions, but only {agreeing} of {of} sessions agree")
        }
        Reason::SessionsDisagree { agreeing, of } => {
            format!("worse over all sessions, but {}", agreement(*agreeing, *of))
        }
        Reason::Unsteady => "looks worse, on a machine that was not shown to be steady".into(),
        Reason::SlowerTogether { scenarios, of } => format!(
            "slower together with {scenarios} of {of} scenarios: the machine, or what they share; \
             `gate check` tells them apart"
        ),
        Reason::SharedMachine if is_over_budget(row) => {
            "breaks its budget, but on a shared machine; confirm it with `gate check`".into()
        }
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
        Reason::NotReached => {
            "not measured, or its curve never reaches the quality it is judged at".into()
        }
        Reason::NotMeasured => "declared and not measured".into(),
        Reason::PartlyMeasured { have, need } => {
            format!("measured in {have} of {need} repetitions")
        }
        Reason::PartlyReached { have, need } => {
            format!("its curve reaches the quality it is judged at in {have} of {need} repetitions")
        }
        Reason::ClockStepped { have, need } => {
            format!("the clock stepped back; {have} of {need} repetitions count")
        }
        Reason::ClockCoarse { have, need } => format!(
            "the clock is too coarse; {have} of {need} repetitions count; measure more work at once"
        ),
        Reason::BaselinePartlyMeasured { have, need } => {
            format!("the baseline measured it in {have} of {need} pairs")
        }
        Reason::NotDeclared => "in the baseline, but the candidate does not declare it".into(),
        Reason::OnNeitherSide => "in the promoted baseline, but neither side declares it".into(),
        Reason::NotOnBase => "in the promoted baseline, but the base does not declare it".into(),
        Reason::NotAsPromoted {
            parameter: Some(parameter),
        } => format!(
            "its parameter {} is not that of the promoted baseline",
            target.outside(parameter.as_str())
        ),
        Reason::NotAsPromoted { parameter: None } => {
            "its input, kind, unit or direction is not that of the promoted baseline".into()
        }
        Reason::WrongAnswer => {
            "its own check found a wrong answer; nothing it measured counts".into()
        }
        Reason::ScenarioFailed => "a repetition failed, so nothing it measured counts".into(),
        Reason::NotInBaseline => "not in the baseline".into(),
        Reason::BaselineUnusable => {
            "declared in the baseline, but not measured there or wrong".into()
        }
    }
}

/// The reason of several rows at once, to stand after a number of rows: `3 too noisy`.
pub(crate) fn tally(reason: &Reason, mode: Mode, target: Target) -> String {
    match reason {
        Reason::NeedsSecondSession if mode == Mode::Paired => {
            "looking worse, not confirmed by fresh pairs".into()
        }
        Reason::FewRepetitions { .. } if mode == Mode::Paired => "with too few pairs".into(),
        Reason::Noise => "too noisy".into(),
        Reason::NoisySession => "noisier than their history".into(),
        Reason::NeedsSecondSession => "looking worse in one session".into(),
        Reason::SessionsDisagree { .. } => "whose sessions disagree".into(),
        Reason::Unsteady => "on an unsteady machine".into(),
        Reason::SlowerTogether { .. } => "slower together with most scenarios".into(),
        Reason::SharedMachine => "suspected on a shared machine".into(),
        Reason::FewSessions { .. } => "with too few baseline sessions".into(),
        Reason::FewRepetitions { .. } => "with too few repetitions".into(),
        Reason::FewSamples { .. } => "with too few operations".into(),
        Reason::AtLimit => "at the limit of their budget".into(),
        Reason::TradedQuality { metric } => {
            format!("trading {} for speed", target.outside(metric.as_str()))
        }
        Reason::NotMeasured | Reason::PartlyMeasured { .. } => "not fully measured".into(),
        Reason::NotReached | Reason::PartlyReached { .. } => {
            "not measured, or short of the quality they are judged at".into()
        }
        Reason::ClockStepped { .. } => "whose clock stepped back".into(),
        Reason::ClockCoarse { .. } => "whose clock is too coarse".into(),
        Reason::BaselinePartlyMeasured { .. } => {
            "not compared: the baseline did not fully measure them".into()
        }
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
        Reason::NotInBaseline => "not in the baseline".into(),
        Reason::NotDeclared => "on one side only".into(),
        Reason::OnNeitherSide => "on neither side".into(),
        Reason::NotOnBase => {
            "not compared: the base leaves out what the promoted baseline has".into()
        }
        Reason::NotAsPromoted { .. } => {
            "not compared: both sides measured something else than was promoted".into()
        }
        Reason::BaselineUnusable => "not compared: the baseline did not measure them".into(),
        Reason::WithinMargin
        | Reason::SmallEffect
        | Reason::BeyondMargin
        | Reason::BetterThanMargin => "close to the margin".into(),
        Reason::Budget => "over a budget, nobody knows whether by the change".into(),
        Reason::Exact | Reason::NotJudged => "not judged".into(),
    }
}

/// The part of the reason that verdict, change and limit of a row do not already say.
pub(crate) fn unsaid(row: &Row, mode: Mode, target: Target) -> String {
    if is_evident(row) {
        let blame = blame(row, target).unwrap_or_default();
        blame.trim_start_matches([',', ';', ' ']).to_owned()
    } else {
        phrase(row, mode, target)
    }
}

/// Whether verdict, change and limit of a row say the reason, but for its blame. A waiver and a row
/// that only reports never go without saying.
fn is_evident(row: &Row) -> bool {
    let is_plain = matches!(
        row.reason,
        Reason::WithinMargin
            | Reason::Exact
            | Reason::BeyondMargin
            | Reason::BetterThanMargin
            | Reason::Budget
    );
    // Of a row in doubt, the verdict does not say that it is its budget that is.
    let is_in_doubt = row.reason == Reason::Budget && row.verdict == Verdict::Inconclusive;
    is_plain && !is_in_doubt && row.gating && row.verdict != Verdict::Waived
}

/// Baseline or candidate as a word.
pub(crate) fn side_name(side: SideName) -> &'static str {
    match side {
        SideName::Baseline => "baseline",
        SideName::Candidate => "candidate",
    }
}

/// Whether noise is not the matter: a worsening by the margin would have been found.
fn sees_its_margin(row: &Row) -> bool {
    let effect = row.effect.as_ref();
    effect.is_some_and(|effect| {
        effect
            .detectable
            .zip(effect.margin)
            .is_some_and(|(d, m)| d <= m)
    })
}

/// The smallest worsening the row would have found.
fn seen(row: &Row, target: Target) -> Option<String> {
    let effect = row.effect.as_ref()?;
    let detectable = effect.detectable.filter(|size| size.is_finite())?;
    Some(quantity::detectable(
        detectable,
        effect.scale,
        row.unit,
        target,
    ))
}
