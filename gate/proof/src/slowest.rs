//! The slowest of many draws, without drawing all of them.

use rand::Rng;
use rand_distr::{Distribution, Exp1};

/// How much of a distribution lies above each of the `count` slowest of `of` draws from it, the slowest
/// first. With `E` exponential, `-ln U` of the k-th largest of N uniforms is `sum E_i / (N - i + 1)` over
/// `i = 1..k` (Renyi 1953).
pub(crate) fn slowest(rng: &mut impl Rng, of: u32, count: u32) -> impl Iterator<Item = f64> {
    let mut beyond = 0.0;
    (0..count).map(move |i| {
        let gap: f64 = Exp1.sample(rng);
        beyond += gap / f64::from(of - i);
        // Not 1 - exp(-x), which loses the precision that a tail needs.
        -(-beyond).exp_m1()
    })
}
