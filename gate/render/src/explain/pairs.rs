//! The argument behind a row that was measured in interleaved pairs.

use gate_schema::report::{Basis, Blame, Canaries, Effect, Report, Row, Stage, Verdict};

use super::numbers::numbers;
use super::{both_sides, change, comparable, family, margin};
use crate::cells::Cells;
use crate::escape::Target;
use crate::heading::drift_used;
use crate::quantity;
use crate::reason::breaks_budget;
use crate::together;

/// The checks of a row, in the order of the decision.
pub(super) fn steps(
    report: &Report,
    row: &Row,
    cells: &Cells,
    target: Target,
) -> Vec<(&'static str, String)> {
    let mut steps = vec![("measured", measured(row, cells))];
    steps.extend(comparable(report, row, target).map(|found| ("comparable", found)));
    steps.extend(steady(report, row).map(|found| ("steady", found)));
    if let Some(effect) = &row.effect {
        steps.push(("effect", change(effect, cells)));
        let noise = noise(report, effect).into_iter().enumerate();
        steps.extend(noise.map(|(at, found)| (if at == 0 { "noise" } else { "" }, found)));
        let stages = sessions(effect, row, target).into_iter().enumerate();
        steps.extend(stages.map(|(at, found)| (if at == 0 { "sessions" } else { "" }, found)));
        steps.extend(family(report, effect).map(|found| ("many rows", found)));
        steps.extend(
            margin(effect, row, cells).map(|found| match drift_used(report, row) {
                None => ("margin", found),
                Some(share) => (
                    "drift",
                    format!("{found}; {} used", quantity::percent(share)),
                ),
            }),
        );
    }
    let uniform = together::worse(report).filter(|uniform| uniform.metric == row.metric);
    steps.extend(uniform.map(|uniform| {
        let found = together::complaint(uniform, target);
        ("together", found)
    }));
    steps
}

/// Levels of both sides and how many pairs they come from.
fn measured(row: &Row, cells: &Cells) -> String {
    let stages = row.effect.as_ref().map_or(&[][..], |e| &e.stages);
    let total: usize = stages.iter().map(|stage| stage.pairs).sum();
    match (total, stages.len()) {
        (0, _) => both_sides(row, cells, |level, value| {
            format!("{value} ({} repetitions)", level.repetitions)
        }),
        (total, count) => {
            let levels = both_sides(row, cells, |_, value| value.to_owned());
            format!("{levels}; {} in {}", pairs_of(total), sessions_of(count))
        }
    }
}

/// What measuring the baseline against itself showed, for what depends on the machine.
fn steady(report: &Report, row: &Row) -> Option<String> {
    let canaries = report.canaries.as_ref().filter(|_| row.unit.is_timing())?;
    Some(steadiness(canaries, "no timing can fail"))
}

/// What the canaries answer, and what follows where the machine is not steady.
pub(super) fn steadiness(canaries: &Canaries, so: &str) -> String {
    let share = |some| together::share(some, canaries);
    let fired = share(&canaries.fired);
    match (canaries.are_steady(), &canaries.unusable[..]) {
        (true, _) => format!("yes: the baseline, measured against itself, differs on {fired}"),
        (false, []) => format!("no: the baseline differs from itself on {fired}, so {so}"),
        (false, unusable) => format!(
            "not known: the baseline differs from itself on {fired} and could not be compared with itself \
             on {}, so {so}",
            share(unusable)
        ),
    }
}

/// What the width of the interval rests on, then its numbers: session by session, and of all together.
fn noise(report: &Report, effect: &Effect) -> Vec<String> {
    if effect.basis != Some(Basis::Pairs) {
        return effect.test.iter().map(numbers).collect();
    }
    let calibrated = report.method.calibration_sessions;
    let mut lines = vec![match calibrated {
        0 => "known from these pairs alone; after `gate calibrate` fewer of them decide".into(),
        count => format!(
            "known from these pairs and {} of this machine",
            sessions_of(count).replace("session", "calibration session")
        ),
    }];
    let of_stage = |(at, stage): (usize, &Stage)| {
        let test = stage.test.as_ref()?;
        Some(format!("{}: {}", at + 1, numbers(test)))
    };
    lines.extend(effect.stages.iter().enumerate().filter_map(of_stage));
    let all = effect.test.as_ref().filter(|_| effect.stages.len() > 1);
    lines.extend(all.map(|test| format!("all: {}", numbers(test))));
    lines
}

