//! Items in the order of their last use, in memory that is taken once and never grows.
//!
//! A hash map with a linked list through its entries, like every cache of this kind, but with links
//! instead of pointers and chains instead of probing. That is for the tail: a table with open
//! addressing has to be cleaned up after many removals, all of it at once.

/// No item, and no place.
pub(crate) const NONE: u32 = u32::MAX;

/// One place: an item and its neighbours in the chain of its bucket and in the order of use.
#[derive(Clone, Copy)]
struct Link {
    item: u32,
    /// The next place in the same bucket, or the next free one.
    chained: u32,
    older: u32,
    newer: u32,
}

/// A bounded set of items that knows which one was used longest ago. Every operation takes constant
/// time, on average over the items of a bucket.
pub(crate) struct Recency {
    /// First place of each chain. A power of two, at least as many as places.
    buckets: Vec<u32>,
    links: Vec<Link>,
    free: u32,
    oldest: u32,
    newest: u32,
    len: usize,
}

impl Recency {
    /// An empty set with that many places.
    pub(crate) fn with_places(places: usize) -> Self {
        let link = |place: usize| Link {
            item: NONE,
            chained: if place + 1 < places {
                place as u32 + 1
            } else {
                NONE
            },
            older: NONE,
            newer: NONE,
        };
        Self {
            buckets: vec![NONE; places.next_power_of_two().max(2)],
            links: (0..places).map(link).collect(),
            free: if places > 0 { 0 } else { NONE },
            oldest: NONE,
            newest: NONE,
            len: 0,
        }
    }

    /// Number of items.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Memory in bytes, the allocator's rounding not included.
    pub(crate) fn bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<u32>() + self.links.capacity() * size_of::<Link>()
    }

    /// The place of `item`, which stays the same until it is evicted.
    pub(crate) fn find(&self, item: u32) -> Option<usize> {
        let mut place = self.buckets[self.bucket(item)];
        while place != NONE {
            let link = &self.links[place as usize];
            if link.item == item {
                return Some(place as usize);
            }
            place = link.chained;
        }
        None
    }

    /// Makes the item at `place` the one that was used last.
    pub(crate) fn touch(&mut self, place: usize) {
        if self.newest != place as u32 {
            self.unlink(place);
            self.link_newest(place);
        }
    }

    /// Adds an item that is not there, as used last. `None` when there is no place left.
    pub(crate) fn admit(&mut self, item: u32) -> Option<usize> {
        if self.free == NONE {
            return None;
        }
        let place = self.free as usize;
        let bucket = self.bucket(item);
        self.free = self.links[place].chained;
        self.links[place].item = item;
        self.links[place].chained = self.buckets[bucket];
        self.buckets[bucket] = place as u32;
        self.link_newest(place);
        self.len += 1;
        Some(place)
    }

    /// Removes the item that was used longest ago, and says which.
    pub(crate) fn evict(&mut self) -> Option<u32> {
        if self.oldest == NONE {
            return None;
        }
        let place = self.oldest as usize;
        let item = self.links[place].item;
        self.unlink(place);
        self.unchain(place);
        self.links[place].item = NONE;
        self.links[place].chained = self.free;
        self.free = place as u32;
        self.len -= 1;
        Some(item)
    }

    /// All items, the one that was used longest ago first.
    pub(crate) fn oldest_first(&self) -> impl Iterator<Item = u32> {
        let next = |place: u32| (place != NONE).then(|| &self.links[place as usize]);
        std::iter::successors(next(self.oldest), move |link| next(link.newer)).map(|link| link.item)
    }

    /// Fibonacci hashing (Knuth, volume 3, section 6.4): the upper bits of a product with the golden
    /// ratio, which spreads consecutive ids evenly.
    fn bucket(&self, item: u32) -> usize {
        (item.wrapping_mul(0x9e37_79b9) >> (32 - self.buckets.len().ilog2())) as usize
    }

    fn link_newest(&mut self, place: usize) {
        self.links[place].older = self.newest;
        self.links[place].newer = NONE;
        match self.newest {
            NONE => self.oldest = place as u32,
            newest => self.links[newest as usize].newer = place as u32,
        }
        self.newest = place as u32;
    }

    fn unlink(&mut self, place: usize) {
        let Link { older, newer, .. } = self.links[place];
        match older {
            NONE => self.oldest = newer,
            older => self.links[older as usize].newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => self.links[newer as usize].older = older,
        }
    }

    fn unchain(&mut self, place: usize) {
        let next = self.links[place].chained;
        let bucket = self.bucket(self.links[place].item);
        if self.buckets[bucket] == place as u32 {
            self.buckets[bucket] = next;
            return;
        }
        let mut previous = self.buckets[bucket] as usize;
        while self.links[previous].chained != place as u32 {
            previous = self.links[previous].chained as usize;
        }
        self.links[previous].chained = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(places: usize, items: impl IntoIterator<Item = u32>) -> Recency {
        let mut recency = Recency::with_places(places);
        for item in items {
            recency.admit(item).expect("there is a place");
        }
        recency
    }

    fn order(recency: &Recency) -> Vec<u32> {
        recency.oldest_first().collect()
    }

    #[test]
    fn the_oldest_goes_first_wherever_it_was_touched() {
        let mut recency = admitted(4, [7, 8, 9]);
        for (item, expected) in [(9, [7, 8, 9]), (7, [8, 9, 7]), (9, [8, 7, 9])] {
            let place = recency.find(item).expect("is there");
            recency.touch(place);
            assert_eq!(order(&recency), expected);
        }
        assert_eq!(recency.evict(), Some(8));
        assert_eq!((recency.find(8), recency.len()), (None, 2));
        assert_eq!((recency.evict(), recency.evict()), (Some(7), Some(9)));
        assert_eq!(recency.evict(), None);
    }

    #[test]
    fn places_are_used_again_and_never_more_of_them() {
        let mut recency = admitted(3, [1, 2, 3]);
        let bytes = recency.bytes();
        assert_eq!(recency.admit(4), None);
        for item in 4..1_000 {
            assert_eq!(recency.evict(), Some(item - 3));
            let place = recency.admit(item).expect("one was freed");
            assert_eq!(recency.find(item), Some(place));
        }
        assert_eq!(order(&recency), [997, 998, 999]);
        assert_eq!(recency.bytes(), bytes);
    }

    #[test]
    fn items_of_one_bucket_do_not_lose_each_other() {
        // Four buckets for three places: among 40 items, chains of every length occur.
        let mut recency = Recency::with_places(3);
        for item in 0..40 {
            if recency.len() == 3 {
                recency.evict();
            }
            recency.admit(item).expect("there is a place");
            for held in item.saturating_sub(2)..=item {
                assert!(recency.find(held).is_some(), "{held} after {item}");
            }
        }
    }

    #[test]
    fn no_places_hold_nothing() {
        let mut recency = Recency::with_places(0);
        assert_eq!(
            (recency.admit(1), recency.find(1), recency.evict()),
            (None, None, None)
        );
    }
}
