//! What can be wrong with a file of vectors.

use std::io;
use std::path::{Path, PathBuf};

use super::MAX_DIMENSIONS;

/// A file that cannot be used, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {defect}", path.display(), place(row))]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// The row, from 0, where the defect is in one.
    pub row: Option<usize>,
    /// What is wrong.
    #[source]
    pub defect: FileDefect,
}

impl FileError {
    pub(super) fn new(path: &Path, row: Option<usize>, defect: FileDefect) -> Self {
        Self {
            path: path.to_owned(),
            row,
            defect,
        }
    }
}

fn place(row: &Option<usize>) -> String {
    row.map_or_else(String::new, |row| format!(", row {row}"))
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileDefect {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its ending is none of ours.
    #[error(
        "unknown format\n  hint: the ending says which: fvecs, bvecs, ivecs, fbin, hbin, u8bin, \
         i8bin, ibin, npy, jsonl, hdf5 (built with --features hdf5)"
    )]
    Format,
    /// It holds no row.
    #[error("there is no row")]
    Empty,
    /// Dimensions that no row has.
    #[error(
        "{0} dimensions, must be 1 to {MAX_DIMENSIONS}\n  hint: is the ending that of its format?"
    )]
    Dimensions(i64),
    /// Dimensions that other rows do not have.
    #[error("{found} dimensions, the rows before have {expected}")]
    Mismatch {
        /// What this row has.
        found: usize,
        /// What the first row has.
        expected: usize,
    },
    /// Not as long as its shape says.
    #[error(
        "{found} bytes long, its shape says {expected}\n  hint: it was cut off, or is of another format"
    )]
    Length {
        /// Bytes there are.
        found: u64,
        /// Bytes there should be.
        expected: u64,
    },
    /// NaN or infinity, at this dimension.
    #[error("dimension {0} is not a finite number")]
    NotFinite(usize),
    /// An id of a neighbour that is none.
    #[error("{0} is not an id")]
    Id(i64),
    /// A layout that its format allows and we do not read.
    #[error("{0}")]
    Layout(String),
}
