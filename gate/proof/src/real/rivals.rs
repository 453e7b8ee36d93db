//! Rival rules on the repetitions of a real gate.

use std::collections::BTreeMap;

use gate_core::observe::{Observed, ObservedMetric, records};
use gate_schema::report::{Report, Row, Verdict};
use gate_schema::run::Run;
use gate_schema::unit::Unit;

use crate::real::case::{Claim, Plant};
use crate::real::record::RivalVerdict;
use crate::rivals::{Rival, Samples};

/// What every rule with a paired layout says about the first session: the gating timing rows that were
/// held against a margin. Rates are judged as times per operation, because every rule takes larger for
/// worse.
///
/// # Errors
/// A document whose histograms do not decode.
pub fn judge(
    plant: Plant<'_>,
    report: &Report,
    baseline: &Run,
    candidate: &Run,
) -> Result<Vec<RivalVerdict>, String> {
    let (before, after) = (observe(baseline)?, observe(candidate)?);
    let Some(first) = candidate.sessions.first() else {
        return Ok(Vec::new());
    };
    let timings = report.rows.iter().filter(|row| is_judged_timing(row));
    let repetitions = timings.filter_map(|row| {
        let both = pairs(find(&before, row)?, find(&after, row)?, &first.id);
        (!both[0].is_empty()).then_some((row, both))
    });
    let (rows, repetitions): (Vec<&Row>, Vec<[Vec<f64>; 2]>) = repetitions.unzip();
    let gate = Samples::of(&repetitions);
    let is_right = |row: &Row| {
        let (scenario, metric) = (Some(row.scenario.as_str()), row.metric.as_str());
        // All that these rules know is that a row got worse.
        plant.claim(scenario, metric, Verdict::Regressed) == Claim::Right
    };
    let rules = Rival::ALL.into_iter().filter(|rule| !rule.takes_reports());
    Ok(rules
        .map(|rule| {
            let flags = rule.judge(&gate);
            let failed = || rows.iter().zip(&flags).filter(|(_, fails)| **fails);
            RivalVerdict {
                rule: rule.name(),
                failed: failed().count(),
                right: Some(failed().filter(|(row, _)| is_right(row)).count()),
                rows: rows.len(),
            }
        })
        .collect())
}

fn observe(run: &Run) -> Result<Vec<Observed>, String> {
    let observed = records(run).into_iter().map(|record| record.observe());
    observed
        .collect::<Result<_, _>>()
        .map_err(|problem| format!("{}: {}", problem.pointer, problem.defect))
}

fn is_judged_timing(row: &Row) -> bool {
    let is_judged = row.effect.as_ref().is_some_and(|e| e.margin.is_some());
    row.gating && is_judged && matches!(row.unit, Unit::Nanoseconds | Unit::PerSecond)
}

fn find<'a>(observed: &'a [Observed], row: &Row) -> Option<&'a ObservedMetric> {
    let scenario = observed
        .iter()
        .find(|o| o.declared.scenario == row.scenario)?;
    scenario.metrics.iter().find(|m| m.name == row.metric)
}

/// The values of one session, baseline and candidate, of the pairs that both have.
fn pairs(baseline: &ObservedMetric, candidate: &ObservedMetric, session: &str) -> [Vec<f64>; 2] {
    let values = |metric: &ObservedMetric| -> BTreeMap<u32, f64> {
        let is_rate = metric.unit() == Unit::PerSecond;
        let session = metric
            .paired
            .iter()
            .find(|paired| paired.session == session);
        let values = session.into_iter().flat_map(|paired| &paired.values);
        values
            .map(|&(pair, value)| (pair, if is_rate { 1.0 / value } else { value }))
            .collect()
    };
    let (before, after) = (values(baseline), values(candidate));
    let both = before
        .iter()
        .filter_map(|(pair, &b)| Some((b, *after.get(pair)?)));
    let (before, after) = both.unzip();
    [before, after]
}
