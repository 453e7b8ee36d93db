//! Puts the run document together.

use std::collections::BTreeMap;
use std::time::SystemTime;

use gate_schema::id::{Name, ScenarioId};
use gate_schema::run::{
    Declared, Environment, FORMAT, Failure, Manifest, Param, Run, Session, Source,
};
use humantime::{format_rfc3339_millis, format_rfc3339_seconds};

use crate::layer::Layer;
use crate::repetition::common_metrics;
use crate::scenario::{Scenario, name};
use crate::tier::Tier;

/// A name for a run that starts at `start`: to the millisecond, because pairs of short runs follow
/// each other within a second.
#[must_use]
pub fn run_id(tier: Tier, start: SystemTime) -> String {
    format!("{tier}-{}", format_rfc3339_millis(start))
}

/// The id of a scenario as documents carry it.
pub(crate) fn scenario_id(scenario: &dyn Scenario) -> ScenarioId {
    name(scenario.id())
}

/// What a run of `scenarios` should contain. Only what was selected: a scenario that nobody asked
/// for is not missing.
#[must_use]
pub fn manifest(scenarios: &[&dyn Scenario], tier: Tier) -> Manifest {
    let scenarios = scenarios
        .iter()
        .map(|scenario| declare(*scenario, tier))
        .collect();
    Manifest {
        tier: Name::new(tier.as_str()).ok(),
        scenarios,
    }
}

fn declare(scenario: &dyn Scenario, tier: Tier) -> Declared {
    let mut metrics = common_metrics(scenario.traffic(tier));
    metrics.extend(scenario.metrics());
    Declared {
        scenario: scenario_id(scenario),
        params: identity(scenario, tier),
        input: Some(scenario.input(tier).digest()),
        metrics,
    }
}

/// The parameters that make a workload what it is: the scenario's own, its layer and its traffic.
pub(crate) fn identity(scenario: &dyn Scenario, tier: Tier) -> BTreeMap<Name, Param> {
    let mut params = scenario.params(tier);
    let text = |text: String| Param::Text(text);
    let layer = label(scenario, tier).as_str().to_owned();
    params.insert(name("layer"), text(layer));
    params.extend(
        scenario
            .traffic(tier)
            .describe()
            .into_iter()
            .map(|(key, value)| (name(key), text(value))),
    );
    params
}

/// The layer that a workload is labelled with: what its operation goes through, or contention where several of
/// them go on at the same time.
#[must_use]
pub fn label(scenario: &dyn Scenario, tier: Tier) -> Layer {
    match scenario.traffic(tier).is_shared() {
        true => Layer::Contention,
        false => scenario.layer(),
    }
}

/// What a run is made of.
#[derive(Debug)]
pub struct Parts {
    /// See [`run_id`].
    pub id: String,
    /// When the measuring ended.
    pub created: SystemTime,
    /// What was built.
    pub source: Source,
    /// Where it ran.
    pub environment: Environment,
    /// What should have been measured.
    pub manifest: Manifest,
    /// What was measured.
    pub sessions: Vec<Session>,
    /// What should have been and was not.
    pub failures: Vec<Failure>,
}

impl From<Parts> for Run {
    fn from(parts: Parts) -> Self {
        Self {
            format: FORMAT.to_owned(),
            id: parts.id,
            created: format_rfc3339_seconds(parts.created).to_string(),
            source: parts.source,
            environment: parts.environment,
            manifest: parts.manifest,
            sessions: parts.sessions,
            failures: parts.failures,
            pooled: Vec::new(),
            provenance: None,
        }
    }
}
