//! What an index takes: rows, graph, keys and what its arenas hold in reserve, from its configuration
//! alone.
//!
//! The constants are those of usearch's own structures (`index.hpp`, `index_dense.hpp` and
//! `index_plugins.hpp` of the version that is built here). Tests hold them against what real indexes
//! say of themselves.

use usearch::ScalarKind;

use super::kinds::bits;

/// Every node begins with its key and its number of levels.
const NODE_HEAD_BYTES: u64 = 8 + 2;

/// A list of links begins with their count, and each is the 32-bit number of a row.
const LINK_BYTES: u64 = 4;

/// Nodes lie in cache lines, rows on words.
const NODE_ALIGNMENT: u64 = 64;
const ROW_ALIGNMENT: u64 = 8;

/// Two pointers per row: to its node and to its scalars.
const POINTER_BYTES: u64 = 2 * 8;

/// The map of keys: buckets of 64 places of 16 bytes behind a head of 16.
const BUCKET_PLACES: u64 = 64;
const BUCKET_BYTES: u64 = 64 * 16 + 16;

/// The first arena. Each further one has twice the size of the one before.
const FIRST_ARENA_BYTES: u64 = 8 << 20;

/// Levels that are counted. A node in sixteen is on the second level and so on, so that what is above
/// these weighs nothing.
const MAX_LEVELS: i32 = 40;

/// The configuration of an index, as far as its size depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Footprint {
    pub(crate) items: u64,
    pub(crate) dimensions: u64,
    pub(crate) kind: ScalarKind,
    /// Links per node; on the base level there is room for twice as many.
    pub(crate) connectivity: u64,
}

impl Footprint {
    /// The scalars of all rows.
    pub(crate) fn rows_bytes(&self) -> u64 {
        self.items * self.row_bytes().next_multiple_of(ROW_ALIGNMENT)
    }

    /// Nodes and links on all levels, each node in cache lines of its own.
    pub(crate) fn graph_bytes(&self) -> u64 {
        self.nodes_bytes(|bytes| bytes.next_multiple_of(NODE_ALIGNMENT))
    }

    /// The map from keys to rows, and the pointers to them.
    pub(crate) fn keys_bytes(&self) -> u64 {
        // Filled to two thirds at most, and a power of two.
        let places = (self.items * 3).div_ceil(2).next_power_of_two();
        places.div_ceil(BUCKET_PLACES) * BUCKET_BYTES + self.items * POINTER_BYTES
    }

    /// What has to be in memory to search it.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.rows_bytes() + self.graph_bytes() + self.keys_bytes()
    }

    /// What the arenas of rows and nodes hold beyond that. It counts as memory only once it is used,
    /// but where memory is not overcommitted it has to be there.
    pub(crate) fn reserve_bytes(&self) -> u64 {
        let (rows, graph) = (self.rows_bytes(), self.graph_bytes());
        arenas_bytes(rows) + arenas_bytes(graph) - rows - graph
    }

    /// The index as a file.
    pub(crate) fn file_bytes(&self) -> u64 {
        // Nodes lie close there, and the number of levels of each stands before all of them.
        self.items * (self.row_bytes() + 2) + self.nodes_bytes(|bytes| bytes)
    }

    /// All rows as they are given to the index, for those who hold them while they build.
    pub(crate) fn source_bytes(&self) -> u64 {
        self.items * self.dimensions * 4
    }

    fn row_bytes(&self) -> u64 {
        (self.dimensions * bits(self.kind) as u64).div_ceil(8)
    }

    /// Nodes of all levels, of which `stored` says what one takes.
    fn nodes_bytes(&self, stored: impl Fn(u64) -> u64) -> u64 {
        let base = NODE_HEAD_BYTES + LINK_BYTES * (2 * self.connectivity + 1);
        let level = LINK_BYTES * (self.connectivity + 1);
        // One node in `connectivity` of a level is on the next one too.
        let reach = |top: i32| (self.connectivity as f64).powi(-top);
        let mean: f64 = (0..MAX_LEVELS)
            .map(|top| {
                let share = reach(top) - reach(top + 1);
                share * stored(base + level * u64::from(top.unsigned_abs())) as f64
            })
            .sum();
        (self.items as f64 * mean) as u64
    }

    /// What usearch's `memory_usage` says of such an index: the arenas whole, and no map of keys.
    #[cfg(test)]
    fn said_bytes(&self) -> u64 {
        let arenas = arenas_bytes(self.rows_bytes()) + arenas_bytes(self.graph_bytes());
        arenas + self.items * POINTER_BYTES / 2
    }
}

