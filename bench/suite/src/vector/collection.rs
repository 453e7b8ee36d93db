//! A collection: vectors in usearch, what is known of them in a concurrent map, and the rules that
//! neither keeps by itself.
//!
//! A key can be looked up in usearch before its vector is stored, and the slot of a removed key goes to
//! the next one while searches are still looking at it. So the map says what is visible, and a search
//! answers with what was visible when it began.
//!
//! | Part | Holds |
//! |---|---|
//! | `engine` | usearch, used by its rules: room, work areas, the first row |
//! | `adders` | what is being added at the same time |
//! | `audit` | which of the rows just added no search finds |
//! | `callers` | how many are inside the engine |
//! | `entry` | what is known of a key |
//! | `error` | what can be refused |
//! | `warm` | filled collections, for the scenarios |
//! | `model` | the independent truth about one |
//! | `create`, `overview` | scenarios, one family per file |

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use dashmap::DashMap;
use usearch::Index;

use super::truth::Neighbour;
use crate::hashing::FixedHasher;
use adders::{Adder, Adders};
use engine::Engine;
use entry::Entry;

mod adders;
mod audit;
mod callers;
pub(crate) mod create;
mod engine;
mod entry;
mod error;
pub(crate) mod model;
pub(crate) mod overview;
mod scenarios;
pub(crate) mod warm;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use entry::Metadata;
pub(crate) use error::CollectionError;
pub(in crate::vector) use scenarios::scenarios;

/// Shards of the map. Stated, because the default follows the number of cores, and the memory per
/// entry would follow it too.
const SHARDS: usize = 8;

/// Rows from which on a batch is worth a second thread: starting one costs about as much as adding
/// one row.
const MIN_SPLIT: usize = 16;

/// How often what no search finds is added again. Once was enough so far; more only bounds the loop.
const MAX_MENDINGS: usize = 5;

/// How large a collection is and how many use it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizing {
    /// Vectors there is room for from the start. More are made room for when they come.
    pub(crate) capacity: usize,
    /// Adds and searches at the same time. Each has a work area of its own in the engine, so more
    /// than needed cost cache.
    pub(crate) callers: usize,
    /// Threads that share the work of a batch.
    pub(crate) batch_threads: usize,
}

/// What is inserted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Insertion {
    pub(crate) key: u32,
    pub(crate) vector: Vec<f32>,
    pub(crate) metadata: Metadata,
}

/// Vectors under keys, with metadata. Any number of threads may call anything at any time.
pub(crate) struct Collection {
    engine: Engine,
    entries: DashMap<u32, Entry, FixedHasher>,
    /// What became visible last: the stamp of its entry.
    latest: AtomicU64,
    batch_threads: usize,
    adders: Adders,
    /// Rows that no search found at first and that were added again.
    mended: AtomicUsize,
}

impl Collection {
    /// A collection over `index`, with the metadata of every key that is in it already.
    ///
    /// # Errors
    /// Metadata of other keys than those of the index; not enough memory.
    pub(crate) fn over(
        index: Index,
        metadata: impl IntoIterator<Item = (u32, Metadata)>,
        sizing: Sizing,
    ) -> Result<Self, CollectionError> {
        let entries = DashMap::with_capacity_and_hasher_and_shard_amount(
            sizing.capacity,
            FixedHasher::default(),
            SHARDS,
        );
        for (key, metadata) in metadata {
            if !index.contains(u64::from(key)) {
                return Err(CollectionError::UnknownKey(key));
            }
            entries.insert(key, Entry::visible(metadata, 0));
        }
        let (found, expected) = (entries.len(), index.size());
        if found != expected {
            return Err(CollectionError::Metadata { found, expected });
        }
        Ok(Self {
            engine: Engine::over(index, sizing)?,
            entries,
            latest: 0.into(),
            batch_threads: sizing.batch_threads,
            adders: Adders::default(),
            mended: 0.into(),
        })
    }

