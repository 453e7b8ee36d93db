//! Doubt about two sides that a stranger measured. They agree on whatever he likes: on parameters that make a
//! scenario easy, on a direction that makes a loss a gain; and a base that leaves a scenario out leaves the
//! candidate nothing to be held against. What is expected shows it.

use gate_schema::report::{Reason, Row, Verdict};
use gate_schema::run::{Declared, DeclaredMetric};

use crate::assess::by_scenario;
use crate::comparable::parameter_difference;
use crate::evaluate::Side;
use crate::outcome::is_excused;

/// Takes the pass from every gating row whose sides declare it otherwise than `expected` does. What is worse
/// than its base stays worse, and what was not compared says why already.
pub(crate) fn doubt(rows: &mut [Row], expected: Side<'_>, candidate: Side<'_>) {
    let [expected, candidate] = [expected, candidate].map(|side| by_scenario(side.observed));
    for row in rows.iter_mut().filter(|row| row.gating && passes(row)) {
        let there = expected.get(&row.scenario);
        let Some((there, here)) = there.zip(candidate.get(&row.scenario)) else {
            continue;
        };
        let mut judged = here.metrics.iter();
        let metric = judged.find(|metric| metric.name == row.metric);
        let Some(metric) = metric.map(|metric| &metric.declared) else {
            continue;
        };
        // A metric that is new has no level to dodge, and those it replaces are missing.
        let Some(promoted) = there.declared.metric(&metric.name) else {
            continue;
        };
        let reason = if row.verdict == Verdict::Added {
            Some(Reason::NotOnBase)
        } else {
            redeclared((&there.declared, promoted), (&here.declared, metric))
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

/// What differs, if anything: of the scenario, else of the metric.
fn redeclared(
    promoted: (&Declared, &DeclaredMetric),
    measured: (&Declared, &DeclaredMetric),
) -> Option<Reason> {
    let parameter = parameter_difference(promoted.0, measured.0);
    let differs =
        parameter.is_some() || promoted.0.input != measured.0.input || promoted.1 != measured.1;
    differs.then_some(Reason::NotAsPromoted { parameter })
}
