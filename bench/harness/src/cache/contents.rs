//! What the files of an entry are: of each its digest, its size and its name.
//!
//! Names and sizes are compared on every use, which costs nothing. Digests are compared once per run,
//! which takes as long as reading all files does.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use gate_schema::id::Digest;
use sha2::{Digest as _, Sha256};

/// Holds the recipe of an entry.
pub(super) const RECIPE_FILE: &str = "recipe.txt";

/// Holds one line per file of an entry.
pub(super) const CONTENTS_FILE: &str = "contents.txt";

/// Bytes read at once.
const BLOCK: usize = 1 << 20;

/// A file of an entry and its size.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sized {
    /// Below the entry.
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// Writes down what is in `entry`.
pub(super) fn seal(entry: &Path) -> io::Result<()> {
    let lines: Vec<String> = sizes(entry)?
        .into_iter()
        .map(|Sized { name, bytes }| {
            let digest = digest(&entry.join(&name))?;
            Ok(format!("{digest} {bytes} {name}\n"))
        })
        .collect::<io::Result<_>>()?;
    fs::write(entry.join(CONTENTS_FILE), lines.concat())
}

/// Whether the names and sizes of the files are those that were written down.
pub(super) fn have_sizes(entry: &Path) -> bool {
    sealed(entry).is_some_and(|sealed| {
        let written: Vec<&Sized> = sealed.iter().map(|(_, sized)| sized).collect();
        sizes(entry).is_ok_and(|found| found.iter().eq(written))
    })
}

/// The first file that cannot be read or whose bytes are not those that were written down.
pub(super) fn damaged(entry: &Path) -> Option<String> {
    let Some(sealed) = sealed(entry) else {
        return Some(CONTENTS_FILE.to_owned());
    };
    let is_damaged = |(written, sized): &(String, Sized)| {
        !digest(&entry.join(&sized.name)).is_ok_and(|found| found.as_str() == written)
    };
    let first = sealed.into_iter().find(is_damaged);
    first.map(|(_, sized)| sized.name)
}

/// All files below `entry` but the two that describe it, by name.
pub(super) fn sizes(entry: &Path) -> io::Result<Vec<Sized>> {
    let mut found = Vec::new();
    let mut directories: Vec<PathBuf> = vec![entry.to_owned()];
    while let Some(directory) = directories.pop() {
        for file in fs::read_dir(&directory)? {
            let path = file?.path();
            let metadata = fs::metadata(&path)?;
            let shown = path.strip_prefix(entry).unwrap_or(&path);
            let name = shown.display().to_string();
            if metadata.is_dir() {
                directories.push(path);
            } else if name != RECIPE_FILE && name != CONTENTS_FILE {
                let bytes = metadata.len();
                found.push(Sized { name, bytes });
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What was written down: digests and files. `None` when there is nothing, or no sense in it.
fn sealed(entry: &Path) -> Option<Vec<(String, Sized)>> {
    let text = fs::read_to_string(entry.join(CONTENTS_FILE)).ok()?;
    let line = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let (digest, bytes, name) = (parts.next()?, parts.next()?, parts.next()?);
        let sized = Sized {
            name: name.to_owned(),
            bytes: bytes.parse().ok()?,
        };
        Some((digest.to_owned(), sized))
    };
    text.lines().map(line).collect()
}

fn digest(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(Digest::from_bytes(&hasher.finalize().into())),
            read => hasher.update(&block[..read]),
        }
    }
}
