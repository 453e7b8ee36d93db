//! `npy`: an array as NumPy saves it.

use std::fs::File;
use std::io::{BufReader, Seek};

use npyz::{Deserialize, NpyFile, NpyHeader, NpyReader, Order};

use super::{FileDefect, Opened, RowSource, Shape, dimensions};

/// Rows of numbers of one type.
struct Npy<T: Deserialize> {
    numbers: NpyReader<T, BufReader<File>>,
    shape: Shape,
    widen: fn(T) -> f32,
}

pub(super) fn open(mut opened: Opened) -> Result<Box<dyn RowSource>, FileDefect> {
    let header = NpyHeader::from_reader(&mut opened.reader)?;
    let head = opened.reader.stream_position()?;
    let file = NpyFile::with_header(header, opened.reader);
    let &[rows, columns] = file.shape() else {
        let axes = file.shape().len();
        return Err(FileDefect::Layout(format!(
            "an array of {axes} dimensions, must be rows of numbers"
        )));
    };
    if file.order() != Order::C {
        return Err(FileDefect::Layout(
            "column after column\n  hint: save numpy.ascontiguousarray(vectors)".into(),
        ));
    }
    let shape = Shape {
        rows: usize::try_from(rows).unwrap_or(usize::MAX),
        dimensions: dimensions(i64::try_from(columns).unwrap_or(i64::MAX))?,
    };
    if let Some(bytes) = file.dtype().num_bytes() {
        let numbers = rows.saturating_mul(columns);
        let expected = numbers.saturating_mul(bytes as u64).saturating_add(head);
        if opened.bytes != expected {
            return Err(FileDefect::Length {
                found: opened.bytes,
                expected,
            });
        }
    }
    // In the order in which data sets use them; each attempt gives the file back.
    let file = match typed::<f32>(file, shape, |number| number) {
        Ok(source) => return Ok(source),
        Err(file) => file,
    };
    let file = match typed::<f64>(*file, shape, |number| number as f32) {
        Ok(source) => return Ok(source),
        Err(file) => file,
    };
    let file = match typed::<u8>(*file, shape, f32::from) {
        Ok(source) => return Ok(source),
        Err(file) => file,
    };
    match typed::<i8>(*file, shape, f32::from) {
        Ok(source) => Ok(source),
        Err(file) => Err(FileDefect::Layout(format!(
            "numbers of type {}, must be float32, float64, uint8 or int8",
            file.dtype().descr()
        ))),
    }
}

fn typed<T: Deserialize + 'static>(
    file: NpyFile<BufReader<File>>,
    shape: Shape,
    widen: fn(T) -> f32,
) -> Result<Box<dyn RowSource>, Box<NpyFile<BufReader<File>>>> {
    let numbers = file.try_data::<T>().map_err(Box::new)?;
    Ok(Box::new(Npy {
        numbers,
        shape,
        widen,
    }))
}

impl<T: Deserialize> RowSource for Npy<T> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn read(&mut self, row: &mut [f32]) -> Result<(), FileDefect> {
        for place in row {
            let number = self.numbers.next().ok_or(FileDefect::Empty)??;
            *place = (self.widen)(number);
        }
        Ok(())
    }
}
