//! What is in a cache, for people who want their disk back.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::contents::{CONTENTS_FILE, RECIPE_FILE, sizes};
use super::hold::Alone;
use super::{LOCK, remove};

/// A prepared entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its directory: what it is of, and the digest of its recipe.
    pub key: String,
    /// Bytes of its files.
    pub bytes: u64,
    /// When a run last asked for it; `None` where the disk does not tell.
    pub used: Option<SystemTime>,
}

/// All entries of the cache at `root`, by key. None where there is no cache.
pub(super) fn entries(root: &Path) -> io::Result<Vec<Entry>> {
    let found = match fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let mut entries = Vec::new();
    for path in found {
        let path = path?.path();
        // Whatever else lies here is not ours.
        let is_entry = [RECIPE_FILE, CONTENTS_FILE]
            .iter()
            .all(|file| path.join(file).is_file());
        let key = path.file_name().and_then(|name| name.to_str());
        let Some(key) = key.filter(|_| is_entry) else {
            continue;
        };
        let lock = fs::metadata(root.join(format!("{key}{LOCK}")));
        entries.push(Entry {
            key: key.to_owned(),
            bytes: sizes(&path)?.iter().map(|file| file.bytes).sum(),
            used: lock.and_then(|lock| lock.modified()).ok(),
        });
    }
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(entries)
}

/// Removes the entries named `keys`, and what killed processes left. Returns whether nobody else used
/// the cache: else nothing is removed.
pub(super) fn prune(root: &Path, keys: &BTreeSet<String>) -> io::Result<bool> {
    let Some(alone) = Alone::at(root)? else {
        return Ok(false);
    };
    alone.clear(root)?;
    for key in keys {
        remove(&root.join(key))?;
        remove(&root.join(format!("{key}{LOCK}")))?;
    }
    Ok(true)
}
