//! The truth about trimming: which entities a component with a budget must have forgotten when, replayed
//! one event after the other with ordered maps.
//!
//! For events that write one signal of each entity only: then an entity takes what its signal takes.

use std::collections::{BTreeMap, HashMap};

use super::events::Event;
use super::order::stripe;

/// What is to be replayed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Of each stripe.
    pub(crate) bytes: usize,
    pub(crate) stripes: usize,
    /// What an entity takes whose counts fit bytes.
    pub(crate) entity_bytes: usize,
}

/// What wider buckets add: from the 256th event of a day on a block of 16 bits each, from the 65,536th on
/// one of 32.
const WIDER: [(u32, usize); 2] = [(256, 114 * 2 + 16), (65_536, 114 * 2)];

/// What must have come of it.
#[derive(Debug)]
pub(crate) struct Expected {
    /// For every event, the number of its entity's events since the entity was last forgotten.
    pub(crate) answers: Vec<u32>,
    /// How many entities were forgotten.
    pub(crate) evictions: u64,
    /// Entities that are left, per stripe, latest first.
    pub(crate) left: Vec<Vec<u32>>,
}

#[derive(Default)]
struct Stripe {
    /// Entities by the number of the event that wrote them last.
    by_last: BTreeMap<usize, u32>,
    entities: HashMap<u32, Entity>,
    bytes: usize,
}

struct Entity {
    last: usize,
    events: u32,
    /// The day of the last event, and the events on it. Hours and minutes have no more than their day.
    day: u32,
    on_day: u32,
    /// The most on any day so far: buckets never become narrower.
    most_on_day: u32,
    bytes: usize,
}

/// Replays `events`, which are in order of time.
pub(crate) fn replay<'e>(events: impl IntoIterator<Item = &'e Event>, budget: Budget) -> Expected {
    let mut stripes: Vec<Stripe> = Vec::new();
    stripes.resize_with(budget.stripes, Stripe::default);
    let (mut answers, mut evictions) = (Vec::new(), 0);
    for (number, event) in events.into_iter().enumerate() {
        let stripe = &mut stripes[stripe(event.entity, budget.stripes)];
        answers.push(stripe.write(number, event, budget.entity_bytes));
        while stripe.bytes > budget.bytes && stripe.forget() {
            evictions += 1;
        }
    }
    let left = |stripe: Stripe| stripe.by_last.into_values().rev().collect();
    Expected {
        answers,
        evictions,
        left: stripes.into_iter().map(left).collect(),
    }
}

impl Stripe {
    fn write(&mut self, number: usize, event: &Event, entity_bytes: usize) -> u32 {
        let entity = self.entities.entry(event.entity).or_insert_with(|| {
            self.bytes += entity_bytes;
            Entity {
                last: number,
                events: 0,
                day: 0,
                on_day: 0,
                most_on_day: 0,
                bytes: entity_bytes,
            }
        });
        self.by_last.remove(&entity.last);
        self.by_last.insert(number, event.entity);
        entity.last = number;
        entity.events += 1;
        let day = event.time_s / 86_400;
        entity.on_day = if day == entity.day {
            entity.on_day + 1
        } else {
            1
        };
        entity.day = day;
        entity.most_on_day = entity.most_on_day.max(entity.on_day);
        let wider = WIDER.iter().filter(|(from, _)| entity.most_on_day >= *from);
        let bytes = entity_bytes + wider.map(|(_, bytes)| bytes).sum::<usize>();
        self.bytes += bytes - entity.bytes;
        entity.bytes = bytes;
        entity.events
    }

    /// Forgets the entity that was not written for longest; false when there is none.
    fn forget(&mut self) -> bool {
        let earliest = self.by_last.pop_first();
        let entity = earliest.and_then(|(_, entity)| self.entities.remove(&entity));
        self.bytes -= entity.as_ref().map_or(0, |entity| entity.bytes);
        entity.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_by_hand() {
        let event = |entity| Event {
            entity,
            time_s: 0,
            weight: 1.0,
            signal: 0,
        };
        let events = [1, 2, 1, 3, 2, 1, 1].map(event);
        let budget = Budget {
            bytes: 20,
            stripes: 1,
            entity_bytes: 10,
        };
        let expected = replay(&events, budget);
        assert_eq!(expected.answers, [1, 1, 2, 1, 1, 1, 2]);
        assert_eq!(expected.evictions, 3);
        assert_eq!(expected.left, [[1, 2]]);
    }
}
