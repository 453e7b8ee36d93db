//! What of an accepted baseline a run does not have any more.

use std::collections::BTreeSet;

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::run::Run;

use super::by_scenario;

/// Something accepted that later runs are not compared with any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// A scenario is not declared any more: nothing guards it.
    Scenario(ScenarioId),
    /// A metric of a scenario is not declared any more.
    Metric(ScenarioId, MetricName),
    /// A scenario is declared differently, so that its accepted sessions are of another workload.
    History(ScenarioId),
}

/// What `run` loses of `accepted`, in declared order.
#[must_use]
pub fn lost(accepted: &Run, run: &Run) -> Vec<Lost> {
    let declared = by_scenario(run);
    let mut lost = Vec::new();
    for was in &accepted.manifest.scenarios {
        let scenario = || was.scenario.clone();
        let Some(is) = declared.get(&was.scenario) else {
            lost.push(Lost::Scenario(scenario()));
            continue;
        };
        let metrics: BTreeSet<&MetricName> = is.metrics.iter().map(|m| &m.name).collect();
        let gone = was
            .metrics
            .iter()
            .map(|m| &m.name)
            .filter(|name| !metrics.contains(name));
        let before = lost.len();
        lost.extend(gone.map(|name| Lost::Metric(scenario(), name.clone())));
        if lost.len() == before && *is != was {
            lost.push(Lost::History(scenario()));
        }
    }
    lost
}
