//! The cache of prepared files: one directory per preparation recipe.
//!
//! An entry is built in a directory of its own and renamed into place when it is complete, so an
//! interrupted build leaves none. It is not synced: after a power loss delete the cache. Its recipe and the sizes of its files are stored inside and compared
//! on every use, because a cache that lies is worse than none.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::recipe::Recipe;
use crate::scenario::Failure;
use crate::talk::say;

/// Holds the recipe of an entry.
const RECIPE_FILE: &str = "recipe.txt";

/// Holds the names and sizes of the files of an entry.
const CONTENTS_FILE: &str = "contents.txt";

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
        Self::at(std::env::var_os("BENCH_CACHE").unwrap_or_else(|| "target/bench-cache".into()))
    }

    /// Where the cache is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The entry of a recipe that was prepared earlier.
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
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| CacheError::Io { path, source }
        };
        fs::create_dir_all(&self.root).map_err(failed(&self.root))?;
        // Held until the end of this function.
        let _lock =
            lock(&self.root.join(format!("{key}.lock")), name).map_err(failed(&self.root))?;
        if is_sound(&entry, recipe) {
            return Ok(entry);
        }
        if entry.exists() {
            say(format_args!(
                "{name}: the prepared files do not match their recipe; building them again"
            ));
            fs::remove_dir_all(&entry).map_err(failed(&entry))?;
        }
        // The lock makes the name ours, so what is there was left by a process that was killed.
        let unfinished = self.root.join(format!("{key}.unfinished"));
        remove_if_present(&unfinished).map_err(failed(&unfinished))?;
        fs::create_dir(&unfinished).map_err(failed(&unfinished))?;
        if let Err(source) = build(&unfinished) {
            remove_if_present(&unfinished).map_err(failed(&unfinished))?;
            return Err(CacheError::Prepare {
                name: name.to_owned(),
                source,
            });
        }
        seal(&unfinished, recipe).map_err(failed(&unfinished))?;
        fs::rename(&unfinished, &entry).map_err(failed(&entry))?;
        Ok(entry)
    }
}

fn key(name: &str, recipe: &Recipe) -> String {
    let digest = recipe.digest();
    let hex = digest.as_str().trim_start_matches("sha256:");
    format!("{}-{}", name.replace('/', "-"), &hex[..KEY_DIGITS])
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
    Ok(file)
}

fn remove_if_present(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes what [`is_sound`] will compare.
fn seal(entry: &Path, recipe: &Recipe) -> io::Result<()> {
    fs::write(entry.join(CONTENTS_FILE), contents(entry)?)?;
    fs::write(entry.join(RECIPE_FILE), recipe.to_string())
}

/// Whether the entry was made by this recipe and its files still have their sizes.
fn is_sound(entry: &Path, recipe: &Recipe) -> bool {
    let stored = |file| fs::read_to_string(entry.join(file)).ok();
    stored(RECIPE_FILE).is_some_and(|text| text == recipe.to_string())
        && stored(CONTENTS_FILE)
            .is_some_and(|text| contents(entry).is_ok_and(|found| found == text))
}

/// One line per file below `entry`, with its size: enough to notice a file cut short, and cheap
/// enough for every repetition.
fn contents(entry: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    let mut directories = vec![entry.to_owned()];
    while let Some(directory) = directories.pop() {
        for file in fs::read_dir(&directory)? {
            let path = file?.path();
            let metadata = fs::metadata(&path)?;
            let shown = path
                .strip_prefix(entry)
                .unwrap_or(&path)
                .display()
                .to_string();
            if metadata.is_dir() {
                directories.push(path);
            } else if shown != RECIPE_FILE && shown != CONTENTS_FILE {
                lines.push(format!("{shown} {}\n", metadata.len()));
            }
        }
    }
    lines.sort();
    Ok(lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for the entry of `recipe`; true when that built it.
    fn built(cache: &Cache, recipe: &Recipe) -> bool {
        let mut built = false;
        let entry = cache.ensure("a/b", recipe, |directory| {
            built = true;
            Ok(fs::write(directory.join("file"), "prepared")?)
        });
        assert_eq!(
            fs::read_to_string(entry.expect("is provided").join("file")).expect("is there"),
            "prepared"
        );
        built
    }

    #[test]
    fn an_entry_is_built_once_per_recipe() {
        let root = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(root.path().join("new/cache"));
        let recipe = Recipe::new("one");
        assert!(built(&cache, &recipe));
        assert!(!built(&cache, &recipe));
        assert!(built(&cache, &recipe.with("seed", 2)));
    }

    #[test]
    fn a_damaged_entry_is_built_again() {
        let root = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(root.path());
        let recipe = Recipe::new("one");
        assert!(built(&cache, &recipe));
        for (file, text) in [
            (RECIPE_FILE, "another"),
            (CONTENTS_FILE, ""),
            ("file", "cut"),
            ("extra", ""),
        ] {
            let entry = cache.prepared("a/b", &recipe).expect("is prepared");
            fs::write(entry.join(file), text).expect("is writable");
            assert!(
                matches!(
                    cache.prepared("a/b", &recipe),
                    Err(CacheError::Unprepared { .. })
                ),
                "{file}"
            );
            assert!(built(&cache, &recipe), "{file}");
        }
    }

    #[test]
    fn a_failed_or_killed_build_leaves_no_entry() {
        let root = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(root.path());
        let recipe = Recipe::new("one");
        let failed = cache.ensure("a/b", &recipe, |_| Err("no space".into()));
        assert_eq!(
            failed.expect_err("fails").to_string(),
            "cannot prepare a/b: no space"
        );
        assert!(cache.prepared("a/b", &recipe).is_err());
        let leftover = root
            .path()
            .join(format!("{}.unfinished", key("a/b", &recipe)));
        fs::create_dir(&leftover).expect("a directory");
        fs::write(leftover.join("half"), "a file").expect("is writable");
        assert!(built(&cache, &recipe));
    }
}
