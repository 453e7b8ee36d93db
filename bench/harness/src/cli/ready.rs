//! Prepares the files of scenarios, and says which cannot be had.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cache::Cache;
use crate::child::{ChildError, Children};
use crate::context::Context;
use crate::repetition::Observation;
use crate::scenario::Scenario;
use crate::tier::Tier;

/// Prepares one scenario after the other. Files that could not be built are not tried again for every
/// scenario that shares them.
pub(super) struct Preparing<'c> {
    children: &'c Children,
    context: Context,
    /// Entries of the cache that could not be built, and for which scenario that was tried.
    broken: BTreeMap<String, &'static str>,
}

/// Why a scenario is not prepared, or not measured.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unready {
    /// Its process failed. One that prepares says why on our stderr.
    #[error(transparent)]
    Failed(ChildError),
    /// It shares files with a scenario whose preparation failed.
    #[error("needs {artifact}, which could not be prepared for {tried}")]
    Shared {
        artifact: String,
        tried: &'static str,
    },
}

impl<'c> Preparing<'c> {
    pub(super) fn new(children: &'c Children, tier: Tier, cache: &Cache) -> Self {
        Self {
            children,
            context: Context::new(tier, cache),
            broken: BTreeMap::new(),
        }
    }

    /// Prepares `scenario` and measures it once.
    pub(super) fn repeat(
        &mut self,
        scenario: &dyn Scenario,
        profile: Option<&Path>,
    ) -> Result<Observation, Unready> {
        self.prepare(scenario)?;
        let observation = self.children.repeat_into(scenario, profile);
        observation.map_err(Unready::Failed)
    }

    /// Prepares `scenario` unless that was done earlier.
    pub(super) fn prepare(&mut self, scenario: &dyn Scenario) -> Result<(), Unready> {
        let artifacts = scenario.artifacts(self.context.tier());
        for artifact in &artifacts {
            if let Some(tried) = self.broken.get(&artifact.key()) {
                return Err(Unready::Shared {
                    artifact: artifact.name(),
                    tried,
                });
            }
        }
        self.children.prepare(scenario).map_err(|error| {
            // They are built in this order, so the first that is not there is the one that failed.
            let failed = artifacts
                .iter()
                .find(|artifact| self.context.prepared(artifact.as_ref()).is_err());
            if let Some(artifact) = failed {
                self.broken.insert(artifact.key(), scenario.id());
            }
            Unready::Failed(error)
        })
    }
}
