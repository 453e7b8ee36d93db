//! Which operations a client asks for, of those that all clients ask for together.

use std::iter;
use std::ops::Range;

/// The share of client `of` among `number` clients: one index of every `number` in a row, the next client's
/// place in every next row. Each index is dealt once, and the same to the same client in every run.
///
/// Not simply every `number`-th: subjects ask the same questions again and again, and where their count is a
/// multiple of `number`, a client would only ever ask a few of them, or one, and find it in its caches.
pub(super) fn dealt(
    indexes: Range<usize>,
    of: usize,
    number: usize,
) -> impl Iterator<Item = usize> {
    let (mut row, mut place) = (indexes.start, of);
    iter::from_fn(move || {
        // The last row may be short: whose place is not in it has had its share.
        let index = row
            .checked_add(place)
            .filter(|index| *index < indexes.end)?;
        row += number;
        // Counted and not divided: this is inside what is timed.
        place = if place + 1 == number { 0 } else { place + 1 };
        Some(index)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_index_is_dealt_once() {
        for (indexes, number) in [
            (0..0, 3),
            (5..6, 1),
            (5..6, 4),
            (3..103, 1),
            (3..103, 7),
            (0..1_000, 1_000),
            (0..999, 1_000),
        ] {
            let shares =
                (0..number).map(|of| dealt(indexes.clone(), of, number).collect::<Vec<_>>());
            let shares: Vec<_> = shares.collect();
            assert!(
                shares.iter().all(|share| share.is_sorted()),
                "{number} clients"
            );
            let most = shares.iter().map(Vec::len).max();
            let fewest = shares.iter().map(Vec::len).min();
            assert!(most <= fewest.map(|fewest| fewest + 1), "{number} clients");
            let mut all = shares.concat();
            all.sort_unstable();
            assert!(
                all.into_iter().eq(indexes.clone()),
                "{number} clients of {indexes:?}"
            );
        }
    }

    #[test]
    fn every_client_asks_far_more_questions_than_caches_hold() {
        for number in [1, 2, 10, 100, 1_000] {
            for of in 0..number {
                let share: Vec<usize> = dealt(0..10_000, of, number).collect();
                let questions: BTreeSet<usize> = share.iter().map(|index| index % 1_000).collect();
                let least = share.len().min(100);
                assert!(questions.len() >= least, "client {of} of {number}");
            }
        }
    }
}
