//! Two builds measured for as long as that can change a verdict, and judged.

use std::path::Path;
use std::time::Duration;

use gate_core::evaluate::Known;
use gate_core::next::Plan;
use gate_schema::report::Report;

use super::runs::{Runs, Seen};
use super::sessions::{Measurement, Rules, Stopped};
use crate::noise;
use crate::policy::{BASELINE, Loaded, Measure};

/// What is asked of one measurement, besides the policy.
pub(crate) struct Asked<'a> {
    /// Globs over scenarios; empty for all.
    pub(crate) only: &'a [String],
    /// Pairs of the first session, instead of the policy's.
    pub(crate) pairs: Option<u32>,
    /// Time for what is optional.
    pub(crate) budget: Duration,
    /// The promoted baseline.
    pub(crate) promoted: Option<&'a Seen>,
}

/// Measures and judges; `top` is where a policy is looked for when none was given.
pub(crate) fn judge(
    measurement: &mut Measurement<'_>,
    asked: &Asked<'_>,
    loaded: &Loaded,
    measure: &Measure,
    top: &Path,
) -> Result<(Runs, Report), Stopped> {
    let scenarios = measurement.prepare(asked.only, measure.warm_up_starts)?;
    let noise = noise::beside(loaded, &top.join(BASELINE), &measurement.environment())?;
    let rules = Rules {
        plan: Plan {
            pairs: asked.pairs.unwrap_or(measure.pairs),
            ..measure.plan()
        },
        budget: asked.budget,
        policy: &loaded.policy,
        noise: noise.as_ref(),
    };
    let runs = measurement.check(&scenarios, &rules)?;
    let known = Known {
        promoted: asked.promoted.map(Seen::side),
        ..runs.known(noise.as_ref())
    };
    let (baseline, candidate) = (runs.baseline.side(), runs.candidate.side());
    let report = gate_core::evaluate(baseline, candidate, &known, &loaded.policy);
    Ok((runs, report.map_err(Stopped::Unjudgeable)?))
}