    /// Adds a vector under a key that is not there yet.
    ///
    /// # Errors
    /// A vector that cannot be compared, a key that is there, too many callers. Then nothing changed.
    pub(crate) fn insert(&self, inserted: &Insertion) -> Result<(), CollectionError> {
        self.insert_batch(std::slice::from_ref(inserted))
    }

    /// Adds all of them or none. Large batches are shared among threads, and several callers may add at the same
    /// time. Either can lose links: what was so added is audited, and what no search finds is added again. While
    /// they become visible, one after the other, others may see a part.
    ///
    /// # Errors
    /// As [`Collection::insert`], for the first that cannot be added.
    pub(crate) fn insert_batch(&self, inserted: &[Insertion]) -> Result<(), CollectionError> {
        for insertion in inserted {
            self.engine.check(&insertion.vector)?;
        }
        let _caller = self.engine.enter()?;
        for (number, insertion) in inserted.iter().enumerate() {
            if let Err(error) = self.claim(insertion) {
                self.give_up(&inserted[..number]);
                return Err(error);
            }
        }
        let adder = self
            .adders
            .begin(inserted.iter().map(|one| one.key).collect());
        let added = self.add_all(inserted);
        if let Err(error) = added.and_then(|()| self.mend(inserted, &adder)) {
            for insertion in inserted {
                // Those that were not added are not there, which is what is wanted.
                let _ = self.engine.remove(insertion.key);
            }
            self.give_up(inserted);
            return Err(error);
        }
        let stamp = self.latest.fetch_add(1, Ordering::AcqRel) + 1;
        for insertion in inserted {
            if let Some(mut entry) = self.entries.get_mut(&insertion.key) {
                entry.show(stamp);
            }
        }
        Ok(())
    }

    /// Copies the vector of a key, as the engine keeps it, and returns what is known of it.
    ///
    /// # Errors
    /// Another number of dimensions, an unknown key.
    pub(crate) fn get(&self, key: u32, vector: &mut [f32]) -> Result<Metadata, CollectionError> {
        // Held to the end: whoever deletes has to wait, so the slot is still that of this key.
        let entry = self.entries.get(&key).filter(|entry| entry.is_visible());
        let entry = entry.ok_or(CollectionError::UnknownKey(key))?;
        match self.engine.get(key, vector)? {
            true => Ok(entry.metadata),
            false => Err(CollectionError::UnknownKey(key)),
        }
    }

    /// Whether a key is taken: its vector is there, or is being inserted or deleted.
    pub(crate) fn has(&self, key: u32) -> bool {
        self.entries.contains_key(&key)
    }

    /// Replaces what is known of a key.
    ///
    /// # Errors
    /// An unknown key.
    pub(crate) fn update_metadata(
        &self,
        key: u32,
        metadata: Metadata,
    ) -> Result<(), CollectionError> {
        let entry = self.entries.get_mut(&key);
        let mut entry = entry
            .filter(|entry| entry.is_visible())
            .ok_or(CollectionError::UnknownKey(key))?;
        entry.metadata = metadata;
        Ok(())
    }

    /// Removes a key. Its node stays in the graph as a way to others until an insertion takes it.
    ///
    /// # Errors
    /// An unknown key.
    pub(crate) fn delete(&self, key: u32) -> Result<(), CollectionError> {
        // Hidden first, so that nobody else touches it, and not locked while the engine works.
        let stamp = self
            .entries
            .get_mut(&key)
            .and_then(|mut entry| entry.hide())
            .ok_or(CollectionError::UnknownKey(key))?;
        if let Err(error) = self.engine.remove(key) {
            if let Some(mut entry) = self.entries.get_mut(&key) {
                entry.show(stamp);
            }
            return Err(error);
        }
        self.entries.remove(&key);
        self.engine.release();
        Ok(())
    }

    /// Number of vectors. Those being inserted or deleted at this moment are counted.
    pub(crate) fn count(&self) -> usize {
        // Not asked of the map, which would lock all its shards to count.
        self.engine.claims()
    }

