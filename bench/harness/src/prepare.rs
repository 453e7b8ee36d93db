//! Provides the prepared files of scenarios.

use std::collections::BTreeMap;

use crate::artifact::Artifact;
use crate::cache::{Cache, CacheError};
use crate::context::Context;
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

/// Reads all prepared files of `scenarios` and removes what was damaged, so that it is built again and
/// counts as missing until then. Ends early once `is_asked` says so.
///
/// # Errors
/// [`CacheError::Io`].
pub fn audit(
    scenarios: &[&dyn Scenario],
    tier: Tier,
    cache: &Cache,
    is_asked: &dyn Fn() -> bool,
) -> Result<(), CacheError> {
    let context = Context::new(tier, cache);
    let artifacts = scenarios
        .iter()
        .flat_map(|scenario| scenario.artifacts(tier))
        .filter(|artifact| context.prepared(artifact.as_ref()).is_ok());
    let artifacts: BTreeMap<String, Box<dyn Artifact>> = artifacts
        .map(|artifact| (artifact.key(), artifact))
        .collect();
    if artifacts.is_empty() {
        return Ok(());
    }
    let progress = context.phase("checking the prepared files", artifacts.len());
    for artifact in artifacts.values().take_while(|_| !is_asked()) {
        cache.audit(&artifact.name(), &artifact.recipe())?;
        progress.advance(1);
    }
    Ok(())
}
