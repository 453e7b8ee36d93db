//! An index in service: documents are replaced and committed, and every search sees the last commit.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bench_harness::Failure;
use bench_harness::cache::scratch_beside;
use tantivy::directory::MmapDirectory;
use tantivy::merge_policy::NoMergePolicy;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Searcher};
use tempfile::TempDir;

use super::counting::{Counting, Written};
use super::policy::Merging;
use super::schema::Fields;

/// Memory of the indexing thread: far more than is ever written between two commits, so that
/// segments are cut by commits alone.
const BUDGET_BYTES: usize = 64 << 20;

/// An index that is written and searched at the same time.
pub(crate) struct Live {
    index: Index,
    merging: Merging,
    /// `None` once it is closed.
    writer: Mutex<Option<IndexWriter>>,
    reader: IndexReader,
    pub(crate) fields: Fields,
    pub(crate) written: Arc<Written>,
    /// Removed when all else is gone.
    _directory: TempDir,
}

impl Live {
    /// Starts from the index in `prepared`, which stays as it is.
    pub(crate) fn start(prepared: &Path, merging: &Merging) -> Result<Self, Failure> {
        let directory = copy(prepared)?;
        let files = Counting::new(MmapDirectory::open(directory.path())?);
        let written = files.written();
        let index = Index::open(files)?;
        let writer = writer(&index, merging)?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        Ok(Self {
            writer: Mutex::new(Some(writer)),
            reader,
            fields: Fields::of(&index)?,
            index,
            merging: *merging,
            written,
            _directory: directory,
        })
    }

    /// What was committed last. Stays as it is while the index goes on.
    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// Replaces documents, commits, and shows the commit to searches. Returns how long it took from
    /// the last document on.
    pub(crate) fn replace<'d>(
        &self,
        documents: impl IntoIterator<Item = &'d (u64, String)>,
    ) -> tantivy::Result<Duration> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(writer) = writer.as_mut() else {
            return Ok(Duration::ZERO);
        };
        for (id, text) in documents {
            writer.delete_term(self.fields.id(*id));
            writer.add_document(self.fields.document(*id, text))?;
        }
        let start = Instant::now();
        writer.commit()?;
        self.reader.reload()?;
        Ok(start.elapsed())
    }
}

impl Live {
    /// Waits for the merges that are going on and those that they lead to, and shows them to searches.
    pub(crate) fn settle(&self) -> tantivy::Result<()> {
        let mut open = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // The engine lets nobody wait who goes on writing.
        if let Some(settled) = open.take() {
            settled.wait_merging_threads()?;
            *open = Some(writer(&self.index, &self.merging)?);
        }
        self.reader.reload()
    }
}

fn writer(index: &Index, merging: &Merging) -> tantivy::Result<IndexWriter> {
    let writer = index.writer_with_num_threads(1, BUDGET_BYTES)?;
    writer.set_merge_policy(Box::new(merging.policy()));
    Ok(writer)
}

impl Drop for Live {
    /// Waits for the merge that is going on, so that nobody writes into a directory that is being
    /// removed.
    fn drop(&mut self) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writer.take() {
            writer.set_merge_policy(Box::new(NoMergePolicy));
            // Its outcome is of no use to anybody any more.
            let _ = writer.wait_merging_threads();
        }
    }
}

/// A directory of its own beside `prepared`, with the same files. Those of segments are never
/// written to, so they are shared.
fn copy(prepared: &Path) -> io::Result<TempDir> {
    let directory = scratch_beside(prepared)?;
    for file in fs::read_dir(prepared)? {
        let source = file?.path();
        let Some(name) = source.file_name() else {
            continue;
        };
        let target = directory.path().join(name);
        match source.extension().and_then(|extension| extension.to_str()) {
            // Of whoever wrote the prepared files.
            Some("lock" | "txt") => {}
            Some("json") => {
                fs::copy(&source, &target)?;
            }
            _ => fs::hard_link(&source, &target).or_else(|_| {
                // Some file systems have no links.
                fs::copy(&source, &target).map(|_| ())
            })?,
        }
    }
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::schema::builder;

    const PAIRS: Merging = Merging {
        factor: 2,
        ..Merging::ENGINE
    };

    const NEVER: Merging = Merging {
        factor: 1_000,
        ..Merging::ENGINE
    };

    fn documents(count: u64) -> Vec<(u64, String)> {
        (0..count)
            .map(|id| (id, format!("all t{id} t{}", id % 7)))
            .collect()
    }

    fn empty() -> TempDir {
        let root = tempfile::tempdir().expect("a directory");
        let prepared = root.path().join("prepared");
        fs::create_dir(&prepared).expect("a directory");
        builder().create_in_dir(&prepared).expect("an index");
        root
    }

    fn start(root: &TempDir, merging: &Merging) -> Live {
        Live::start(&root.path().join("prepared"), merging).expect("starts")
    }

    fn files(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory)
            .expect("is there")
            .map(|file| file.expect("is readable").path().display().to_string())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_commit_is_seen_whole_and_replaces() {
        let root = empty();
        let live = start(&root, &Merging::TUNED);
        assert_eq!(live.searcher().num_docs(), 0);
        for _ in 0..5 {
            live.replace(&documents(100)).expect("is written");
            assert_eq!(live.searcher().num_docs(), 100);
        }
        live.replace(&documents(150)).expect("is written");
        assert_eq!(live.searcher().num_docs(), 150);
    }

    #[test]
    fn what_settled_is_merged_and_goes_on() {
        let root = empty();
        let live = start(&root, &PAIRS);
        for _ in 0..5 {
            live.replace(&documents(100)).expect("is written");
            live.settle().expect("settles");
            assert!(!live.written.is_merging());
            let searcher = live.searcher();
            // What was replaced is gone, and pairs do not stay.
            assert_eq!(
                (searcher.num_docs(), searcher.segment_readers().len()),
                (100, 1)
            );
        }
    }

    #[test]
    fn what_was_prepared_stays_and_what_was_copied_goes() {
        let root = empty();
        let prepared = root.path().join("prepared");
        let (before, all) = (files(&prepared), files(root.path()));
        let live = start(&root, &PAIRS);
        live.replace(&documents(100)).expect("is written");
        live.replace(&documents(100)).expect("is written");
        assert_ne!(files(root.path()), all);
        drop(live);
        assert_eq!(files(&prepared), before);
        assert_eq!(files(root.path()), all);
        assert_eq!(start(&root, &PAIRS).searcher().num_docs(), 0);
    }

    #[test]
    fn bytes_that_merges_write_are_told_from_those_of_new_documents() {
        // Two segments of one size and their merge: every byte twice, but for what two dictionaries
        // share.
        for (merging, expected) in [(NEVER, 1.0..=1.0), (PAIRS, 1.5..=2.0)] {
            let root = empty();
            let live = start(&root, &merging);
            let all = documents(4_000);
            let (first, second) = all.split_at(2_000);
            for half in [first, second] {
                live.replace(half).expect("is written");
            }
            let written = Arc::clone(&live.written);
            drop(live);
            let amplification = written.amplification();
            assert!(
                expected.contains(&amplification),
                "{merging}: {amplification}"
            );
            assert!(!written.is_merging());
        }
    }
}
