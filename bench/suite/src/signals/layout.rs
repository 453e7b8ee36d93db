//! The layouts that a plant can put in place of the chosen one.

use bench_harness::{Context, Failure, Subject};

use super::entity::Entity;
use super::holder::Holder;
use super::rollup::RolledUp;
use super::signal::Signal;
use super::store::{Options, SHARDS};

/// Settings of every scenario that measures the component: `boxed` (0 or 1) puts entities behind
/// boxes, `rollups` (0 or 1) keeps running counts, `shards` splits the map in so many.
pub(crate) const SETTINGS: &[&str] = &["boxed", "rollups", "shards"];

/// How signals keep their counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    /// Summed up when somebody asks: what was chosen.
    Buckets,
    /// Kept up with every event.
    Rollups,
}

/// A scenario that works in any layout.
pub(crate) trait Loads {
    /// Loads it in one.
    fn load_in<H: Holder>(&self, context: &Context) -> Result<Box<dyn Subject>, Failure>;
}

/// Loads `scenario` in the layout that was chosen, or planted. `counting` is what it is about, unless
/// planted.
pub(crate) fn load(
    scenario: &impl Loads,
    context: &Context,
    counting: Counting,
) -> Result<Box<dyn Subject>, Failure> {
    let is_boxed = context.setting("boxed", 0) > 0;
    let has_rollups = context.setting("rollups", counting as usize) > 0;
    match (is_boxed, has_rollups) {
        (false, false) => scenario.load_in::<Entity<Signal>>(context),
        (true, false) => scenario.load_in::<Box<Entity<Signal>>>(context),
        (false, true) => scenario.load_in::<Entity<RolledUp>>(context),
        (true, true) => scenario.load_in::<Box<Entity<RolledUp>>>(context),
    }
}

/// The component for `capacity` entities, without a budget.
pub(crate) fn options(context: &Context, capacity: usize) -> Options {
    Options {
        capacity,
        // The map wants a power of two above one.
        shards: context.setting("shards", SHARDS).next_power_of_two().max(2),
        budget: None,
    }
}