/// The arenas that hold `bytes`.
fn arenas_bytes(bytes: u64) -> u64 {
    let (mut arena, mut all) = (FIRST_ARENA_BYTES, 0);
    while all < bytes {
        all += arena;
        arena *= 2;
    }
    all
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;
    use bench_harness::{Context, Tier};
    use usearch::MetricKind;

    use super::*;
    use crate::vector::index::IndexFiles;
    use crate::vector::indexing::fill;
    use crate::vector::rows::{Generator, Rows};

    /// How far the levels of nodes, which are drawn, and the heads of arenas may put an estimate off.
    const TOLERANCE: f64 = 0.02;

    fn check(case: &str, estimated: u64, measured: usize) {
        let error = estimated as f64 / measured as f64 - 1.0;
        assert!(
            error.abs() <= TOLERANCE,
            "{case}: {estimated} estimated, {measured} measured"
        );
    }

    #[test]
    fn real_indexes_take_what_is_estimated() {
        for (items, dimensions, kind, connectivity) in [
            (1_000, 96, ScalarKind::F32, 16),
            (1_000, 96, ScalarKind::I8, 8),
            (10_000, 96, ScalarKind::F32, 8),
            (10_000, 96, ScalarKind::F16, 16),
            (10_000, 96, ScalarKind::BF16, 32),
            (10_000, 100, ScalarKind::I8, 16),
            (10_000, 100, ScalarKind::B1, 8),
        ] {
            let case = format!("{items} x {dimensions} {kind:?} M {connectivity}");
            let files = IndexFiles {
                kind,
                metric: match kind {
                    ScalarKind::B1 => MetricKind::Hamming,
                    _ => MetricKind::IP,
                },
                connectivity,
                // The links are poor, and there is room for as many.
                expansion_add: 8,
                ..IndexFiles::over(Rows { items, dimensions })
            };
            let index = files.empty().expect("is configured soundly");
            let context = Context::new(Tier::Tiny, &Cache::at("unused"));
            let progress = context.phase("building", items);
            let generator = Generator::new(dimensions);
            fill(&index, &generator, items, 1, &progress).expect("is built");

            let footprint = files.footprint();
            let nodes = footprint.nodes_bytes(|bytes| bytes);
            check(
                &format!("{case}, nodes"),
                nodes,
                index.stats().allocated_bytes,
            );
            let said = footprint.said_bytes();
            check(&format!("{case}, said"), said, index.memory_usage());
            let file = footprint.file_bytes();
            check(&format!("{case}, file"), file, index.serialized_length());
        }
    }

    #[test]
    fn arenas_double() {
        let first = FIRST_ARENA_BYTES;
        for (bytes, expected) in [
            (0, 0),
            (1, first),
            (first, first),
            (first + 1, 3 * first),
            (7 * first, 7 * first),
        ] {
            assert_eq!(arenas_bytes(bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn a_million_rows_take_what_was_measured() {
        // Measured: 245 bytes per vector besides its 768.
        let footprint = IndexFiles::of(Tier::Nightly).footprint();
        let per_item = footprint.resident_bytes() as f64 / 1e6;
        assert!((per_item / 1_013.0 - 1.0).abs() < 0.01, "{per_item}");
    }
}
