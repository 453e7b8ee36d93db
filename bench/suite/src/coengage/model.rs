//! What an index must hold: a plain replay of the events over the standard collections.

use std::collections::{BTreeMap, HashMap, VecDeque};

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::events::Event;
use super::index::{self, Bounds, HISTORY};
use super::neighbours::{KEPT, Neighbour};

/// The replay of some events.
pub(crate) struct Model {
    bounds: Bounds,
    clock: u64,
    /// Items by the time of their last use.
    order: BTreeMap<u64, u32>,
    items: HashMap<u32, Entry>,
    histories: HashMap<u32, VecDeque<u32>>,
    /// Items that had to leave, in this order.
    pub(crate) evicted: Vec<u32>,
    lots: Pcg64Mcg,
    is_emptying: bool,
}

struct Entry {
    last_use: u64,
    neighbours: Vec<Neighbour>,
}

impl Model {
    /// Replays `events` over an index with these bounds.
    pub(crate) fn replay(bounds: Bounds, events: &[Event]) -> Self {
        let mut model = Self {
            bounds,
            clock: 0,
            order: BTreeMap::new(),
            items: HashMap::new(),
            histories: HashMap::new(),
            evicted: Vec::new(),
            lots: index::lots(),
            is_emptying: false,
        };
        for event in events {
            model.empty();
            model.play(event);
        }
        model
    }

    /// All items, the one whose last use is longest ago first.
    pub(crate) fn oldest_first(&self) -> Vec<u32> {
        self.order.values().copied().collect()
    }

    /// The neighbours of `item`, heaviest first and among equals the smaller id first.
    pub(crate) fn related(&self, item: u32) -> Vec<Neighbour> {
        let mut neighbours = self
            .items
            .get(&item)
            .map_or(Vec::new(), |entry| entry.neighbours.clone());
        neighbours.sort_by_key(|neighbour| (std::cmp::Reverse(neighbour.weight), neighbour.item));
        neighbours
    }

    fn empty(&mut self) {
        if self.items.len() == 2 * self.bounds.capacity {
            self.is_emptying = true;
        }
        let mut left = self.bounds.evictions_per_event.max(1);
        while self.is_emptying && left > 0 {
            if let Some((_, item)) = self.order.pop_first() {
                self.items.remove(&item);
                self.evicted.push(item);
            }
            left -= 1;
            self.is_emptying = self.items.len() > self.bounds.capacity;
        }
    }

    fn play(&mut self, event: &Event) {
        self.clock += 1;
        let entry = self.items.entry(event.item).or_insert_with(|| Entry {
            last_use: 0,
            neighbours: Vec::new(),
        });
        self.order.remove(&entry.last_use);
        entry.last_use = self.clock;
        self.order.insert(self.clock, event.item);

        let history = self.histories.entry(event.user).or_default();
        let partners: Vec<u32> = history
            .iter()
            .copied()
            .filter(|&item| item != event.item)
            .collect();
        history.push_front(event.item);
        history.truncate(HISTORY);
        for partner in partners {
            self.pair(event.item, partner, event.weight);
            self.pair(partner, event.item, event.weight);
        }
    }

    fn pair(&mut self, item: u32, neighbour: u32, weight: u32) {
        let Some(entry) = self.items.get_mut(&item) else {
            return;
        };
        let neighbours = &mut entry.neighbours;
        if let Some(known) = neighbours.iter_mut().find(|known| known.item == neighbour) {
            known.weight += weight;
        } else if neighbours.len() < KEPT {
            neighbours.push(Neighbour {
                item: neighbour,
                weight,
            });
        } else if let Some(lightest) = neighbours.iter_mut().min_by_key(|known| known.weight)
            && self.lots.random_ratio(weight, lightest.weight + weight)
        {
            lightest.item = neighbour;
            lightest.weight += weight;
        }
    }
}

/// Most bytes an index with these bounds may take: what its entries and histories hold, 32 bits a
/// piece, whether in use or not.
pub(crate) fn bytes(bounds: Bounds) -> usize {
    let entries = 2 * bounds.capacity;
    // The item, three links, and id and weight of every neighbour.
    let words_per_entry = 1 + 3 + 2 * KEPT;
    let words = entries * words_per_entry + entries.next_power_of_two() + bounds.users * HISTORY;
    4 * words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(capacity: usize, events: &[(u32, u32)]) -> Model {
        let events: Vec<Event> = events
            .iter()
            .map(|&(user, item)| Event {
                user,
                item,
                weight: 2,
            })
            .collect();
        Model::replay(Bounds::new(10, capacity), &events)
    }

    #[test]
    fn replays_pairs_by_hand() {
        let model = replay(10, &[(0, 5), (1, 9), (0, 6), (0, 6), (0, 5)]);
        // 6 after 5, then 6 again after 5, then 5 after two sixes.
        let both = |item| vec![Neighbour { item, weight: 8 }];
        assert_eq!(model.related(5), both(6));
        assert_eq!(model.related(6), both(5));
        assert_eq!(model.related(9), []);
        assert_eq!(model.oldest_first(), [9, 6, 5]);
    }

    #[test]
    fn replays_eviction_by_hand() {
        // Full with 1 2 3 4; the next event finds it so and evicts 1 and 2, which is down to capacity.
        let model = replay(2, &[(0, 1), (0, 2), (0, 3), (0, 4), (0, 5)]);
        assert_eq!(model.evicted, [1, 2]);
        assert_eq!(model.oldest_first(), [3, 4, 5]);
    }
}