    /// All keys, in no order.
    pub(crate) fn keys(&self) -> Vec<u32> {
        let mut keys = Vec::with_capacity(self.count());
        let visible = self.entries.iter().filter(|entry| entry.is_visible());
        keys.extend(visible.map(|entry| *entry.key()));
        keys
    }

    /// The `k` vectors nearest to `query`, nearest first, of those that were there when the search
    /// began. Fewer when there are fewer, or when others were deleted meanwhile.
    ///
    /// # Errors
    /// A query that cannot be compared, too many callers.
    pub(crate) fn search(
        &self,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<Neighbour>, CollectionError> {
        let horizon = self.latest.load(Ordering::Acquire);
        let mut found = {
            let _caller = self.engine.enter()?;
            self.engine.search(query, k)?
        };
        // A slot that changed its key during the search still has the distance of the key before.
        found.retain(|neighbour| {
            let entry = self.entries.get(&neighbour.key);
            entry.is_some_and(|entry| entry.is_visible_from(horizon))
        });
        Ok(found)
    }

    /// Rows that no search found at first and that were added again.
    pub(crate) fn mended(&self) -> usize {
        self.mended.load(Ordering::Relaxed)
    }

    /// The index, for audits while nothing else goes on.
    pub(crate) fn index(&self) -> &Index {
        self.engine.index()
    }

    /// Takes the key, without showing it to anybody.
    fn claim(&self, insertion: &Insertion) -> Result<(), CollectionError> {
        match self.entries.entry(insertion.key) {
            dashmap::Entry::Occupied(_) => Err(CollectionError::KnownKey(insertion.key)),
            dashmap::Entry::Vacant(vacant) => {
                vacant.insert(Entry::hidden(insertion.metadata));
                self.engine.claim();
                Ok(())
            }
        }
    }

    /// Forgets keys that were claimed.
    fn give_up(&self, claimed: &[Insertion]) {
        for insertion in claimed {
            self.entries.remove(&insertion.key);
            self.engine.release();
        }
    }

    /// Takes out what no search finds of what was added and adds it again, by this thread. Nobody sees it yet.
    fn mend(&self, inserted: &[Insertion], adder: &Adder<'_>) -> Result<(), CollectionError> {
        if self.threads(inserted) <= 1 && adder.is_alone() {
            // One thread loses none.
            return Ok(());
        }
        let is_settled = |key| self.adders.is_settled(key, self.index().size());
        for _ in 0..MAX_MENDINGS {
            let orphans = self.engine.orphans(adder.keys(), is_settled);
            if orphans.is_empty() {
                break;
            }
            let lost = inserted
                .iter()
                .filter(|one| orphans.binary_search(&one.key).is_ok());
            for one in lost {
                self.engine.remove(one.key)?;
                self.engine.add(one)?;
                self.mended.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Threads that share the adding of a batch.
    fn threads(&self, inserted: &[Insertion]) -> usize {
        self.batch_threads.min(inserted.len() / MIN_SPLIT)
    }

    /// Adds what was claimed to the index, by this thread and, if it is much, by others.
    fn add_all(&self, inserted: &[Insertion]) -> Result<(), CollectionError> {
        let next = AtomicUsize::new(0);
        let take_turns = || -> Result<(), CollectionError> {
            while let Some(insertion) = inserted.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.engine.add(insertion)?;
            }
            Ok(())
        };
        let threads = self.threads(inserted);
        if threads <= 1 {
            return take_turns();
        }
        let join_in = || match self.engine.enter() {
            Ok(_caller) => take_turns(),
            // The index is busy enough; those who are inside do it alone.
            Err(_) => Ok(()),
        };
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(join_in)).collect();
            let own = take_turns();
            let others = others
                .into_iter()
                .map(|thread| thread.join().expect("adding does not panic"));
            others.fold(own, Result::and)
        })
    }
}
