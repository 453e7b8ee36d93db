//! Where a row stands in a file.

use std::fmt;
use std::ops::Range;

/// What a file is read in.
pub(super) const PAGE: u64 = 4_096;

/// How rows are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One behind the other.
    Packed,
    /// No row is in more pages than it must be: as many whole rows to a page as fit, or the first page of a
    /// row for itself where none does.
    Aligned,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Packed => "packed",
            Self::Aligned => "aligned",
        })
    }
}

impl Layout {
    /// The bytes of the row `key`, where each has `row_bytes`.
    pub(super) fn bytes(self, key: u64, row_bytes: u64) -> Range<u64> {
        let per_page = PAGE / row_bytes.max(1);
        let start = match self {
            Self::Packed => key * row_bytes,
            Self::Aligned if per_page == 0 => key * row_bytes.next_multiple_of(PAGE),
            Self::Aligned => key / per_page * PAGE + key % per_page * row_bytes,
        };
        start..start + row_bytes
    }

    /// The numbers of the pages that the row `key` is in.
    pub(super) fn pages(self, key: u64, row_bytes: u64) -> Range<u64> {
        let bytes = self.bytes(key, row_bytes);
        bytes.start / PAGE..bytes.end.div_ceil(PAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_by_hand() {
        use Layout::{Aligned, Packed};
        for (layout, row_bytes, key, bytes, pages) in [
            (Packed, 1_536, 0, 0..1_536, 0..1),
            (Packed, 1_536, 2, 3_072..4_608, 0..2),
            (Packed, 1_536, 7, 10_752..12_288, 2..3),
            (Aligned, 1_536, 1, 1_536..3_072, 0..1),
            (Aligned, 1_536, 2, 4_096..5_632, 1..2),
            (Aligned, 1_536, 7, 13_824..15_360, 3..4),
            (Aligned, 4_096, 3, 12_288..16_384, 3..4),
            (Packed, 6_144, 1, 6_144..12_288, 1..3),
            (Aligned, 6_144, 1, 8_192..14_336, 2..4),
        ] {
            let place = format!("{layout} {row_bytes} {key}");
            assert_eq!(layout.bytes(key, row_bytes), bytes, "{place}");
            assert_eq!(layout.pages(key, row_bytes), pages, "{place}");
        }
    }

    #[test]
    fn rows_never_share_a_byte_and_aligned_ones_never_an_edge() {
        for row_bytes in [12, 512, 1_536, 4_096, 6_144] {
            for layout in [Layout::Packed, Layout::Aligned] {
                for key in 0..50 {
                    let (this, next) = (
                        layout.bytes(key, row_bytes),
                        layout.bytes(key + 1, row_bytes),
                    );
                    assert!(this.end <= next.start, "{layout} {row_bytes} {key}");
                    let pages = layout.pages(key, row_bytes);
                    if layout == Layout::Aligned {
                        assert_eq!(pages.end - pages.start, row_bytes.div_ceil(PAGE));
                    }
                }
            }
        }
    }
}
