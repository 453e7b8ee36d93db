//! What a request must answer, given its candidates: worked out again from the data, with the
//! collections of the standard library and in double precision.

use std::collections::{HashMap, HashSet};

use bench_harness::WrongAnswer;

use super::engine::{LIKES, WINDOW};
use super::rank::{PER_CREATOR, SHOWN, Scored};
use crate::signals::events::Event;
use crate::signals::model::History;
use crate::social::{Creator, Graph};

/// Difference allowed between a score and the true one: sums of signals are kept in single precision.
const PRECISION: f64 = 1e-4;

/// The data behind the engine, as it was made.
pub(crate) struct Model<'e> {
    graph: Graph,
    history: History<'e>,
    now_s: u32,
}

impl<'e> Model<'e> {
    /// Over `items` items with the events that were written.
    pub(crate) fn new(items: usize, events: &'e [Event], now_s: u32) -> Self {
        Self {
            graph: Graph::new(items),
            history: History::of(events, false),
            now_s,
        }
    }

    /// What the item was liked lately.
    pub(crate) fn likes(&self, item: u32) -> f64 {
        self.history.past(item, LIKES).sum(WINDOW, self.now_s)
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
            if !seen.insert(item) || truth.is_none_or(|truth| !is_near(*truth, found.score)) {
                return Err(wrong(
                    format!("{found:?}"),
                    &format!("once, with {truth:?}"),
                ));
            }
            // Items whose scores are as good as equal may come in either order.
            if !is_near(found.score, expected.score) {
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

    /// Items that were added later have no creator that the engine knows.
    fn creator(&self, item: u32) -> Option<Creator> {
        ((item as usize) < self.graph.items).then(|| self.graph.creator(item))
    }
}

fn is_near(one: f64, other: f64) -> bool {
    (one - other).abs() <= PRECISION
}
