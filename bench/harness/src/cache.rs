//! The cache of prepared files: one directory per preparation recipe.
//!
//! An entry is built in a directory of its own and renamed into place when it is complete, so an
//! interrupted build leaves none. Its recipe and the sizes of its files are stored inside and compared
//! on every use, their digests once per run, because a cache that lies is worse than none: whatever
//! does not match is built again.
//!
//! | What | Module |
//! |---|---|
//! | files of an entry, their sizes and digests | `contents` |
//! | who uses the cache, and what killed processes left | `hold` |
//! | what is there, and taking it away | `entries` |

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;

use crate::recipe::Recipe;
use crate::scenario::Failure;
use crate::talk::say;

mod contents;
mod entries;
mod hold;

use contents::RECIPE_FILE;
pub use entries::Entry;
pub use hold::Hold;

/// Ends the name of the file that is locked while an entry is built, and says when it was last used.
const LOCK: &str = ".lock";

/// Ends the name of an entry that is being built.
const UNFINISHED: &str = ".unfinished";

/// Begins and ends the name of a directory that belongs to one repetition.
const SCRATCH: (&str, &str) = (".tmp", ".scratch");

/// Hexadecimal digits of the recipe's digest in a directory name: 64 bits, no accidental clash.
const KEY_DIGITS: usize = 16;

/// Why an entry could not be provided.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The disk refused.
    #[error("cannot use the cache at {}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The scenario could not be prepared.
    #[error("cannot prepare {name}: {source}")]
    Prepare {
        /// The entry.
        name: String,
        /// Why.
        source: Failure,
    },
    /// Somebody uses what should be removed.
    #[error("{} is in use\n  hint: wait until the runs that use it have ended", path.display())]
    InUse {
        /// The cache.
        path: PathBuf,
    },
    /// The entry should have been prepared earlier and is not there.
    #[error("{name} is not prepared, or its files were damaged")]
    Unprepared {
        /// The entry.
        name: String,
    },
}

/// A directory of prepared entries.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// A cache at `root`, which is created when first needed.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The cache that `BENCH_CACHE` names, else `target/bench-cache` under the current directory.
    #[must_use]
    pub fn from_environment() -> Self {
        // Empty is how a shell says that it is not set.
        let named = std::env::var_os("BENCH_CACHE").filter(|path| !path.is_empty());
        Self::at(named.unwrap_or_else(|| "target/bench-cache".into()))
    }

    /// Where the cache is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Keeps the cache from being cleared by others while what is returned lives. Whoever is first
    /// removes what killed processes left.
    ///
    /// # Errors
    /// [`CacheError::Io`].
    pub fn hold(&self) -> Result<Hold, CacheError> {
        fs::create_dir_all(&self.root)
            .and_then(|()| hold::hold(&self.root))
            .map_err(|source| self.failed(source))
    }

    /// All entries, by key.
    ///
    /// # Errors
    /// [`CacheError::Io`].
    pub fn entries(&self) -> Result<Vec<Entry>, CacheError> {
        entries::entries(&self.root).map_err(|source| self.failed(source))
    }

    /// Removes the entries named `keys`, and what killed processes left.
    ///
    /// # Errors
    /// [`CacheError::InUse`], then nothing is removed.
    pub fn prune(&self, keys: &BTreeSet<String>) -> Result<(), CacheError> {
        match entries::prune(&self.root, keys) {
            Ok(true) => Ok(()),
            Ok(false) => Err(CacheError::InUse {
                path: self.root.clone(),
            }),
            Err(source) => Err(self.failed(source)),
        }
    }

    /// The entry of a recipe that was prepared earlier. Its bytes are not read, see [`Cache::audit`].
    ///
    /// # Errors
    /// [`CacheError::Unprepared`] when it was not, or no longer matches.
    pub fn prepared(&self, name: &str, recipe: &Recipe) -> Result<PathBuf, CacheError> {
        let entry = self.root.join(key(name, recipe));
        if is_sound(&entry, recipe) {
            Ok(entry)
        } else {
            Err(CacheError::Unprepared {
                name: name.to_owned(),
            })
        }
    }

    /// Reads all bytes of the entry of a recipe, if it is there, and removes it when they are not those
    /// that were built, so that [`Cache::ensure`] builds it again.
    ///
    /// # Errors
    /// [`CacheError::Io`].
    pub fn audit(&self, name: &str, recipe: &Recipe) -> Result<(), CacheError> {
        let key = key(name, recipe);
        let entry = self.root.join(&key);
        if !is_sound(&entry, recipe) {
            return Ok(());
        }
        let _lock = self.lock(&key, name)?;
        let Some(file) = contents::damaged(&entry) else {
            return Ok(());
        };
        say(format_args!(
            "{name}: {file} was damaged after it was prepared; building it again"
        ));
        remove(&entry).map_err(failed(&entry))
    }

    /// The entry of a recipe, built by `build` unless it is there already.
    ///
    /// Only one process builds an entry at a time; the others wait and use what it built.
    ///
    /// # Errors
    /// See [`CacheError`]. A failed build leaves no entry.
    pub fn ensure(
        &self,
        name: &str,
        recipe: &Recipe,
        build: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<PathBuf, CacheError> {
        let key = key(name, recipe);
        let entry = self.root.join(&key);
        fs::create_dir_all(&self.root).map_err(failed(&self.root))?;
        // Held until the end of this function.
        let _lock = self.lock(&key, name)?;
        if is_sound(&entry, recipe) {
            return Ok(entry);
        }
        if entry.exists() {
            say(format_args!(
                "{name}: the prepared files do not match their recipe; building them again"
            ));
            remove(&entry).map_err(failed(&entry))?;
        }
        // The lock makes the name ours, so what is there was left by a process that was killed.
        let unfinished = self.root.join(format!("{key}{UNFINISHED}"));
        remove(&unfinished).map_err(failed(&unfinished))?;
        fs::create_dir(&unfinished).map_err(failed(&unfinished))?;
        if let Err(source) = build(&unfinished) {
            remove(&unfinished).map_err(failed(&unfinished))?;
            return Err(CacheError::Prepare {
                name: name.to_owned(),
                source,
            });
        }
        seal(&unfinished, recipe).map_err(failed(&unfinished))?;
        fs::rename(&unfinished, &entry).map_err(failed(&entry))?;
        Ok(entry)
    }

    /// Locks an entry until what is returned is dropped, and notes that it was used.
    fn lock(&self, key: &str, name: &str) -> Result<File, CacheError> {
        let path = self.root.join(format!("{key}{LOCK}"));
        lock(&path, name).map_err(failed(&path))
    }

    fn failed(&self, source: io::Error) -> CacheError {
        failed(&self.root)(source)
    }
}

