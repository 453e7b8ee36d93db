//! What users engage with: bursts of interest in one topic, interleaved as a service sees them.
//!
//! If items were drawn independently, any two would be engaged with together about equally often,
//! and there would be nothing to find. So items belong to topics, users have a few topics they come
//! back to, and a burst of one user's events stays within one of them.

use bench_harness::{Recipe, Tier};
use rand::RngExt;
use rand_distr::{Distribution, LogNormal, Zipf};

use crate::random::{SEED, Stream};

/// Items of a topic: as many as a person could still name a theme for. Larger tiers have more topics.
const ITEMS_PER_TOPIC: usize = 500;

/// Skew of the items' popularity within their topic: the usual figure of key-value benchmarks (YCSB).
const SKEW: f64 = 0.99;

/// Topics that a user comes back to, and the skew with which topics are chosen.
const INTERESTS: usize = 3;
const TOPIC_SKEW: f64 = 0.7;

/// Spread of the logarithm of a user's activity: the busiest tenth does half of everything.
const ACTIVITY_SPREAD: f64 = 1.3;

/// Events of a burst.
const BURST: usize = 8;

/// Bursts that go on at the same time: the next event is almost never the same user's.
const LANES: usize = 64;

/// Share of events off topic, with any item at all. They are what fills an index with items that are
/// never seen again.
const STRAY: f64 = 0.1;

/// Weights of a view, a like and a share, and the share of events that are at least that.
const LIKE: (u32, f64) = (3, 0.2);
const SHARE: (u32, f64) = (5, 0.05);

/// One user did one thing with one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) user: u32,
    pub(crate) item: u32,
    pub(crate) weight: u32,
}

/// Number of users over that many items.
pub(crate) fn users(items: usize) -> usize {
    items / 10
}

/// Number of measured events: enough to fill and empty an index of a twentieth of the items a few times.
pub(crate) fn measured(tier: Tier) -> usize {
    match tier {
        Tier::Tiny | Tier::Smoke => 20_000,
        Tier::Pr => 200_000,
        Tier::Nightly | Tier::Soak => 500_000,
    }
}

/// Number of events that come first: a tenth.
pub(crate) fn warm_up(tier: Tier) -> usize {
    measured(tier) / 10
}

/// Everything that determines the events of `tier`.
pub(crate) fn recipe(tier: Tier) -> Recipe {
    Recipe::new("topical engagements, version 1")
        .with("seed", SEED)
        .with("items", tier.items())
        .with("users", users(tier.items()))
        .with("warm-up", warm_up(tier))
        .with("measured", measured(tier))
        .with("items per topic", ITEMS_PER_TOPIC)
        .with("skew", SKEW)
        .with("interests", INTERESTS)
        .with("topic skew", TOPIC_SKEW)
        .with("activity spread", ACTIVITY_SPREAD)
        .with("burst", BURST)
        .with("lanes", LANES)
        .with("stray share", STRAY)
        .with("like", format_args!("weight {}, share {}", LIKE.0, LIKE.1))
        .with(
            "share",
            format_args!("weight {}, share {}", SHARE.0, SHARE.1),
        )
}

/// Makes any event from its number alone.
pub(crate) struct Generator {
    /// Item by topic and rank. Shuffled: popular items must not lie next to each other.
    items: Vec<u32>,
    /// Activity of all users up to each.
    activity: Vec<f64>,
    topics: Zipf<f64>,
    ranks: Zipf<f64>,
    interests: Stream,
    bursts: Stream,
    events: Stream,
}

/// Who is at it, and about what.
#[derive(Clone, Copy)]
struct Burst {
    user: u32,
    topic: usize,
}

impl Generator {
    pub(crate) fn new(items: usize) -> Self {
        let spread = LogNormal::new(0.0, ACTIVITY_SPREAD).expect("the spread is finite");
        let users = Stream::named("coengage/users");
        let activity = (0..).take(self::users(items)).scan(0.0, |sum, user| {
            *sum += spread.sample(&mut users.piece(user));
            Some(*sum)
        });
        let zipf = |count: usize, skew| {
            Zipf::new(count as f64, skew).expect("the parameters are in range")
        };
        Self {
            items: Stream::named("coengage/items").shuffled(items),
            activity: activity.collect(),
            topics: zipf((items / ITEMS_PER_TOPIC).max(1), TOPIC_SKEW),
            ranks: zipf(ITEMS_PER_TOPIC.min(items), SKEW),
            interests: Stream::named("coengage/interests"),
            bursts: Stream::named("coengage/bursts"),
            events: Stream::named("coengage/events"),
        }
    }

