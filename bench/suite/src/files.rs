//! Files of real vectors: the formats that public data sets come in.
//!
//! | Ending | Layout, all little endian |
//! |---|---|
//! | `fvecs` `bvecs` `ivecs` | per row: i32 dimensions, then that many f32, u8 or i32 |
//! | `fbin` `hbin` `u8bin` `i8bin` `ibin` | u32 rows, u32 dimensions, then all rows of f32, f16, u8, i8 or i32 |
//! | `npy` | a two-dimensional array in C order |
//! | `jsonl` | per line an array of numbers, or an object with one under `vector` |
//! | `hdf5` | a two-dimensional dataset, by name (`train` and `test` in ann-benchmarks), with the feature `hdf5` |
//!
//! Rows are read one after the other in bounded memory. What an engine would answer with nonsense is
//! refused here, with the row it is in: NaN, infinity, a row of other dimensions, a file that ends
//! early or goes on after its end (HDF5 files may: their format allows it).

mod bin;
mod error;
#[cfg(feature = "hdf5")]
mod hdf5;
mod jsonl;
mod npy;
mod scalar;
mod vecs;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

pub use bin::{write_fbin, write_ibin};
pub use error::{FileDefect, FileError};

/// Most dimensions of a row. More is a file of another format.
pub const MAX_DIMENSIONS: usize = 65_536;

/// Rows and dimensions of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Number of rows.
    pub rows: usize,
    /// Numbers per row.
    pub dimensions: usize,
}

/// Gives one row after the other.
trait RowSource {
    fn shape(&self) -> Shape;

    /// Reads the next row, which exists, into a slice of the right length.
    fn read(&mut self, row: &mut [f32]) -> Result<(), FileDefect>;
}

/// A file of vectors, read from the first row to the last.
pub struct VectorFile {
    path: PathBuf,
    source: Box<dyn RowSource>,
    shape: Shape,
    next: usize,
}

impl std::fmt::Debug for VectorFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VectorFile")
            .field("path", &self.path)
            .field("shape", &self.shape)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl VectorFile {
    /// Opens a file by its ending. `dataset` names the one to read where a file holds several.
    ///
    /// # Errors
    /// A file that cannot be read, of an unknown format, or whose length is not what its shape says.
    pub fn open(path: &Path, dataset: Option<&str>) -> Result<Self, FileError> {
        let failed = |defect| FileError::new(path, None, defect);
        let source = source(path, dataset).map_err(failed)?;
        let shape = source.shape();
        if shape.rows == 0 {
            return Err(failed(FileDefect::Empty));
        }
        Ok(Self {
            path: path.to_owned(),
            source,
            shape,
            next: 0,
        })
    }

    /// How many rows of how many dimensions there are.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Reads the next row; false after the last.
    ///
    /// # Errors
    /// A row that cannot be read, or holds a number that is none.
    ///
    /// # Panics
    /// When `row` does not have as many places as the file has dimensions.
    pub fn read(&mut self, row: &mut [f32]) -> Result<bool, FileError> {
        assert_eq!(row.len(), self.shape.dimensions, "a place per dimension");
        if self.next == self.shape.rows {
            return Ok(false);
        }
        let read = self.source.read(row).and_then(|()| {
            match row.iter().position(|value| !value.is_finite()) {
                Some(at) => Err(FileDefect::NotFinite(at)),
                None => Ok(()),
            }
        });
        read.map_err(|defect| FileError::new(&self.path, Some(self.next), defect))?;
        self.next += 1;
        Ok(true)
    }
}

/// Reads a file of true neighbours, `ivecs` or `ibin`: for every query the ids, nearest first.
///
/// # Errors
/// See [`FileError`]; a negative id is none.
pub fn read_ids(path: &Path) -> Result<Vec<Vec<u32>>, FileError> {
    let failed = |defect| FileError::new(path, None, defect);
    match ending(path) {
        "ivecs" => vecs::read_ids(open(path).map_err(failed)?),
        "ibin" => bin::read_ids(open(path).map_err(failed)?),
        _ => Err(FileDefect::Format),
    }
    .map_err(failed)
}

fn source(path: &Path, dataset: Option<&str>) -> Result<Box<dyn RowSource>, FileDefect> {
    use scalar::Scalar::{F16, F32, I8, I32, U8};
    Ok(match ending(path) {
        "fvecs" => Box::new(vecs::Vecs::open(open(path)?, F32)?),
        "bvecs" => Box::new(vecs::Vecs::open(open(path)?, U8)?),
        "ivecs" => Box::new(vecs::Vecs::open(open(path)?, I32)?),
        "fbin" => Box::new(bin::Bin::open(open(path)?, F32)?),
        "hbin" => Box::new(bin::Bin::open(open(path)?, F16)?),
        "u8bin" => Box::new(bin::Bin::open(open(path)?, U8)?),
        "i8bin" => Box::new(bin::Bin::open(open(path)?, I8)?),
        "ibin" => Box::new(bin::Bin::open(open(path)?, I32)?),
        "npy" => npy::open(open(path)?)?,
        "jsonl" => Box::new(jsonl::Jsonl::open(path)?),
        #[cfg(feature = "hdf5")]
        "hdf5" | "h5" => Box::new(hdf5::Hdf5::open(path, dataset.unwrap_or("train"))?),
        _ => {
            let _ = dataset;
            return Err(FileDefect::Format);
        }
    })
}

fn ending(path: &Path) -> &str {
    path.extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default()
}

/// An opened file and its length in bytes.
struct Opened {
    reader: BufReader<File>,
    bytes: u64,
}

fn open(path: &Path) -> Result<Opened, FileDefect> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    Ok(Opened {
        reader: BufReader::with_capacity(1 << 20, file),
        bytes,
    })
}

/// Refuses impossible dimensions.
fn dimensions(number: i64) -> Result<usize, FileDefect> {
    usize::try_from(number)
        .ok()
        .filter(|number| (1..=MAX_DIMENSIONS).contains(number))
        .ok_or(FileDefect::Dimensions(number))
}

#[cfg(test)]
mod tests;