/// A new directory beside a prepared entry, on the same disk, for the files of one repetition. It goes
/// away with what is returned, or, when the process is killed, before the next run.
///
/// # Errors
/// Whatever the disk reports.
pub fn scratch_beside(prepared: &Path) -> io::Result<TempDir> {
    let root = prepared.parent().unwrap_or(prepared);
    let (start, end) = SCRATCH;
    let mut named = tempfile::Builder::new();
    named.prefix(start).suffix(end).tempdir_in(root)
}

/// The name of the entry of a recipe.
pub(crate) fn key(name: &str, recipe: &Recipe) -> String {
    let digest = recipe.digest();
    let hex = digest.as_str().trim_start_matches("sha256:");
    format!("{}-{}", name.replace('/', "-"), &hex[..KEY_DIGITS])
}

/// Whether [`key`] gives such names.
fn is_key(name: &str) -> bool {
    let digits = name.rsplit_once('-').map(|(_, digits)| digits);
    digits.is_some_and(|digits| {
        digits.len() == KEY_DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> CacheError {
    let path = path.to_owned();
    |source| CacheError::Io { path, source }
}

fn lock(path: &Path, name: &str) -> io::Result<File> {
    let file = File::create(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            say(format_args!(
                "{name}: waiting for another process that prepares the same files"
            ));
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    file.set_modified(SystemTime::now())?;
    Ok(file)
}

/// Removes a file or a directory with all that is in it, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes what [`is_sound`] and [`Cache::audit`] will compare.
fn seal(entry: &Path, recipe: &Recipe) -> io::Result<()> {
    contents::seal(entry)?;
    fs::write(entry.join(RECIPE_FILE), recipe.to_string())
}

/// Whether the entry was made by this recipe and its files still have their sizes.
fn is_sound(entry: &Path, recipe: &Recipe) -> bool {
    fs::read_to_string(entry.join(RECIPE_FILE)).is_ok_and(|text| text == recipe.to_string())
        && contents::have_sizes(entry)
}

#[cfg(test)]
mod tests;
