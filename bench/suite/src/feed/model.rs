//! What a request must answer, given its candidates: worked out again from the data, with the
//! collections of the standard library and in double precision.

use std::collections::{HashMap, HashSet};

use bench_harness::WrongAnswer;

use super::engine::{LIKES, WINDOW};
use super::rank::{PER_CREATOR, SHOWN, Scored};
use super::serving::What;
use crate::signals::events::Event;
use crate::signals::model::History;
use crate::social::{Creator, Graph};
use crate::vector::truth::Neighbour;

/// How much an item's likes count, from which rank on lists are fused, and what a followed creator multiplies. Written again on purpose: by the
/// engine's own constants and formulas every score would be right.
const OF_LIKES: f64 = 0.015;
const BEFORE_THE_FIRST: usize = 60;
const OF_FOLLOWED: f64 = 1.1;

/// Difference allowed between the score of a feed and the true one: sums of signals are kept in single
/// precision and may be off by 1e-4 of themselves, which moves a score by [`OF_LIKES`] times that.
const OF_FEEDS: f64 = 2e-6;

/// The same of a search, relative: only the order in which two reciprocal ranks are added is left open. The
/// last two ranks of a list differ by 2.5e-5.
const OF_SEARCHES: f64 = 1e-12;

/// The data behind the engine, as it was made.
pub(crate) struct Model<'e> {
    what: What,
    graph: Graph,
    history: History<'e>,
    now_s: u32,
}

impl<'e> Model<'e> {
    /// Of requests for `what` over `items` items with the events that were written.
    pub(crate) fn new(what: What, items: usize, events: &'e [Event], now_s: u32) -> Self {
        Self {
            what,
            graph: Graph::new(items),
            history: History::of(events, false),
            now_s,
        }
    }

    /// The score of an item in a feed: how near it is to what the user prefers, and how others liked it
    /// lately.
    pub(crate) fn score(&self, near: &Neighbour) -> f64 {
        let likes = self.history.past(near.key, LIKES).sum(WINDOW, self.now_s);
        1.0 - f64::from(near.distance) + OF_LIKES * (1.0 + likes).ln()
    }

    /// The same scores, of which those of followed creators count more.
    pub(crate) fn preferred(&self, user: u32, mut scores: HashMap<u32, f64>) -> HashMap<u32, f64> {
        let mut follows: HashSet<Creator> = self.graph.follows(user).into_iter().collect();
        // Whoever is blocked is not followed.
        for blocked in self.graph.blocks(user) {
            follows.remove(&blocked);
        }
        for (item, score) in &mut scores {
            let is_followed = |creator| follows.contains(&creator);
            if self.creator(*item).is_some_and(is_followed) {
                // What is less than nothing comes nearer to it.
                *score *= if *score < 0.0 {
                    2.0 - OF_FOLLOWED
                } else {
                    OF_FOLLOWED
                };
            }
        }
        scores
    }

    /// Compares what a user was shown with what `scores`, the true score of every candidate, allow.
    pub(crate) fn check(
        &self,
        place: &str,
        user: u32,
        scores: &HashMap<u32, f64>,
        shown: &[Scored],
    ) -> Result<(), WrongAnswer> {
        let wrong = |found: String, expected: &str| WrongAnswer {
            place: place.to_owned(),
            found,
            expected: expected.to_owned(),
        };
        let expected = self.best(user, scores);
        if shown.len() != expected.len() {
            let expected = format!("{}", expected.len());
            return Err(wrong(format!("{} items", shown.len()), &expected));
        }
        let mut seen = HashSet::new();
        for (found, expected) in shown.iter().zip(&expected) {
            let item = found.item;
            let truth = scores.get(&item);
            if !seen.insert(item) || truth.is_none_or(|truth| !self.is_near(found.score, *truth)) {
                return Err(wrong(
                    format!("{found:?}"),
                    &format!("once, with {truth:?}"),
                ));
            }
            // Items whose scores are as good as equal may come in either order.
            if !self.is_near(found.score, expected.score) {
                return Err(wrong(format!("{found:?}"), &format!("{expected:?}")));
            }
        }
        let blocked: HashSet<Creator> = self.graph.blocks(user).into_iter().collect();
        let mut of_creator: HashMap<Creator, usize> = HashMap::new();
        for creator in shown.iter().filter_map(|shown| self.creator(shown.item)) {
            let count = of_creator.entry(creator).or_default();
            *count += 1;
            if *count > PER_CREATOR || blocked.contains(&creator) {
                let expected = format!("none that is blocked, none above {PER_CREATOR}");
                return Err(wrong(
                    format!("creator {creator}, {count} times"),
                    &expected,
                ));
            }
        }
        Ok(())
    }

