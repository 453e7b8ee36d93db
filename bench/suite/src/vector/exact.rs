//! The exact comparison of many rows with many queries: a product of two matrices, and the nearest of
//! what comes out.

use super::truth::{NEIGHBOURS, Neighbour};

/// The inner products of every row of `a` with every row of `b`: as many rows as `a` has, as many
/// columns as `b` has rows.
///
/// # Panics
/// When the lengths do not fit each other.
pub(crate) fn multiply(a: &[f32], b: &[f32], dimensions: usize, products: &mut [f32]) {
    let (m, n) = (a.len() / dimensions, b.len() / dimensions);
    assert_eq!(a.len(), m * dimensions, "whole rows");
    assert_eq!(b.len(), n * dimensions, "whole rows");
    assert_eq!(products.len(), m * n, "one product per pair");
    let (row, column) = (dimensions as isize, n as isize);
    #[expect(unsafe_code, reason = "the library takes pointers and strides")]
    // SAFETY: with these strides `a` is read as m x dimensions, `b` transposed as dimensions x n, and
    // `products` is written as m x n; the assertions above say that the slices hold that many.
    unsafe {
        matrixmultiply::sgemm(
            m,
            dimensions,
            n,
            1.0,
            a.as_ptr(),
            row,
            1,
            b.as_ptr(),
            1,
            row,
            0.0,
            products.as_mut_ptr(),
            column,
            1,
        );
    }
}
/// The nearest so far, nearest first, equal distances by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nearest {
    pub(crate) sorted: Vec<Neighbour>,
}

impl Nearest {
    #[inline]
    pub(crate) fn offer(&mut self, offered: Neighbour) {
        let is_full = self.sorted.len() == NEIGHBOURS;
        if is_full
            && self
                .sorted
                .last()
                .is_some_and(|last| offered.distance > last.distance)
        {
            return;
        }
        // Rare: of a million rows about a thousand get this far.
        let at = self.sorted.partition_point(|other| {
            let order = other.distance.total_cmp(&offered.distance);
            order.then(other.key.cmp(&offered.key)).is_lt()
        });
        self.sorted.insert(at, offered);
        self.sorted.truncate(NEIGHBOURS);
    }
}
