//! Which rows change places.

use std::cmp::Reverse;

/// A row and how often it was found lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) key: u32,
    pub(super) count: u32,
}

/// A cold row and the hot one that it changes places with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Swap {
    pub(super) up: u32,
    pub(super) down: u32,
}

/// At most `most` pairs: the cold rows that are found most often, with the hot ones that are found least. A
/// pair changes places only if the cold one is found more than twice as often, and at least twice, so that
/// two of the same popularity do not do so for ever.
pub(super) fn plan(mut hot: Vec<Counted>, mut cold: Vec<Counted>, most: usize) -> Vec<Swap> {
    // Ties by key: the same counts make the same plan.
    hot.sort_unstable_by_key(|row| (row.count, row.key));
    cold.retain(|row| row.count > 1);
    cold.sort_unstable_by_key(|row| (Reverse(row.count), row.key));
    let pairs = cold.iter().zip(&hot).take(most);
    pairs
        .take_while(|(cold, hot)| cold.count > hot.count.saturating_mul(2))
        .map(|(cold, hot)| Swap {
            up: cold.key,
            down: hot.key,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: &[(u32, u32)]) -> Vec<Counted> {
        let counts = counts.iter();
        counts.map(|&(key, count)| Counted { key, count }).collect()
    }

    #[test]
    fn the_most_found_go_up_for_the_least_found() {
        let all = [(1, 9), (2, 0), (3, 4), (4, 1)];
        for (case, hot, cold, most, expected) in [
            (
                "the best for the worst",
                &all[..],
                &[(7, 8), (8, 3)][..],
                9,
                &[(7, 2), (8, 4)][..],
            ),
            ("no more than may", &all, &[(7, 8), (8, 3)], 1, &[(7, 2)]),
            ("twice is not more than twice", &[(1, 4)], &[(7, 8)], 9, &[]),
            ("once may be chance", &[(1, 0)], &[(7, 1)], 9, &[]),
            (
                "ties by key",
                &[(2, 0), (1, 0)],
                &[(9, 5), (8, 5)],
                9,
                &[(8, 1), (9, 2)],
            ),
            ("nothing hot", &[], &[(7, 8)], 9, &[]),
            (
                "counts without end",
                &[(1, u32::MAX)],
                &[(7, u32::MAX)],
                9,
                &[],
            ),
        ] {
            let swaps = plan(counted(hot), counted(cold), most);
            let found: Vec<(u32, u32)> = swaps.iter().map(|swap| (swap.up, swap.down)).collect();
            assert_eq!(found, expected, "{case}");
        }
    }
}
