//! One verdict as an argument: the ladder of checks behind it, with the numbers that decided each.

use gate_schema::report::{
    Basis, BudgetStatus, Effect, Interval, Level, Reason, Report, Row, Scale, Verdict,
};

use crate::cells::{Cells, row_name};
use crate::escape::Target;
use crate::quantity;
use crate::reason;

/// Columns of the name of a check.
const NAME_COLUMNS: usize = 12;

/// The argument behind `row`, a row of `report`, from the report alone.
#[must_use]
pub fn explain(report: &Report, row: &Row) -> String {
    let target = Target::Ascii;
    let cells = Cells::of(row, target);
    let verdict = row.verdict.as_str();
    let mut text = format!(
        "{}: {verdict}: {}\n\n",
        row_name(row, target),
        reason::phrase(row, target)
    );
    let steps = [
        ("measured", Some(measured(row, &cells))),
        ("comparable", comparable(report, row, target)),
        (
            "effect",
            row.effect.as_ref().map(|effect| change(effect, &cells)),
        ),
        (
            "margin",
            row.effect
                .as_ref()
                .and_then(|effect| margin(effect, row, &cells)),
        ),
        (
            "many rows",
            row.effect
                .as_ref()
                .and_then(|effect| family(report, effect)),
        ),
        (
            "sessions",
            row.effect.as_ref().and_then(|effect| sessions(effect, row)),
        ),
        ("budget", Some(budget(row, &cells, target))),
        ("waiver", waiver(report, row, target)),
        ("counts", Some(counts(row))),
    ];
    for (name, step) in steps {
        if let Some(step) = step {
            text.push_str(&format!("  {name:NAME_COLUMNS$} {step}\n"));
        }
    }
    text
}

fn measured(row: &Row, cells: &Cells) -> String {
    let side = |level: Option<Level>, value: &str| match level {
        None if row.verdict == Verdict::Incomparable => "not comparable".to_owned(),
        None => "nothing".to_owned(),
        Some(level) => format!(
            "{value} ({} sessions, {} repetitions)",
            level.sessions, level.repetitions
        ),
    };
    let (baseline, candidate) = (
        side(row.baseline, &cells.baseline),
        side(row.candidate, &cells.candidate),
    );
    format!("baseline {baseline}, candidate {candidate}")
}

fn comparable(report: &Report, row: &Row, target: Target) -> Option<String> {
    Some(match &row.reason {
        Reason::NotInBaseline | Reason::NotDeclared | Reason::NotMeasured | Reason::WrongAnswer => {
            return None;
        }
        Reason::Environment { .. } => {
            let fields = report
                .environment_differences
                .iter()
                .map(|d| target.outside(d.field.as_str()));
            format!(
                "no: timings of two machines; they differ in {}",
                fields.collect::<Vec<_>>().join(", ")
            )
        }
        Reason::EnvironmentUnknown { .. }
        | Reason::Parameter { .. }
        | Reason::Input
        | Reason::Declaration
        | Reason::BaselineUnusable => format!("no: {}", reason::phrase(row, target)),
        _ if row.unit.is_timing() => "yes: same machine, parameters and input".into(),
        _ => "yes: same parameters and input; the machine does not matter for this unit".into(),
    })
}

fn change(effect: &Effect, cells: &Cells) -> String {
    let basis = match effect.basis {
        Some(Basis::Sessions) => "from the noise within and between sessions, each end 95 %",
        Some(Basis::Pairs) => "from interleaved pairs, each end 95 %",
        Some(Basis::Queries) => "from the differences query by query, each end 95 %",
        Some(Basis::Exact) => "exact: both sides repeat to the last digit",
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
    let p = effect.p_value?;
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
            quantity::percent(size)
        )
    });
    Some(format!(
        "p = {p:.1e} for \"got worse\", one of {rows} rows decided together at {level}{seen}"
    ))
}

fn sessions(effect: &Effect, row: &Row) -> Option<String> {
    let (agreeing, all) = (effect.agreeing?, row.candidate?.sessions);
    Some(format!(
        "{agreeing} of {all} candidate sessions show it on their own; a failure needs two"
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
    Some(crate::heading::waived(of_row, target))
}

fn counts(row: &Row) -> String {
    if row.gating {
        "for the outcome".into()
    } else {
        "not for the outcome: by policy this row is only reported".into()
    }
}
