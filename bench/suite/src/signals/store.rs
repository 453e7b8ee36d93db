//! The component: signals of many entities, written and read by many threads.

use dashmap::DashMap;

use super::entity::{Entity, Written};
use super::events::Event;
use super::holder::Holder;
use super::order::{LINK_BYTES, Order};
use super::signal::Counter;
use super::window::Window;
use crate::hashing::FixedHasher;

/// Shards of the map. Stated, because the default follows the number of cores, and the memory per
/// entity would follow it too. Eight per thread keep eight threads apart, and a shard of a million
/// entities then grows by copying half a megabyte.
pub(crate) const SHARDS: usize = 64;

/// Stripes of the order of last use: two threads that write at random meet in one of sixteen writes.
pub(crate) const STRIPES: usize = 16;

/// Entities that one write forgets at the most. One is enough for what it adds: an entity that comes into
/// being takes no more than any other, and wider buckets take less. The second makes up for a write that
/// was overtaken by another thread.
const EVICTIONS: usize = 2;

/// How to set the component up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Entities to make room for. More are welcome, at the price of a shard that grows now and then.
    pub(crate) capacity: usize,
    /// Shards of the map, a power of two above one.
    pub(crate) shards: usize,
    /// What entities may take, in bytes, and the stripes to keep order in. Without a budget nothing
    /// is ever forgotten.
    pub(crate) budget: Option<(usize, usize)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            capacity: 0,
            shards: SHARDS,
            budget: None,
        }
    }
}

/// Signals of many entities.
#[derive(Debug)]
pub(crate) struct Signals<H = Entity> {
    entities: DashMap<u32, H, FixedHasher>,
    order: Option<Order>,
}

impl<H: Holder> Signals<H> {
    /// Bytes of an entity without its signals, as a budget counts them: rather too many than too few.
    /// Right after it grew, a table has 16 places for 7 entries, each with a byte of its own, and the
    /// links of the order have twice the room they need.
    pub(crate) const ENTITY_BYTES: usize =
        (size_of::<(u32, H)>() + 1) * 16 / 7 + H::HEAP_BYTES + 2 * LINK_BYTES;

    /// A component without entities.
    pub(crate) fn new(options: Options) -> Self {
        let entities = DashMap::with_capacity_and_hasher_and_shard_amount(
            options.capacity,
            FixedHasher::default(),
            options.shards,
        );
        let order = options
            .budget
            .map(|(bytes, stripes)| Order::new(bytes, stripes));
        Self { entities, order }
    }

    /// Adds an event to its entity, which comes into being if need be. Returns the number of events of
    /// that signal so far.
    ///
    /// With a budget, the entity becomes the latest, and entities that were not written for longest
    /// are forgotten until the budget is kept.
    #[inline]
    pub(crate) fn write(&self, event: &Event) -> u32 {
        match &self.order {
            None => {
                let mut holder = self
                    .entities
                    .entry(event.entity)
                    .or_insert_with(|| H::hold(Entity::at(0)));
                write(holder.entity_mut(), event).events
            }
            Some(order) => self.write_in_order(order, event),
        }
    }

    fn write_in_order(&self, order: &Order, event: &Event) -> u32 {
        let mut entity_bytes = 0;
        let mut holder = self.entities.entry(event.entity).or_insert_with(|| {
            entity_bytes = Self::ENTITY_BYTES;
            H::hold(Entity::at(order.of(event.entity).insert(event.entity)))
        });
        let entity = holder.entity_mut();
        let written = write(entity, event);
        let (place, grown_bytes) = (entity.place, entity_bytes + written.grown_bytes);
        // Under the lock of the entity's shard, so that writes of one entity are in one order
        // everywhere.
        let overdue = order.of(event.entity).touch(place, grown_bytes);
        drop(holder);
        if overdue.is_some() {
            self.trim(order, overdue);
        }
        written.events
    }

    /// Forgets what is overdue in a stripe.
    fn trim(&self, order: &Order, mut overdue: Option<u32>) {
        for _ in 0..EVICTIONS {
            let Some(entity) = overdue.take() else {
                return;
            };
            // Locks go from the map to the order, so that of the order was let go of. If somebody wrote
            // the entity meanwhile, it stays, and the next write of the stripe finds another.
            self.entities.remove_if(&entity, |_, holder| {
                let bytes = Self::ENTITY_BYTES + holder.entity().heap_bytes();
                let mut stripe = order.of(entity);
                let is_evicted = stripe.evict(holder.entity().place, bytes);
                overdue = stripe.overdue();
                is_evicted
            });
        }
    }

