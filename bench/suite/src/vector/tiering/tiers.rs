//! Two indexes and where each row is.
//!
//! A row that moves is added to the other index first, where no search counts it yet. Then all at once, while
//! nobody searches, it counts there and is taken out where it was. So whoever searches finds each row in
//! exactly one index, and waits for the taking out and not for the adding.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use bench_harness::{Failure, WrongAnswer};
use usearch::Index;

use super::plan::{Counted, Swap, plan};
use crate::vector::checked::{self, SearchError};
use crate::vector::judge::wrong;
use crate::vector::rows::Source;
use crate::vector::truth::Neighbour;

/// Threads inside an index at the same time: who searches, who moves, and one to spare.
const CALLERS: usize = 4;

/// Most pairs of rows that change places at once.
pub(super) const MOST: usize = 8;

/// Counts are halved after so many plans, so that what was found long ago is forgotten.
const PLANS_PER_HALVING: usize = 16;

/// Where a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Hot,
    Cold,
}

/// Rows under their own numbers, each in one of two indexes.
pub(super) struct Tiers {
    hot: Index,
    cold: Index,
    /// By key. Shared by who searches, taken alone by who moves.
    places: RwLock<Vec<Place>>,
    /// Passed by who searches, held by who waits to move: a lock that is shared without a pause would never be
    /// taken alone.
    turn: Mutex<()>,
    /// By key, how often it was found lately.
    counts: Vec<AtomicU32>,
    /// Plans so far. One thread moves at a time.
    plans: Mutex<usize>,
}

/// What a search found and what it took in each index.
pub(super) struct Found {
    /// Nearest first.
    pub(super) nearest: Vec<Neighbour>,
    /// How many of them are hot.
    pub(super) hot_ones: usize,
    pub(super) hot: Duration,
    pub(super) cold: Duration,
}

impl Tiers {
    /// The rows of `hot` are hot, all others of `cold` are cold.
    ///
    /// # Errors
    /// Whatever the engine reports.
    pub(super) fn over(hot: Index, cold: Index) -> Result<Self, Failure> {
        let (items, hot_items) = (cold.size(), hot.size());
        for key in 0..hot_items as u64 {
            cold.remove(key)?;
        }
        // What moves is in both for a while.
        hot.reserve_capacity_and_threads(hot_items + MOST, CALLERS)?;
        cold.reserve_capacity_and_threads(items + MOST, CALLERS)?;
        let place = |key: usize| match key < hot_items {
            true => Place::Hot,
            false => Place::Cold,
        };
        Ok(Self {
            hot,
            cold,
            places: RwLock::new((0..items).map(place).collect()),
            turn: Mutex::default(),
            counts: (0..items).map(|_| AtomicU32::new(0)).collect(),
            plans: Mutex::new(0),
        })
    }

    /// Number of rows.
    pub(super) fn items(&self) -> usize {
        self.counts.len()
    }

    /// Bytes of the hot and of the cold index.
    pub(super) fn bytes(&self) -> (usize, usize) {
        (self.hot.serialized_length(), self.cold.serialized_length())
    }

    /// About the `k` rows nearest to `query`, each of which is counted.
    ///
    /// # Errors
    /// See [`SearchError`].
    pub(super) fn search(&self, query: &[f32], k: usize) -> Result<Found, SearchError> {
        let found = self.look(query, k)?;
        for neighbour in &found.nearest {
            self.counts[neighbour.key as usize].fetch_add(1, Ordering::Relaxed);
        }
        Ok(found)
    }

    /// The same without counting.
    ///
    /// # Errors
    /// See [`SearchError`].
    pub(super) fn look(&self, query: &[f32], k: usize) -> Result<Found, SearchError> {
        let places = self.places();
        let search = |index: &Index, place: Place| {
            let start = Instant::now();
            let mut found = checked::search(index, query, k)?;
            let elapsed = start.elapsed();
            // What is on its way does not count where it goes to.
            found.retain(|one| places.get(one.key as usize) == Some(&place));
            Ok::<_, SearchError>((found, elapsed))
        };
        let (mut nearest, hot) = search(&self.hot, Place::Hot)?;
        let (others, cold) = search(&self.cold, Place::Cold)?;
        nearest.extend(others);
        nearest.sort_unstable_by(|a, b| {
            let order = a.distance.total_cmp(&b.distance);
            order.then(a.key.cmp(&b.key))
        });
        nearest.truncate(k);
        let is_hot = |one: &&Neighbour| places[one.key as usize] == Place::Hot;
        Ok(Found {
            hot_ones: nearest.iter().filter(is_hot).count(),
            nearest,
            hot,
            cold,
        })
    }

