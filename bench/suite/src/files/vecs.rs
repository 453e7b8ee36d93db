//! `fvecs`, `bvecs`, `ivecs`: every row says its dimensions again.

use std::io::{Read, Seek};

use super::scalar::{self, Scalar};
use super::{FileDefect, Opened, RowSource, Shape, dimensions};

pub(super) struct Vecs {
    opened: Opened,
    scalar: Scalar,
    shape: Shape,
    buffer: Vec<u8>,
}

impl Vecs {
    pub(super) fn open(mut opened: Opened, scalar: Scalar) -> Result<Self, FileDefect> {
        if opened.bytes == 0 {
            return Err(FileDefect::Empty);
        }
        let dimensions = dimensions(number(&mut opened)?.into())?;
        opened.reader.rewind()?;
        let row = (4 + dimensions * scalar.bytes()) as u64;
        let rows = opened.bytes / row;
        if rows * row != opened.bytes {
            return Err(FileDefect::Length {
                found: opened.bytes,
                expected: (rows + 1) * row,
            });
        }
        Ok(Self {
            opened,
            scalar,
            shape: Shape {
                rows: rows as usize,
                dimensions,
            },
            buffer: vec![0; dimensions * scalar.bytes()],
        })
    }

    /// The bytes of the next row, behind its dimensions.
    fn bytes(&mut self) -> Result<&[u8], FileDefect> {
        let found = dimensions(number(&mut self.opened)?.into())?;
        if found != self.shape.dimensions {
            return Err(FileDefect::Mismatch {
                found,
                expected: self.shape.dimensions,
            });
        }
        self.opened.reader.read_exact(&mut self.buffer)?;
        Ok(&self.buffer)
    }
}

impl RowSource for Vecs {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn read(&mut self, row: &mut [f32]) -> Result<(), FileDefect> {
        let scalar = self.scalar;
        scalar.decode(self.bytes()?, row);
        Ok(())
    }
}

fn number(opened: &mut Opened) -> Result<i32, FileDefect> {
    let mut bytes = [0; 4];
    opened.reader.read_exact(&mut bytes)?;
    Ok(i32::from_le_bytes(bytes))
}

pub(super) fn read_ids(opened: Opened) -> Result<Vec<Vec<u32>>, FileDefect> {
    let mut vecs = Vecs::open(opened, Scalar::I32)?;
    (0..vecs.shape.rows)
        .map(|_| scalar::ids(vecs.bytes()?))
        .collect()
}
