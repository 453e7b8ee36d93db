//! Doubt about two sides that a stranger measured. They agree on whatever he likes: on parameters that make a
//! scenario easy, on a direction that makes a loss a gain; and a base that leaves a scenario out leaves the
//! candidate nothing to be held against. What is expected shows it.

use std::collections::HashMap;

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::report::{Reason, Row, Verdict};
use gate_schema::run::Declared;

use crate::assess::by_scenario;
use crate::comparable::parameter_difference;
use crate::evaluate::Side;
use crate::outcome::is_excused;

/// Takes the pass from every gating row whose sides declare it otherwise than `expected` does. What is worse
/// than its base stays worse, and what was not compared says why already.
pub(crate) fn doubt(rows: &mut [Row], expected: Side<'_>, candidate: Side<'_>) {
    let expected = by_scenario(expected.observed);
    // What is expected of each row, and how it differs.
    let mut known: HashMap<(&ScenarioId, &MetricName), Option<Reason>> = HashMap::new();
    for here in candidate.observed {
        let Some(there) = expected.get(&here.declared.scenario) else {
            continue;
        };
        let redeclared = redeclared(&there.declared, &here.declared);
        for metric in &here.metrics {
            // A metric that is new has no level to dodge, and those it replaces are missing.
            if let Some(promoted) = there.declared.metric(&metric.declared.name) {
                let differs = (*promoted != metric.declared)
                    .then_some(Reason::NotAsPromoted { parameter: None });
                let row = (&here.declared.scenario, &metric.name);
                known.insert(row, redeclared.clone().or(differs));
            }
        }
    }
    for row in rows.iter_mut().filter(|row| row.gating && passes(row)) {
        let Some(redeclared) = known.get(&(&row.scenario, &row.metric)).cloned() else {
            continue;
        };
        let reason = match row.verdict {
            Verdict::Added => Some(Reason::NotOnBase),
            _ => redeclared,
        };
        if let Some(reason) = reason {
            row.verdict = Verdict::Incomparable;
            row.reason = reason;
        }
    }
}

/// Whether a row counts as a pass.
fn passes(row: &Row) -> bool {
    let passes = matches!(
        row.verdict,
        Verdict::Pass | Verdict::Improved | Verdict::Added
    );
    passes || is_excused(row)
}

/// What of a scenario differs, if anything.
fn redeclared(promoted: &Declared, measured: &Declared) -> Option<Reason> {
    let parameter = parameter_difference(promoted, measured);
    let differs = parameter.is_some() || promoted.input != measured.input;
    differs.then_some(Reason::NotAsPromoted { parameter })
}
