//! Where the time of a scenario went on both sides, and which frames made the difference.
//!
//! Data flow: [`normalise`] makes stacks of two builds comparable, [`bounded`] keeps a stored profile
//! small and [`alike`] both sides of a comparison, [`compare`] names the frames that grew, [`alone`] those
//! with most of the time.
//!
//! A share says little on its own: when one function gets slower, the share of all others falls. So a
//! frame is compared by its time per operation, `share x time of one operation`, and where that time is
//! not known, by what most frames of both sides have in common ([`Scale`]).

mod change;
mod hot;
mod normal;
mod runtime;
mod scale;
mod share;
mod time;

pub use change::{ProfileSide, compare};
pub use hot::alone;
pub use normal::{DEEP, OTHER, UNKNOWN, alike, bounded, has_owners, normalise};
pub use runtime::is_runtime;
pub use scale::Scale;
pub use time::time_per_operation;

#[cfg(test)]
mod tests;
