//! A saved index that belongs to this process alone, so that its pages can be dropped without taking
//! them from others.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;

use bench_harness::cache::scratch_beside;
use bench_harness::scenario::{integer, name};
use bench_harness::schema::{Name, Param};
use bench_harness::{Context, Failure, Tier, WrongAnswer};
use tempfile::TempDir;
use usearch::Index;

use crate::random::SEED;
use crate::vector::index::{EXPANSION_SEARCH, IndexFiles};
use crate::vector::rows::{DIMENSIONS, Rows};

/// Neighbours that are asked for.
pub(super) const K: usize = 10;

/// Queries whose answers are compared.
const COMPARED: usize = 200;

/// The index that is saved: a hundred thousand vectors on the larger tiers, because what is learnt
/// is proportional to their number and a gigabyte per repetition would fill the page cache.
pub(super) fn files(tier: Tier) -> IndexFiles {
    IndexFiles::over(Rows {
        items: tier.items().min(Tier::Pr.items()),
        dimensions: DIMENSIONS,
    })
}

/// What fixes the workload.
pub(super) fn params(tier: Tier) -> BTreeMap<Name, Param> {
    BTreeMap::from([
        (name("items"), integer(files(tier).rows.items)),
        (name("dims"), integer(DIMENSIONS)),
        (name("k"), integer(K)),
        (name("seed"), integer(SEED as usize)),
    ])
}

/// A saved index. The file goes away with it.
#[derive(Debug)]
pub(super) struct Saved {
    path: PathBuf,
    /// Where the file is.
    _directory: TempDir,
    files: IndexFiles,
}

impl Saved {
    /// Saves the prepared index once more, beside the cache and thus on its disk. Returns the index
    /// too.
    ///
    /// # Errors
    /// Whatever the engine or the disk reports.
    pub(super) fn create(context: &Context) -> Result<(Self, Index), Failure> {
        let files = files(context.tier());
        let index = files.load(context, EXPANSION_SEARCH)?;
        let prepared = context.prepared(&files)?;
        let directory = scratch_beside(&prepared)?;
        let saved = Self {
            path: directory.path().join("index.usearch"),
            _directory: directory,
            files,
        };
        saved.save(&index)?;
        Ok((saved, index))
    }

    /// Saves `index` over what is there.
    ///
    /// # Errors
    /// Whatever the engine reports.
    pub(super) fn save(&self, index: &Index) -> Result<(), Failure> {
        Ok(index.save(&self.path.to_string_lossy())?)
    }

    /// Loads it into memory.
    ///
    /// # Errors
    /// Whatever the engine reports.
    pub(super) fn load(&self) -> Result<Index, Failure> {
        self.opened(|index, path| Ok(index.load(path)?))
    }

    /// Maps it: what is read is read from the file.
    ///
    /// # Errors
    /// Whatever the engine reports.
    pub(super) fn view(&self) -> Result<Index, Failure> {
        self.opened(|index, path| Ok(index.view(path)?))
    }

    fn opened(
        &self,
        open: impl FnOnce(&Index, &str) -> Result<(), Failure>,
    ) -> Result<Index, Failure> {
        let index = self.files.empty()?;
        open(&index, &self.path.to_string_lossy())?;
        index.change_expansion_search(EXPANSION_SEARCH);
        Ok(index)
    }

    /// Bytes of the file.
    ///
    /// # Errors
    /// Whatever the disk reports.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        Ok(self.path.metadata()?.len())
    }

    /// What the system reads from the file's disk at once when a page of a mapped file is missing. `None`
    /// where it does not tell.
    #[cfg(target_os = "linux")]
    pub(super) fn read_ahead_bytes(&self) -> Option<u64> {
        use std::os::unix::fs::MetadataExt;

        use rustix::fs::{major, minor};

        let disk = self.path.metadata().ok()?.dev();
        let (major, minor) = (major(disk), minor(disk));
        let path = format!("/sys/class/bdi/{major}:{minor}/read_ahead_kb");
        let kibibytes: u64 = std::fs::read_to_string(path).ok()?.trim().parse().ok()?;
        Some(kibibytes << 10)
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn read_ahead_bytes(&self) -> Option<u64> {
        None
    }

    /// Makes the system forget the file's pages, so that the next read comes from the disk. Only
    /// works while nobody has it mapped, and not for files in memory.
    ///
    /// # Errors
    /// Whatever the disk reports.
    pub(super) fn drop_pages(&self) -> io::Result<()> {
        let file = File::open(&self.path)?;
        // Pages that are not on the disk yet cannot be dropped.
        file.sync_all()?;
        forget_pages(&file)
    }
}

/// Makes the system forget the pages of a file that are on the disk and that nobody has mapped.
///
/// # Errors
/// Whatever the system reports.
#[cfg(target_os = "linux")]
pub(in crate::vector) fn forget_pages(file: &File) -> io::Result<()> {
    use rustix::fs::{Advice, fadvise};

    Ok(fadvise(file, 0, None, Advice::DontNeed)?)
}

/// Not possible here.
#[cfg(not(target_os = "linux"))]
pub(in crate::vector) fn forget_pages(_: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether two indexes give the same answers, to the last bit: the same graph is walked over the same
/// scalars.
///
/// # Errors
/// The first answer that differs.
pub(super) fn compare(
    queries: &[Vec<f32>],
    found: &Index,
    expected: &Index,
) -> Result<(), WrongAnswer> {
    let answer = |index: &Index, query: &[f32]| {
        let matches = index.search(query, K).map_err(|error| error.to_string())?;
        let bits: Vec<u32> = matches.distances.iter().map(|d| d.to_bits()).collect();
        Ok::<_, String>((matches.keys, bits))
    };
    for (number, query) in queries.iter().take(COMPARED).enumerate() {
        let (found, expected) = (answer(found, query), answer(expected, query));
        if found != expected || found.is_err() {
            return Err(WrongAnswer {
                place: format!("query {number}"),
                found: format!("{found:?}"),
                expected: format!("{expected:?} of the index that was saved"),
            });
        }
    }
    Ok(())
}
