//! Who made which item, and whom users follow and block: all of it with heavy tails.
//!
//! A few creators make most of the items and have most of the followers, most users follow some dozens
//! of them and a few users thousands. If sets were all of one size, the representation that suits that
//! size would look like the best one.

use bench_harness::Recipe;
use rand::RngExt;
use rand_distr::{Distribution, LogNormal};
use rand_pcg::Pcg64Mcg;

use super::relations::Social;
use super::sets::Creator;
use crate::random::{SEED, Stream};

/// Skew of the number of items a creator made.
const OUTPUT_SKEW: f64 = 0.6;

/// Skew of the number of followers a creator has. The same creators have many items and many
/// followers.
const FAME_SKEW: f64 = 0.8;

/// Median number of creators a user follows, and the spread of its logarithm: on average 120, one in a
/// hundred users more than 900.
const FOLLOWS: f64 = 60.0;
const FOLLOWS_SPREAD: f64 = 1.2;

/// Share of users who block nobody; median number of creators the others block, and the spread of its
/// logarithm.
const PEACEFUL: f64 = 0.3;
const BLOCKS: f64 = 4.0;
const BLOCKS_SPREAD: f64 = 1.3;

/// Largest share of all creators that one user follows or blocks.
const FOLLOWS_MAX: f64 = 0.25;
const BLOCKS_MAX: f64 = 0.05;

/// Places of a table to draw creators from: the rarest of 10,000 has more than twenty.
const TABLE: usize = 1 << 20;

/// Makes the creator of any item and the sets of any user from its id alone.
pub struct Graph {
    pub(crate) items: usize,
    pub(crate) users: usize,
    pub(crate) creators: usize,
    by_output: Table,
    by_fame: Table,
    follows: LogNormal<f64>,
    blocks: LogNormal<f64>,
}

/// Number of users and of creators over that many items.
pub(crate) fn population(items: usize) -> (usize, usize) {
    (items / 10, items / 100)
}

impl Graph {
    /// The graph over that many items, a tenth as many users and a hundredth as many creators.
    #[must_use]
    pub fn new(items: usize) -> Self {
        let (users, creators) = population(items);
        // Well-known creators must not be neighbours in every bitmap.
        let ids: Vec<Creator> = Stream::named("social/creators")
            .shuffled(creators)
            .into_iter()
            .map(|id| id as Creator)
            .collect();
        let sizes = |median: f64, spread| {
            LogNormal::new(median.ln(), spread).expect("the spread is finite")
        };
        Self {
            items,
            users,
            creators,
            by_output: Table::new(&ids, OUTPUT_SKEW),
            by_fame: Table::new(&ids, FAME_SKEW),
            follows: sizes(FOLLOWS, FOLLOWS_SPREAD),
            blocks: sizes(BLOCKS, BLOCKS_SPREAD),
        }
    }

    /// Everything that determines the graph over that many items.
    #[must_use]
    pub fn recipe(items: usize) -> Recipe {
        let (users, creators) = population(items);
        Recipe::new("heavy-tailed follows and blocks, version 1")
            .with("seed", SEED)
            .with("items", items)
            .with("users", users)
            .with("creators", creators)
            .with("output skew", OUTPUT_SKEW)
            .with("fame skew", FAME_SKEW)
            .with(
                "follows",
                format_args!("median {FOLLOWS}, spread {FOLLOWS_SPREAD}"),
            )
            .with(
                "blocks",
                format_args!("median {BLOCKS}, spread {BLOCKS_SPREAD}"),
            )
            .with("peaceful share", PEACEFUL)
            .with(
                "largest shares",
                format_args!("{FOLLOWS_MAX} and {BLOCKS_MAX}"),
            )
    }

    /// The relations of all its users.
    #[must_use]
    pub fn relations(&self) -> Social {
        let users = (0..self.users as u32).map(|user| (self.follows(user), self.blocks(user)));
        Social::new(self.creators_of_items(), users)
    }

    /// Who made `item`.
    pub(crate) fn creator(&self, item: u32) -> Creator {
        self.by_output
            .draw(&mut Stream::named("social/items").piece(u64::from(item)))
    }

    /// Who made each item, in order.
    pub(crate) fn creators_of_items(&self) -> impl Iterator<Item = Creator> {
        (0..).take(self.items).map(|item| self.creator(item))
    }

    /// Whom `user` follows, ascending.
    pub(crate) fn follows(&self, user: u32) -> Vec<Creator> {
        let mut random = Stream::named("social/follows").piece(u64::from(user));
        let count = self.follows.sample(&mut random);
        self.distinct(count, FOLLOWS_MAX, &mut random)
    }

    /// Whom `user` blocks, ascending. Whoever is blocked may be followed too: people forget.
    pub(crate) fn blocks(&self, user: u32) -> Vec<Creator> {
        let mut random = Stream::named("social/blocks").piece(u64::from(user));
        if random.random_bool(PEACEFUL) {
            return Vec::new();
        }
        let count = self.blocks.sample(&mut random);
        self.distinct(count, BLOCKS_MAX, &mut random)
    }

