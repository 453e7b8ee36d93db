//! The contract of gate: what crosses from a benchmark to a verdict, and from a verdict to a report.
//!
//! Data flow: a harness or importer builds a [`run::Run`]; `gate-core` reads two of them and a
//! [`policy::Policy`] and returns a [`report::Report`]; `gate-render` shows the report.
//!
//! This crate holds types, their constructors and their validation. It does no I/O, no statistics
//! and no formatting for people. Everything that enters passes [`run::Run::validate`], so the other
//! crates never meet a NaN, a negative duration or a duplicate id.

#![forbid(unsafe_code)]

pub mod bisect;
pub mod code;
pub mod defect;
pub mod exit;
pub mod hdr;
pub mod id;
pub mod noise;
pub mod policy;
pub mod profile;
pub mod quantity;
pub mod report;
pub mod run;
pub mod trend;
pub mod unit;
mod validate;