    /// Looks at the signals of an entity; `None` when it is not there.
    #[inline]
    pub(crate) fn read<R>(
        &self,
        entity: u32,
        look: impl FnOnce(&Entity<H::Signal>) -> R,
    ) -> Option<R> {
        self.entities
            .get(&entity)
            .map(|holder| look(holder.entity()))
    }

    /// Events of a signal in `window` at `now_s`; none of what was never written.
    #[inline]
    pub(crate) fn count(&self, entity: u32, signal: u8, window: Window, now_s: u32) -> u32 {
        let count = |signal: &H::Signal| signal.count(window, now_s);
        self.read(entity, |entity| entity.signal(signal).map(count))
            .flatten()
            .unwrap_or_default()
    }

    /// Entities that are there.
    pub(crate) fn len(&self) -> usize {
        self.entities.len()
    }

    /// The order of last use, if there is a budget.
    pub(crate) fn order(&self) -> Option<&Order> {
        self.order.as_ref()
    }
}

impl<H: Holder> Default for Signals<H> {
    fn default() -> Self {
        Self::new(Options::default())
    }
}

fn write<C: Counter>(entity: &mut Entity<C>, event: &Event) -> Written {
    entity.write(event.signal, event.time_s, event.weight)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use rand::RngExt;

    use super::super::signal::Signal;
    use super::*;
    use crate::random::Stream;

    const BUDGET_BYTES: usize = 40_000;

    /// Entities one to two hundred, of any signal, some so often that their buckets widen.
    fn events(piece: u64, count: usize) -> Vec<Event> {
        let mut random = Stream::named("signals/store").piece(piece);
        let event = |_| Event {
            entity: random.random_range(0..200_u32) / random.random_range(1..40),
            time_s: 7,
            weight: 1.0,
            signal: random.random_range(0..10) / random.random_range(1..10),
        };
        (0..count).map(event).collect()
    }

    fn component(stripes: usize) -> Signals<Entity<Signal>> {
        Signals::new(Options {
            capacity: 0,
            shards: 2,
            budget: Some((BUDGET_BYTES, stripes)),
        })
    }

    /// Entities in the order of one stripe, latest first, and what they take by themselves.
    fn order(component: &Signals<Entity<Signal>>) -> (Vec<u32>, usize, usize) {
        let order = component.order().expect("there is a budget");
        let (mut entities, mut bytes) = (Vec::new(), 0);
        for stripe in order.stripes() {
            entities.extend(stripe.latest_first());
            bytes += stripe.bytes();
        }
        let size = |entity: &u32| {
            let heap_bytes = component.read(*entity, Entity::heap_bytes);
            heap_bytes.map_or(0, |bytes| bytes + Signals::<Entity<Signal>>::ENTITY_BYTES)
        };
        let sizes = entities.iter().map(size).sum();
        (entities, bytes, sizes)
    }

    #[test]
    fn one_stripe_forgets_in_exact_order_and_keeps_its_budget_at_every_moment() {
        let component = component(1);
        let mut expected: Vec<u32> = Vec::new();
        for event in events(0, 5_000) {
            component.write(&event);
            expected.retain(|&entity| entity != event.entity);
            expected.insert(0, event.entity);
            let (found, bytes, sizes) = order(&component);
            // However many it had to forget, it forgot from the end.
            expected.truncate(found.len());
            assert_eq!(found, expected);
            assert_eq!(bytes, sizes);
            assert!(bytes <= BUDGET_BYTES, "{bytes}");
            assert_eq!(found.len(), component.len());
        }
        let evictions = component.order().map(|order| order.of(0).evictions());
        assert!(evictions > Some(100), "{evictions:?}");
    }

    #[test]
    fn several_threads_keep_the_budget_and_agree_on_who_is_there() {
        let component = component(4);
        thread::scope(|scope| {
            for piece in 0..4 {
                let component = &component;
                scope.spawn(move || {
                    for event in events(piece, 20_000) {
                        component.write(&event);
                    }
                });
            }
        });
        let (mut entities, bytes, sizes) = order(&component);
        assert_eq!(bytes, sizes);
        entities.sort_unstable();
        entities.dedup();
        assert_eq!(entities.len(), component.len());
        // What a thread could not forget is left to the next write, and there was a last one.
        assert!(bytes <= BUDGET_BYTES + 4 * 1_000, "{bytes}");
    }
}
