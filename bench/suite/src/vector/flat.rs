//! Nearest neighbours over flat arrays: our own component beside usearch's search.
//!
//! It takes the graph that usearch built and searches it in two stages: a walk along the links that
//! compares rows of 8 bits, then the few best again by all 16 bits. Where a filter leaves so few rows
//! that looking at each is cheaper than walking around the others, it looks at each.
//!
//! | Step | Module |
//! |---|---|
//! | rows as halves of 16-bit numbers | [`codes`] |
//! | the links of the base level, without keys and levels in between | [`links`](super::links), [`files`] |
//! | approximate candidates | [`walk`] |
//! | exact candidates among few | [`scan`] |

use std::sync::{Mutex, MutexGuard, PoisonError};

use bench_harness::Context;

use super::checked::BadVector;
use super::filter::Survivors;
use super::links::Links;
use super::truth::Neighbour;

mod best;
pub(crate) mod codes;
pub(crate) mod files;
pub(crate) mod pages;
pub(crate) mod prefetch;
mod scan;
mod walk;

use best::Likely;
use codes::{Codes, Query};
use scan::scan;
use walk::{Notes, walk};

/// Candidates that the walk keeps: what is chosen to trade speed for recall.
pub(crate) const EXPANSION: usize = 64;

/// Candidates that are compared again by all 16 bits.
pub(crate) const RERANKED: usize = 30;

/// Survivors times their share of all rows, up to which looking at each survivor is cheaper than
/// walking. A walk that keeps one row in `n` meets `n` times as many, so it costs in proportion to
/// `rows / survivors`; a scan costs in proportion to `survivors`; they cost the same where
/// `survivors * survivors / rows` is a constant, whatever the number of rows.
pub(crate) const CROSSOVER: usize = 2_000;

/// How a search with a filter is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Every survivor is compared with the query.
    Scan,
    /// Along the links, past the rows that do not survive.
    Walk,
}

impl Way {
    /// The cheaper one for `survivors` out of `items` rows.
    pub(crate) fn cheaper(survivors: usize, items: usize, crossover: usize) -> Self {
        if (survivors as u128).pow(2) <= crossover as u128 * items as u128 {
            Self::Scan
        } else {
            Self::Walk
        }
    }
}

/// How far a search goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// See [`EXPANSION`].
    pub(crate) expansion: usize,
    /// See [`RERANKED`].
    pub(crate) reranked: usize,
    /// See [`CROSSOVER`].
    pub(crate) crossover: usize,
}

impl Effort {
    /// Names of the settings that a plant may override.
    pub(crate) const SETTINGS: &'static [&'static str] = &["expansion", "reranked", "crossover"];

    /// What was planted, or chosen here.
    pub(crate) fn of(context: &Context) -> Self {
        Self {
            expansion: context.setting("expansion", EXPANSION),
            reranked: context.setting("reranked", RERANKED),
            crossover: context.setting("crossover", CROSSOVER),
        }
    }
}

/// Rows and links, ready to be searched by many threads.
#[derive(Debug)]
pub(crate) struct Flat {
    codes: Codes,
    links: Links,
    effort: Effort,
    /// One per search that goes on at the same time.
    notes: Mutex<Vec<Notes>>,
}

impl Flat {
    /// # Panics
    /// When the links are those of other rows.
    pub(crate) fn new(codes: Codes, links: Links, effort: Effort) -> Self {
        assert_eq!(codes.items(), links.items(), "links of the same rows");
        Self {
            codes,
            links,
            effort,
            notes: Mutex::new(Vec::new()),
        }
    }

    /// Number of rows.
    pub(crate) fn items(&self) -> usize {
        self.codes.items()
    }

    /// Bytes of rows and links.
    pub(crate) fn bytes(&self) -> usize {
        self.codes.bytes() + self.links.bytes()
    }

    /// About the `k` rows that are nearest to `query`, nearest first.
    ///
    /// # Errors
    /// A query that cannot be compared with the rows.
    pub(crate) fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, BadVector> {
        self.candidates(query, k, |query, most, notes| {
            walk(&self.links, &self.codes, query, most, |_| true, notes);
        })
    }

    /// The same among the survivors of a filter, the cheaper way.
    ///
    /// # Errors
    /// A query that cannot be compared with the rows.
    pub(crate) fn search_among(
        &self,
        query: &[f32],
        k: usize,
        survivors: &Survivors,
    ) -> Result<Vec<Neighbour>, BadVector> {
        let way = Way::cheaper(survivors.count(), self.codes.items(), self.effort.crossover);
        self.search_by(way, query, k, survivors)
    }

    /// The same in a given way.
    ///
    /// # Errors
    /// A query that cannot be compared with the rows.
    pub(crate) fn search_by(
        &self,
        way: Way,
        query: &[f32],
        k: usize,
        survivors: &Survivors,
    ) -> Result<Vec<Neighbour>, BadVector> {
        self.candidates(query, k, |query, most, notes| match way {
            Way::Scan => {
                // No walk goes astray here, so only those are kept that are compared again.
                let most = self.effort.reranked.max(k);
                scan(&self.codes, query, most, survivors.keys(), notes.best_mut());
            }
            Way::Walk => {
                let keeps = |key| survivors.contains(key);
                walk(&self.links, &self.codes, query, most, keeps, notes);
            }
        })
    }

    /// Rows that a search compares with `query` on its way, on average over searches without a filter
    /// an exact measure of their cost.
    ///
    /// # Errors
    /// A query that cannot be compared with the rows.
    pub(crate) fn compared(&self, query: &[f32]) -> Result<usize, BadVector> {
        let query = self.codes.query(query)?;
        let mut notes = Notes::new(self.codes.items());
        walk(
            &self.links,
            &self.codes,
            &query,
            self.effort.expansion,
            |_| true,
            &mut notes,
        );
        Ok(notes.compared() + self.links.entries.len())
    }

    fn candidates(
        &self,
        query: &[f32],
        k: usize,
        find: impl Fn(&Query, usize, &mut Notes),
    ) -> Result<Vec<Neighbour>, BadVector> {
        let query = self.codes.query(query)?;
        let spare = self.spare().pop();
        let mut notes = spare.unwrap_or_else(|| Notes::new(self.codes.items()));
        find(&query, self.effort.expansion.max(k), &mut notes);
        let found = self.rerank(&query, k, notes.best());
        self.spare().push(notes);
        Ok(found)
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Notes>> {
        // Held for a push or a pop, which leave it whole whatever happens elsewhere.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `k` nearest of the first candidates, by all 16 bits.
    fn rerank(&self, query: &Query, k: usize, candidates: &[Likely]) -> Vec<Neighbour> {
        let count = candidates.len().min(self.effort.reranked.max(k));
        let keys: Vec<u32> = candidates[..count].iter().map(|row| row.key).collect();
        self.codes.nearest(query, k, &keys)
    }
}

#[cfg(test)]
mod tests;
