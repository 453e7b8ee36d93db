//! Measures scenarios: one repetition is one fresh process; writes the run document.
//!
//! A suite implements [`Scenario`] and [`Subject`] and hands its scenarios to [`main`]. The map, in
//! the order of the flow:
//!
//! | Step | Modules |
//! |---|---|
//! | what a suite writes | [`scenario`], [`artifact`], [`traffic`], [`tier`], [`layer`], [`needs`], [`recipe`], [`context`] |
//! | preparing, untimed and cached | [`mod@prepare`], [`cache`] |
//! | one repetition, in its own process | [`repetition`], [`mod@measure`], [`recorder`], [`conditions`], [`memory`], [`processor`], [`ballast`] |
//! | many repetitions | [`selection`], [`plant`], [`child`], [`session`] |
//! | where the time goes, untimed | [`mod@profile`] |
//! | instructions of an operation, untimed | `count` |
//! | one workload at several sizes | [`scaled`], [`growth`] |
//! | what is watched meanwhile | [`watch`], [`slope`], `timeline`, `resources` |
//! | what a document tells | [`mod@layers`], [`mod@series`] |
//! | the document | [`mod@source`], [`mod@environment`], [`document`], [`emit`] |
//!
//! Invariants: who measures does not know thresholds, so nothing here depends on `gate-core`; the
//! timed loop neither allocates nor does I/O; a value that could not be measured is absent, never
//! zero; stdout carries the answer and stderr the talk.

pub mod artifact;
pub mod ballast;
pub mod cache;
pub mod child;
mod cli;
pub mod conditions;
pub mod context;
mod count;
pub mod document;
pub mod emit;
pub mod environment;
mod error;
mod extra_work;
#[cfg(test)]
mod fake;
mod fitting;
mod group;
pub mod growth;
mod interrupt;
pub mod layer;
pub mod layers;
pub mod measure;
pub mod memory;
pub mod needs;
pub mod plant;
pub mod prepare;
pub mod processor;
pub mod profile;
pub mod recipe;
pub mod recorder;
pub mod repetition;
mod resources;
pub mod scaled;
pub mod scenario;
pub mod selection;
pub mod series;
pub mod session;
pub mod slope;
pub mod source;
mod tail;
mod talk;
pub mod tier;
mod timeline;
pub mod traffic;
mod verb;
pub mod watch;
mod workloads;

use std::ffi::OsString;
use std::process::ExitCode;

pub use artifact::Artifact;
// Verbs of a suite describe their arguments with it.
pub use clap;
pub use context::Context;
pub use layer::Layer;
pub use needs::Needs;
pub use recipe::Recipe;
pub use scaled::Scaled;
pub use scenario::{Background, Failure, Scenario, Service, Subject, WrongAnswer};
pub use talk::Phase;
pub use tier::Tier;
pub use traffic::{Arrivals, Traffic};
pub use verb::Verb;
pub use workloads::workloads;

/// What a suite needs of the document's contract, so that it does not depend on `gate-schema`.
pub mod schema {
    pub use gate_schema::defect::Defect;
    pub use gate_schema::id::{MetricName, Name};
    pub use gate_schema::run::{
        Check, Curve, DeclaredMetric, Environment, Kind, Measured, MetricValue, Param, Proportion,
        Run, Series,
    };
    pub use gate_schema::unit::{Direction, Unit};
}

/// The whole `bench` program for the scenarios of `suite`.
#[must_use]
pub fn main(suite: &[&dyn Scenario]) -> ExitCode {
    main_with(suite, &[], std::env::args_os())
}

/// The same with verbs of the suite's own, and with any command line; the first argument is the name
/// of the program.
#[must_use]
pub fn main_with(
    suite: &[&dyn Scenario],
    verbs: &[&dyn Verb],
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> ExitCode {
    cli::dispatch(suite, verbs, arguments).into()
}

/// `docs/scenario.md`, whose example is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/scenario.md")]
struct ScenarioPage;
