//! The grid on the user's own vectors.
//!
//! Nothing is cached: what is built for one setting is measured at once and forgotten.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use bench_harness::{Context, Failure, Phase};
use usearch::{Index, ScalarKind};

use super::super::checked;
use super::super::index::IndexFiles;
use super::super::links::Links;
use super::super::rows::Rows;
use super::measure::measure;
use super::point::Point;

mod data;

pub(super) use data::{Files, Metric, Own};

/// Rows a thread takes at a time.
const BATCH: usize = 256;

/// Builds an index per pair of settings and measures it at every expansion.
///
/// # Errors
/// Not enough memory; whatever the engine reports.
pub(super) fn points(
    own: &Own,
    settings: &[(usize, usize)],
    expansions: &[usize],
    context: &Context,
) -> Result<Vec<Point>, Failure> {
    let threads = thread::available_parallelism()?.get();
    let rows = Rows {
        items: own.items(),
        dimensions: own.dimensions,
    };
    let indexes: Vec<IndexFiles> = settings
        .iter()
        .map(|&(connectivity, expansion_add)| IndexFiles {
            metric: own.metric.engine(),
            kind: ScalarKind::BF16,
            connectivity,
            expansion_add,
            threads,
            ..IndexFiles::over(rows)
        })
        .collect();
    let largest = indexes.iter().map(|index| index.loaded().memory_bytes);
    data::fit(own, largest.max().unwrap_or_default())?;

    let mut points = Vec::new();
    for files in &indexes {
        let index = files.empty()?;
        index.reserve_capacity_and_threads(own.items(), threads)?;
        let progress = context.phase("building the index", own.items());
        let start = Instant::now();
        build(&index, own, threads, &progress)?;
        let build_s = start.elapsed().as_secs_f64();
        let orphans_mended = mend(&index, own)?;
        drop(progress);
        for &expansion_search in expansions {
            index.change_expansion_search(expansion_search);
            points.push(Point {
                connectivity: files.connectivity,
                expansion_add: files.expansion_add,
                expansion_search,
                index_bytes: index.serialized_length(),
                build_s,
                build_threads: threads,
                orphans_mended,
                speed: measure(&index, &own.queries, |answers| own.recall(answers))?,
            });
        }
    }
    Ok(points)
}

/// Adds all rows, in batches that `threads` take turns at.
fn build(index: &Index, own: &Own, threads: usize, progress: &Phase) -> Result<(), Failure> {
    // Alone: usearch enters the first row of an index without a lock.
    checked::add(index, 0, own.row(0))?;
    let next = AtomicUsize::new(1);
    let add_batches = || -> Result<(), Failure> {
        loop {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            if start >= own.items() {
                return Ok(());
            }
            let keys = start..own.items().min(start + BATCH);
            for key in keys.clone() {
                checked::add(index, key as u64, own.row(key as u64))?;
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

/// Adds again what no search finds, and says how many rows that were.
fn mend(index: &Index, own: &Own) -> Result<usize, Failure> {
    let orphans = Links::of(index).orphans();
    for key in orphans.iter().copied().map(u64::from) {
        index.remove(key)?;
        checked::add(index, key, own.row(key))?;
    }
    Ok(orphans.len())
}
