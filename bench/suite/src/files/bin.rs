//! `fbin` and its kin: the shape once, then all rows.

use std::io::{self, Read, Write};

use super::scalar::{self, Scalar};
use super::{FileDefect, Opened, RowSource, Shape, dimensions};

/// Bytes of the shape.
const HEADER: u64 = 8;

pub(super) struct Bin {
    opened: Opened,
    scalar: Scalar,
    shape: Shape,
    buffer: Vec<u8>,
}

impl Bin {
    pub(super) fn open(mut opened: Opened, scalar: Scalar) -> Result<Self, FileDefect> {
        let shape = shape(&mut opened)?;
        let expected = HEADER + bytes(shape, scalar);
        if opened.bytes != expected {
            return Err(FileDefect::Length {
                found: opened.bytes,
                expected,
            });
        }
        Ok(Self {
            opened,
            scalar,
            shape,
            buffer: vec![0; shape.dimensions * scalar.bytes()],
        })
    }
}

impl RowSource for Bin {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn read(&mut self, row: &mut [f32]) -> Result<(), FileDefect> {
        self.opened.reader.read_exact(&mut self.buffer)?;
        self.scalar.decode(&self.buffer, row);
        Ok(())
    }
}

fn shape(opened: &mut Opened) -> Result<Shape, FileDefect> {
    if opened.bytes < HEADER {
        return Err(FileDefect::Length {
            found: opened.bytes,
            expected: HEADER,
        });
    }
    let mut number = || -> Result<u32, FileDefect> {
        let mut bytes = [0; 4];
        opened.reader.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    };
    let (rows, columns) = (number()?, number()?);
    Ok(Shape {
        rows: rows as usize,
        dimensions: dimensions(columns.into())?,
    })
}

/// Bytes of all rows. Two numbers of 32 bits and a size of 4 fit into 64 bits.
fn bytes(shape: Shape, scalar: Scalar) -> u64 {
    shape.rows as u64 * shape.dimensions as u64 * scalar.bytes() as u64
}

/// True neighbours: all ids, then, in some files, as many distances.
pub(super) fn read_ids(mut opened: Opened) -> Result<Vec<Vec<u32>>, FileDefect> {
    let shape = shape(&mut opened)?;
    let ids = bytes(shape, Scalar::I32);
    if opened.bytes != HEADER + ids && opened.bytes != HEADER + 2 * ids {
        return Err(FileDefect::Length {
            found: opened.bytes,
            expected: HEADER + ids,
        });
    }
    let mut row = vec![0; shape.dimensions * Scalar::I32.bytes()];
    (0..shape.rows)
        .map(|_| {
            opened.reader.read_exact(&mut row)?;
            scalar::ids(&row)
        })
        .collect()
}

/// Writes rows as `fbin`, so that other programs can search exactly these.
///
/// # Errors
/// Whatever the writer reports, and a shape that the format cannot hold.
pub fn write_fbin<'r>(
    out: &mut dyn Write,
    shape: Shape,
    rows: impl Iterator<Item = &'r [f32]>,
) -> io::Result<()> {
    write_shape(out, shape)?;
    for row in rows {
        let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// Writes true neighbours as `ibin`, ids only.
///
/// # Errors
/// Whatever the writer reports, and a shape that the format cannot hold.
pub fn write_ibin(out: &mut dyn Write, neighbours: &[Vec<u32>]) -> io::Result<()> {
    let shape = Shape {
        rows: neighbours.len(),
        dimensions: neighbours.first().map_or(0, Vec::len),
    };
    write_shape(out, shape)?;
    for ids in neighbours {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        out.write_all(&bytes)?;
    }
    Ok(())
}

fn write_shape(out: &mut dyn Write, shape: Shape) -> io::Result<()> {
    for number in [shape.rows, shape.dimensions] {
        let number = u32::try_from(number).map_err(io::Error::other)?;
        out.write_all(&number.to_le_bytes())?;
    }
    Ok(())
}
