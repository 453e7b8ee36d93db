//! Keyed randomness: every piece of data has a generator of its own, so that any piece can be made
//! alone, in any order, on any machine.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

/// The root of all randomness in the suite. Any number would do; changing it changes every input.
pub(crate) const SEED: u64 = 20_261_120;

/// An independent source of random generators, named for what it makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    key: u64,
}

impl Stream {
    /// The stream of that name under [`SEED`].
    pub(crate) fn named(name: &str) -> Self {
        let key = name
            .bytes()
            .fold(mix(SEED), |key, byte| mix(key ^ u64::from(byte)));
        Self { key }
    }

    /// The generator of the piece `id`.
    pub(crate) fn piece(self, id: u64) -> Pcg64Mcg {
        Pcg64Mcg::seed_from_u64(mix(self.key ^ mix(id)))
    }

    /// The numbers below `count` in random order.
    pub(crate) fn shuffled(self, count: usize) -> Vec<u32> {
        let mut numbers: Vec<u32> = (0..).take(count).collect();
        numbers.shuffle(&mut self.piece(0));
        numbers
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): neighbouring ids must not get
/// neighbouring generators.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn pieces_depend_on_stream_and_id_only() {
        let draw = |name: &str, id| Stream::named(name).piece(id).next_u64();
        assert_eq!(draw("rows", 7), draw("rows", 7));
        assert_ne!(draw("rows", 7), draw("rows", 8));
        assert_ne!(draw("rows", 7), draw("noise", 7));
    }

    #[test]
    fn a_shuffle_keeps_every_number() {
        let mut numbers = Stream::named("order").shuffled(1_000);
        assert!(!numbers.is_sorted());
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(0..1_000));
    }
}
