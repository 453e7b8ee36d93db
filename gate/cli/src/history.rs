//! The history store: one immutable file per run, in a folder or on a git branch.
//!
//! A file is named by when its run was made and by the digest of its document, so that two writers never mean
//! the same name by different runs, and adding a run twice adds it once.

mod branch;
mod folder;

use std::path::{Path, PathBuf};

use gate_schema::code::Code;
use gate_schema::id::Digest;
use gate_schema::run::Run;
use tempfile::TempDir;

use crate::args;
use crate::diagnostic::{Diagnostic, Place};
use branch::Branch;

/// Hexadecimal digits of the digest in a name.
const DIGITS: usize = 16;

/// Where a history is.
pub(crate) enum Store {
    Folder(PathBuf),
    Branch(Branch),
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is there now, among so many.
    New(usize),
    /// It was there.
    Known,
    /// It is older than all that are kept: nothing was written.
    TooOld,
}

/// A run as it is stored.
pub(crate) struct Entry {
    name: String,
    text: String,
}

impl Entry {
    /// `text` is what is stored of `run`, whose document has `digest`.
    pub(crate) fn new(run: &Run, digest: &Digest, text: String) -> Self {
        let letters =
            |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).collect() };
        let digest = digest.as_str().rsplit(':').next().unwrap_or_default();
        let digest = &digest[..digest.len().min(DIGITS)];
        Self {
            name: format!("{}-{digest}.json", letters(&run.created)),
            text,
        }
    }
}

impl Store {
    pub(crate) fn new(arguments: &args::Store) -> Result<Self, Vec<Diagnostic>> {
        match arguments.history.strip_prefix("branch:") {
            Some(name) => Branch::new(name).map(Self::Branch),
            None => Ok(Self::Folder(PathBuf::from(&arguments.history))),
        }
    }

    /// Adds a run, and leaves out the oldest beyond `keep`.
    pub(crate) fn add(&self, entry: &Entry, keep: usize) -> Result<Added, Vec<Diagnostic>> {
        match self {
            Self::Folder(folder) => folder::add(folder, entry, keep),
            Self::Branch(branch) => branch.add(entry, keep),
        }
    }

    /// The files of its runs, oldest first. They are there as long as what comes with them.
    pub(crate) fn read(&self) -> Result<(Vec<PathBuf>, Option<TempDir>), Vec<Diagnostic>> {
        match self {
            Self::Folder(folder) => Ok((folder::list(folder)?, None)),
            Self::Branch(branch) => {
                let copy = branch.copy()?;
                Ok((folder::list(&branch::runs(&copy))?, Some(copy)))
            }
        }
    }
}

fn broken(message: impl Into<String>, place: &Path, hint: &str) -> Vec<Diagnostic> {
    let place = Place::File(place.to_owned());
    vec![Diagnostic::new(Code::History, message, place, hint)]
}
