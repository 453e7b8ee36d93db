//! From candidates to what the user sees: scores, fused lists, and not too much of one creator.

use std::collections::HashMap;

use crate::social::Creator;

/// Items that a request answers with.
pub(crate) const SHOWN: usize = 50;

/// Items of one creator among them.
pub(crate) const PER_CREATOR: usize = 3;

/// How much what others did counts beside similarity, which is at most one: an item with a thousand
/// recent likes overtakes one that is a tenth more similar.
const POPULARITY: f64 = 0.015;

/// How much more an item scores whose creator the user follows, as a share of its score.
const FOLLOWED: f64 = 0.1;

/// Keeps the first ranks of a list from deciding alone (Cormack, Clarke and Büttcher, SIGIR 2009).
const RANK_OFFSET: f64 = 60.0;

/// An item and how much it suits the request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scored {
    pub(crate) item: u32,
    pub(crate) score: f64,
}

/// The score of an item at `distance` from what the user prefers, of which others liked `likes`
/// lately.
pub(crate) fn score(distance: f32, likes: f64) -> f64 {
    1.0 - f64::from(distance) + POPULARITY * likes.ln_1p()
}

/// The same score if the user follows the creator.
pub(crate) fn followed(score: f64) -> f64 {
    // Also of what is far away, and less than nothing.
    score + FOLLOWED * score.abs()
}

/// One list out of several, each best first: an item scores by its ranks alone, because scores of
/// different engines do not compare.
pub(crate) fn fuse(lists: &[Vec<u32>]) -> Vec<Scored> {
    let most = lists.iter().map(Vec::len).sum();
    let mut scores: HashMap<u32, f64> = HashMap::with_capacity(most);
    for list in lists {
        for (rank, item) in (1_u32..).zip(list) {
            *scores.entry(*item).or_default() += 1.0 / (RANK_OFFSET + f64::from(rank));
        }
    }
    scores
        .into_iter()
        .map(|(item, score)| Scored { item, score })
        .collect()
}

/// The best of `scored`, best first, equal ones by item, and no more of one creator than allowed. An
/// item without a known creator is alone of its kind.
pub(crate) fn diversify(
    mut scored: Vec<Scored>,
    creator: impl Fn(u32) -> Option<Creator>,
) -> Vec<Scored> {
    scored.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
    let mut shown = Vec::with_capacity(SHOWN);
    let mut of_creator: HashMap<Creator, usize> = HashMap::with_capacity(SHOWN);
    for candidate in scored {
        if let Some(creator) = creator(candidate.item) {
            let count = of_creator.entry(creator).or_default();
            if *count == PER_CREATOR {
                continue;
            }
            *count += 1;
        }
        shown.push(candidate);
        if shown.len() == SHOWN {
            break;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(scored: &[Scored]) -> Vec<u32> {
        scored.iter().map(|scored| scored.item).collect()
    }

    #[test]
    fn similarity_counts_and_so_does_what_others_did() {
        assert!(score(0.1, 0.0) > score(0.2, 0.0));
        assert!(score(0.2, 1_000.0) > score(0.1, 0.0));
        assert!((score(0.25, 0.0) - 0.75).abs() < 1e-9);
        for (score, expected) in [(0.5, 0.55), (-0.5, -0.45), (0.0, 0.0)] {
            assert!((followed(score) - expected).abs() < 1e-9, "{score}");
        }
    }

    #[test]
    fn what_stands_high_in_both_lists_comes_first() {
        let fused = fuse(&[vec![1, 2, 3], vec![4, 2]]);
        let ranked = diversify(fused, |_| None);
        assert_eq!(items(&ranked), [2, 1, 4, 3]);
        assert!((ranked[0].score - 2.0 / 62.0).abs() < 1e-12);
        assert_eq!(fuse(&[]), []);
    }

    #[test]
    fn a_creator_is_shown_three_times_at_the_most() {
        let scored = (0..100).map(|item| Scored {
            item,
            score: -f64::from(item),
        });
        // Items 0 to 9 by one creator, the others by one each, those beyond 80 by nobody known.
        let creator = |item: u32| match item {
            0..10 => Some(0),
            10..80 => Some(item as Creator),
            _ => None,
        };
        let shown = diversify(scored.collect(), creator);
        assert_eq!(shown.len(), SHOWN);
        assert_eq!(items(&shown)[..5], [0, 1, 2, 10, 11]);
        let few = vec![
            Scored {
                item: 99,
                score: 1.0
            };
            7
        ];
        assert_eq!(diversify(few, creator).len(), 7, "of nobody known");
    }
}