    /// The first `count` events.
    pub(crate) fn events(&self, count: usize) -> Vec<Event> {
        let round = LANES * BURST;
        let rounds = (0..count.div_ceil(round)).flat_map(|number| {
            let bursts: Vec<Burst> = (0..LANES)
                .map(|lane| self.burst(number * LANES + lane))
                .collect();
            (0..round).map(move |at| self.event(number * round + at, bursts[at % LANES]))
        });
        rounds.take(count).collect()
    }

    fn burst(&self, number: usize) -> Burst {
        let mut random = self.bursts.piece(number as u64);
        let total = self.activity.last().copied().unwrap_or_default();
        let drawn = random.random::<f64>() * total;
        let user = self
            .activity
            .partition_point(|&sum| sum <= drawn)
            .min(self.activity.len() - 1);
        let interest = random.random_range(0..INTERESTS);
        // The same in every burst of this user.
        let mut interests = self.interests.piece(user as u64);
        let mut topics = [0; INTERESTS];
        topics.fill_with(|| self.topics.sample(&mut interests) as usize - 1);
        Burst {
            user: user as u32,
            topic: topics[interest],
        }
    }

    fn event(&self, number: usize, burst: Burst) -> Event {
        let mut random = self.events.piece(number as u64);
        let place = if random.random_bool(STRAY) {
            random.random_range(0..self.items.len())
        } else {
            // Zipf counts from 1.
            burst.topic * ITEMS_PER_TOPIC + self.ranks.sample(&mut random) as usize - 1
        };
        let weight = match random.random::<f64>() {
            drawn if drawn < SHARE.1 => SHARE.0,
            drawn if drawn < LIKE.1 => LIKE.0,
            _ => 1,
        };
        Event {
            user: burst.user,
            item: self.items[place],
            weight,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn an_event_depends_on_its_number_only() {
        let generator = Generator::new(1_000);
        let many = generator.events(2_000);
        assert_eq!(generator.events(700), many[..700]);
        let number = 3 * LANES * BURST / 2 + 5;
        let alone = generator.event(number, generator.burst(LANES + number % LANES));
        assert_eq!(alone, many[number]);
    }

    #[test]
    fn version_1_never_changes() {
        // A change here makes every stored run incomparable: raise the version of the recipe.
        let expected = Event {
            user: 8,
            item: 878,
            weight: 3,
        };
        assert_eq!(Generator::new(1_000).events(2)[1], expected);
    }

    #[test]
    fn a_burst_stays_with_one_user_and_mostly_one_topic() {
        let generator = Generator::new(10_000);
        let events = generator.events(LANES * BURST * 10);
        let mut topics = vec![0; 10_000];
        for (place, &item) in generator.items.iter().enumerate() {
            topics[item as usize] = place / ITEMS_PER_TOPIC;
        }
        let mut in_topic = 0;
        for (number, event) in events.iter().enumerate() {
            let next = events.get(number + LANES);
            let same_burst = (number / LANES) % BURST < BURST - 1;
            let Some(next) = next.filter(|_| same_burst) else {
                continue;
            };
            assert_eq!(event.user, next.user);
            in_topic += usize::from(topics[event.item as usize] == topics[next.item as usize]);
        }
        let share = in_topic as f64 / (events.len() * (BURST - 1) / BURST) as f64;
        assert!(
            (0.75..0.9).contains(&share),
            "{share} of neighbours share their topic"
        );
    }

    #[test]
    fn users_are_unequal_and_items_many() {
        let events = Generator::new(10_000).events(20_000);
        let mut users = BTreeMap::<u32, usize>::new();
        for event in &events {
            *users.entry(event.user).or_default() += 1;
        }
        let mut counts: Vec<usize> = users.into_values().collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let busiest: usize = counts[..100].iter().sum();
        let share = busiest as f64 / events.len() as f64;
        assert!(
            (0.4..0.6).contains(&share),
            "the busiest tenth does {share}"
        );
        let items: BTreeSet<u32> = events.iter().map(|event| event.item).collect();
        assert!(items.len() > 4_000, "{} items", items.len());
    }
}
