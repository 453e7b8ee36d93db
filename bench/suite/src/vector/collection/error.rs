//! What a collection refuses.

use std::error::Error;

use bench_harness::Failure;

use crate::vector::checked::{BadVector, SearchError};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CollectionError {
    /// A vector of other dimensions, or one that is not of numbers.
    #[error(transparent)]
    BadVector(#[from] BadVector),
    /// A vector without length has no angle to others.
    #[error("all scalars of the vector are zero, and cosines compare directions")]
    NoDirection,
    /// Nothing has this key, or no longer, or not yet.
    #[error("no vector has the key {0}")]
    UnknownKey(u32),
    /// Something has this key already.
    #[error("another vector has the key {0}")]
    KnownKey(u32),
    /// An index was handed over with metadata of some of its keys only.
    #[error("{found} keys have metadata, and the index has {expected}")]
    Metadata {
        /// Keys with metadata.
        found: usize,
        /// Keys in the index.
        expected: usize,
    },
    /// More adds and searches at the same time than the collection was made for.
    #[error("all {most} callers that the collection was made for are inside")]
    Busy {
        /// What it was made for.
        most: usize,
    },
    /// The engine refused.
    #[error("the engine refused: {0}")]
    Engine(#[source] Failure),
}

impl From<SearchError> for CollectionError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::BadVector(bad) => Self::BadVector(bad),
            SearchError::Engine(failure) => Self::Engine(failure),
        }
    }
}

impl CollectionError {
    /// Wraps the engine's own error, whose type has no public name.
    pub(super) fn engine(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Engine(error.into())
    }
}