/// One line per session of pairs, then how many agree.
fn sessions(effect: &Effect, row: &Row, target: Target) -> Vec<String> {
    // Of one session that raised no suspicion nobody asks whether it agrees.
    let is_voting = effect.stages.len() > 1 || is_suspect(row);
    let line = |(at, stage): (usize, &Stage)| {
        let alone = Effect {
            estimate: stage.estimate,
            interval: None,
            stages: Vec::new(),
            ..effect.clone()
        };
        let change = quantity::change(&alone, row.unit, row.direction, target).estimate;
        let p = match stage.p_value {
            Some(p) => format!("p = {}", probability(p)),
            None => "nothing says how noisy".to_owned(),
        };
        let agrees = match stage.agrees {
            _ if !is_voting => "",
            true => ": agrees",
            false => ": does not agree",
        };
        let noisy = if stage.noisy {
            "; far noisier than the history of this metric"
        } else {
            ""
        };
        let number = at + 1;
        format!(
            "{number}: {}, {change}, {p}{agrees}{noisy}",
            pairs_of(stage.pairs)
        )
    };
    let mut lines: Vec<String> = effect.stages.iter().enumerate().map(line).collect();
    if let Some(agreeing) = effect.agreeing.filter(|_| is_voting) {
        let is_one = agreeing == 1 || lines.len() == 1;
        let verb = if is_one { "agrees" } else { "agree" };
        lines.push(format!(
            "{agreeing} of {} {verb} that it got worse; a failure needs two",
            sessions_of(lines.len())
        ));
    }
    lines
}

/// Whether the row looked worse or could not be decided.
fn is_suspect(row: &Row) -> bool {
    matches!(
        row.verdict,
        Verdict::Inconclusive | Verdict::Regressed | Verdict::Waived
    )
}

/// The change since the promoted baseline, which the base may share.
pub(super) fn since_promoted(row: &Row, target: Target) -> Option<String> {
    let (since, effect) = (row.since_promoted?, row.effect.as_ref()?);
    let against = Effect {
        estimate: since.estimate,
        interval: Some(since.interval),
        stages: Vec::new(),
        ..effect.clone()
    };
    let change = quantity::change(&against, row.unit, row.direction, target);
    Some(format!(
        "{} {} against the promoted baseline, by stored sessions",
        change.estimate, change.interval
    ))
}

/// Where a broken budget or a worse level comes from.
pub(super) fn blame(row: &Row) -> Option<&'static str> {
    Some(match (row.blame?, breaks_budget(row)) {
        (Blame::CausedHere, true) => "caused here: the base keeps this budget",
        (Blame::CausedHere, false) => "caused here: the base does not show it",
        (Blame::MadeWorse, _) => {
            "made worse here: the base does not clearly keep this budget either, and the candidate is worse"
        }
        (Blame::Unclear, _) if row.verdict == Verdict::Inconclusive => {
            "not clear: nothing shows that the candidate is worse than the base, so the machine may have \
             broken this budget"
        }
        (Blame::Unclear, _) => {
            "not clear: the base does not clearly keep this budget either, and nothing shows that the \
             candidate is no worse"
        }
        (Blame::AlreadyOnBase, true) => "already on the base: it breaks this budget as well",
        (Blame::AlreadyOnBase, false) => {
            "already on the base: against that the candidate is not worse"
        }
    })
}

/// A p-value with two significant digits: `0.40`, `0.0051`, `2.1e-4`.
pub(super) fn probability(p: f64) -> String {
    match p {
        p if p >= 0.1 => format!("{p:.2}"),
        p if p >= 0.01 => format!("{p:.3}"),
        p if p >= 0.001 => format!("{p:.4}"),
        p => format!("{p:.1e}"),
    }
}

/// `1 pair`, `5 pairs`.
fn pairs_of(count: usize) -> String {
    match count {
        1 => "1 pair".into(),
        _ => format!("{count} pairs"),
    }
}

/// `1 session`, `2 sessions`.
fn sessions_of(count: usize) -> String {
    match count {
        1 => "1 session".into(),
        _ => format!("{count} sessions"),
    }
}
