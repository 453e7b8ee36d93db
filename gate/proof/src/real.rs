//! Real gates: the `gate` binary on this machine, with a known change in the candidate or none.
//!
//! Data flow: [`case`] says what is planted and which rows should fail; [`policy`] makes a policy
//! under which both sides run one and the same program; [`start`] runs one gate, with or without a
//! [`neighbour`]; [`read`] reduces what it left to a record, with the verdicts of [`rivals`] on the
//! same repetitions; [`record`] keeps the records of many gates and [`table`] writes them down.

pub mod case;
pub mod neighbour;
pub mod policy;
pub mod read;
pub mod record;
pub mod rivals;
pub mod start;
pub mod table;
