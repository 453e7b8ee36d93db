//! A directory that counts the bytes an index writes, so that writing them again can be told from
//! writing them.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tantivy::Directory;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, DirectoryLock, FileHandle, Lock, MmapDirectory, TerminatingWrite, WatchCallback,
    WatchHandle, WritePtr,
};

/// How the engine names the threads that merge. A test notices when it no longer does.
const MERGING_THREADS: &str = "merge_thread";

/// Extension of the files that say which documents of a segment are deleted. They are not counted:
/// a bit per document and commit, whatever is merged.
const DELETIONS: &str = "del";

/// What was written to a directory.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// By threads that merge.
    merged: AtomicU64,
    /// By all others: segments of new documents.
    indexed: AtomicU64,
    /// Files that threads that merge are writing.
    merging: AtomicU64,
}

impl Written {
    /// How often every byte is written in all: 1 when nothing is ever merged; 0 when nothing was
    /// written.
    pub(crate) fn amplification(&self) -> f64 {
        let load = |bytes: &AtomicU64| bytes.load(Ordering::Relaxed) as f64;
        let indexed = load(&self.indexed);
        if indexed == 0.0 {
            return 0.0;
        }
        (indexed + load(&self.merged)) / indexed
    }

    /// Whether segments are being merged.
    pub(crate) fn is_merging(&self) -> bool {
        self.merging.load(Ordering::Relaxed) > 0
    }
}

/// Files that are mapped, and whose bytes are counted when written.
#[derive(Clone, Debug)]
pub(crate) struct Counting {
    files: MmapDirectory,
    written: Arc<Written>,
}

impl Counting {
    pub(crate) fn new(files: MmapDirectory) -> Self {
        Self {
            files,
            written: Arc::default(),
        }
    }

    /// What was written, up to now whenever it is asked.
    pub(crate) fn written(&self) -> Arc<Written> {
        Arc::clone(&self.written)
    }
}

/// A file of a segment, which counts.
struct File {
    file: WritePtr,
    written: Arc<Written>,
    is_merge: bool,
}

impl File {
    fn new(file: WritePtr, written: Arc<Written>) -> Self {
        let is_merge = thread::current()
            .name()
            .is_some_and(|name| name.starts_with(MERGING_THREADS));
        if is_merge {
            written.merging.fetch_add(1, Ordering::Relaxed);
        }
        Self {
            file,
            written,
            is_merge,
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if self.is_merge {
            self.written.merging.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        let counter = if self.is_merge {
            &self.written.merged
        } else {
            &self.written.indexed
        };
        counter.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl TerminatingWrite for File {
    fn terminate_ref(&mut self, token: AntiCallToken) -> io::Result<()> {
        self.file.terminate_ref(token)
    }
}

impl Directory for Counting {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.files.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.files.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.files.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let file = self.files.open_write(path)?;
        if path
            .extension()
            .is_some_and(|extension| extension == DELETIONS)
        {
            return Ok(file);
        }
        let file = File::new(file, self.written());
        Ok(BufWriter::new(Box::new(file)))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.files.atomic_read(path)
    }

    // Lists of files, not contents: not counted.
    fn atomic_write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.files.atomic_write(path, bytes)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.files.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.files.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.files.watch(callback)
    }
}
