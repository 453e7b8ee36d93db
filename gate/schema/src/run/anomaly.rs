//! What was unusual while a repetition was measured.

use serde::{Deserialize, Serialize};

/// Something unusual that happened while a repetition was measured. It explains a figure, or why there is
/// none, and makes nothing pass or fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Anomaly {
    /// What it was.
    pub kind: AnomalyKind,
    /// The same with its figures, in the words of the program that measured.
    pub said: String,
}

/// What can be unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum AnomalyKind {
    /// The hypervisor gave the processors' time to others.
    Stolen,
    /// The system took the processor away from the process.
    Interrupted,
    /// Pages had to be read from disk.
    Paged,
    /// Operations at the end took another time than those at the beginning.
    NotSteady,
    /// Work beside the measured operations fell behind its rate.
    Behind,
    /// The clock was set back. Times it made negative are left out, and what lacks them is undecided.
    ClockStepped,
    /// The clock is too coarse. Times that it read as zero are left out, and what lacks them is undecided.
    ClockCoarse,
    /// Something, of whomever, waited for a processor, for memory or for a disk.
    Pressed,
    /// The memory was nearly all taken.
    MemoryFull,
    /// A disk was hardly ever idle.
    DiskBusy,
    /// A link of the network carried nearly all that it can.
    NetworkBusy,
    /// Something else.
    Other,
}
