//! The baseline measured against itself, when too much looks suspicious to be believed.

use std::collections::BTreeSet;

use gate_schema::id::ScenarioId;
use gate_schema::noise::Noise;
use gate_schema::policy::{Margin, Policy};
use gate_schema::report::Canaries;

use crate::assess::assess;
use crate::evaluate::{EvaluateError, Side};
use crate::evidence::AGREES;
use crate::row::Draft;

/// Judges the canaries: `again` is the baseline's second arm on the scenarios it measured.
///
/// # Errors
/// See [`EvaluateError`].
pub(crate) fn judge(
    baseline: Side<'_>,
    again: Side<'_>,
    noise: Option<&Noise>,
    policy: &Policy,
) -> Result<Canaries, EvaluateError> {
    let assessment = assess(baseline, again, noise, policy)?;
    let declared = again.run.manifest.scenarios.iter();
    let declared: BTreeSet<&ScenarioId> = declared.map(|d| &d.scenario).collect();
    let failed = again.run.failures.iter();
    let failed: BTreeSet<&ScenarioId> = failed.map(|failure| &failure.scenario).collect();
    let (mut fired, mut steady, mut untold) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for draft in assessment.drafts.iter().filter(|draft| is_timing(draft)) {
        // The baseline declares scenarios that no canary was asked for.
        if declared.contains(draft.scenario) {
            match differs(draft) {
                Some(true) => fired.insert(draft.scenario),
                Some(false) => steady.insert(draft.scenario),
                None => untold.insert(draft.scenario),
            };
        }
    }
    // One timing is enough to tell, but for a scenario that failed.
    let unusable = &(&untold - &steady) | &failed;
    let listed = |ids: &BTreeSet<&ScenarioId>| ids.iter().map(|id| (*id).clone()).collect();
    Ok(Canaries {
        scenarios: listed(&(&declared | &failed)),
        unusable: listed(&(&unusable - &fired)),
        fired: listed(&fired),
    })
}

/// Whether the draft is of a timing whose margin could fail it.
fn is_timing(draft: &Draft<'_>) -> bool {
    let is_judged = draft.settings.margin != Margin::Unjudged;
    draft.is_gating() && is_judged && draft.metric.unit().is_timing()
}

/// Whether a timing of one build differs from itself by its margin, either way; `None` when nothing
/// tells.
fn differs(draft: &Draft<'_>) -> Option<bool> {
    let (sides, compared) = (draft.sides.as_ref()?, draft.compared.as_ref()?);
    let (margin, evidence) = sides.margin.zip(compared.comparison.evidence)?;
    if draft.stages().is_empty() || compared.has_few_pairs() {
        return None;
    }
    let is_beyond = compared.comparison.worse.abs() >= margin;
    Some(is_beyond && evidence.p_worse.min(evidence.p_better) <= AGREES)
}
