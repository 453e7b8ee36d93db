//! What is searched and written to.

use bench_harness::schema::{MetricName, MetricValue};

use crate::vector::collection::{Collection, CollectionError, Insertion};
use crate::vector::truth::Neighbour;

/// A collection by itself, or with something in front of it.
pub(super) trait Store: Send + Sync {
    /// How often per second [`Self::merge`] is called beside the writes; `None` where there is nothing to merge.
    const MERGES_PER_SECOND: Option<f64> = None;

    /// See [`Collection::search`].
    ///
    /// # Errors
    /// As there.
    fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, CollectionError>;

    /// Adds a vector, which searches find from then on.
    ///
    /// # Errors
    /// As [`Collection::insert`].
    fn insert(&self, inserted: &Insertion) -> Result<(), CollectionError>;

    /// See [`Collection::delete`].
    ///
    /// # Errors
    /// As there.
    fn delete(&self, key: u32) -> Result<(), CollectionError>;

    /// Puts into the collection what was added and is not in it yet.
    ///
    /// # Errors
    /// As [`Collection::insert_batch`].
    fn merge(&self) -> Result<(), CollectionError> {
        Ok(())
    }

    /// The collection, once everything was merged.
    fn collection(&self) -> &Collection;

    /// Its own metrics.
    fn figures(&self) -> Vec<(MetricName, MetricValue)> {
        Vec::new()
    }
}

impl Store for Collection {
    fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, CollectionError> {
        self.search(query, k)
    }

    fn insert(&self, inserted: &Insertion) -> Result<(), CollectionError> {
        self.insert(inserted)
    }

    fn delete(&self, key: u32) -> Result<(), CollectionError> {
        self.delete(key)
    }

    fn collection(&self) -> &Collection {
        self
    }
}
