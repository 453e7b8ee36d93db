//! What happens: events of popular or of any entities over ninety days, and questions about them.

use std::fmt;

use bench_harness::{Recipe, Tier};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Exp1, Zipf};

use super::entity::SIGNALS;
use crate::random::{SEED, Stream};

/// Skew of the entities' popularity: the usual figure of key-value benchmarks (YCSB).
pub(crate) const SKEW: f64 = 0.99;

/// The time all events span, in seconds: ninety days, so that the short windows decay to nothing
/// and the long ones hardly.
pub(crate) const SPAN_S: u32 = 90 * 86_400;

/// One thing that one user did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) entity: u32,
    pub(crate) time_s: u32,
    pub(crate) weight: f32,
    pub(crate) signal: u8,
}

/// How often each entity comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Popularity {
    /// A few very often, most hardly ever: the i-th most popular 1 / i^0.99 times as often as the first.
    Skewed,
    /// All alike, which no cache helps with.
    Uniform,
}

impl fmt::Display for Popularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Skewed => "skewed",
            Self::Uniform => "uniform",
        })
    }
}

/// A sequence of events in order of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trace {
    pub(crate) items: usize,
    pub(crate) popularity: Popularity,
    /// Events that come first and are not measured.
    pub(crate) warm_up: usize,
    pub(crate) measured: usize,
}

impl Trace {
    /// What is written on a tier. Operations are short, so that many are needed for a loop that lasts.
    pub(crate) fn of(tier: Tier, popularity: Popularity) -> Self {
        let measured = match tier {
            Tier::Tiny => 20_000,
            Tier::Smoke | Tier::Nightly | Tier::Soak => 1_000_000,
            // The tier with the most scenarios in the least time.
            Tier::Pr => 500_000,
        };
        Self {
            items: tier.items(),
            popularity,
            warm_up: measured / 10,
            measured,
        }
    }

    /// Number of events.
    pub(crate) fn events(&self) -> usize {
        self.warm_up + self.measured
    }

    /// Everything that determines the events.
    pub(crate) fn recipe(&self) -> Recipe {
        Recipe::new(&format!("{} events, version 1", self.popularity))
            .with("seed", SEED)
            .with("items", self.items)
            .with("warm-up", self.warm_up)
            .with("measured", self.measured)
            .with("skew", SKEW)
            .with("signals", SIGNALS)
            .with("span in seconds", SPAN_S)
    }

    /// The events, those of the warm-up first.
    pub(crate) fn generate(&self) -> Vec<Event> {
        let entities = Entities::new(self.items, self.popularity);
        let stream = Stream::named("signals/events");
        let count = self.events();
        let event = |number: usize| {
            let mut random = stream.piece(number as u64);
            Event {
                entity: entities.draw(&mut random),
                time_s: (u64::from(SPAN_S) * number as u64 / count as u64) as u32,
                weight: random.random_range(0.5..2.0),
                signal: random.random_range(0..SIGNALS as u8),
            }
        };
        (0..count).map(event).collect()
    }

    /// `number` questions about a signal of an entity, which come up as often as they are written.
    pub(crate) fn questions(&self, number: usize) -> Vec<(u32, u8)> {
        let entities = Entities::new(self.items, self.popularity);
        let stream = Stream::named("signals/questions");
        let question = |number: usize| {
            let mut random = stream.piece(number as u64);
            let entity = entities.draw(&mut random);
            (entity, random.random_range(0..SIGNALS as u8))
        };
        (0..number).map(question).collect()
    }
}

/// The entities by popularity.
pub(crate) struct Entities {
    ranked: Vec<u32>,
    /// The rank, from 1. `None` when all are alike.
    rank: Option<Zipf<f64>>,
}

impl Entities {
    /// `items` entities, the most popular first.
    pub(crate) fn new(items: usize, popularity: Popularity) -> Self {
        let zipf = || Zipf::new(items as f64, SKEW).expect("the parameters are in range");
        Self {
            // Popular entities must not lie next to each other in memory.
            ranked: Stream::named("signals/entities").shuffled(items),
            rank: (popularity == Popularity::Skewed).then(zipf),
        }
    }

    /// All entities, the most popular first.
    pub(crate) fn ranked(&self) -> &[u32] {
        &self.ranked
    }

    /// All entities, the one that was drawn last at the end, as if drawing had gone on for ever: the time
    /// since an entity's last event is exponentially distributed with the rate of its events.
    pub(crate) fn by_last_event(&self) -> Vec<u32> {
        let stream = Stream::named("signals/last-event");
        let age = |position: usize| {
            let waited: f64 = Exp1.sample(&mut stream.piece(position as u64));
            match &self.rank {
                Some(_) => waited * (position as f64 + 1.0).powf(SKEW),
                None => waited,
            }
        };
        let mut aged: Vec<(f64, u32)> = self
            .ranked
            .iter()
            .enumerate()
            .map(|(position, &entity)| (age(position), entity))
            .collect();
        aged.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        aged.into_iter().map(|(_, entity)| entity).collect()
    }

    fn draw(&self, random: &mut impl Rng) -> u32 {
        let position = match &self.rank {
            Some(rank) => rank.sample(random) as usize - 1,
            None => random.random_range(0..self.ranked.len()),
        };
        self.ranked[position]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_never_changes() {
        // A change here makes every stored run incomparable: raise the version of the recipe.
        for (popularity, entity, weight, signal) in [
            (Popularity::Skewed, 829, 0.774_838_27, 1),
            (Popularity::Uniform, 169, 1.268_726_5, 1),
        ] {
            let expected = Event {
                entity,
                time_s: 353,
                weight,
                signal,
            };
            let trace = Trace::of(Tier::Tiny, popularity);
            assert_eq!(trace.generate()[1], expected);
        }
    }

    #[test]
    fn popular_entities_were_drawn_lately() {
        let entities = Entities::new(10_000, Popularity::Skewed);
        let by_last_event = entities.by_last_event();
        let position = |wanted| by_last_event.iter().position(|entity| entity == wanted);
        let places = entities.ranked()[..10].iter().map(position);
        assert!(places.min().flatten() > Some(9_900));
        let mut all = by_last_event.clone();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..10_000));
    }

    #[test]
    fn events_are_skewed_or_not_and_in_order() {
        for (popularity, expected) in [
            // The most popular of 1,000 gets 1 / sum(i^-0.99) = 13 %.
            (Popularity::Skewed, 2_500..3_300),
            (Popularity::Uniform, 22..60),
        ] {
            let events = Trace::of(Tier::Tiny, popularity).generate();
            assert_eq!(events.len(), 22_000);
            assert!(events.is_sorted_by_key(|event| event.time_s));
            let mut counts = vec![0; Tier::Tiny.items()];
            for event in &events {
                counts[event.entity as usize] += 1;
            }
            let most = counts.iter().max().copied().unwrap_or_default();
            assert!(expected.contains(&most), "{popularity}: {most}");
        }
    }
}
