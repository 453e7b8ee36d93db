//! The usearch index: how it is built, saved and loaded.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bench_harness::{Failure, Phase, Recipe, Tier};
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

use super::rows::{DIMENSIONS, Generator};
use crate::engine;

/// Links per node. More buys little recall at these sizes and costs memory.
const CONNECTIVITY: usize = 16;

/// Candidates looked at while inserting.
const EXPANSION_ADD: usize = 128;

/// Rows a build thread takes at a time.
const BATCH: usize = 256;

/// What the index depends on besides the rows.
pub(crate) fn recipe(tier: Tier) -> Recipe {
    Recipe::new("usearch index, inner product, bf16")
        .with("usearch", engine::USEARCH)
        // Kernels round differently, and a distance that rounds differently builds another graph.
        .with("kernels", usearch::hardware_acceleration_available())
        .with("connectivity", CONNECTIVITY)
        .with("expansion add", EXPANSION_ADD)
        .with("build threads", build_threads(tier))
        .with_code("index.rs", include_str!("index.rs"))
}

/// One thread builds the same graph every time. At a million rows that would take eight minutes, so
/// there two build a graph that differs a little from build to build.
fn build_threads(tier: Tier) -> usize {
    if tier >= Tier::Nightly { 2 } else { 1 }
}

fn options() -> IndexOptions {
    IndexOptions {
        dimensions: DIMENSIONS,
        // The rows have unit length, where the inner product orders as the cosine does and is
        // several times faster to compute.
        metric: MetricKind::IP,
        // Stated, because the default has changed between versions.
        quantization: ScalarKind::BF16,
        connectivity: CONNECTIVITY,
        expansion_add: EXPANSION_ADD,
        ..IndexOptions::default()
    }
}

/// Builds the index of all rows of `tier` and saves it.
pub(crate) fn build(
    generator: &Generator,
    tier: Tier,
    path: &Path,
    progress: &Phase,
) -> Result<(), Failure> {
    let (items, threads) = (tier.items(), build_threads(tier));
    let index = Index::new(&options())?;
    // Plain `reserve` makes room for as many threads as there are cores and fails the others.
    index.reserve_capacity_and_threads(items, threads)?;
    let next = AtomicUsize::new(0);
    let add_batches = || -> Result<(), Failure> {
        loop {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            if start >= items {
                return Ok(());
            }
            let keys = start..items.min(start + BATCH);
            for key in keys.clone() {
                index.add(key as u64, &generator.row(key as u64))?;
            }
            progress.advance(keys.len());
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(add_batches)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().expect("adding does not panic"))
    })?;
    Ok(index.save(&path.to_string_lossy())?)
}

/// Loads a saved index into memory, for one searching thread.
pub(crate) fn load(path: &Path, expansion_search: usize) -> Result<Index, Failure> {
    let index = Index::new(&options())?;
    // Loaded, not viewed: a mapped file would measure the page cache.
    index.load(&path.to_string_lossy())?;
    index.change_expansion_search(expansion_search);
    Ok(index)
}
