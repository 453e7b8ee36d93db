//! What of an accepted baseline a run does not have any more.

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::run::Run;

use super::by_scenario;
use crate::comparable::is_same_workload;

/// Something accepted that later runs are not compared with any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// A scenario is not declared any more: nothing guards it.
    Scenario(ScenarioId),
    /// A metric of a scenario is not declared any more.
    Metric(ScenarioId, MetricName),
    /// A scenario has other parameters or another input, so that its accepted sessions are of another workload.
    History(ScenarioId),
    /// A metric is declared differently, so that what was accepted of it are other numbers.
    MetricHistory(ScenarioId, MetricName),
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
        let is_same = is_same_workload(was, is);
        lost.extend((!is_same).then(|| Lost::History(scenario())));
        lost.extend(
            was.metrics
                .iter()
                .filter_map(|metric| match is.metric(&metric.name) {
                    None => Some(Lost::Metric(scenario(), metric.name.clone())),
                    Some(now) if is_same && now != metric => {
                        Some(Lost::MetricHistory(scenario(), metric.name.clone()))
                    }
                    Some(_) => None,
                }),
        );
    }
    lost
}
