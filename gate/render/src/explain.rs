//! One verdict as an argument: the ladder of checks behind it, with the numbers that decided each.

use gate_schema::report::{
    Basis, BudgetStatus, Effect, Interval, Level, Reason, Report, Row, Scale, Verdict,
};
use gate_schema::run::Mode;

use crate::cells::{Cells, row_name};
use crate::escape::Target;
use crate::sentence::is_excused;
use crate::{disturbed, quantity, reason};

mod everything;
mod failed;
mod modes;
mod numbers;
mod pairs;

pub use everything::explain_everything;
pub use failed::explain_failed;

/// Columns of the name of a check.
const NAME_COLUMNS: usize = 12;

/// The argument behind `row`, a row of `report`, from the report alone.
#[must_use]
pub fn explain(report: &Report, row: &Row) -> String {
    let target = Target::Ascii;
    let mode = report.method.mode;
    let cells = Cells::of(row, mode, target);
    let verdict = row.verdict.as_str();
    let mut text = format!(
        "{}: {verdict}: {}\n\n",
        row_name(row, target),
        reason::phrase(row, mode, target)
    );
    failed::put(&mut text, report, &row.scenario, target);
    for (name, step) in ladder(report, row, &cells, target) {
        put_step(&mut text, name, &step);
    }
    text
}

/// The checks behind `row` in the order of the decision, each with what it found. A step without a name
/// belongs to the one before it.
pub(crate) fn ladder(
    report: &Report,
    row: &Row,
    cells: &Cells,
    target: Target,
) -> Vec<(&'static str, String)> {
    let mut ladder = match report.method.mode {
        Mode::Single => steps(report, row, cells, target),
        Mode::Paired => pairs::steps(report, row, cells, target),
    };
    let rest = [
        ("modes", modes::modes(row, target)),
        ("disturbed", disturbed::whole(row)),
        ("budget", Some(budget(row, cells, target))),
        ("promoted", pairs::since_promoted(row, target)),
        ("blame", pairs::blame(row).map(str::to_owned)),
        ("waiver", waiver(report, row, target)),
        ("counts", Some(counts(row).to_owned())),
    ];
    let rest = rest.into_iter();
    ladder.extend(rest.filter_map(|(name, found)| Some((name, found?))));
    ladder
}

/// One check and what it found.
fn put_step(text: &mut String, name: &str, found: &str) {
    text.push_str(&format!("  {name:NAME_COLUMNS$} {found}\n"));
}

/// The checks of a row whose sides were measured apart.
fn steps(report: &Report, row: &Row, cells: &Cells, target: Target) -> Vec<(&'static str, String)> {
    let effect = row.effect.as_ref();
    let steps = [
        ("measured", Some(measured(row, cells))),
        ("comparable", comparable(report, row, target)),
        ("effect", effect.map(|effect| change(effect, cells))),
        (
            "noise",
            effect.and_then(|e| Some(numbers::numbers(e.test.as_ref()?))),
        ),
        (
            "margin",
            effect.and_then(|effect| margin(effect, row, cells)),
        ),
        (
            "many rows",
            effect.and_then(|effect| family(report, effect)),
        ),
        ("sessions", effect.and_then(|effect| sessions(effect, row))),
    ];
    let held = |(name, step): (_, Option<String>)| Some((name, step?));
    steps.into_iter().filter_map(held).collect()
}

fn measured(row: &Row, cells: &Cells) -> String {
    let with_counts = |level: Level, value: &str| {
        format!(
            "{value} ({} sessions, {} repetitions)",
            level.sessions, level.repetitions
        )
    };
    both_sides(row, cells, with_counts)
}

/// What each side measured, `shown` with as much as the reader needs of where it comes from.
fn both_sides(row: &Row, cells: &Cells, shown: impl Fn(Level, &str) -> String) -> String {
    let side = |level: Option<Level>, value: &str| match level {
        None if row.reason == Reason::ScenarioFailed => "nothing".to_owned(),
        None if row.verdict == Verdict::Incomparable => "not comparable".to_owned(),
        None => "nothing".to_owned(),
        Some(level) => shown(level, value),
    };
    let (baseline, candidate) = (
        side(row.baseline, &cells.baseline),
        side(row.candidate, &cells.candidate),
    );
    format!("baseline {baseline}, candidate {candidate}")
}

