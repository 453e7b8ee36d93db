//! The hash function of all maps whose size is measured.

use std::hash::{BuildHasherDefault, DefaultHasher};

/// The default hash function with fixed keys: with random keys, the layout of a map and so its memory
/// would differ from run to run. A cheaper function was no faster where it was tried, in the signals:
/// the cache misses hide it.
pub(crate) type FixedHasher = BuildHasherDefault<DefaultHasher>;
