//! The events: a skewed choice of entities over ninety days.

use bench_harness::{Recipe, Tier};
use rand::RngExt;
use rand_distr::{Distribution, Zipf};

use super::entity::SIGNALS;
use crate::random::{SEED, Stream};

/// Skew of the entities' popularity: the usual figure of key-value benchmarks (YCSB).
const SKEW: f64 = 0.99;

/// The time all events span, in seconds: ninety days, so that the short windows decay to nothing
/// and the long ones hardly.
const SPAN_S: u64 = 90 * 86_400;

/// One thing that one user did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) entity: u32,
    pub(crate) time_s: u32,
    pub(crate) weight: f32,
    pub(crate) signal: u8,
}

/// Number of measured events. Operations are short, so that many are needed for a loop that lasts;
/// on larger tiers more, so that the rare entities are touched too.
pub(crate) fn measured(tier: Tier) -> usize {
    match tier {
        Tier::Tiny => 20_000,
        Tier::Smoke => 1_000_000,
        Tier::Pr => 2_000_000,
        Tier::Nightly => 4_000_000,
    }
}

/// Number of events before those: a tenth.
pub(crate) fn warm_up(tier: Tier) -> usize {
    measured(tier) / 10
}

/// Everything that determines the events of `tier`.
pub(crate) fn recipe(tier: Tier) -> Recipe {
    Recipe::new("skewed events, version 1")
        .with("seed", SEED)
        .with("items", tier.items())
        .with("warm-up", warm_up(tier))
        .with("measured", measured(tier))
        .with("skew", SKEW)
        .with("signals", SIGNALS)
        .with("span in seconds", SPAN_S)
}

/// All events of `tier` in order of time, those of the warm-up first.
pub(crate) fn events(tier: Tier) -> Vec<Event> {
    let popularity = Zipf::new(tier.items() as f64, SKEW).expect("the parameters are in range");
    // Popular entities must not lie next to each other in memory.
    let entities = Stream::named("signals/entities").shuffled(tier.items());
    let stream = Stream::named("signals/events");
    let count = warm_up(tier) + measured(tier);
    let event = |number: usize| {
        let mut random = stream.piece(number as u64);
        Event {
            // Zipf counts from 1.
            entity: entities[popularity.sample(&mut random) as usize - 1],
            time_s: (SPAN_S * number as u64 / count as u64) as u32,
            weight: random.random_range(0.5..2.0),
            signal: random.random_range(0..SIGNALS as u8),
        }
    };
    (0..count).map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_never_changes() {
        // A change here makes every stored run incomparable: raise the version of the recipe.
        let expected = Event {
            entity: 829,
            time_s: 353,
            weight: 0.774_838_27,
            signal: 1,
        };
        assert_eq!(events(Tier::Tiny)[1], expected);
    }

    #[test]
    fn events_are_skewed_and_in_order() {
        let events = events(Tier::Tiny);
        assert_eq!(events.len(), 22_000);
        assert!(events.is_sorted_by_key(|event| event.time_s));
        let mut counts = vec![0; Tier::Tiny.items()];
        for event in &events {
            counts[event.entity as usize] += 1;
        }
        counts.sort_unstable();
        // The most popular of 1,000 gets 1 / sum(i^-0.99) = 13 %.
        assert!((2_500..3_300).contains(&counts[999]), "{}", counts[999]);
    }
}