    /// Whom a reader follows who wants that share of all items: creators in random order, as long as
    /// their items are not too many. `outputs` is the number of items of every creator.
    pub(crate) fn follows_for_share(
        &self,
        reader: u32,
        share: f64,
        outputs: &[usize],
    ) -> Vec<Creator> {
        let mut left = (share * self.items as f64) as usize;
        let mut order = Stream::named(&format!("social/reader/{reader}")).shuffled(self.creators);
        order.retain(
            |&creator| match left.checked_sub(outputs[creator as usize]) {
                Some(rest) => {
                    left = rest;
                    true
                }
                None => false,
            },
        );
        order.sort_unstable();
        order
            .into_iter()
            .map(|creator| creator as Creator)
            .collect()
    }

    /// About `count` different creators, the well-known more likely, ascending.
    fn distinct(&self, count: f64, share: f64, random: &mut Pcg64Mcg) -> Vec<Creator> {
        let most = (self.creators as f64 * share).max(1.0);
        let count = count.clamp(1.0, most) as usize;
        let mut chosen: Vec<Creator> = (0..count).map(|_| self.by_fame.draw(random)).collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }
}

/// Creators by Zipf's law, each in as many places as its share of all draws. Drawing is a look at one
/// place: a million items and ten million follows are drawn in half a second.
struct Table {
    places: Vec<Creator>,
}

impl Table {
    /// The first of `ids` is the likeliest.
    fn new(ids: &[Creator], skew: f64) -> Self {
        let weights = (1..=ids.len()).map(|rank| (rank as f64).powf(-skew));
        let total: f64 = weights.clone().sum();
        let mut places = Vec::with_capacity(TABLE);
        let mut sum = 0.0;
        for (&id, weight) in ids.iter().zip(weights) {
            sum += weight;
            places.resize((TABLE as f64 * sum / total).round() as usize, id);
        }
        Self { places }
    }

    fn draw(&self, random: &mut Pcg64Mcg) -> Creator {
        self.places[random.random_range(0..self.places.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_never_changes() {
        // A change here makes every stored run incomparable: raise the version of the recipe.
        let graph = Graph::new(100_000);
        let creators: Vec<Creator> = (0..4).map(|item| graph.creator(item)).collect();
        assert_eq!(creators, [465, 181, 691, 579]);
        assert_eq!(graph.follows(1)[..4], [22, 26, 30, 36]);
        assert_eq!(graph.blocks(1)[..2], [97, 175]);
    }

    #[test]
    fn sets_are_ascending_and_sizes_have_tails() {
        let graph = Graph::new(1_000_000);
        let sizes = |sets: Vec<Vec<Creator>>| -> Vec<usize> {
            assert!(
                sets.iter()
                    .all(|set| set.is_sorted_by(|one, other| one < other))
            );
            let mut sizes: Vec<usize> = sets.iter().map(Vec::len).collect();
            sizes.sort_unstable();
            sizes
        };
        let follows = sizes((0..2_000).map(|user| graph.follows(user)).collect());
        assert!(
            (50..65).contains(&follows[1_000]),
            "median {}",
            follows[1_000]
        );
        assert!((500..1_200).contains(&follows[1_980]), "{}", follows[1_980]);
        let blocks = sizes((0..2_000).map(|user| graph.blocks(user)).collect());
        assert!(blocks[500] == 0 && blocks[700] > 0);
        assert!((20..100).contains(&blocks[1_960]), "{}", blocks[1_960]);
    }

    #[test]
    fn the_well_known_make_more_and_everybody_makes_something() {
        let graph = Graph::new(100_000);
        let mut outputs = vec![0; graph.creators];
        graph
            .creators_of_items()
            .for_each(|creator| outputs[usize::from(creator)] += 1);
        outputs.sort_unstable();
        // The first of 1,000 by Zipf's law with 0.6 makes 1 in 39, the last one 1 in 2,500.
        assert!((2_300..2_800).contains(&outputs[999]), "{}", outputs[999]);
        assert!(outputs[0] > 10, "{}", outputs[0]);
    }

    #[test]
    fn a_reader_follows_as_many_as_the_share_takes() {
        let graph = Graph::new(100_000);
        let mut outputs = vec![0; graph.creators];
        graph
            .creators_of_items()
            .for_each(|creator| outputs[usize::from(creator)] += 1);
        for share in [0.01, 0.1, 0.5] {
            let follows = graph.follows_for_share(3, share, &outputs);
            let items: usize = follows
                .iter()
                .map(|&creator| outputs[usize::from(creator)])
                .sum();
            let found = items as f64 / 100_000.0;
            assert!((found / share - 1.0).abs() < 0.01, "{found} for {share}");
            assert_ne!(follows, graph.follows_for_share(4, share, &outputs));
        }
    }
}
