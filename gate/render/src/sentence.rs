//! The outcome as one sentence: the word, then the worst row or what holds.

use gate_schema::policy::Undecided;
use gate_schema::report::{Effect, Outcome, Reason, Report, Row, Scale, Verdict};
use gate_schema::unit::{Direction, Unit};

use crate::cells::row_name;
use crate::escape::Target;
use crate::fold::{kind_of_rows, rows_of};
use crate::quantity;
use crate::reason;

mod pass;

/// The outcome as word and sentence.
pub(crate) struct Sentence {
    /// `PASS`, `FAIL` or `UNDECIDED`.
    pub(crate) word: &'static str,
    /// The outcome the word stands for.
    pub(crate) outcome: Outcome,
    /// The sentence, without word and final dot.
    pub(crate) text: String,
}

/// The outcome of `report`. A report without rows never reads as a pass, whatever it claims:
/// nothing measured is never a pass.
pub(crate) fn outcome(report: &Report, target: Target) -> Sentence {
    let outcome = match report.outcome {
        Outcome::Pass if report.rows.is_empty() => Outcome::Undecided,
        outcome => outcome,
    };
    let (word, text) = match outcome {
        _ if report.rows.is_empty() => (
            word(outcome),
            "nothing was measured, so nothing can be said".to_owned(),
        ),
        Outcome::Pass => (word(outcome), pass::text(report, target)),
        Outcome::Undecided => (word(outcome), undecided(report, Undecided::Report, target)),
        Outcome::Fail => (word(outcome), fail(report, target)),
    };
    Sentence {
        word,
        outcome,
        text,
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "PASS",
        Outcome::Undecided => "UNDECIDED",
        Outcome::Fail => "FAIL",
    }
}

/// Rows that fail whatever the policy says about undecided ones.
pub(crate) fn fails(row: &Row) -> bool {
    row.gating && row.verdict >= Verdict::Missing
}

fn fail(report: &Report, target: Target) -> String {
    let failing: Vec<&Row> = report.rows.iter().filter(|row| fails(row)).collect();
    let stale = report
        .waivers
        .iter()
        .find(|waiver| waiver.status.is_stale());
    let Some(worst) = failing.first() else {
        if let Some(waiver) = stale {
            let scenario = target.outside(waiver.scenario.as_str());
            return format!(
                "the waiver of {scenario} {} is stale",
                target.outside(waiver.metric.as_str())
            );
        }
        return format!(
            "{}, which the policy counts as a failure",
            undecided(report, Undecided::Fail, target)
        );
    };
    // A scenario of which nothing is left is one loss, not one per metric.
    let of_scenario: Vec<&Row> = report
        .rows
        .iter()
        .filter(|row| row.scenario == worst.scenario)
        .collect();
    let is_gone = of_scenario.len() > 1
        && of_scenario
            .iter()
            .all(|row| row.verdict == Verdict::Missing);
    let (complaint, said) = if is_gone && worst.reason != Reason::WrongAnswer {
        let scenario = target.outside(worst.scenario.as_str());
        let said = of_scenario.iter().filter(|row| fails(row)).count();
        (
            format!("{scenario} is missing: {}", reason::phrase(worst, target)),
            said,
        )
    } else {
        (complaint(worst, target), 1)
    };
    match failing.len() - said {
        0 => complaint,
        more => format!("{complaint}, and {more} more"),
    }
}

/// What is wrong with one failing row.
fn complaint(row: &Row, target: Target) -> String {
    let name = row_name(row, target);
    match (&row.reason, row.verdict, &row.budget) {
        (Reason::WrongAnswer, ..) => format!(
            "{} gave a wrong answer",
            target.outside(row.scenario.as_str())
        ),
        (reason, Verdict::OverBudget, Some(check)) => {
            let value = row.candidate.map(|level| level.value);
            let [level] = quantity::levels([value], row.unit, Some(check.budget.limit), target);
            let level = level.unwrap_or_else(|| "not measured".into());
            let text = target.outside(&check.budget.text);
            let stands = if *reason == Reason::AtLimit {
                "at the limit of its budget"
            } else {
                "over budget"
            };
            format!("{name} is {stands}: {level}, must be {text}")
        }
        (Reason::TradedQuality { metric }, ..) => {
            let metric = target.outside(metric.as_str());
            match &row.effect {
                Some(effect) => format!(
                    "{name} traded {metric} for speed: it is {}",
                    comparison(row, effect, target)
                ),
                None => format!("{name} traded {metric} for speed"),
            }
        }
        (_, Verdict::Missing, _) => format!("{name} is missing: {}", reason::phrase(row, target)),
        _ => match &row.effect {
            Some(effect) => {
                let margin = effect
                    .margin
                    .map(|margin| quantity::magnitude(margin, effect.scale, row.unit, target));
                let margin = margin
                    .map(|margin| format!(" (margin {margin})"))
                    .unwrap_or_default();
                format!("{name} is {}{margin}", comparison(row, effect, target))
            }
            None => format!("{name} is {}", row.verdict.as_str()),
        },
    }
}

/// The change in words: `7.3% slower`, `12% larger`, `1.2 pt lower`.
fn comparison(row: &Row, effect: &Effect, target: Target) -> String {
    let size = match effect.scale {
        Scale::Relative => quantity::percent(effect.estimate),
        Scale::Absolute => quantity::magnitude(effect.estimate, effect.scale, row.unit, target),
    };
    let is_more = effect.estimate >= 0.0;
    let adjective = match (row.unit, row.direction, is_more) {
        (Unit::Nanoseconds, Direction::Lower, true) => "slower",
        (Unit::Nanoseconds, Direction::Lower, false) => "faster",
        (Unit::Bytes, _, true) => "larger",
        (Unit::Bytes, _, false) => "smaller",
        (_, _, true) => "higher",
        (_, _, false) => "lower",
    };
    format!("{size} {adjective}")
}

/// The rows that could not be decided and that the policy maps to `meaning`.
fn undecided(report: &Report, meaning: Undecided, target: Target) -> String {
    let counts = |row: &&Row| {
        row.gating
            && match row.verdict {
                Verdict::Inconclusive => report.method.inconclusive == meaning,
                Verdict::Incomparable => report.method.incomparable == meaning,
                _ => false,
            }
    };
    let rows: Vec<&Row> = report.rows.iter().filter(counts).collect();
    let is_compared = rows.iter().any(|row| row.verdict == Verdict::Inconclusive);
    match rows[..] {
        [] => "no row that gates could be decided".to_owned(),
        [row] if is_compared => {
            format!(
                "{} could not be decided: {}",
                row_name(row, target),
                reason::phrase(row, target)
            )
        }
        _ if is_compared => format!(
            "{} could not be decided: {}",
            rows_of(rows.len()),
            tallies(&rows, target)
        ),
        _ => {
            let tallies = tallies(&rows, target);
            format!(
                "{} could not be compared: {}",
                kind_of_rows(&rows),
                tallies.replace("not compared: ", "")
            )
        }
    }
}

/// The reasons of several rows, most frequent first: `3 too noisy, 1 looking worse in one session`.
fn tallies(rows: &[&Row], target: Target) -> String {
    let mut groups: Vec<(String, usize)> = Vec::new();
    for row in rows {
        let tally = reason::tally(&row.reason, target);
        match groups.iter_mut().find(|(known, _)| *known == tally) {
            Some((_, count)) => *count += 1,
            None => groups.push((tally, 1)),
        }
    }
    groups.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    match &groups[..] {
        [(tally, _)] => tally.clone(),
        _ => groups
            .iter()
            .map(|(tally, count)| format!("{count} {tally}"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
