//! What is truly engaged with together: counts of all pairs, nothing bounded, of the items asked for.

use std::collections::{HashMap, VecDeque};

use super::events::Event;
use super::index::HISTORY;

/// The weight of every neighbour of one item.
pub(crate) type Weights = HashMap<u32, u32>;

/// The weights of all neighbours of each of `items` after `events`.
pub(crate) fn weights(events: &[Event], items: &[u32]) -> HashMap<u32, Weights> {
    let mut weights: HashMap<u32, Weights> =
        items.iter().map(|&item| (item, Weights::new())).collect();
    let mut histories: HashMap<u32, VecDeque<u32>> = HashMap::new();
    for event in events {
        let history = histories.entry(event.user).or_default();
        for &partner in history.iter().filter(|&&partner| partner != event.item) {
            for (item, neighbour) in [(event.item, partner), (partner, event.item)] {
                if let Some(weights) = weights.get_mut(&item) {
                    *weights.entry(neighbour).or_default() += event.weight;
                }
            }
        }
        history.push_front(event.item);
        history.truncate(HISTORY);
    }
    weights
}

/// How many of `found` belong to the `k` heaviest of `weights`. Neighbours as heavy as the lightest of
/// those are as good as that one. Fewer than `k` neighbours make every neighbour one of them.
pub(crate) fn hits(weights: &Weights, k: usize, found: impl Iterator<Item = u32>) -> usize {
    let mut heaviest: Vec<u32> = weights.values().copied().collect();
    heaviest.sort_unstable_by(|one, other| other.cmp(one));
    let threshold = heaviest.get(k - 1).copied().unwrap_or(1);
    let weight_of = |item| weights.get(&item).copied().unwrap_or_default();
    found
        .filter(|&item| weight_of(item) >= threshold)
        .count()
        .min(k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_hand() {
        let event = |user, item, weight| Event { user, item, weight };
        let events = [
            event(0, 5, 1),
            event(1, 7, 1),
            event(0, 6, 3),
            event(1, 5, 1),
            event(0, 5, 5),
        ];
        let weights = weights(&events, &[5]);
        assert_eq!(weights[&5], Weights::from([(6, 3 + 5), (7, 1)]));
        assert_eq!(weights.len(), 1);
    }

    #[test]
    fn equals_are_as_good_as_each_other() {
        let weights = Weights::from([(1, 9), (2, 4), (3, 4), (4, 1)]);
        for (found, expected) in [
            (&[1, 2][..], 2),
            (&[1, 3], 2),
            (&[3, 2], 2),
            (&[1, 4], 1),
            (&[8, 9], 0),
        ] {
            assert_eq!(
                hits(&weights, 2, found.iter().copied()),
                expected,
                "{found:?}"
            );
        }
        assert_eq!(hits(&weights, 10, [4, 8].into_iter()), 1);
    }
}
