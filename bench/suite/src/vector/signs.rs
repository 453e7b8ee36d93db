//! What a row of single bits is made of.

use usearch::b1x8;

/// The signs of a row, one bit each, eight to a byte. The engine does not make them itself.
pub(crate) fn signs(row: &[f32]) -> Vec<b1x8> {
    let byte = |scalars: &[f32]| {
        let bits = scalars.iter().enumerate();
        bits.fold(0, |byte, (at, scalar)| {
            byte | (u8::from(*scalar > 0.0) << at)
        })
    };
    row.chunks(8).map(|scalars| b1x8(byte(scalars))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_packed_lowest_bit_first() {
        let row = [1.0, -1.0, 0.5, 0.0, -0.5, 2.0, -2.0, 3.0, -1.0, 1.0];
        let packed: Vec<u8> = signs(&row).iter().map(|byte| byte.0).collect();
        assert_eq!(packed, [0b1010_0101, 0b10]);
    }
}
