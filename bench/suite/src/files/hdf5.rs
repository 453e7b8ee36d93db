//! `hdf5`: one dataset of a file, as ann-benchmarks publishes them.

use std::path::Path;

use hdf5_reader::{Dataset, Hdf5File, SliceInfo, SliceInfoElem};

use super::{FileDefect, RowSource, Shape, dimensions};

/// Rows read at once: a few megabytes.
const BLOCK: usize = 1_024;

pub(super) struct Hdf5 {
    dataset: Dataset,
    shape: Shape,
    /// The rows from `first` on.
    block: Vec<f32>,
    next: usize,
}

impl Hdf5 {
    pub(super) fn open(path: &Path, dataset: &str) -> Result<Self, FileDefect> {
        // Missing files read as such, and not as a foreign layout.
        let found = std::fs::metadata(path)?.len();
        let file = Hdf5File::open(path).map_err(layout)?;
        // Rows may be compressed, so their shape says nothing about the length; the head does. What
        // follows the end is allowed by the format.
        let expected = file.superblock().eof_address;
        if found < expected {
            return Err(FileDefect::Length { found, expected });
        }
        let dataset = file.dataset(dataset).map_err(layout)?;
        let &[rows, columns] = dataset.shape() else {
            let axes = dataset.shape().len();
            return Err(FileDefect::Layout(format!(
                "a dataset of {axes} dimensions, must be rows of numbers"
            )));
        };
        let shape = Shape {
            rows: usize::try_from(rows).unwrap_or(usize::MAX),
            dimensions: dimensions(i64::try_from(columns).unwrap_or(i64::MAX))?,
        };
        Ok(Self {
            dataset,
            shape,
            block: Vec::new(),
            next: 0,
        })
    }

    fn load(&mut self) -> Result<(), FileDefect> {
        let end = self.shape.rows.min(self.next + BLOCK);
        let axis = |start: usize, end: usize| SliceInfoElem::Slice {
            start: start as u64,
            end: end as u64,
            step: 1,
        };
        let selection = SliceInfo {
            selections: vec![axis(self.next, end), axis(0, self.shape.dimensions)],
        };
        let rows = self.dataset.read_slice::<f32>(&selection).map_err(layout)?;
        self.block = rows.into_iter().collect();
        Ok(())
    }
}

impl RowSource for Hdf5 {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn read(&mut self, row: &mut [f32]) -> Result<(), FileDefect> {
        let within = self.next % BLOCK;
        if within == 0 {
            self.load()?;
        }
        let start = within * row.len();
        let numbers = self.block.get(start..start + row.len());
        row.copy_from_slice(numbers.ok_or(FileDefect::Empty)?);
        self.next += 1;
        Ok(())
    }
}

fn layout(error: hdf5_reader::error::Error) -> FileDefect {
    FileDefect::Layout(error.to_string())
}
