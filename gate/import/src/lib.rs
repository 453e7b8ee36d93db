//! Bytes of other benchmark tools into a run document. Pure.
//!
//! Data flow: the command line finds and reads the files of the other tool, knows the commit, the
//! machine and the time, and passes all of it in; [`criterion::to_run`] and [`flat::to_run`] return
//! a [`gate_schema::run::Run`] that passes [`gate_schema::run::Run::validate`]. [`profile::read`] takes
//! the bytes of a profile and returns its stacks.
//!
//! This crate must not touch files, the network or the clock, and decides nothing: a benchmark that
//! one repetition lacks stays visible as partly measured.

#![forbid(unsafe_code)]

mod assemble;
pub mod criterion;
mod error;
pub mod flat;
mod json;
pub mod profile;

pub use assemble::Origin;
pub use error::{Fault, ImportError};
