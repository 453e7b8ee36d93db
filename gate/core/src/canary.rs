//! The baseline measured against itself, when too much looks suspicious to be believed.

use std::collections::BTreeSet;

use gate_schema::id::ScenarioId;
use gate_schema::noise::Noise;
use gate_schema::policy::Policy;
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
    let fired: BTreeSet<&ScenarioId> = assessment
        .drafts
        .iter()
        .filter(|draft| differs(draft))
        .map(|draft| draft.scenario)
        .collect();
    let measured = again.run.manifest.scenarios.iter();
    Ok(Canaries {
        scenarios: measured.map(|declared| declared.scenario.clone()).collect(),
        fired: fired.into_iter().cloned().collect(),
    })
}

/// Whether a gating timing of one build differs from itself by its margin, either way.
fn differs(draft: &Draft<'_>) -> bool {
    let (Some(sides), Some(compared)) = (&draft.sides, &draft.compared) else {
        return false;
    };
    let Some((margin, evidence)) = sides.margin.zip(compared.comparison.evidence) else {
        return false;
    };
    let is_judged =
        draft.is_gating() && draft.metric.unit().is_timing() && !draft.stages().is_empty();
    is_judged
        && compared.comparison.worse.abs() >= margin
        && evidence.p_worse.min(evidence.p_better) <= AGREES
}
