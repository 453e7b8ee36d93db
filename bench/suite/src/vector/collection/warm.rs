//! Filled collections, for the scenarios.

use std::collections::BTreeMap;

use bench_harness::scenario::{integer, name};
use bench_harness::schema::{Name, Param};
use bench_harness::{Artifact, Context, Failure, Needs, Recipe, Tier};
use usearch::Index;

use super::{Collection, Insertion, Metadata, Sizing};
use crate::random::SEED;
use crate::vector::index::{EXPANSION_SEARCH, IndexFiles};
use crate::vector::rows::{Generator, Rows};
use crate::vector::truth::TruthFiles;

/// Dimensions of the collections that writes and reads are measured on: those of small embeddings,
/// and those that the targets are stated for.
pub(crate) const DIMENSIONS: usize = 128;

/// Memory of an entry of the map, with its share of empty slots.
const ENTRY_BYTES: usize = 64;

/// Threads that share a batch: those of the reference machine. Stated, because with as many as there
/// are cores another machine would measure something else.
const BATCH_THREADS: usize = 2;

/// Adds and searches at the same time: the clients of the scenarios, a writer, and the threads of a
/// batch.
const CALLERS: usize = 4;

/// Creators of items.
const CREATORS: u32 = 10_000;

/// A moment, for items to be published after.
const EPOCH_S: u64 = 1_700_000_000;

/// The first rows of the generator, in a collection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Warm {
    pub(crate) rows: Rows,
}

impl Warm {
    /// `items` rows of [`DIMENSIONS`].
    pub(crate) fn of(items: usize) -> Self {
        Self {
            rows: Rows {
                items,
                dimensions: DIMENSIONS,
            },
        }
    }

    /// A tenth of the tier's rows, as in `vector/search/dim=128`, whose index and truth they share.
    pub(crate) fn tenth(tier: Tier) -> Self {
        Self::of((tier.items() / 10).max(Tier::Tiny.items()))
    }

    pub(crate) fn index_files(self) -> IndexFiles {
        IndexFiles::over(self.rows)
    }

    pub(crate) fn truth_files(self) -> TruthFiles {
        TruthFiles { rows: self.rows }
    }

    pub(crate) fn artifacts(self) -> Vec<Box<dyn Artifact>> {
        vec![Box::new(self.index_files())]
    }

    /// What fixes the workload, with what is particular to one scenario.
    pub(crate) fn params<const N: usize>(
        self,
        particular: [(&'static str, usize); N],
    ) -> BTreeMap<Name, Param> {
        let common = [
            ("items", self.rows.items),
            ("dims", self.rows.dimensions),
            ("seed", SEED as usize),
        ];
        let all = common.into_iter().chain(particular);
        all.map(|(of, value)| (name(of), integer(value))).collect()
    }

    pub(crate) fn recipe(self) -> Recipe {
        self.rows
            .recipe()
            .with_code("warm.rs", include_str!("warm.rs"))
    }

    /// What the loaded collection takes, with `more` vectors to come.
    pub(crate) fn needs(self, more: usize) -> Needs {
        let rows = Rows {
            items: self.rows.items + more,
            ..self.rows
        };
        let index = IndexFiles::over(rows).loaded();
        // Vectors to come are kept as they are made, in single precision.
        let entries = rows.items * ENTRY_BYTES + more * 4 * rows.dimensions;
        Needs::memory(index.memory_bytes + entries as u64)
    }

    /// The engine alone, with room for `more`.
    pub(crate) fn index(self, context: &Context, more: usize) -> Result<Index, Failure> {
        let index = self.index_files().load(context, EXPANSION_SEARCH)?;
        index.reserve_capacity_and_threads(self.rows.items + more, CALLERS)?;
        Ok(index)
    }

    /// The collection, with room for `more`.
    pub(crate) fn collection(self, context: &Context, more: usize) -> Result<Collection, Failure> {
        let index = self.index_files().load(context, EXPANSION_SEARCH)?;
        let metadata = (0..).take(self.rows.items).map(|key| (key, metadata(key)));
        let sizing = sizing(self.rows.items + more);
        Ok(Collection::over(index, metadata, sizing)?)
    }

    /// The `count` rows after those that are there.
    pub(crate) fn next(self, generator: &Generator, count: usize) -> Vec<Insertion> {
        let keys = (0..).skip(self.rows.items).take(count);
        keys.map(|key| insertion(generator, key)).collect()
    }
}

/// How collections of the scenarios are made.
pub(crate) fn sizing(capacity: usize) -> Sizing {
    Sizing {
        capacity,
        callers: CALLERS,
        batch_threads: BATCH_THREADS,
    }
}

/// The metadata of a key.
pub(crate) fn metadata(key: u32) -> Metadata {
    Metadata {
        creator: key % CREATORS,
        published_s: EPOCH_S + u64::from(key),
    }
}

/// A row of the generator under its own number.
pub(crate) fn insertion(generator: &Generator, key: u32) -> Insertion {
    Insertion {
        key,
        vector: generator.row(u64::from(key)),
        metadata: metadata(key),
    }
}
