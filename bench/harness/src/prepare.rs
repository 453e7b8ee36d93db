//! Provides the prepared files of a scenario.

use crate::cache::{Cache, CacheError};
use crate::context::Context;
use crate::needs::Needs;
use crate::scenario::Scenario;
use crate::tier::Tier;

/// Builds the artifacts of `scenario` that the cache does not have.
///
/// Plants never reach a preparation: they change what is measured, not what it is measured on.
///
/// # Errors
/// See [`CacheError`].
pub fn prepare(scenario: &dyn Scenario, tier: Tier, cache: &Cache) -> Result<(), CacheError> {
    let context = Context::new(tier, cache);
    for artifact in scenario.artifacts(tier) {
        context.prepare(artifact.as_ref())?;
    }
    Ok(())
}

/// What measuring `scenario` once takes from here on: its artifacts, unless they are there, and the
/// repetition.
#[must_use]
pub fn needs(scenario: &dyn Scenario, tier: Tier, cache: &Cache) -> Needs {
    let context = Context::new(tier, cache);
    let artifacts = scenario.artifacts(tier);
    let missing = artifacts
        .iter()
        .filter(|artifact| context.prepared(artifact.as_ref()).is_err());
    missing
        .map(|artifact| artifact.needs())
        .fold(Needs::default(), Needs::then)
        .then(scenario.needs(tier))
}
