//! The verbs of `bench`, one file each.

mod args;
mod cache;
mod count;
mod counted;
mod env;
mod fit;
mod list;
mod prepare;
mod profile;
mod ready;
mod repetition;
mod run;
mod show;
mod verify;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use gate_schema::exit::ExitCode;

use crate::error::BenchError;
use crate::scenario::Scenario;
use crate::talk::say;
use crate::verb::Verb;
use args::{Cli, Verbs};

/// Parses a command line and dispatches. Usage errors leave through clap, with exit code 2.
pub(crate) fn dispatch(
    suite: &[&dyn Scenario],
    verbs: &[&dyn Verb],
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> ExitCode {
    let command = Cli::command().subcommands(verbs.iter().map(|verb| verb.command()));
    let matches = command.get_matches_from(arguments);
    let ended = match own(verbs, &matches) {
        Some((verb, arguments)) => verb
            .run(arguments)
            .map_err(BenchError::Verb)
            .and_then(|text| answer(&text)),
        None => run_verb(suite, &matches),
    };
    ended.unwrap_or_else(|error| {
        say(format_args!("error: {error}"));
        error.exit_code()
    })
}

/// The suite's verb that was called, if one was.
fn own<'v>(
    verbs: &[&'v dyn Verb],
    matches: &'v ArgMatches,
) -> Option<(&'v dyn Verb, &'v ArgMatches)> {
    let (name, arguments) = matches.subcommand()?;
    let verb = verbs
        .iter()
        .find(|verb| verb.command().get_name() == name)?;
    Some((*verb, arguments))
}

fn run_verb(suite: &[&dyn Scenario], matches: &ArgMatches) -> Result<ExitCode, BenchError> {
    let cli = Cli::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    match cli.verb {
        Verbs::List(args) => list::list(suite, &args),
        Verbs::Run(args) => run::run(suite, &args),
        Verbs::Verify(args) => verify::verify(suite, &args),
        Verbs::Layers(args) => show::show_layers(suite, &args),
        Verbs::Series(args) => show::show_series(&args),
        Verbs::Profile(args) => profile::profile(suite, &args),
        Verbs::Cache(args) => cache::cache(suite, &args),
        Verbs::Count(args) => count::count(suite, &args),
        Verbs::Env => env::env(),
        Verbs::Prepare(args) => prepare::prepare(suite, &args),
        Verbs::Counted(args) => counted::counted(suite, &args),
        Verbs::Repetition(args) => repetition::repetition(suite, &args),
    }
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