    /// What must be shown of all candidates.
    fn best(&self, user: u32, scores: &HashMap<u32, f64>) -> Vec<Scored> {
        let blocked: HashSet<Creator> = self.graph.blocks(user).into_iter().collect();
        let mut all: Vec<Scored> = scores
            .iter()
            .map(|(&item, &score)| Scored { item, score })
            .collect();
        all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
        let mut of_creator: HashMap<Creator, usize> = HashMap::new();
        all.retain(|candidate| match self.creator(candidate.item) {
            None => true,
            Some(creator) if blocked.contains(&creator) => false,
            Some(creator) => {
                let count = of_creator.entry(creator).or_default();
                *count += 1;
                *count <= PER_CREATOR
            }
        });
        all.truncate(SHOWN);
        all
    }

    fn is_near(&self, score: f64, truth: f64) -> bool {
        let allowed = match self.what {
            What::Retrieve => OF_FEEDS,
            What::Search => OF_SEARCHES * truth,
        };
        (score - truth).abs() <= allowed
    }

    /// Items that were added later have no creator that the engine knows.
    fn creator(&self, item: u32) -> Option<Creator> {
        ((item as usize) < self.graph.items).then(|| self.graph.creator(item))
    }
}

/// The scores of a search: an item has the sum of its reciprocal ranks in `lists`, each best first.
pub(crate) fn fused(lists: [&[u32]; 2]) -> HashMap<u32, f64> {
    let part = |list: &[u32], item: u32| {
        let before = list.iter().position(|other| *other == item)?;
        Some(1.0 / (BEFORE_THE_FIRST + before + 1) as f64)
    };
    let score = |item| lists.iter().filter_map(|list| part(list, item)).sum();
    let items = lists.iter().flat_map(|list| list.iter());
    items.map(|&item| (item, score(item))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::rank::{diversify, fuse, score};

    const PLACE: &str = "request 0";
    const USER: u32 = 3;

    /// What is shown of `scored`.
    fn shown(model: &Model<'_>, mut scored: Vec<Scored>) -> Vec<Scored> {
        let blocked = model.graph.blocks(USER);
        scored.retain(|scored| !blocked.contains(&model.graph.creator(scored.item)));
        let shown = diversify(scored, |item| model.creator(item));
        assert_eq!(shown.len(), SHOWN);
        shown
    }

    #[test]
    fn ranks_that_are_counted_or_swapped_wrong_are_noticed() {
        let model = Model::new(What::Search, 100_000, &[], 0);
        let list: Vec<u32> = (0..200).collect();
        let scores = fused([&list, &list]);
        let check = |scored| model.check(PLACE, USER, &scores, &shown(&model, scored));
        let right = || fuse(&[list.clone(), list.clone()]);
        assert_eq!(check(right()), Ok(()));

        let with_offset = |offset: f64| {
            let score = |item| 2.0 / (offset + f64::from(item));
            let scored = list.iter().map(|&item| Scored {
                item,
                score: score(item),
            });
            check(scored.collect())
        };
        assert_eq!(with_offset(61.0), Ok(()));
        assert!(with_offset(60.0).is_err(), "counted from 0");
        assert!(with_offset(61.01).is_err(), "another offset");

        // The last that is shown and the next one: 8e-5 lie between their scores.
        let last = shown(&model, right()).last().map(|scored| scored.item);
        let last = last.expect("fifty are shown") as usize;
        assert!(last >= SHOWN - 1);
        let mut swapped = list.clone();
        swapped.swap(last, last + 1);
        assert!(check(fuse(&[swapped, list.clone()])).is_err());
    }

    #[test]
    fn likes_that_are_counted_wrong_are_noticed() {
        let liked = |entity| Event {
            entity,
            signal: LIKES,
            time_s: 0,
            weight: 1_000.0,
        };
        let events: Vec<Event> = (0..100).map(liked).collect();
        let model = Model::new(What::Retrieve, 100_000, &events, 0);
        let near: Vec<Neighbour> = (0..200)
            .map(|key| Neighbour {
                key,
                distance: key as f32 / 1_000.0,
            })
            .collect();
        let scores = near.iter().map(|near| (near.key, model.score(near)));
        let scores: HashMap<u32, f64> = scores.collect();
        let check = |likes: f64| {
            let scored = near.iter().map(|near| Scored {
                item: near.key,
                score: score(near.distance, if near.key < 100 { likes } else { 0.0 }),
            });
            model.check(PLACE, USER, &scores, &shown(&model, scored.collect()))
        };
        assert_eq!(check(1_000.0), Ok(()));
        assert!(check(1_001.0).is_err(), "one like too many");
        assert!(check(0.0).is_err(), "no likes");
    }
}
