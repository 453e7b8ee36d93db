//! What the harness tells a scenario about this run.

use std::collections::BTreeMap;

use crate::talk::Phase;
use crate::tier::Tier;

/// The tier, and the settings that were planted.
#[derive(Clone, Debug)]
pub struct Context {
    tier: Tier,
    settings: BTreeMap<String, usize>,
}

impl Context {
    /// A context without plants.
    #[must_use]
    pub fn new(tier: Tier) -> Self {
        Self {
            tier,
            settings: BTreeMap::new(),
        }
    }

    /// The same context with planted settings.
    #[must_use]
    pub fn with_settings(mut self, settings: BTreeMap<String, usize>) -> Self {
        self.settings = settings;
        self
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

    /// Shows progress of one step of a preparation on stderr, out of `total` steps.
    #[must_use]
    pub fn phase(&self, title: &'static str, total: usize) -> Phase {
        Phase::start(title, total)
    }
}
