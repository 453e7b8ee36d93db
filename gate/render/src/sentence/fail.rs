//! What a failure says: the worst thing first, and how many more there are.

use gate_schema::policy::Undecided;
use gate_schema::report::{
    Effect, FailedScenario, Outcome, Reason, Report, Row, Scale, SideName, Verdict,
};
use gate_schema::run::Mode;
use gate_schema::unit::{Direction, Unit};

use super::{fails, undecided};
use crate::cells::row_name;
use crate::escape::Target;
use crate::{failure, quantity, reason, together};

/// Everything that fails whatever the policy says about undecided rows, each worst first.
struct Failing<'a> {
    crashes: Vec<&'a FailedScenario>,
    /// Without those that a crash already explains.
    rows: Vec<&'a Row>,
    together: Vec<&'a gate_schema::report::Uniform>,
}

impl<'a> Failing<'a> {
    fn of(report: &'a Report) -> Self {
        let crashes = failure::of_side(report, SideName::Candidate);
        let scenarios = failure::scenarios(report);
        let rows = report.rows.iter();
        let rows = rows.filter(|row| fails(row) && !failure::covers(&scenarios, row));
        Self {
            crashes,
            rows: rows.collect(),
            together: together::failing(report),
        }
    }

    fn count(&self) -> usize {
        self.crashes.len() + self.rows.len() + self.together.len()
    }
}

/// The sentence of a failure, without the word.
pub(super) fn text(report: &Report, target: Target) -> String {
    let failing = Failing::of(report);
    let (complaint, said) = match (
        &failing.crashes[..],
        &failing.rows[..],
        &failing.together[..],
    ) {
        ([worst, ..], ..) => (failure::complaint(report, worst, target), 1),
        ([], [worst, ..], _) => of_rows(report, worst, target),
        ([], [], [worst, ..]) => (together::complaint(worst, target), 1),
        ([], [], []) => return of_policy(report, target),
    };
    match failing.count() - said {
        0 => complaint,
        more => format!("{complaint}, and {more} more"),
    }
}

/// Whether the outcome already names the worst metric of all scenarios together.
pub(crate) fn is_about_together(report: &Report) -> bool {
    let failing = Failing::of(report);
    let is_alone = failing.crashes.is_empty() && failing.rows.is_empty();
    report.outcome == Outcome::Fail && is_alone && !failing.together.is_empty()
}

/// What fails although nothing got worse: a stale waiver, or what the policy says.
fn of_policy(report: &Report, target: Target) -> String {
    let mut waivers = report.waivers.iter();
    match waivers.find(|waiver| waiver.status.is_stale()) {
        Some(waiver) => {
            let scenario = target.outside(waiver.scenario.as_str());
            let metric = target.outside(waiver.metric.as_str());
            format!("the waiver of {scenario} {metric} is stale")
        }
        None => format!(
            "{}, which the policy counts as a failure",
            undecided::text(report, Undecided::Fail, target)
        ),
    }
}

/// The complaint about the worst row, and how many failing rows it speaks for.
fn of_rows(report: &Report, worst: &Row, target: Target) -> (String, usize) {
    let mode = report.method.mode;
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
    if is_gone && worst.reason != Reason::WrongAnswer {
        let scenario = target.outside(worst.scenario.as_str());
        let said = of_scenario.iter().filter(|row| fails(row)).count();
        let reason = reason::phrase(worst, mode, target);
        (format!("{scenario} is missing: {reason}"), said)
    } else {
        (complaint(worst, mode, target), 1)
    }
}

/// What is wrong with one failing row.
fn complaint(row: &Row, mode: Mode, target: Target) -> String {
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
        (_, Verdict::Missing, _) => {
            format!("{name} is missing: {}", reason::phrase(row, mode, target))
        }
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
    format!(
        "{size} {}",
        adjective(row.unit, row.direction, effect.estimate >= 0.0)
    )
}

/// The way a metric went, in a word.
pub(crate) fn adjective(unit: Unit, direction: Direction, is_more: bool) -> &'static str {
    match (unit, direction, is_more) {
        (Unit::Nanoseconds, Direction::Lower, true) => "slower",
        (Unit::Nanoseconds, Direction::Lower, false) => "faster",
        (Unit::Bytes, _, true) => "larger",
        (Unit::Bytes, _, false) => "smaller",
        (_, _, true) => "higher",
        (_, _, false) => "lower",
    }
}
