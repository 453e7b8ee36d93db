//! Numbers as files store them.

use super::FileDefect;

/// The type of a stored number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    F32,
    F16,
    U8,
    I8,
    I32,
}

impl Scalar {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::F16 => 2,
            Self::U8 | Self::I8 => 1,
        }
    }

    /// Decodes as many numbers as `row` has places.
    pub(super) fn decode(self, bytes: &[u8], row: &mut [f32]) {
        match self {
            Self::F32 => each(bytes, row, f32::from_le_bytes),
            Self::F16 => each(bytes, row, |bytes| half::f16::from_le_bytes(bytes).to_f32()),
            Self::U8 => each(bytes, row, |[byte]| f32::from(byte)),
            Self::I8 => each(bytes, row, |bytes| f32::from(i8::from_le_bytes(bytes))),
            Self::I32 => each(bytes, row, |bytes| i32::from_le_bytes(bytes) as f32),
        }
    }
}

fn each<const N: usize>(bytes: &[u8], row: &mut [f32], decode: impl Fn([u8; N]) -> f32) {
    for (place, bytes) in row.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *place = decode(*bytes);
    }
}

/// Decodes ids, which files store as signed numbers.
pub(super) fn ids(bytes: &[u8]) -> Result<Vec<u32>, FileDefect> {
    let numbers = bytes.as_chunks::<4>().0.iter();
    numbers
        .map(|bytes| {
            let number = i32::from_le_bytes(*bytes);
            u32::try_from(number).map_err(|_| FileDefect::Id(number.into()))
        })
        .collect()
}
