//! Filters: which rows may be found at all.

use rand::RngExt;

use super::rows::{DIMENSIONS, Generator};
use crate::random::Stream;

/// Keeps a share of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Rows in a thousand that survive; those of whole clusters only about.
    pub(crate) per_mille: u32,
    /// Which ones.
    pub(crate) by: Attribute,
}

/// What a row is kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// Something that has nothing to do with where it lies: survivors are everywhere, a few in every
    /// neighbourhood.
    Anywhere,
    /// The cluster it belongs to, as a topic or a language does: neighbourhoods survive as a whole or not
    /// at all, and most queries have no survivor near them.
    Cluster,
}

impl Attribute {
    /// The name in parameters.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::Cluster => "cluster",
        }
    }
}

impl Filter {
    /// As a part of what a recipe says.
    pub(crate) fn described(self) -> String {
        format!("{} in 1,000, by {}", self.per_mille, self.by.as_str())
    }

    /// The rows that survive among the first `items`.
    pub(crate) fn survivors(self, items: usize) -> Survivors {
        let keys = (0..).take(items);
        match self.by {
            Attribute::Anywhere => {
                let attributes = Stream::named("vector/attribute");
                let keeps = |key: &u32| {
                    let mut random = attributes.piece(u64::from(*key));
                    random.random_range(0..1_000) < self.per_mille
                };
                Survivors::of(items, keys.filter(keeps))
            }
            Attribute::Cluster => {
                // The dimensions do not matter to the clusters. Every tenth one, say, large and small.
                let generator = Generator::new(DIMENSIONS);
                let one_of = 1_000 / self.per_mille.max(1) as usize;
                let keeps = |key: &u32| generator.cluster(u64::from(*key)) % one_of == one_of / 2;
                Survivors::of(items, keys.filter(keeps))
            }
        }
    }
}

/// The rows that a filter keeps, one bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Survivors {
    bits: Vec<u64>,
    count: usize,
}

impl Survivors {
    /// Those of `keys`, all below `items`.
    pub(crate) fn of(items: usize, keys: impl Iterator<Item = u32>) -> Self {
        let mut bits = vec![0; items.div_ceil(64)];
        for key in keys {
            bits[key as usize / 64] |= 1 << (key % 64);
        }
        let count = bits.iter().map(|word: &u64| word.count_ones() as usize);
        Self {
            count: count.sum(),
            bits,
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Whether the row survives; a row that does not exist does not.
    #[inline]
    pub(crate) fn contains(&self, key: u32) -> bool {
        let word = self.bits.get(key as usize / 64);
        word.is_some_and(|word| word & (1 << (key % 64)) != 0)
    }

    /// The rows in ascending order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = u32> {
        (0..)
            .step_by(64)
            .zip(&self.bits)
            .flat_map(|(first, &word)| {
                let mut left = word;
                std::iter::from_fn(move || {
                    let bit = (left != 0).then(|| left.trailing_zeros())?;
                    left &= left - 1;
                    Some(first + bit)
                })
            })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_filter_keeps_its_share_of_the_rows() {
        let anywhere = |per_mille| Filter {
            per_mille,
            by: Attribute::Anywhere,
        };
        let tenth = anywhere(100).survivors(10_000);
        assert!((900..1_100).contains(&tenth.count()), "{}", tenth.count());
        let half = anywhere(500).survivors(10_000);
        assert!(
            tenth.keys().all(|key| half.contains(key)),
            "by one attribute"
        );
        assert_eq!(anywhere(1_000).survivors(99).count(), 99);
        assert_eq!(anywhere(0).survivors(99).count(), 0);
        // The same whatever the number of rows.
        let fewer = anywhere(100).survivors(5_000);
        assert!(fewer.keys().eq(tenth.keys().take_while(|&key| key < 5_000)));
    }

    #[test]
    fn a_filter_by_cluster_keeps_whole_clusters() {
        let filter = Filter {
            per_mille: 100,
            by: Attribute::Cluster,
        };
        let survivors = filter.survivors(10_000);
        let count = survivors.count();
        assert!((700..1_300).contains(&count), "{count}");
        let generator = Generator::new(3);
        let (mut kept, mut dropped) = (BTreeSet::new(), BTreeSet::new());
        for key in 0..10_000 {
            let clusters = if survivors.contains(key) {
                &mut kept
            } else {
                &mut dropped
            };
            clusters.insert(generator.cluster(u64::from(key)));
        }
        assert!(kept.is_disjoint(&dropped));
        assert!(kept.len() > 50, "{}", kept.len());
    }

    #[test]
    fn survivors_are_the_keys_they_were_made_of() {
        let keys = [0, 1, 63, 64, 127, 128, 199];
        let survivors = Survivors::of(200, keys.into_iter());
        assert_eq!(survivors.count(), 7);
        assert!(survivors.keys().eq(keys));
        assert!((0..200).all(|key| survivors.contains(key) == keys.contains(&key)));
        assert!(!survivors.contains(200) && !survivors.contains(u32::MAX));
    }
}
