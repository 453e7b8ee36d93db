//! A real index of the same configuration, and what it takes beside its estimate.

use std::fmt::Write;

use bench_harness::cache::Cache;
use bench_harness::memory::{allocated_bytes, resident_bytes};
use bench_harness::needs::{Available, Size};
use bench_harness::{Artifact, Context, Failure, Phase, Tier};
use usearch::{Index, MetricKind, ScalarKind};

use super::count::Count;
use crate::vector::checked;
use crate::vector::footprint::Footprint;
use crate::vector::index::IndexFiles;
use crate::vector::rows::{Generator, Rows};

/// Vectors of an index that is built and dropped first.
const FIRST: usize = 1_000;

/// Builds an index of `items` generated rows in this process and compares.
///
/// # Errors
/// A machine that is too small; whatever the engine reports.
pub(super) fn measured(estimated: &Footprint, items: u64) -> Result<String, Failure> {
    let rows = Rows {
        items: usize::try_from(items)?,
        dimensions: usize::try_from(estimated.dimensions)?,
    };
    let files = IndexFiles {
        kind: estimated.kind,
        metric: match estimated.kind {
            ScalarKind::B1 => MetricKind::Hamming,
            _ => MetricKind::IP,
        },
        connectivity: usize::try_from(estimated.connectivity)?,
        // What is looked at while inserting decides which links there are, and not their room.
        expansion_add: usize::try_from(estimated.connectivity)?,
        threads: 1,
        ..IndexFiles::over(rows)
    };
    let cache = Cache::from_environment();
    Available::now(cache.root())
        .fit(&files.needs())
        .map_err(|shortage| format!("an index of {} vectors {shortage}", Count(items)))?;

    let progress = Context::new(Tier::Tiny, &cache).phase("building", rows.items);
    let generator = Generator::new(rows.dimensions);
    // The engine's own code is in memory from here on.
    drop(build(&files, &generator, FIRST, &progress)?);
    let (resident, allocated) = (resident_bytes(), allocated_bytes());
    let index = build(&files, &generator, rows.items, &progress)?;
    let footprint = files.footprint();
    let grown = |now: Option<u64>, start: Option<u64>| Some(now?.saturating_sub(start?));
    let resident = grown(resident_bytes(), resident);
    let keys = grown(allocated_bytes(), allocated);

    let mut text = format!(
        "\nBuilt {} of them here:\n          estimate  measured\n",
        Count(items)
    );
    for (what, estimate, measured) in [
        ("memory", footprint.resident_bytes(), resident),
        ("keys", footprint.keys_bytes(), keys),
        (
            "disk",
            footprint.file_bytes(),
            Some(index.serialized_length() as u64),
        ),
    ] {
        let Some(bytes) = measured.filter(|&bytes| bytes > 0) else {
            let _ = writeln!(
                text,
                "{what:<8} {:>9}  this system does not tell",
                Size(estimate).to_string()
            );
            continue;
        };
        let off = 100.0 * (estimate as f64 / bytes as f64 - 1.0);
        let (estimate, bytes) = (Size(estimate).to_string(), Size(bytes).to_string());
        let _ = writeln!(text, "{what:<8} {estimate:>9} {bytes:>9}  {off:+.1} %");
    }
    Ok(text)
}

fn build(
    files: &IndexFiles,
    generator: &Generator,
    items: usize,
    progress: &Phase,
) -> Result<Index, Failure> {
    let index = files.empty()?;
    index.reserve_capacity_and_threads(items, files.threads)?;
    let mut row = vec![0.0; generator.dimensions()];
    for key in 0..items as u64 {
        generator.fill(key, &mut row);
        checked::add(&index, key, &row)?;
        progress.advance(1);
    }
    Ok(index)
}