fn comparable(report: &Report, row: &Row, target: Target) -> Option<String> {
    Some(match &row.reason {
        Reason::NotInBaseline
        | Reason::NotDeclared
        | Reason::OnNeitherSide
        | Reason::NotMeasured
        | Reason::ClockStepped { .. }
        | Reason::ClockCoarse { .. }
        | Reason::WrongAnswer
        | Reason::ScenarioFailed => return None,
        Reason::Environment { field } => {
            // Of runs in turn nobody lists what differs; a row that was not measured so still names it.
            let differences = report.environment_differences.iter().map(|d| &d.field);
            let fields = match report.environment_differences.is_empty() {
                true => vec![field],
                false => differences.collect(),
            };
            let fields = fields
                .into_iter()
                .map(|field| target.outside(field.as_str()));
            format!(
                "no: timings of two machines; they differ in {}",
                fields.collect::<Vec<_>>().join(", ")
            )
        }
        Reason::EnvironmentUnknown { .. }
        | Reason::Parameter { .. }
        | Reason::Input
        | Reason::Declaration
        | Reason::NotOnBase
        | Reason::NotAsPromoted { .. }
        | Reason::BaselinePartlyMeasured { .. }
        | Reason::BaselineUnusable => {
            format!("no: {}", reason::phrase(row, report.method.mode, target))
        }
        _ if report.method.mode == Mode::Paired => {
            "yes: both sides measured in turn on this machine, with the same parameters and input"
                .into()
        }
        _ if row.unit.is_timing() => "yes: same machine, parameters and input".into(),
        _ => "yes: same parameters and input; the machine does not matter for this unit".into(),
    })
}

fn change(effect: &Effect, cells: &Cells) -> String {
    let is_paired = !effect.stages.is_empty();
    let basis = match effect.basis {
        Some(Basis::Sessions) => "from the noise within and between sessions, each end 95 %",
        Some(Basis::Pairs) => "from the differences pair by pair, each end 95 % over all looks",
        Some(Basis::Queries) => "from the differences query by query, each end 95 %",
        Some(Basis::Exact) => "exact: both sides repeat to the last digit",
        None if is_paired => "an estimate; too few pairs to know its noise",
        None => "an estimate; too few sessions to know its noise",
    };
    format!(
        "{} {}, {basis}",
        cells.change.estimate, cells.change.interval
    )
    .replace(" ,", ",")
}

fn margin(effect: &Effect, row: &Row, cells: &Cells) -> Option<String> {
    let limit = effect.margin? * row.direction.sign();
    let Interval { low, high } = effect.interval?;
    let (least, most) = if limit > 0.0 {
        (low, high)
    } else {
        (-high, -low)
    };
    let stands = match limit.abs() {
        limit if most < limit => "the whole interval keeps it",
        limit if least > limit => "the whole interval breaks it",
        _ => "the interval crosses it",
    };
    Some(format!("{}: {stands}", cells.margin))
}

fn family(report: &Report, effect: &Effect) -> Option<String> {
    let p = match report.method.mode {
        Mode::Single => format!("{:.1e}", effect.p_value?),
        Mode::Paired => pairs::probability(effect.p_value?),
    };
    let (rows, level) = (
        report.method.family,
        quantity::percent(report.method.false_discovery),
    );
    let detectable = effect
        .detectable
        .filter(|size| size.is_finite() && effect.scale == Scale::Relative);
    let seen = detectable.map_or(String::new(), |size| {
        format!(
            "; a worsening of {} would have been found with 80 % probability",
            quantity::relative_detectable(size)
        )
    });
    let place = match &effect.rank {
        Some(rank) => numbers::place(rank, &level),
        None => format!("one of {rows} rows decided together at {level}"),
    };
    Some(format!("p = {p} for \"got worse\", {place}{seen}"))
}

fn sessions(effect: &Effect, row: &Row) -> Option<String> {
    let (agreeing, all) = (effect.agreeing?, row.candidate?.sessions);
    let needed = match all {
        0..=2 => "two",
        // More than half of these are three.
        3..=5 => "three",
        _ => "more than half",
    };
    Some(format!(
        "{agreeing} of {all} candidate sessions show it on their own; a failure needs {needed}"
    ))
}

fn budget(row: &Row, cells: &Cells, target: Target) -> String {
    let Some(check) = &row.budget else {
        return "none".into();
    };
    let status = match check.status {
        BudgetStatus::Within => "holds",
        BudgetStatus::AtLimit => "crossed by the interval, or broken by one repetition",
        BudgetStatus::Over => "broken",
    };
    let interval = check.interval.map(|ends| {
        let [low, high] = quantity::levels(
            [Some(ends.low), Some(ends.high)],
            row.unit,
            Some(check.budget.limit),
            target,
        );
        format!(
            "; the candidate lies in {} to {}",
            low.unwrap_or_default(),
            high.unwrap_or_default()
        )
    });
    format!("{}: {status}{}", cells.budget, interval.unwrap_or_default())
}

fn waiver(report: &Report, row: &Row, target: Target) -> Option<String> {
    let of_row = report
        .waivers
        .iter()
        .find(|w| w.scenario == row.scenario && w.metric == row.metric)?;
    Some(crate::heading::waived(of_row, Some(row), target))
}

fn counts(row: &Row) -> &'static str {
    if !row.gating {
        "not for the outcome: by policy this row is only reported"
    } else if is_excused(row) {
        "not for the outcome: the base breaks this budget as well"
    } else {
        "for the outcome"
    }
}
