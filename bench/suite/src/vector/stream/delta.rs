//! A collection behind a buffer: what is added waits in a list that every search goes through, and is linked into
//! the graph some time later, many rows one after the other.
//!
//! A row that is merged is added to the graph first and taken out of the buffer then; a search looks into the
//! buffer first and at the graph then. So it meets each row once or twice, and misses none for being merged; the
//! engine may miss one while the links to it are written anew.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use bench_harness::scenario::{metric, name};
use bench_harness::schema::{DeclaredMetric, Direction, Kind, MetricName, MetricValue, Unit};

use super::ledger::product;
use super::store::Store;
use crate::vector::checked::check_vector;
use crate::vector::collection::{Collection, CollectionError, Insertion};
use crate::vector::truth::Neighbour;

/// How often all that wait are merged.
pub(super) const MERGES_PER_SECOND: f64 = 2.0;

/// Rows that become visible in the graph together: too few to be shared among threads, so that one core is left to
/// searches.
const PIECE: usize = 16;

/// A collection and what waits to be added to it.
pub(super) struct Delta {
    collection: Collection,
    buffer: RwLock<Buffer>,
    /// Held while rows are merged.
    merged: Mutex<Merged>,
}

/// What waits to be added.
#[derive(Debug, Default)]
struct Buffer {
    /// In the order in which they came.
    rows: Vec<Waiting>,
    /// How many ever came.
    came: u64,
}

/// A row that waits.
#[derive(Debug)]
struct Waiting {
    /// How many came before it. A row that comes again under the same key has another number.
    number: u64,
    row: Insertion,
}

impl Buffer {
    fn push(&mut self, row: Insertion) {
        let number = self.came;
        self.rows.push(Waiting { number, row });
        self.came += 1;
    }
}

/// What merging took.
#[derive(Clone, Copy, Debug, Default)]
struct Merged {
    rows: usize,
    took: Duration,
    /// Most rows that waited when merging began.
    most: usize,
}

impl Delta {
    /// With nothing in the buffer.
    pub(super) fn over(collection: Collection) -> Self {
        Self {
            collection,
            buffer: RwLock::default(),
            merged: Mutex::default(),
        }
    }

    /// What [`Store::figures`] returns.
    pub(super) fn declared() -> [DeclaredMetric; 2] {
        let lower = |of, unit| metric(of, Kind::Value, unit, Direction::Lower);
        [
            lower("merge_time", Unit::Nanoseconds),
            lower("buffered", Unit::Count),
        ]
    }

    /// The `k` rows of the buffer that are nearest to `query`, nearest first.
    fn nearest_buffered(&self, query: &[f32], k: usize) -> Vec<Neighbour> {
        let mut nearest: Vec<Neighbour> = Vec::with_capacity(k + 1);
        for Waiting { row, .. } in &self.buffer().rows {
            let distance = 1.0 - product(query, &row.vector);
            let place = nearest.partition_point(|other| other.distance <= distance);
            if place < k {
                let key = row.key;
                nearest.insert(place, Neighbour { key, distance });
                nearest.truncate(k);
            }
        }
        nearest
    }

    /// Takes a row out of the buffer; false when it is not there.
    fn take_out(&self, key: u32) -> bool {
        let mut buffer = self.buffer_alone();
        let place = buffer
            .rows
            .iter()
            .position(|waiting| waiting.row.key == key);
        place.map(|place| buffer.rows.remove(place)).is_some()
    }

    /// The rows that wait and their numbers, in the order in which they came.
    fn waiting(&self) -> (Vec<u64>, Vec<Insertion>) {
        let buffer = self.buffer();
        let waiting = buffer.rows.iter();
        waiting.map(|one| (one.number, one.row.clone())).unzip()
    }

    /// Adds `rows` to the graph until it refuses some. Returns how many are in it.
    fn link(&self, rows: &[Insertion]) -> (usize, Result<(), CollectionError>) {
        let mut linked = 0;
        for piece in rows.chunks(PIECE) {
            if let Err(refused) = self.collection.insert_batch(piece) {
                return (linked, Err(refused));
            }
            linked += piece.len();
        }
        (linked, Ok(()))
    }

    /// Takes out what waits up to the row with the number `last`.
    fn forget(&self, last: u64) {
        self.buffer_alone().rows.retain(|one| one.number > last);
    }

