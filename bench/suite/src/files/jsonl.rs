//! `jsonl`: a vector per line. Blank lines are no rows.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;

use super::{FileDefect, RowSource, Shape, dimensions};

/// Bytes of a line, at most: the most dimensions with all their digits, and as much again beside them.
const MAX_LINE: usize = 4 << 20;

pub(super) struct Jsonl {
    lines: Lines,
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
        let mut lines = Lines::open(path)?;
        let mut rows = 0;
        let mut columns = None;
        while lines.advance()? {
            if rows == 0 {
                columns = Some(lines.parse()?.len());
            }
            rows += 1;
        }
        let columns = columns.ok_or(FileDefect::Empty)?;
        Ok(Self {
            lines: Lines::open(path)?,
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
        if !self.lines.advance()? {
            return Err(FileDefect::Empty);
        }
        let numbers = self.lines.parse()?;
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

/// One line after the other, in bounded memory.
struct Lines {
    reader: BufReader<File>,
    line: Vec<u8>,
    /// Of the line, from 1.
    number: usize,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, FileDefect> {
        Ok(Self {
            reader: BufReader::new(File::open(path)?),
            line: Vec::new(),
            number: 0,
        })
    }

    /// Goes to the next line that is not blank; false after the last.
    fn advance(&mut self) -> Result<bool, FileDefect> {
        loop {
            self.line.clear();
            let mut limited = self.reader.by_ref().take(MAX_LINE as u64 + 1);
            if limited.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(false);
            }
            self.number += 1;
            if self.line.len() > MAX_LINE {
                return Err(self.wrong("longer than 4 MiB"));
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn parse(&self) -> Result<Vec<f32>, FileDefect> {
        match serde_json::from_slice(&self.line) {
            Ok(Line::Bare(vector) | Line::Named { vector }) => Ok(vector),
            Err(_) => {
                Err(self.wrong("not an array of numbers, nor an object with one under `vector`"))
            }
        }
    }

    fn wrong(&self, why: &str) -> FileDefect {
        FileDefect::Layout(format!("line {} is {why}", self.number))
    }
}
