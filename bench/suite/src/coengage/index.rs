//! The index: which items are engaged with together, in bounded memory.

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use super::neighbours::{Neighbour, Neighbours};
use super::recency::{NONE, Recency};
use crate::random::SEED;

/// Items that a user's next one is paired with: the last few.
pub(crate) const HISTORY: usize = 4;

/// Items that leave per event while the index is emptied. Two are the fewest that shrink it while
/// every event brings one in.
pub(crate) const EVICTIONS_PER_EVENT: usize = 2;

/// Bounds of an index.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Users with a history. Events of others count for their item and pair with nothing.
    pub users: usize,
    /// Items to keep. At twice as many, emptying begins.
    pub capacity: usize,
    /// Most items that may leave during one event, at least 1. With 1 it may never get down to its
    /// capacity, because every event may bring one in; with a large number it is emptied all at once,
    /// and one event waits for all of it.
    pub evictions_per_event: usize,
}

impl Bounds {
    /// Bounds that spread eviction over as many events as possible.
    #[must_use]
    pub fn new(users: usize, capacity: usize) -> Self {
        Self {
            users,
            capacity,
            evictions_per_event: EVICTIONS_PER_EVENT,
        }
    }
}

/// For every item that was engaged with lately, the items that the same users engaged with next to it.
///
/// Holds at most twice its capacity. Once it is full, every event first evicts the items whose last
/// engagement is longest ago, a few at a time, until the capacity is reached; then it fills again. An
/// item is used when somebody engages with it. Being somebody's neighbour, or being asked for, is no
/// use.
///
/// One index has one writer, because the order of use is one order: with a lock per shard there would
/// be one order per shard, and which item leaves would depend on how items hash.
///
/// All memory is taken at once, so that no event pays for growth.
pub struct CoEngagement {
    bounds: Bounds,
    recency: Recency,
    /// By place in `recency`.
    neighbours: Vec<Neighbours>,
    /// By user, latest first.
    histories: Vec<[u32; HISTORY]>,
    lots: Pcg64Mcg,
    is_emptying: bool,
}

/// The lots of a new index: always the same, so that equal events make equal indexes.
pub(crate) fn lots() -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(SEED)
}

impl CoEngagement {
    /// An empty index.
    ///
    /// # Panics
    /// When twice the capacity is not below 2^32.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let places = 2 * bounds.capacity;
        assert!(places < NONE as usize, "places are numbered with 32 bits");
        Self {
            bounds,
            recency: Recency::with_places(places),
            neighbours: vec![Neighbours::EMPTY; places],
            histories: vec![[NONE; HISTORY]; bounds.users],
            lots: lots(),
            is_emptying: false,
        }
    }

    /// Takes in that `user` engaged with `item`, and tells `evicted` which items had to leave. The id
    /// 2^32 - 1 is no item.
    pub fn record(&mut self, user: u32, item: u32, weight: u32, evicted: impl FnMut(u32)) {
        if item == NONE {
            return;
        }
        self.evict(evicted);
        let Some(place) = self.used(item) else {
            return;
        };
        let Some(history) = self.histories.get_mut(user as usize) else {
            return;
        };
        for &partner in history
            .iter()
            .filter(|&&partner| partner != NONE && partner != item)
        {
            self.neighbours[place].add(partner, weight, &mut self.lots);
            if let Some(place) = self.recency.find(partner) {
                self.neighbours[place].add(item, weight, &mut self.lots);
            }
        }
        history.copy_within(..HISTORY - 1, 1);
        history[0] = item;
    }

    /// Puts the `limit` heaviest neighbours of `item` into `related`, heaviest first and among equals
    /// the smaller id first. Nothing for an item that is not there.
    pub fn related(&self, item: u32, limit: usize, related: &mut Vec<Neighbour>) {
        related.clear();
        if let Some(place) = self.recency.find(item) {
            let heaviest_first = |neighbour: &Neighbour| (!neighbour.weight, neighbour.item);
            related.extend(self.neighbours[place].iter());
            if limit < related.len() {
                // Sorting all of them would take half as long again.
                related.select_nth_unstable_by_key(limit, heaviest_first);
                related.truncate(limit);
            }
            related.sort_unstable_by_key(heaviest_first);
        }
    }

    /// Number of items, at most twice the capacity.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recency.len()
    }

    /// Whether nothing was engaged with yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory in bytes, the allocator's rounding not included: the same from the first event on.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.recency.bytes()
            + self.neighbours.capacity() * size_of::<Neighbours>()
            + self.histories.capacity() * size_of::<[u32; HISTORY]>()
    }

    /// All items, the one whose last engagement is longest ago first.
    pub fn oldest_first(&self) -> impl Iterator<Item = u32> {
        self.recency.oldest_first()
    }

    fn evict(&mut self, mut evicted: impl FnMut(u32)) {
        self.is_emptying |= self.len() >= 2 * self.bounds.capacity;
        if !self.is_emptying {
            return;
        }
        for _ in 0..self.bounds.evictions_per_event.max(1) {
            if let Some(item) = self.recency.evict() {
                evicted(item);
            }
            if self.len() <= self.bounds.capacity {
                self.is_emptying = false;
                return;
            }
        }
    }

    /// The place of `item`, which is now the latest. `None` only in an index without capacity.
    fn used(&mut self, item: u32) -> Option<usize> {
        if let Some(place) = self.recency.find(item) {
            self.recency.touch(place);
            return Some(place);
        }
        let place = self.recency.admit(item)?;
        self.neighbours[place] = Neighbours::EMPTY;
        Some(place)
    }
}
