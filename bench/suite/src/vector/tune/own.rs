//! The grid on the user's own vectors.
//!
//! Nothing is cached: what is built for one setting is measured at once and forgotten.

use std::thread;

use bench_harness::{Context, Failure};
use usearch::ScalarKind;

use super::super::index::IndexFiles;
use super::super::indexing::fill;
use super::super::rows::Rows;
use super::measure::measure;
use super::point::Point;

mod data;

pub(super) use data::{Files, Own};

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
        dimensions: own.dimensions(),
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
        let progress = context.phase("building the index", own.items());
        let built = fill(&index, &own.rows, own.items(), threads, &progress)?;
        drop(progress);
        for &expansion_search in expansions {
            index.change_expansion_search(expansion_search);
            points.push(Point {
                connectivity: files.connectivity,
                expansion_add: files.expansion_add,
                expansion_search,
                index_bytes: index.serialized_length(),
                build_s: built.build.as_secs_f64(),
                build_threads: threads,
                orphans_mended: built.mended(),
                speed: measure(&index, &own.queries, |answers| own.recall(answers))?,
            });
        }
    }
    Ok(points)
}
