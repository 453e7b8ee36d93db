//! What the harness tells a scenario about this run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::artifact::Artifact;
use crate::cache::{Cache, CacheError};
use crate::talk::{Phase, say};
use crate::tier::Tier;

/// The tier, the prepared files, and the settings that were planted.
#[derive(Clone, Debug)]
pub struct Context {
    tier: Tier,
    cache: Cache,
    settings: BTreeMap<String, usize>,
}

impl Context {
    /// A context without plants.
    #[must_use]
    pub fn new(tier: Tier, cache: &Cache) -> Self {
        Self {
            tier,
            cache: cache.clone(),
            settings: BTreeMap::new(),
        }
    }

    /// The same context with planted settings.
    #[must_use]
    pub fn with_settings(mut self, settings: BTreeMap<String, usize>) -> Self {
        self.settings = settings;
        self
    }

    /// The same context on another tier.
    #[must_use]
    pub fn on(&self, tier: Tier) -> Self {
        Self {
            tier,
            ..self.clone()
        }
    }

    /// The size class to work on.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// The planted value of a setting, or the scenario's own `default`.
    #[must_use]
    pub fn setting(&self, name: &str, default: usize) -> usize {
        self.settings.get(name).copied().unwrap_or(default)
    }

    /// Where the files of an artifact are.
    ///
    /// # Errors
    /// [`CacheError::Unprepared`] when nobody listed it, or its files no longer match its recipe.
    pub fn prepared(&self, artifact: &dyn Artifact) -> Result<PathBuf, CacheError> {
        self.cache.prepared(&artifact.name(), &artifact.recipe())
    }

    /// Builds the files of an artifact unless the cache has them.
    ///
    /// # Errors
    /// See [`CacheError`].
    pub(crate) fn prepare(&self, artifact: &dyn Artifact) -> Result<PathBuf, CacheError> {
        let name = artifact.name();
        self.cache.ensure(&name, &artifact.recipe(), |directory| {
            say(format_args!("preparing {name}"));
            artifact.build(self, directory)
        })
    }

    /// Shows progress of one step of a preparation on stderr, out of `total` steps.
    #[must_use]
    pub fn phase(&self, title: &'static str, total: usize) -> Phase {
        Phase::start(title, total)
    }
}
