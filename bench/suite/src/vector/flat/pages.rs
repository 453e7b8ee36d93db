//! Memory for large arrays: aligned to the lines that memory moves, in huge pages where the system
//! gives them to those who ask.
//!
//! A search jumps between rows that are anywhere in hundreds of megabytes. With pages of 4 kB the
//! processor must look most of them up in memory first, which doubles what a jump costs.

use std::ops::{Deref, DerefMut};

/// Bytes that memory moves at once.
const LINE: usize = 64;

/// A vector of fixed length that starts on a line.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    cells: Vec<T>,
    /// Cells before the first line.
    before: usize,
}

impl<T: Copy> Pages<T> {
    /// `length` cells of `value`.
    pub(crate) fn filled(length: usize, value: T) -> Self {
        let mut cells: Vec<T> = Vec::with_capacity(length + LINE / size_of::<T>());
        let before = cells.as_ptr().align_offset(LINE);
        // Asked for before the memory is first written to, which is when it gets its pages.
        ask_for_huge_pages(cells.spare_capacity_mut());
        cells.resize(before + length, value);
        Self { cells, before }
    }

    /// The cells of an iterator that knows its length.
    pub(crate) fn collect(mut values: impl ExactSizeIterator<Item = T>) -> Self
    where
        T: Default,
    {
        let mut pages = Self::filled(values.len(), T::default());
        pages
            .iter_mut()
            .zip(&mut values)
            .for_each(|(cell, value)| *cell = value);
        pages
    }
}

impl<T> Deref for Pages<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.cells[self.before..]
    }
}

impl<T> DerefMut for Pages<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.cells[self.before..]
    }
}

/// Asks; a system that has none, or does not want to, changes nothing.
#[cfg(target_os = "linux")]
fn ask_for_huge_pages<T>(cells: &mut [T]) {
    use rustix::mm::{Advice, madvise};

    let range = cells.as_mut_ptr_range();
    let page = rustix::param::page_size();
    let skipped = range.start.cast::<u8>().align_offset(page);
    let bytes = (size_of_val(cells).saturating_sub(skipped)) / page * page;
    if bytes == 0 {
        return;
    }
    #[expect(unsafe_code, reason = "the call takes a pointer")]
    // SAFETY: the range is whole pages within the slice, and this advice changes no content.
    let _ = unsafe {
        let start = range.start.cast::<u8>().add(skipped);
        madvise(start.cast(), bytes, Advice::LinuxHugepage)
    };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages<T>(_: &mut [T]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_start_on_a_line_and_keep_their_values() {
        for length in [0_u32, 1, 100, 3_000_000] {
            let pages = Pages::collect((0..length as usize).map(|at| at as u32));
            assert_eq!(pages.as_ptr().align_offset(LINE), 0, "{length}");
            assert!(pages.iter().copied().eq(0..length), "{length}");
        }
        assert_eq!(Pages::filled(1_000, -7_i8)[..], [-7; 1_000]);
    }
}
