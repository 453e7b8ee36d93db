//! What all scenarios show together: a slowdown of everything that no single row can show, and a
//! machine on which the baseline differs from itself.

use gate_schema::id::ScenarioId;
use gate_schema::report::{Canaries, Effect, Report, Scale, Uniform, Verdict};

use crate::escape::Target;
use crate::fold::scenarios_of;
use crate::quantity;
use crate::sentence::adjective;

/// Names listed before the rest is counted.
const LISTED: usize = 3;

/// The judged metrics that got worse over all scenarios together, worst first.
pub(crate) fn worse(report: &Report) -> impl Iterator<Item = &Uniform> {
    let uniform = report.uniform.iter();
    uniform.filter(|uniform| uniform.verdict == Verdict::Regressed)
}

/// Those among them that count for the outcome.
pub(crate) fn failing(report: &Report) -> Vec<&Uniform> {
    worse(report).filter(|uniform| uniform.gating).collect()
}

/// One of them in words: `latency.p50 is 1.1% [+0.8, +1.4] slower over all 40 scenarios`.
pub(crate) fn complaint(uniform: &Uniform, target: Target) -> String {
    let is_more = uniform.estimate >= 0.0;
    let (unit, direction) = (uniform.unit, uniform.direction);
    let change = quantity::change(&effect(uniform), unit, direction, target);
    let margin = match uniform.margin {
        margin if margin > 0.0 => {
            let margin = quantity::magnitude(margin, Scale::Relative, unit, target);
            format!(" (margin {margin})")
        }
        _ => String::new(),
    };
    let scenarios = scenarios_of(uniform.scenarios);
    let all = if uniform.scenarios > 1 { "all " } else { "" };
    format!(
        "{} is {} {} {} over {all}{scenarios}{margin}",
        target.outside(uniform.metric.as_str()),
        change.estimate.trim_start_matches(['+', '-']),
        change.interval,
        adjective(unit, direction, is_more),
    )
}

/// As the effect of a row, to be written like one.
pub(crate) fn effect(uniform: &Uniform) -> Effect {
    Effect {
        scale: Scale::Relative,
        estimate: uniform.estimate,
        interval: Some(uniform.interval),
        margin: Some(uniform.margin).filter(|&margin| margin > 0.0),
        p_value: None,
        test: None,
        rank: None,
        detectable: None,
        basis: None,
        agreeing: None,
        pairs_needed: None,
        stages: Vec::new(),
    }
}

/// Those of [`worse`] that the outcome does not say already, one sentence each.
pub(crate) fn notes(report: &Report, is_said: bool, target: Target) -> Vec<String> {
    let rest: Vec<&Uniform> = worse(report)
        .filter(|uniform| {
            let said = failing(report).first().copied().filter(|_| is_said);
            said.is_none_or(|said| !std::ptr::eq(said, *uniform))
        })
        .collect();
    let note = |uniform: &&Uniform| {
        let only = if uniform.gating { "" } else { "(report only) " };
        format!("{only}{}", complaint(uniform, target))
    };
    let mut notes: Vec<String> = rest.iter().take(LISTED).map(note).collect();
    if rest.len() > LISTED {
        notes.push(format!("{} more metrics", rest.len() - LISTED));
    }
    notes
}

/// The canaries, unless the baseline repeated itself on all of them.
pub(crate) fn unsteady(report: &Report) -> Option<&Canaries> {
    let canaries = report.canaries.as_ref()?;
    (!canaries.are_steady()).then_some(canaries)
}

/// The machine was not shown to be steady, as the outcome says it.
pub(crate) fn unsteady_sentence(canaries: &Canaries) -> String {
    if canaries.fired.is_empty() {
        return format!(
            "nothing shows that the machine is steady: the baseline could not be compared with itself on {}",
            share(&canaries.unusable, canaries)
        );
    }
    format!(
        "the machine is not steady: the baseline differs from itself on {}",
        share(&canaries.fired, canaries)
    )
}

/// `2 of 3 scenarios`.
pub(crate) fn share(some: &[ScenarioId], canaries: &Canaries) -> String {
    format!(
        "{} of {}",
        some.len(),
        scenarios_of(canaries.scenarios.len())
    )
}

/// Where the baseline did not repeat itself and what follows.
pub(crate) fn unsteady_note(canaries: &Canaries, target: Target) -> String {
    let found = [
        ("differs", &canaries.fired),
        ("could not be compared", &canaries.unusable),
    ];
    let found = found.into_iter().filter(|(_, ids)| !ids.is_empty());
    let found: Vec<String> = found
        .map(|(what, ids)| format!("{what} on {}", listed(ids, target)))
        .collect();
    format!(
        "the baseline, measured against itself, {}; no timing can fail here",
        found.join(" and ")
    )
}

fn listed(scenarios: &[ScenarioId], target: Target) -> String {
    let names: Vec<String> = scenarios
        .iter()
        .take(LISTED)
        .map(|scenario| target.outside(scenario.as_str()))
        .collect();
    let more = match scenarios.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", names.join(", "))
}