    fn buffer(&self) -> RwLockReadGuard<'_, Buffer> {
        // Nothing panics half-way through changing it.
        self.buffer.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn buffer_alone(&self) -> RwLockWriteGuard<'_, Buffer> {
        self.buffer.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn merged(&self) -> MutexGuard<'_, Merged> {
        self.merged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Delta {
    const MERGES_PER_SECOND: Option<f64> = Some(MERGES_PER_SECOND);

    fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, CollectionError> {
        let mut nearest = self.nearest_buffered(query, k);
        let linked = self.collection.search(query, k)?;
        nearest.retain(|waiting| linked.iter().all(|one| one.key != waiting.key));
        nearest.extend(linked);
        nearest.sort_unstable_by(|a, b| {
            let order = a.distance.total_cmp(&b.distance);
            order.then(a.key.cmp(&b.key))
        });
        nearest.truncate(k);
        Ok(nearest)
    }

    fn insert(&self, inserted: &Insertion) -> Result<(), CollectionError> {
        check_vector(&inserted.vector, self.collection.index().dimensions())?;
        let (key, copy) = (inserted.key, inserted.clone());
        let mut buffer = self.buffer_alone();
        // A row that is merged is in the graph before it leaves the buffer.
        let waits = buffer.rows.iter().any(|waiting| waiting.row.key == key);
        if waits || self.collection.has(key) {
            return Err(CollectionError::KnownKey(key));
        }
        buffer.push(copy);
        Ok(())
    }

    fn delete(&self, key: u32) -> Result<(), CollectionError> {
        match self.collection.delete(key) {
            Err(CollectionError::UnknownKey(_)) => {
                // It waits, or it is being merged at this moment.
                let _merged = self.merged();
                match self.take_out(key) {
                    true => Ok(()),
                    false => self.collection.delete(key),
                }
            }
            Ok(()) => {
                self.take_out(key);
                Ok(())
            }
            refused => refused,
        }
    }

    fn merge(&self) -> Result<(), CollectionError> {
        let mut merged = self.merged();
        let (numbers, rows) = self.waiting();
        let start = Instant::now();
        let (linked, outcome) = self.link(&rows);
        let took = start.elapsed();
        // By number and not by key: a row that was deleted and added again meanwhile is not linked yet. And
        // whatever became of the others: what is in the graph would be refused there by the next merge.
        if let Some(&last) = numbers[..linked].last() {
            self.forget(last);
        }
        merged.rows += linked;
        merged.took += took;
        merged.most = merged.most.max(rows.len());
        outcome
    }

    fn collection(&self) -> &Collection {
        &self.collection
    }

    fn figures(&self) -> Vec<(MetricName, MetricValue)> {
        let merged = *self.merged();
        if merged.rows == 0 {
            return Vec::new();
        }
        let mean_ns = merged.took.as_nanos() as f64 / merged.rows as f64;
        vec![
            (name("merge_time"), MetricValue::Value(mean_ns)),
            (name("buffered"), MetricValue::Value(merged.most as f64)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::thread;

    use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

    use super::*;
    use crate::vector::collection::Sizing;
    use crate::vector::collection::model::Model;
    use crate::vector::collection::warm::{insertion, metadata};
    use crate::vector::rows::Generator;

    const DIMENSIONS: usize = 16;
    const K: usize = 5;

    /// Empty, and so wide that a search of the graph misses nothing.
    fn delta(capacity: usize) -> Delta {
        let index = Index::new(&IndexOptions {
            dimensions: DIMENSIONS,
            metric: MetricKind::IP,
            quantization: ScalarKind::F32,
            expansion_search: 1_000,
            ..IndexOptions::default()
        });
        let sizing = Sizing {
            capacity,
            callers: 4,
            batch_threads: 1,
        };
        let collection = Collection::over(index.expect("is a configuration"), [], sizing);
        Delta::over(collection.expect("is a collection"))
    }

    fn keys(delta: &Delta, query: &[f32]) -> Vec<u32> {
        let found = delta.search(query, K).expect("is a query");
        found.iter().map(|one| one.key).collect()
    }

    /// How many are in the graph, and how many wait.
    fn counts(delta: &Delta) -> (usize, usize) {
        (delta.collection.count(), delta.buffer().rows.len())
    }

    #[test]
    fn answers_are_the_same_wherever_a_row_is() {
        let generator = Generator::new(DIMENSIONS);
        let query = generator.query(0);
        // (rows that wait, rows that are in the graph)
        let of = |waiting: std::ops::Range<u32>, linked: std::ops::Range<u32>| {
            let delta = delta(100);
            for key in linked {
                let one = insertion(&generator, key);
                delta.collection.insert(&one).expect("is a row");
            }
            // Past its door, which knows those of the graph.
            let rows = waiting.map(|key| insertion(&generator, key));
            rows.for_each(|row| delta.buffer_alone().push(row));
            keys(&delta, &query)
        };
        let expected = of(0..0, 0..100);
        assert_eq!(expected.len(), K);
        assert_eq!(of(0..100, 0..0), expected, "all wait");
        assert_eq!(of(0..50, 50..100), expected, "half of each");
        assert_eq!(of(30..80, 0..100), expected, "while half is merged");
    }

    #[test]
    fn rows_are_merged_once_and_refused_twice() {
        let generator = Generator::new(DIMENSIONS);
        let delta = delta(100);
        assert!(delta.figures().is_empty(), "nothing was merged");
        let add = |key| delta.insert(&insertion(&generator, key));
        let is_known =
            |key| matches!(add(key), Err(CollectionError::KnownKey(known)) if known == key);
        for key in 0..40 {
            add(key).expect("is a row");
        }
        assert!(is_known(7), "it waits");
        assert_eq!(delta.collection.count(), 0);
        delta.merge().expect("are rows");
        assert_eq!(counts(&delta), (40, 0));
        assert!(is_known(7), "it is in the graph");
        add(40).expect("is a row");
        assert_eq!(keys(&delta, &generator.row(40))[0], 40);
        assert_eq!(keys(&delta, &generator.row(7))[0], 7);

        // One of the graph, one that waits, one that is nowhere.
        for (key, is_there) in [(7, true), (40, true), (7, false), (99, false)] {
            assert_eq!(delta.delete(key).is_ok(), is_there, "{key}");
        }
        let mut model = Model::of(40);
        model.remove(7);
        delta.merge().expect("nothing waits");
        assert_eq!(model.check(delta.collection(), &generator), Ok(()));
        let declared: Vec<MetricName> = Delta::declared().map(|metric| metric.name).into();
        let reported: Vec<MetricName> = delta.figures().into_iter().map(|(of, _)| of).collect();
        assert_eq!(reported, declared);

        let mut spoilt = insertion(&generator, 50);
        spoilt.vector[3] = f32::NAN;
        assert!(delta.insert(&spoilt).is_err());
        assert!(delta.search(&spoilt.vector, K).is_err());
    }

    #[test]
    fn what_comes_again_while_its_key_is_merged_waits_for_the_next_merge() {
        let generator = Generator::new(DIMENSIONS);
        let delta = delta(100);
        for key in 0..3 {
            delta.insert(&insertion(&generator, key)).expect("is a row");
        }
        // A merge, step by step, and between them a row that goes and comes again.
        let (numbers, rows) = delta.waiting();
        assert_eq!(delta.link(&rows).0, 3);
        delta.delete(1).expect("is in the graph");
        let again = Insertion {
            key: 1,
            ..insertion(&generator, 50)
        };
        delta.insert(&again).expect("was deleted");
        delta.forget(numbers[2]);
        assert_eq!(delta.buffer().rows.len(), 1);
        assert_eq!(keys(&delta, &again.vector)[0], 1);
        delta.merge().expect("is a row");
        assert_eq!(counts(&delta), (3, 0));
        assert_eq!(keys(&delta, &again.vector)[0], 1);
    }

    #[test]
    fn a_row_that_the_graph_refuses_keeps_no_other_from_the_next_merge() {
        let generator = Generator::new(DIMENSIONS);
        let delta = delta(100);
        let one = insertion(&generator, 20);
        delta.collection.insert(&one).expect("is a row");
        // Past its door, which knows those of the graph.
        for key in 0..40 {
            delta.buffer_alone().push(insertion(&generator, key));
        }
        let refused = delta.merge();
        assert!(matches!(refused, Err(CollectionError::KnownKey(20))));
        assert_eq!(counts(&delta), (1 + PIECE, 40 - PIECE));
        delta.delete(20).expect("is in the graph");
        delta.merge().expect("all others are new");
        assert_eq!(counts(&delta), (39, 0));
    }

    #[test]
    fn whoever_searches_while_rows_are_merged_finds_none_twice() {
        const ROWS: u32 = 600;
        let generator = Generator::new(DIMENSIONS);
        let delta = delta(ROWS as usize);
        let (added, is_over) = (AtomicU32::new(0), AtomicBool::new(false));
        let look = |first: u32| {
            let mut looked = 0_u32;
            while !is_over.load(Ordering::Acquire) {
                for key in (first..added.load(Ordering::Acquire)).step_by(7) {
                    let found = keys(&delta, &generator.row(u64::from(key)));
                    let times = found.iter().filter(|&&other| other == key).count();
                    // The engine may miss a row while the links to it are written anew.
                    assert!(times <= 1, "row {key}: {found:?}");
                    looked += 1;
                }
            }
            looked
        };
        thread::scope(|scope| {
            let lookers = [0, 3].map(|first| scope.spawn(move || look(first)));
            for key in 0..ROWS {
                delta.insert(&insertion(&generator, key)).expect("is a row");
                added.store(key + 1, Ordering::Release);
                if key % 50 == 49 {
                    delta.merge().expect("are rows");
                }
            }
            is_over.store(true, Ordering::Release);
            for looker in lookers {
                looker.join().expect("does not fail");
            }
        });
        let mut model = Model::default();
        for key in 0..ROWS {
            model.insert(key, metadata(key));
        }
        assert_eq!(model.check(delta.collection(), &generator), Ok(()));
    }
}
