//! `jsonl`: a vector per line.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;

use serde::Deserialize;

use super::{FileDefect, RowSource, Shape, dimensions};

pub(super) struct Jsonl {
    lines: Lines<BufReader<File>>,
    shape: Shape,
}

/// A line: the numbers alone, or in an object beside what does not concern us.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Bare(Vec<f32>),
    Named { vector: Vec<f32> },
}

impl Jsonl {
    /// Reads the file once to count: the format does not say how many rows there are.
    pub(super) fn open(path: &Path) -> Result<Self, FileDefect> {
        let lines = || -> Result<_, FileDefect> { Ok(BufReader::new(File::open(path)?).lines()) };
        let mut rows = 0;
        let mut columns = None;
        for line in lines()? {
            let line = line?;
            if rows == 0 {
                columns = Some(parse(&line)?.len());
            }
            rows += 1;
        }
        let columns = columns.ok_or(FileDefect::Empty)?;
        Ok(Self {
            lines: lines()?,
            shape: Shape {
                rows,
                dimensions: dimensions(columns as i64)?,
            },
        })
    }
}

impl RowSource for Jsonl {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn read(&mut self, row: &mut [f32]) -> Result<(), FileDefect> {
        let line = self.lines.next().ok_or(FileDefect::Empty)??;
        let numbers = parse(&line)?;
        if numbers.len() != row.len() {
            return Err(FileDefect::Mismatch {
                found: numbers.len(),
                expected: row.len(),
            });
        }
        row.copy_from_slice(&numbers);
        Ok(())
    }
}

fn parse(line: &str) -> Result<Vec<f32>, FileDefect> {
    let parsed = serde_json::from_str(line).map_err(|_| {
        FileDefect::Layout("not an array of numbers, nor an object with one under `vector`".into())
    });
    Ok(match parsed? {
        Line::Bare(vector) | Line::Named { vector } => vector,
    })
}
