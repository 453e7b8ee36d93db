//! The usearch index: how it is configured, built, saved and loaded.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bench_harness::{Artifact, Context, Failure, Needs, Phase, Recipe, Tier};
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

use super::rows::{DIMENSIONS, Generator, Rows};
use crate::engine;

/// Links per node. More buys little recall at these sizes and costs memory.
pub(crate) const CONNECTIVITY: usize = 16;

/// Candidates looked at while inserting.
pub(crate) const EXPANSION_ADD: usize = 128;

/// Candidates looked at per search: what the code under test chooses to trade speed for recall.
/// On data of this kind at a million rows, 64 gives a recall@10 of 0.96 and 128 one of 0.985
/// (scenarios.md 0.1); 96 keeps clear of 0.96.
pub(crate) const EXPANSION_SEARCH: usize = 96;

/// Rows a build thread takes at a time.
const BATCH: usize = 256;

/// Bytes of a vector in memory besides its scalars: links, levels and the map of keys (measured,
/// scenarios.md 5.2).
const OVERHEAD_BYTES: usize = 245;

/// Vectors of 384 scalars of 16 bits that one thread adds per second, at the least.
const ADDS_PER_SECOND: f64 = 1_500.0;

const FILE: &str = "index.usearch";

/// An index over the first rows of the generator: everything that determines its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexFiles {
    pub(crate) rows: Rows,
    pub(crate) metric: MetricKind,
    pub(crate) kind: ScalarKind,
    pub(crate) connectivity: usize,
    pub(crate) expansion_add: usize,
    pub(crate) threads: usize,
}

impl IndexFiles {
    /// The index that every scenario of a tier shares unless it is about another one.
    pub(crate) fn of(tier: Tier) -> Self {
        Self::over(Rows {
            items: tier.items(),
            dimensions: DIMENSIONS,
        })
    }

    /// The same configuration over other rows.
    pub(crate) fn over(rows: Rows) -> Self {
        Self {
            rows,
            // The rows have unit length, where the inner product orders as the cosine does and is
            // several times faster to compute.
            metric: MetricKind::IP,
            // Stated, because the default has changed between versions.
            kind: ScalarKind::BF16,
            connectivity: CONNECTIVITY,
            expansion_add: EXPANSION_ADD,
            threads: build_threads(rows.items),
        }
    }

    /// What the loaded index takes.
    pub(crate) fn loaded(&self) -> Needs {
        let scalars = self.rows.dimensions * bits(self.kind) / 8;
        Needs::memory((self.rows.items * (scalars + OVERHEAD_BYTES)) as u64)
    }

    /// An empty index of this configuration.
    pub(crate) fn empty(&self) -> Result<Index, Failure> {
        Ok(Index::new(&IndexOptions {
            dimensions: self.rows.dimensions,
            metric: self.metric,
            quantization: self.kind,
            connectivity: self.connectivity,
            expansion_add: self.expansion_add,
            ..IndexOptions::default()
        })?)
    }

    /// Loads the index into memory.
    pub(crate) fn load(
        &self,
        context: &Context,
        expansion_search: usize,
    ) -> Result<Index, Failure> {
        let path = context.prepared(self)?.join(FILE);
        let index = self.empty()?;
        // Loaded, not viewed: a mapped file would measure the page cache.
        index.load(&path.to_string_lossy())?;
        index.change_expansion_search(expansion_search);
        Ok(index)
    }
}

impl Artifact for IndexFiles {
    fn name(&self) -> String {
        "vector/index".into()
    }

    fn recipe(&self) -> Recipe {
        Recipe::new("usearch index")
            .with_recipe("input", &self.rows.recipe())
            .with("usearch", engine::USEARCH)
            // Kernels round differently, and a distance that rounds differently builds another graph.
            .with("kernels", usearch::hardware_acceleration_available())
            .with("metric", format_args!("{:?}", self.metric))
            .with("scalars", format_args!("{:?}", self.kind))
            .with("connectivity", self.connectivity)
            .with("expansion add", self.expansion_add)
            .with("build threads", self.threads)
            .with_code("index.rs", include_str!("index.rs"))
            .with_code("rows.rs", include_str!("rows.rs"))
    }

    fn needs(&self) -> Needs {
        let needs = self.loaded();
        let scalars = self.rows.dimensions as f64 * bits(self.kind) as f64 / 16.0;
        let adds_per_second = ADDS_PER_SECOND * DIMENSIONS as f64 / scalars;
        needs
            .with_disk(needs.memory_bytes)
            .with_seconds(self.rows.items as f64 / adds_per_second / self.threads as f64)
    }

    fn build(&self, context: &Context, directory: &Path) -> Result<(), Failure> {
        let progress = context.phase("building the index", self.rows.items);
        let index = self.empty()?;
        // Plain `reserve` makes room for as many threads as there are cores and fails the others.
        index.reserve_capacity_and_threads(self.rows.items, self.threads)?;
        let generator = Generator::new(self.rows.dimensions);
        add(&index, &generator, self.rows.items, self.threads, &progress)?;
        Ok(index.save(&directory.join(FILE).to_string_lossy())?)
    }
}

/// One thread builds the same graph every time. At a million rows that would take eight minutes, so
/// there two build a graph that differs a little from build to build.
fn build_threads(items: usize) -> usize {
    if items >= Tier::Nightly.items() { 2 } else { 1 }
}

/// Bits of one scalar.
fn bits(kind: ScalarKind) -> usize {
    match kind {
        ScalarKind::F64 => 64,
        ScalarKind::F32 => 32,
        ScalarKind::BF16 | ScalarKind::F16 => 16,
        ScalarKind::B1 => 1,
        _ => 8,
    }
}

/// Adds the first `items` rows, in batches that `threads` take turns at.
fn add(
    index: &Index,
    generator: &Generator,
    items: usize,
    threads: usize,
    progress: &Phase,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let add_batches = || -> Result<(), Failure> {
        let mut row = vec![0.0; generator.dimensions()];
        loop {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            if start >= items {
                return Ok(());
            }
            let keys = start..items.min(start + BATCH);
            for key in keys.clone() {
                generator.fill(key as u64, &mut row);
                index.add(key as u64, &row)?;
            }
            progress.advance(keys.len());
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(add_batches)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().expect("adding does not panic"))
    })
}
