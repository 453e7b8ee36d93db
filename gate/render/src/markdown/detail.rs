//! What is left out of a report, in which order, until it fits.

use crate::failure::QUOTED_LINES;

/// What is shown besides the outcome.
pub(super) struct Detail {
    /// Rows in the table, worst first.
    pub(super) rows: usize,
    pub(super) passing: bool,
    pub(super) incomparable: bool,
    pub(super) environment: bool,
    /// Warnings, waivers and fields that differ, of each so many; one rule with a typo is worth a line,
    /// a thousand are not.
    pub(super) lines: usize,
    /// Lines for failed scenarios that ended alike, besides the first ones.
    pub(super) failures: usize,
    /// Lines of the stderr of the first failed scenarios.
    pub(super) stderr: usize,
    pub(super) hotspots: bool,
    /// Rows from the top whose cause is shown.
    pub(super) causes: usize,
}

/// Everything.
const ALL: Detail = Detail {
    rows: usize::MAX,
    passing: true,
    incomparable: true,
    environment: true,
    lines: 100,
    failures: 10,
    stderr: QUOTED_LINES,
    hotspots: true,
    causes: 100,
};

/// Every row that needs a reader, and what failed.
const ROWS: Detail = Detail {
    passing: false,
    incomparable: false,
    ..ALL
};

/// The steps from everything to the least, most expendable first.
pub(super) const LADDER: [Detail; 6] = [
    ALL,
    Detail {
        incomparable: true,
        ..ROWS
    },
    ROWS,
    Detail {
        environment: false,
        lines: 20,
        hotspots: false,
        causes: 20,
        ..ROWS
    },
    Detail {
        rows: 50,
        environment: false,
        lines: 20,
        failures: 5,
        stderr: 3,
        hotspots: false,
        causes: 10,
        ..ROWS
    },
    Detail {
        rows: 0,
        environment: false,
        lines: 3,
        failures: 0,
        stderr: 0,
        hotspots: false,
        causes: 0,
        ..ROWS
    },
];
