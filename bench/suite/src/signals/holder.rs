//! Where the map keeps an entity: in its table, or behind a box.

use super::entity::{BLOCK_BYTES, Entity};
use super::signal::Counter;

/// What the map holds for an entity.
pub(crate) trait Holder: Send + Sync + 'static {
    /// How signals keep their counts.
    type Signal: Counter;

    /// Bytes of an entity beside the holder, without its signals.
    const HEAP_BYTES: usize;

    fn hold(entity: Entity<Self::Signal>) -> Self;

    fn entity(&self) -> &Entity<Self::Signal>;

    fn entity_mut(&mut self) -> &mut Entity<Self::Signal>;
}

/// In the table: what was chosen. Tables grow by powers of two and stay half empty, which is cheap as
/// long as entities are small.
impl<C: Counter> Holder for Entity<C> {
    type Signal = C;

    const HEAP_BYTES: usize = 0;

    fn hold(entity: Self) -> Self {
        entity
    }

    fn entity(&self) -> &Self {
        self
    }

    fn entity_mut(&mut self) -> &mut Self {
        self
    }
}

/// Behind a box: one more cache miss for every lookup.
impl<C: Counter> Holder for Box<Entity<C>> {
    type Signal = C;

    const HEAP_BYTES: usize = size_of::<Entity<C>>() + BLOCK_BYTES;

    fn hold(entity: Entity<C>) -> Self {
        Self::new(entity)
    }

    fn entity(&self) -> &Entity<C> {
        self
    }

    fn entity_mut(&mut self) -> &mut Entity<C> {
        self
    }
}
