//! Measuring two builds in turn: what `gate check` and `gate calibrate` share.
//!
//! [`commands`] starts the project's own commands, [`arm`] puts their documents together into one run
//! per build, [`sessions`] decides who is measured next, [`judge`] judges, [`kept`] keeps the runs, and [`progress`]
//! says how long it takes.

pub(crate) mod arm;
mod choice;
pub(crate) mod commands;
pub(crate) mod judge;
pub(crate) mod kept;
pub(crate) mod progress;
pub(crate) mod runs;
pub(crate) mod sessions;
