//! Provides the prepared files of a scenario.

use std::path::PathBuf;

use crate::cache::{Cache, CacheError};
use crate::context::Context;
use crate::scenario::Scenario;
use crate::talk::say;
use crate::tier::Tier;

/// The prepared files of `scenario`, built if the cache does not have them.
///
/// Plants never reach a preparation: they change what is measured, not what it is measured on.
///
/// # Errors
/// See [`CacheError`].
pub fn prepare(scenario: &dyn Scenario, tier: Tier, cache: &Cache) -> Result<PathBuf, CacheError> {
    cache.ensure(scenario.id(), &scenario.preparation(tier), |directory| {
        say(format_args!("preparing {} ({tier})", scenario.id()));
        scenario.prepare(&Context::new(tier), directory)
    })
}
