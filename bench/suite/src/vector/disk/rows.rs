//! A file of rows.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use bench_harness::{Artifact, Context, Failure, Needs, Recipe};

use super::layout::Layout;
use crate::vector::rows::{Generator, Rows};
use crate::vector::save::forget_pages;

/// Rows made and written per second, at the least.
const ROWS_PER_SECOND: f64 = 50_000.0;

const FILE: &str = "rows.f32";

/// The first rows of the generator as a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowsFiles {
    pub(super) rows: Rows,
    pub(super) layout: Layout,
}

impl RowsFiles {
    fn row_bytes(&self) -> u64 {
        (self.rows.dimensions * size_of::<f32>()) as u64
    }

    fn file_bytes(&self) -> u64 {
        let last = self.rows.items.saturating_sub(1) as u64;
        self.layout.bytes(last, self.row_bytes()).end
    }

    /// Opens the prepared file.
    pub(super) fn open(&self, context: &Context) -> Result<RowFile, Failure> {
        let file = File::open(context.prepared(self)?.join(FILE))?;
        Ok(RowFile {
            file,
            layout: self.layout,
            row_bytes: self.row_bytes(),
        })
    }
}

impl Artifact for RowsFiles {
    fn name(&self) -> String {
        "vector/rows".into()
    }

    fn recipe(&self) -> Recipe {
        Recipe::new("rows of f32 in a file")
            .with_recipe("input", &self.rows.recipe())
            .with("layout", self.layout)
            .with_code("rows.rs", include_str!("rows.rs"))
            .with_code("layout.rs", include_str!("layout.rs"))
            .with_code("generator", include_str!("../rows.rs"))
    }

    fn needs(&self) -> Needs {
        Needs::memory(1 << 20)
            .with_disk(self.file_bytes())
            .with_seconds(self.rows.items as f64 / ROWS_PER_SECOND)
    }

    fn build(&self, context: &Context, directory: &Path) -> Result<(), Failure> {
        let progress = context.phase("writing the rows", self.rows.items);
        let generator = Generator::new(self.rows.dimensions);
        let mut file = BufWriter::new(File::create(directory.join(FILE))?);
        let mut row = vec![0.0; self.rows.dimensions];
        let mut written = 0;
        for key in 0..self.rows.items as u64 {
            let bytes = self.layout.bytes(key, self.row_bytes());
            for _ in written..bytes.start {
                file.write_all(&[0])?;
            }
            generator.fill(key, &mut row);
            for scalar in &row {
                file.write_all(&scalar.to_le_bytes())?;
            }
            written = bytes.end;
            progress.advance(1);
        }
        let file = file.into_inner().map_err(|error| error.into_error())?;
        file.sync_all()?;
        Ok(())
    }
}

/// An open file of rows, which any number of threads may read.
#[derive(Debug)]
pub(super) struct RowFile {
    file: File,
    pub(super) layout: Layout,
    pub(super) row_bytes: u64,
}

impl RowFile {
    /// Bytes of the file.
    ///
    /// # Errors
    /// Whatever the disk reports.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Reads all of it once, so that it is in the page cache.
    ///
    /// # Errors
    /// Whatever the disk reports.
    pub(super) fn warm_up(&self) -> io::Result<()> {
        io::copy(&mut &self.file, &mut io::sink()).map(drop)
    }

    /// Tells the system that rows are read in no order, so that what stands behind one is not read with it.
    ///
    /// # Errors
    /// Whatever the system reports.
    pub(super) fn expect_no_order(&self) -> io::Result<()> {
        no_order(&self.file)
    }

    /// Makes the system forget the file, so that the next read comes from the disk. Not possible for files
    /// in memory.
    ///
    /// # Errors
    /// Whatever the system reports.
    pub(super) fn forget(&self) -> io::Result<()> {
        forget_pages(&self.file)
    }

    /// Reads the row `key` into a buffer of as many bytes.
    ///
    /// # Errors
    /// Whatever the disk reports.
    pub(super) fn read(&self, key: u32, row: &mut [u8]) -> io::Result<()> {
        let bytes = self.layout.bytes(u64::from(key), self.row_bytes);
        read_at(&self.file, row, bytes.start)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(not(unix))]
fn read_at(_: &File, _: &mut [u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
fn no_order(file: &File) -> io::Result<()> {
    use rustix::fs::{Advice, fadvise};

    Ok(fadvise(file, 0, None, Advice::Random)?)
}

#[cfg(not(target_os = "linux"))]
fn no_order(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use bench_harness::Tier;
    use bench_harness::cache::Cache;

    use super::*;

    #[test]
    fn every_row_is_read_as_it_was_made() {
        let directory = tempfile::tempdir().expect("a directory");
        let context = Context::new(Tier::Tiny, &Cache::at(directory.path()));
        // Rows that fit a page several times, do not divide it, or are longer.
        for dimensions in [3, 384, 1_536] {
            for layout in [Layout::Packed, Layout::Aligned] {
                let rows = Rows {
                    items: 50,
                    dimensions,
                };
                let files = RowsFiles { rows, layout };
                files.build(&context, directory.path()).expect("builds");
                let file = RowFile {
                    file: File::open(directory.path().join(FILE)).expect("is there"),
                    layout,
                    row_bytes: files.row_bytes(),
                };
                assert_eq!(file.bytes().expect("is there"), files.file_bytes());
                file.warm_up().expect("reads");
                let generator = Generator::new(dimensions);
                let mut row = vec![0; 4 * dimensions];
                for key in 0..50 {
                    file.read(key, &mut row).expect("reads");
                    let expected = generator.row(u64::from(key));
                    let expected: Vec<u8> = expected
                        .iter()
                        .flat_map(|scalar| scalar.to_le_bytes())
                        .collect();
                    assert_eq!(row, expected, "{layout} {dimensions} {key}");
                }
                assert!(file.read(50, &mut row).is_err(), "is behind the end");
            }
        }
    }
}
