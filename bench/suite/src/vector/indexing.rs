//! Fills an index and mends what several threads break.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use bench_harness::{Failure, Phase};
use usearch::Index;

use super::built::Built;
use super::checked;
use super::links::Links;
use super::rows::Source;

/// Rows a build thread takes at a time.
const BATCH: usize = 256;

/// How often what no search finds is added again. Once was enough so far; more only bounds the loop.
const MAX_MENDINGS: usize = 10;

/// Adds the first `items` rows to an empty index by `threads`, looks for orphans and mends them.
///
/// # Errors
/// Whatever the engine reports.
pub(crate) fn fill(
    index: &Index,
    source: &dyn Source,
    items: usize,
    threads: usize,
    progress: &Phase,
) -> Result<Built, Failure> {
    // Plain `reserve` makes room for as many threads as there are cores and fails the others.
    index.reserve_capacity_and_threads(items, threads)?;
    let start = Instant::now();
    add(index, source, items, threads, progress)?;
    let build = start.elapsed();

    let start = Instant::now();
    let orphans = Links::of(index).orphans().len();
    let audit = start.elapsed();
    Ok(Built {
        build,
        audit,
        orphans,
        orphans_left: mend(index, source)?,
    })
}

/// Takes out what no search finds and adds it again, by one thread, until nothing is left or it does
/// not help. Returns how many are left.
pub(crate) fn mend(index: &Index, source: &dyn Source) -> Result<usize, Failure> {
    for _ in 0..MAX_MENDINGS {
        let orphans = Links::of(index).orphans();
        if orphans.is_empty() {
            break;
        }
        for key in orphans.into_iter().map(u64::from) {
            index.remove(key)?;
            checked::add(index, key, &source.row(key))?;
        }
    }
    Ok(Links::of(index).orphans().len())
}

/// Adds the first `items` rows, in batches that `threads` take turns at.
fn add(
    index: &Index,
    source: &dyn Source,
    items: usize,
    threads: usize,
    progress: &Phase,
) -> Result<(), Failure> {
    if items == 0 {
        return Ok(());
    }
    // Alone: usearch enters the first row of an index without a lock.
    checked::add(index, 0, &source.row(0))?;
    progress.advance(1);
    let next = AtomicUsize::new(1);
    let add_batches = || -> Result<(), Failure> {
        let mut row = vec![0.0; source.dimensions()];
        loop {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            if start >= items {
                return Ok(());
            }
            let keys = start..items.min(start + BATCH);
            for key in keys.clone() {
                source.fill(key as u64, &mut row);
                checked::add(index, key as u64, &row)?;
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

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;
    use bench_harness::{Artifact, Context, Tier};

    use super::super::index::IndexFiles;
    use super::super::rows::{Generator, Rows};
    use super::*;

    fn built(threads: usize) -> (Index, Built) {
        let files = IndexFiles {
            threads,
            ..IndexFiles::over(Rows {
                items: 3_000,
                dimensions: 16,
            })
        };
        let directory = tempfile::tempdir().expect("a directory");
        let context = Context::new(Tier::Tiny, &Cache::at(directory.path()));
        files.build(&context, directory.path()).expect("builds");
        let index = files.empty().expect("is a configuration");
        let path = directory.path().join("index.usearch");
        index.load(&path.to_string_lossy()).expect("loads");
        (index, Built::load(directory.path()).expect("is there"))
    }

    #[test]
    fn one_thread_leaves_no_orphans_and_many_leave_none_that_are_not_mended() {
        for threads in [1, 8] {
            let (index, built) = built(threads);
            assert_eq!(index.size(), 3_000);
            assert_eq!(Links::of(&index).orphans(), [0_u32; 0], "{threads} threads");
            assert_eq!(built.orphans_left, 0, "{threads} threads");
            if threads == 1 {
                assert_eq!(built.orphans, 0);
            }
        }
    }

    #[test]
    fn what_is_taken_out_and_added_again_is_found_again() {
        let (index, _) = built(1);
        let generator = Generator::new(16);
        for key in (0..3_000).step_by(50) {
            let row = generator.row(key);
            index.remove(key).expect("is there");
            checked::add(&index, key, &row).expect("is a row");
            let found = checked::search(&index, &row, 1).expect("is a query");
            assert_eq!(u64::from(found[0].key), key);
        }
        assert_eq!(mend(&index, &generator).expect("adds"), 0);
    }
}
