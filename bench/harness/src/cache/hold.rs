//! Who uses a cache, and what those left behind who were killed.
//!
//! Every process that uses a cache holds it, together with all others that do. Whoever is alone can
//! tell that nobody works on what is unfinished.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::{LOCK, SCRATCH, UNFINISHED, is_key, remove};
use crate::talk::say;

/// Locked by all who use the cache.
const IN_USE: &str = "in-use.lock";

/// As long as it lives, nobody clears the cache.
#[derive(Debug)]
pub struct Hold {
    _locked: Locked,
}

/// As long as it lives, nobody else uses the cache.
#[derive(Debug)]
pub(super) struct Alone {
    _locked: Locked,
}

/// Unlocks by itself: a process that is just being started has a copy of every open file, which keeps a
/// lock that is only closed.
#[derive(Debug)]
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // The system unlocks at the latest when the process ends.
        let _ = self.0.unlock();
    }
}

impl Alone {
    /// `None` when somebody uses the cache at `root`.
    pub(super) fn at(root: &Path) -> io::Result<Option<Self>> {
        let file = open(root)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self {
                _locked: Locked(file),
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Removes what killed processes left: unfinished entries and the files of single repetitions. Whatever else lies
    /// there is not ours, whoever named a folder of other things as the cache.
    pub(super) fn clear(&self, root: &Path) -> io::Result<()> {
        for entry in fs::read_dir(root)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name else { continue };
            let is_left = match name.strip_suffix(UNFINISHED).filter(|key| is_key(key)) {
                // A program that does not know of holding still locks what it builds.
                Some(key) => is_free(&root.join(format!("{key}{LOCK}")))?,
                None => name.starts_with(SCRATCH.0) && name.ends_with(SCRATCH.1),
            };
            if is_left && path.is_dir() {
                say(format_args!(
                    "removing {name}, left by a process that was killed"
                ));
                remove(&path)?;
            }
        }
        Ok(())
    }
}

/// Holds the cache at `root`, after clearing it if nobody else does.
pub(super) fn hold(root: &Path) -> io::Result<Hold> {
    if let Some(alone) = Alone::at(root)? {
        alone.clear(root)?;
    }
    // Whoever comes in between finds nothing that is ours.
    let file = open(root)?;
    file.lock_shared()?;
    Ok(Hold {
        _locked: Locked(file),
    })
}

fn open(root: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(root.join(IN_USE))
}

fn is_free(lock: &Path) -> io::Result<bool> {
    match File::open(lock) {
        Ok(file) => match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}
