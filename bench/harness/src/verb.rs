//! Verbs of a suite beside those of the harness, for what only the suite can do.

use clap::{ArgMatches, Command};

use crate::scenario::Failure;

/// A verb, for example `bench tune vectors`.
pub trait Verb: Sync {
    /// Its name, other than those of the harness, and its arguments.
    fn command(&self) -> Command;

    /// Does it and returns the answer for stdout. Progress goes to stderr, see
    /// [`Context::phase`](crate::Context::phase).
    ///
    /// # Errors
    /// Whatever went wrong, in words for the person who called.
    fn run(&self, arguments: &ArgMatches) -> Result<String, Failure>;
}
