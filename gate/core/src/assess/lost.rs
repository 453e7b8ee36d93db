//! Rows that a candidate does not have and others do: the baseline, or what is expected of both.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::report::{Reason, Verdict};

use super::{by_scenario, draft};
use crate::evaluate::{EvaluateError, Side};
use crate::observe::{Observed, ObservedMetric};
use crate::row::Draft;
use crate::rules::Rules;

/// One draft per metric that only the baseline declares, in its order, and per row that was displaced.
pub(super) fn lost_drafts<'a>(
    baseline: Side<'a>,
    candidate: Side<'a>,
    rules: &mut Rules<'_>,
) -> Result<Vec<Draft<'a>>, EvaluateError> {
    let failed = failed(candidate);
    let in_candidate = by_scenario(candidate.observed);
    let mut drafts = Vec::new();
    for observed in baseline.observed {
        let counterpart = in_candidate.get(&observed.declared.scenario);
        let declared_there: HashSet<&MetricName> = counterpart
            .iter()
            .flat_map(|o| &o.declared.metrics)
            .map(|metric| &metric.name)
            .collect();
        for declared in &observed.declared.metrics {
            if !declared_there.contains(&declared.name) {
                let metric = Cow::Owned(ObservedMetric::unmeasured(declared));
                let settings = rules.settings(observed.declared.scenario.as_str(), &metric)?;
                let reason = if failed.contains(&observed.declared.scenario) {
                    Reason::ScenarioFailed
                } else {
                    Reason::NotDeclared
                };
                let settled = Some((Verdict::Missing, reason));
                drafts.push(Draft {
                    settled,
                    ..draft(observed, metric, settings)
                });
            }
        }
        if let Some(there) = counterpart {
            displaced(observed, there, rules, &mut drafts)?;
        }
    }
    Ok(drafts)
}

/// One draft per gating row of the baseline whose metric the candidate declares as another kind, so that its rows go by
/// other names, and by other rules: where none of those gates, nothing else would tell.
fn displaced<'a>(
    observed: &'a Observed,
    there: &Observed,
    rules: &mut Rules<'_>,
    drafts: &mut Vec<Draft<'a>>,
) -> Result<(), EvaluateError> {
    let scenario = observed.declared.scenario.as_str();
    for metric in &observed.metrics {
        let declared = &metric.declared;
        let heir = there.declared.metric(&declared.name);
        if heir.is_none_or(|heir| heir.kind == declared.kind) {
            continue;
        }
        let mut is_told = false;
        for heir in there
            .metrics
            .iter()
            .filter(|m| m.declared.name == declared.name)
        {
            let settings = rules.settings(scenario, heir)?;
            is_told |= draft(there, Cow::Borrowed(heir), settings).is_gating();
        }
        let settings = rules.settings(scenario, metric)?;
        let gone = ObservedMetric {
            name: metric.name.clone(),
            statistic: metric.statistic,
            ..ObservedMetric::unmeasured(declared)
        };
        let lost = Draft {
            settled: Some((Verdict::Incomparable, Reason::Declaration)),
            ..draft(observed, Cow::Owned(gone), settings)
        };
        if !is_told && lost.is_gating() {
            drafts.push(lost);
        }
    }
    Ok(())
}

/// One draft per metric that is expected and that neither side declares, in the order of `expected`.
pub(super) fn expected_drafts<'a>(
    expected: Side<'a>,
    [baseline, candidate]: [Side<'a>; 2],
    rules: &mut Rules<'_>,
) -> Result<Vec<Draft<'a>>, EvaluateError> {
    let in_baseline = by_scenario(baseline.observed);
    let failed_there = failed(baseline);
    let is_in_baseline = |draft: &Draft<'_>| {
        let there = in_baseline.get(draft.scenario);
        let there = there.and_then(|o| o.declared.metric(&draft.metric.declared.name));
        // Where both sides made it another kind, the base did not tell.
        let is_displaced = matches!(draft.settled, Some((_, Reason::Declaration)));
        there.is_some_and(|there| !is_displaced || there.kind == draft.metric.declared.kind)
    };
    let mut drafts = lost_drafts(expected, candidate, rules)?;
    drafts.retain(|draft| !is_in_baseline(draft));
    for draft in &mut drafts {
        if matches!(draft.settled, Some((_, Reason::NotDeclared))) {
            // What fails on the base is measured no further, so that the candidate cannot declare it.
            draft.settled = Some(if failed_there.contains(draft.scenario) {
                (Verdict::Incomparable, Reason::BaselineUnusable)
            } else {
                (Verdict::Missing, Reason::OnNeitherSide)
            });
        }
    }
    Ok(drafts)
}

/// Scenarios of which a repetition failed.
fn failed<'a>(side: Side<'a>) -> BTreeSet<&'a ScenarioId> {
    let failures = side.run.failures.iter();
    failures.map(|failure| &failure.scenario).collect()
}
