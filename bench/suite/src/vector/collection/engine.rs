//! usearch, used by its rules.
//!
//! What it asks of its callers, read in the sources of version 2.26:
//!
//! - `reserve` moves the arrays that everybody reads, so nobody else may be inside: [`Room`] is
//!   shared by those who use the index and taken alone by whoever makes it larger.
//! - The first row of an index is entered without a lock that searches would see: it is added alone.
//! - Every add and search takes one of a fixed number of work areas: [`Callers`] counts them.
//! - Links are read without a lock, so nobody may add or remove meanwhile: `changes` is shared by those who
//!   do and taken alone by whoever reads links. Searches go on.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use usearch::{Index, MetricKind};

use super::callers::{Caller, Callers};
use super::{CollectionError, Insertion, Sizing, audit};
use crate::vector::checked::{self, BadVector, check_vector};
use crate::vector::truth::Neighbour;

/// An index that any number of threads may use at any time.
pub(super) struct Engine {
    index: Index,
    /// Slots of the index that are taken or about to be.
    claims: AtomicUsize,
    room: RwLock<Room>,
    changes: RwLock<()>,
    callers: Callers,
    is_cosine: bool,
}

/// What the index was last made ready for.
#[derive(Clone, Copy, Debug)]
struct Room {
    capacity: usize,
    /// Whether the index has its first row.
    is_started: bool,
}

impl Engine {
    /// Takes over an index with whatever is in it.
    ///
    /// # Errors
    /// Not enough memory.
    pub(super) fn over(index: Index, sizing: Sizing) -> Result<Self, CollectionError> {
        let size = index.size();
        let capacity = sizing.capacity.max(size);
        // Plain `reserve` makes work areas for as many callers as there are cores.
        index
            .reserve_capacity_and_threads(capacity, sizing.callers)
            .map_err(CollectionError::engine)?;
        Ok(Self {
            claims: size.into(),
            room: RwLock::new(Room {
                capacity,
                is_started: size > 0,
            }),
            changes: RwLock::default(),
            callers: Callers::at_most(sizing.callers),
            is_cosine: index.metric_kind() == MetricKind::Cos,
            index,
        })
    }

    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// Whether a vector can be compared with those of the index.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self, vector: &[f32]) -> Result<(), CollectionError> {
        check_vector(vector, self.index.dimensions())?;
        if self.is_cosine && vector.iter().all(|&scalar| scalar == 0.0) {
            return Err(CollectionError::NoDirection);
        }
        Ok(())
    }

    /// Takes a work area for adds and searches.
    ///
    /// # Errors
    /// [`CollectionError::Busy`].
    pub(super) fn enter(&self) -> Result<Caller<'_>, CollectionError> {
        self.callers.enter()
    }

    /// Slots that are taken or about to be.
    pub(super) fn claims(&self) -> usize {
        self.claims.load(Ordering::Acquire)
    }

    /// Announces an add.
    pub(super) fn claim(&self) {
        self.claims.fetch_add(1, Ordering::AcqRel);
    }

    /// Takes back what was announced, or follows a removal.
    pub(super) fn release(&self) {
        self.claims.fetch_sub(1, Ordering::AcqRel);
    }

    /// Adds what was claimed, after making room. The caller has entered.
    ///
    /// # Errors
    /// Whatever the engine reports.
    pub(super) fn add(&self, insertion: &Insertion) -> Result<(), CollectionError> {
        let add = || {
            let _change = self.changes.read().unwrap_or_else(PoisonError::into_inner);
            let added = self.index.add(u64::from(insertion.key), &insertion.vector);
            added.map_err(CollectionError::engine)
        };
        loop {
            let room = self.shared();
            // Whoever sees at most as many claims as there are slots gets one: every slot that is
            // taken or about to be has its claim.
            if room.is_started && self.claims() <= room.capacity {
                return add();
            }
            drop(room);
            let mut room = self.alone();
            self.grow(&mut room)?;
            if !room.is_started {
                add()?;
                room.is_started = true;
                return Ok(());
            }
        }
    }

    /// Copies a vector; false when the key is not there.
    ///
    /// # Errors
    /// A vector of other dimensions.
    pub(super) fn get(&self, key: u32, vector: &mut [f32]) -> Result<bool, CollectionError> {
        let (found, expected) = (vector.len(), self.index.dimensions());
        // The engine would take a whole number of vectors, too.
        if found != expected {
            return Err(BadVector::Dimensions { found, expected }.into());
        }
        let _room = self.shared();
        let copied = self.index.get(u64::from(key), vector);
        Ok(copied.map_err(CollectionError::engine)? > 0)
    }

    /// Removes a key if it is there. Its claim stays.
    ///
    /// # Errors
    /// Not enough memory.
    pub(super) fn remove(&self, key: u32) -> Result<(), CollectionError> {
        let _room = self.shared();
        let _change = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        let removed = self.index.remove(u64::from(key));
        removed.map(drop).map_err(CollectionError::engine)
    }

    /// The keys of `added` that no search finds, see [`audit`]. Nobody adds or removes meanwhile, but others may be
    /// about to, or have added what is not audited yet: rows for which `is_settled` does not hold.
    pub(super) fn orphans(
        &self,
        added: &BTreeSet<u32>,
        is_settled: impl Fn(u32) -> bool,
    ) -> Vec<u32> {
        let _room = self.shared();
        let _alone = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        // Searches begin at a row of the top level.
        let entry = (self.index.size() <= added.len()).then(|| {
            let level = |&&key: &&u32| self.index.level_of_key(u64::from(key));
            added.iter().max_by_key(level).copied()
        });
        let links = |key: u32| -> Vec<u32> {
            // What was removed keeps its node under a key that is no row's.
            let links = self.index.neighbors(u64::from(key), 0);
            links.filter_map(|link| u32::try_from(link).ok()).collect()
        };
        audit::orphans(added, entry.flatten(), links, is_settled)
    }

    /// The `k` rows nearest to `query`, nearest first. The caller has entered.
    ///
    /// # Errors
    /// A query that cannot be compared, whatever the engine reports.
    pub(super) fn search(
        &self,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<Neighbour>, CollectionError> {
        self.check(query)?;
        let room = self.shared();
        if !room.is_started {
            return Ok(Vec::new());
        }
        Ok(checked::search(&self.index, query, k)?)
    }

    /// Makes room for all claims, and for as many again, so that moving costs little per vector.
    fn grow(&self, room: &mut Room) -> Result<(), CollectionError> {
        let needed = self.claims();
        if needed > room.capacity {
            let capacity = needed.max(2 * room.capacity);
            self.index
                .reserve_capacity_and_threads(capacity, self.callers.most())
                .map_err(CollectionError::engine)?;
            room.capacity = capacity;
        }
        Ok(())
    }

    /// For whoever uses the index. Nothing panics while it is held, and a room is never half changed.
    fn shared(&self) -> RwLockReadGuard<'_, Room> {
        self.room.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For whoever moves what others use.
    fn alone(&self) -> RwLockWriteGuard<'_, Room> {
        self.room.write().unwrap_or_else(PoisonError::into_inner)
    }
}