    /// Lets rows that are found more often change places with rows that are found less. Returns how many
    /// rows moved.
    ///
    /// # Errors
    /// Whatever the engine reports. Then nothing changed its place.
    pub(super) fn rebalance(&self, source: &dyn Source) -> Result<usize, Failure> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let swaps = self.plan();
        self.exchange(&swaps, source)?;
        *plans += 1;
        if plans.is_multiple_of(PLANS_PER_HALVING) {
            for count in &self.counts {
                // Whoever counts meanwhile may be lost, which does not matter to a plan.
                count.store(count.load(Ordering::Relaxed) / 2, Ordering::Relaxed);
            }
        }
        Ok(2 * swaps.len())
    }

    fn plan(&self) -> Vec<Swap> {
        let places = self.places();
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        let rows = (0..).zip(counts).map(|(key, count)| Counted { key, count });
        let (mut hot, mut cold) = (Vec::new(), Vec::new());
        for (row, place) in rows.zip(places.iter()) {
            match place {
                Place::Hot => hot.push(row),
                Place::Cold => cold.push(row),
            }
        }
        plan(hot, cold, MOST)
    }

    fn exchange(&self, swaps: &[Swap], source: &dyn Source) -> Result<(), Failure> {
        if let Err(failure) = self.add(swaps, source) {
            for swap in swaps {
                // What was not added is not there, which is what is wanted.
                let _ = self.hot.remove(u64::from(swap.up));
                let _ = self.cold.remove(u64::from(swap.down));
            }
            return Err(failure);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        for swap in swaps {
            places[swap.up as usize] = Place::Hot;
            places[swap.down as usize] = Place::Cold;
            self.cold.remove(u64::from(swap.up))?;
            self.hot.remove(u64::from(swap.down))?;
        }
        Ok(())
    }

    /// Adds all of them where they go to.
    fn add(&self, swaps: &[Swap], source: &dyn Source) -> Result<(), Failure> {
        for swap in swaps {
            let (up, down) = (u64::from(swap.up), u64::from(swap.down));
            checked::add(&self.hot, up, &source.row(up))?;
            checked::add(&self.cold, down, &source.row(down))?;
        }
        Ok(())
    }

    /// Whether every row is in the index that it should be in and not in the other, and nothing else is.
    ///
    /// # Errors
    /// The first row that is not.
    pub(super) fn check(&self) -> Result<(), WrongAnswer> {
        let places = self.places();
        for (key, place) in (0..).zip(places.iter()) {
            let is_in = (self.hot.contains(key), self.cold.contains(key));
            if is_in != (*place == Place::Hot, *place == Place::Cold) {
                let found = format!("in hot: {}, in cold: {}", is_in.0, is_in.1);
                return Err(wrong(
                    &format!("row {key}"),
                    found,
                    &format!("{place:?} alone"),
                ));
            }
        }
        let (found, expected) = (self.hot.size() + self.cold.size(), places.len());
        if found == expected {
            return Ok(());
        }
        let found = format!("{found} rows");
        Err(wrong("both indexes", found, &expected.to_string()))
    }

    fn places(&self) -> RwLockReadGuard<'_, Vec<Place>> {
        drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        // Nothing panics while it is taken alone.
        self.places.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use usearch::{IndexOptions, MetricKind, ScalarKind};

    use super::*;
    use crate::vector::rows::Generator;

    const DIMENSIONS: usize = 16;
    const ITEMS: u64 = 300;
    const HOT: u64 = 30;

    fn index(items: u64, metric: MetricKind, kind: ScalarKind) -> Index {
        let generator = Generator::new(DIMENSIONS);
        let index = Index::new(&IndexOptions {
            dimensions: DIMENSIONS,
            metric,
            quantization: kind,
            // So wide that a search misses nothing.
            expansion_search: 300,
            ..IndexOptions::default()
        });
        let index = index.expect("is a configuration");
        index
            .reserve_capacity_and_threads(items as usize, 1)
            .expect("fits");
        for key in 0..items {
            checked::add(&index, key, &generator.row(key)).expect("is a row");
        }
        index
    }

    fn tiers() -> Tiers {
        let hot = index(HOT, MetricKind::IP, ScalarKind::F32);
        let cold = index(ITEMS, MetricKind::Cos, ScalarKind::I8);
        Tiers::over(hot, cold).expect("are indexes")
    }

    #[test]
    fn what_is_found_often_becomes_hot_and_their_number_stays() {
        let (tiers, generator) = (tiers(), Generator::new(DIMENSIONS));
        assert_eq!(tiers.check(), Ok(()));
        assert_eq!(
            tiers.rebalance(&generator).expect("moves"),
            0,
            "nothing was found"
        );
        let popular = 200_u32;
        for _ in 0..5 {
            tiers
                .search(&generator.row(popular.into()), 1)
                .expect("is a query");
        }
        assert_eq!(tiers.places()[200], Place::Cold);
        assert_eq!(tiers.rebalance(&generator).expect("moves"), 2);
        assert_eq!(tiers.places()[200], Place::Hot);
        assert_eq!(tiers.check(), Ok(()));
        assert_eq!(tiers.hot.size() as u64, HOT);
        let found = tiers.look(&generator.row(200), 1).expect("is a query");
        assert_eq!((found.nearest[0].key, found.hot_ones), (200, 1));
        // What is asked for no more makes room for what is.
        for _ in 0..10 * PLANS_PER_HALVING {
            tiers.rebalance(&generator).expect("moves");
        }
        assert!(
            tiers
                .counts
                .iter()
                .all(|count| count.load(Ordering::Relaxed) == 0)
        );
    }

    #[test]
    fn a_row_in_both_or_in_neither_is_a_wrong_answer() {
        let row = Generator::new(DIMENSIONS).row(200);
        let both = tiers();
        checked::add(&both.hot, 200, &row).expect("is a row");
        let neither = tiers();
        neither.cold.remove(200).expect("is there");
        for tiers in [both, neither] {
            let wrong = tiers.check().expect_err("is not in one");
            assert_eq!(wrong.place, "row 200");
        }
    }

    #[test]
    fn whoever_searches_while_rows_move_finds_none_twice() {
        let (tiers, generator) = (tiers(), Generator::new(DIMENSIONS));
        let is_over = AtomicBool::new(false);
        let look = |first: usize| {
            loop {
                for key in (first as u64..ITEMS).step_by(7) {
                    let found = tiers.look(&generator.row(key), 10).expect("is a query");
                    let keys: BTreeSet<u32> = found.nearest.iter().map(|one| one.key).collect();
                    // The engine may miss a row while the links to it are written anew.
                    assert_eq!(keys.len(), found.nearest.len(), "{keys:?}");
                    let places = tiers.places();
                    let place = places[key as usize];
                    let index = match place {
                        Place::Hot => &tiers.hot,
                        Place::Cold => &tiers.cold,
                    };
                    assert!(index.contains(key), "row {key} is not {place:?}");
                }
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
        };
        thread::scope(|scope| {
            let lookers = [0, 3].map(|first| scope.spawn(move || look(first)));
            let mut moved = 0;
            for round in 0..200_u64 {
                // Other rows become popular in every round.
                for key in (0..ITEMS).filter(|key| key % 20 == round % 20) {
                    tiers.counts[key as usize].store(1_000, Ordering::Relaxed);
                }
                moved += tiers.rebalance(&generator).expect("moves");
                for count in &tiers.counts {
                    count.store(0, Ordering::Relaxed);
                }
            }
            is_over.store(true, Ordering::Relaxed);
            assert!(moved > 1_000, "{moved} rows moved");
            for looker in lookers {
                looker.join().expect("does not fail");
            }
        });
        assert_eq!(tiers.check(), Ok(()));
    }
}
