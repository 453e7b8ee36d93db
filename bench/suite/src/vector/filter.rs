//! Filters: which rows may be found at all.

use rand::RngExt;

use crate::random::Stream;

/// Keeps the rows whose attribute, a number from 0 to 99, is small enough. Attributes have nothing to
/// do with where a row lies: survivors are everywhere, a few in every neighbourhood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Percent of the rows that survive.
    pub(crate) percent: u32,
}

impl Filter {
    /// The rows that survive among the first `items`.
    pub(crate) fn survivors(self, items: usize) -> Survivors {
        let attributes = Stream::named("vector/attribute");
        let keeps = |key: &u32| {
            let attribute: u32 = attributes.piece(u64::from(*key)).random_range(0..100);
            attribute < self.percent
        };
        Survivors::of(items, (0..).take(items).filter(keeps))
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
    use super::*;

    #[test]
    fn a_filter_keeps_its_share_of_the_rows() {
        let tenth = Filter { percent: 10 }.survivors(10_000);
        assert!((900..1_100).contains(&tenth.count()), "{}", tenth.count());
        let half = Filter { percent: 50 }.survivors(10_000);
        assert!(
            tenth.keys().all(|key| half.contains(key)),
            "by one attribute"
        );
        assert_eq!(Filter { percent: 100 }.survivors(99).count(), 99);
        assert_eq!(Filter { percent: 0 }.survivors(99).count(), 0);
        // The same whatever the number of rows.
        let fewer = Filter { percent: 10 }.survivors(5_000);
        assert!(fewer.keys().eq(tenth.keys().take_while(|&key| key < 5_000)));
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
