//! The order in which entities were last written, and what they take: what a memory budget needs.
//!
//! Kept in stripes, each with a lock, an even part of the budget, and an order of its own. Within a
//! stripe the order is exact however many threads write: it is the order in which they got the lock.
//! Between stripes there is none, so a stripe whose entities are larger or more numerous than those of
//! others forgets earlier; with hundreds of entities per stripe that evens out.

use std::iter;
use std::sync::{Mutex, MutexGuard};

/// The link that closes the circle: after it comes the latest entity, in front of it the earliest.
const HEAD: u32 = 0;

/// Bytes of a link, for accounting.
pub(crate) const LINK_BYTES: usize = size_of::<Link>();

/// All stripes.
#[derive(Debug)]
pub(crate) struct Order {
    stripes: Box<[Mutex<Stripe>]>,
}

impl Order {
    /// Stripes that share `budget_bytes`.
    pub(crate) fn new(budget_bytes: usize, stripes: usize) -> Self {
        let stripe = || Mutex::new(Stripe::new(budget_bytes / stripes));
        Self {
            stripes: iter::repeat_with(stripe).take(stripes).collect(),
        }
    }

    /// The stripe of an entity, locked. Whoever also wants the entity's place in the map takes that
    /// lock first.
    pub(crate) fn of(&self, entity: u32) -> MutexGuard<'_, Stripe> {
        lock(&self.stripes[stripe(entity, self.stripes.len())])
    }

    /// All stripes, one after the other.
    pub(crate) fn stripes(&self) -> impl Iterator<Item = MutexGuard<'_, Stripe>> {
        self.stripes.iter().map(lock)
    }
}

/// The number of an entity's stripe. Multiplied by the golden ratio, because ids that follow each other
/// must not share a stripe, and neither must those that differ by a round number.
pub(crate) fn stripe(entity: u32, stripes: usize) -> usize {
    let spread = entity.wrapping_mul(0x9e37_79b9);
    (spread as usize * stripes) >> u32::BITS
}

fn lock(stripe: &Mutex<Stripe>) -> MutexGuard<'_, Stripe> {
    stripe.lock().expect("nothing under the lock panics")
}

/// A circle of links through the entities of one stripe.
///
/// Links are apart from the entities, 12 bytes each and dense: moving one to the front touches three,
/// and those of half a million entities still fit a second-level cache.
// A cache line of its own, so that threads on neighbouring stripes do not take it from each other.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Stripe {
    links: Vec<Link>,
    /// The first of the links that are not in use; they are chained by `next`. [`HEAD`] when none is.
    free: u32,
    budget_bytes: usize,
    bytes: usize,
    evictions: u64,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    previous: u32,
    next: u32,
    entity: u32,
}

impl Stripe {
    fn new(budget_bytes: usize) -> Self {
        let head = Link {
            previous: HEAD,
            next: HEAD,
            entity: u32::MAX,
        };
        Self {
            links: vec![head],
            free: HEAD,
            budget_bytes,
            bytes: 0,
            evictions: 0,
        }
    }

    /// Adds an entity as the latest. Returns its place.
    pub(crate) fn insert(&mut self, entity: u32) -> u32 {
        let place = match self.free {
            HEAD => {
                self.links.push(self.links[HEAD as usize]);
                (self.links.len() - 1) as u32
            }
            place => {
                self.free = self.links[place as usize].next;
                place
            }
        };
        self.links[place as usize].entity = entity;
        self.link(place);
        place
    }

    /// Makes the entity at `place` the latest, and takes note that it grew. Returns what is overdue.
    pub(crate) fn touch(&mut self, place: u32, grown_bytes: usize) -> Option<u32> {
        self.bytes += grown_bytes;
        if self.links[HEAD as usize].next != place {
            self.unlink(place);
            self.link(place);
        }
        self.overdue()
    }

    /// The entity to forget next, while the stripe is over its budget.
    pub(crate) fn overdue(&self) -> Option<u32> {
        let earliest = self.links[HEAD as usize].previous;
        let is_over = self.bytes > self.budget_bytes && earliest != HEAD;
        is_over.then(|| self.links[earliest as usize].entity)
    }

    /// Forgets the entity at `place`, unless it was written meanwhile. Tells whether it did.
    pub(crate) fn evict(&mut self, place: u32, bytes: usize) -> bool {
        let is_earliest = self.links[HEAD as usize].previous == place;
        if is_earliest {
            self.unlink(place);
            self.links[place as usize].next = self.free;
            self.free = place;
            self.bytes -= bytes;
            self.evictions += 1;
        }
        is_earliest
    }

    /// What its entities take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Entities that were forgotten so far.
    pub(crate) fn evictions(&self) -> u64 {
        self.evictions
    }

    /// Its entities, latest first.
    pub(crate) fn latest_first(&self) -> impl Iterator<Item = u32> {
        let next = |link: &&Link| Some(&self.links[link.next as usize]);
        let head = &self.links[HEAD as usize];
        iter::successors(next(&head), next)
            .take_while(move |link| !std::ptr::eq(*link, head))
            .map(|link| link.entity)
    }

    fn link(&mut self, place: u32) {
        let latest = self.links[HEAD as usize].next;
        self.links[place as usize].previous = HEAD;
        self.links[place as usize].next = latest;
        self.links[latest as usize].previous = place;
        self.links[HEAD as usize].next = place;
    }

    fn unlink(&mut self, place: u32) {
        let Link { previous, next, .. } = self.links[place as usize];
        self.links[previous as usize].next = next;
        self.links[next as usize].previous = previous;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_goes_first_and_its_place_is_used_again() {
        let mut stripe = Stripe::new(250);
        let places = [10, 11, 12].map(|entity| {
            let place = stripe.insert(entity);
            stripe.touch(place, 100);
            place
        });
        stripe.touch(places[0], 0);
        assert_eq!(stripe.latest_first().collect::<Vec<_>>(), [10, 12, 11]);
        assert_eq!(stripe.overdue(), Some(11));
        assert!(!stripe.evict(places[2], 100), "is not the earliest");
        assert!(stripe.evict(places[1], 100));
        assert_eq!(stripe.overdue(), None);
        assert_eq!(stripe.insert(13), places[1]);
        assert_eq!(stripe.latest_first().collect::<Vec<_>>(), [13, 10, 12]);
        assert_eq!((stripe.bytes(), stripe.evictions()), (200, 1));
    }

    #[test]
    fn an_empty_stripe_has_nothing_to_forget() {
        let stripe = Stripe::new(0);
        assert_eq!(stripe.overdue(), None);
        assert_eq!(stripe.latest_first().count(), 0);
    }

    #[test]
    fn entities_spread_over_stripes() {
        for step in [1, 2, 10, 16, 1_000, 65_536] {
            let mut entities = [0; 16];
            for number in 0..1_600_u32 {
                entities[stripe(number.wrapping_mul(step), 16)] += 1;
            }
            let spread = entities.iter().all(|count| (50..200).contains(count));
            assert!(spread, "steps of {step}: {entities:?}");
        }
    }
}
