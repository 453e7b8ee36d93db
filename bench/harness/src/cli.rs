//! The verbs of `bench`, one file each.

mod args;
mod env;
mod list;
mod prepare;
mod repetition;
mod run;
mod verify;

use std::io::{self, Write};

use clap::Parser;
use gate_schema::exit::ExitCode;

use crate::error::BenchError;
use crate::scenario::Scenario;
use crate::talk::say;
use args::{Cli, Verb};

/// Parses the command line and dispatches. Usage errors leave through clap, with exit code 2.
pub(crate) fn dispatch(suite: &[&dyn Scenario]) -> ExitCode {
    let ended = match Cli::parse().verb {
        Verb::List(args) => list::list(suite, &args),
        Verb::Run(args) => run::run(suite, &args),
        Verb::Verify(args) => verify::verify(suite, &args),
        Verb::Env => env::env(),
        Verb::Prepare(args) => prepare::prepare(suite, &args),
        Verb::Repetition(args) => repetition::repetition(suite, &args),
    };
    ended.unwrap_or_else(|error| {
        say(format_args!("error: {error}"));
        error.exit_code()
    })
}

/// Writes an answer to stdout. A reader that has seen enough and hung up is not an error.
fn answer(text: &str) -> Result<ExitCode, BenchError> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(BenchError::Stdout(error)),
        _ => Ok(ExitCode::Pass),
    }
}
