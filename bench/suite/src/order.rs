//! In which order the queries of a set are asked.

use rand_distr::{Distribution, Zipf};

use crate::random::Stream;
use crate::signals::events::{Popularity, SKEW};

/// The queries in the order in which operations ask them.
pub(crate) struct Order {
    numbers: Vec<u32>,
}

impl Order {
    /// The order that `stream` gives `count` queries. Each is asked once first, and then either all again
    /// and again, or as often as they are popular, in `draws` operations.
    ///
    /// How popular a query is has nothing to do with what it costs.
    pub(crate) fn of(stream: Stream, count: usize, popularity: Popularity, draws: usize) -> Self {
        let mut numbers = stream.shuffled(count);
        if popularity == Popularity::Skewed {
            let ranks = Zipf::new(count as f64, SKEW).expect("the parameters are in range");
            let draw = |number: usize| {
                // The first piece has shuffled them.
                let rank = ranks.sample(&mut stream.piece(1 + number as u64));
                numbers[rank as usize - 1]
            };
            let drawn: Vec<u32> = (0..draws).map(draw).collect();
            numbers.extend(drawn);
        }
        Self { numbers }
    }

    /// The query that the operation `index` asks, counted from the first one that warms up.
    pub(crate) fn asked(&self, index: usize) -> usize {
        self.numbers[index % self.numbers.len()] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_asked_once_and_then_alike_or_by_popularity() {
        for (popularity, expected) in [
            // The most popular of 1,000 gets 1 / sum(i^-0.99) = 13 %.
            (Popularity::Skewed, 1_100..1_500),
            (Popularity::Uniform, 10..11),
        ] {
            let order = Order::of(Stream::named("order"), 1_000, popularity, 10_000);
            let mut first: Vec<usize> = (0..1_000).map(|index| order.asked(index)).collect();
            first.sort_unstable();
            assert!(first.into_iter().eq(0..1_000), "{popularity}");

            let mut counts = [0; 1_000];
            for index in 1_000..11_000 {
                counts[order.asked(index)] += 1;
            }
            let most = counts.iter().max().copied().unwrap_or_default();
            assert!(expected.contains(&most), "{popularity}: {most}");
        }
    }

    #[test]
    fn version_1_never_changes() {
        // A change here makes every stored run incomparable: raise the version of the recipes.
        let order = Order::of(
            Stream::named("vector/order"),
            1_000,
            Popularity::Skewed,
            1_000,
        );
        let drawn: Vec<usize> = (1_000..1_005).map(|index| order.asked(index)).collect();
        assert_eq!(drawn, [407, 152, 602, 540, 665]);
    }
}
