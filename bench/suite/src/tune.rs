//! The verb `bench tune`: tries settings of an engine on prepared data and says which to use.

use std::path::PathBuf;

use bench_harness::cache::Cache;
use bench_harness::clap::{Arg, ArgMatches, Command, value_parser};
use bench_harness::{Context, Failure, Tier, Verb};

use crate::{text, vector};

/// `bench tune vectors` and `bench tune text`.
#[derive(Debug)]
pub struct Tune;

impl Verb for Tune {
    fn command(&self) -> Command {
        Command::new("tune")
            .about("Tries settings of an engine and says which to use")
            .long_about(
                "Tries settings of an engine and says which to use.\n\n\
                 Prepared files are cached, the indexes of the grid among them, so that a call after an \
                 interrupted one builds none of them twice; what was measured is measured again. Of \
                 your own vectors nothing is cached. The machine should have nothing else to do.",
            )
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand(with_setup(vector::tune::command("vectors")))
            .subcommand(with_setup(
                Command::new("text").about("Tries merge policies of the text index"),
            ))
    }

    fn run(&self, arguments: &ArgMatches) -> Result<String, Failure> {
        let (area, arguments) = arguments.subcommand().ok_or("what is to be tuned?")?;
        let tier = *arguments.get_one::<Tier>("tier").ok_or("which tier?")?;
        let cache = arguments
            .get_one::<PathBuf>("cache")
            .map_or_else(Cache::from_environment, Cache::at);
        let _hold = cache.hold()?;
        match area {
            "vectors" => vector::tune::run(&Context::new(tier, &cache), &cache, arguments),
            _ => text::tune(tier, &cache),
        }
    }
}

/// The arguments that every area has.
fn with_setup(command: Command) -> Command {
    command
        .arg(
            Arg::new("tier")
                .long("tier")
                .value_parser(value_parser!(Tier))
                .default_value("pr")
                .help("Size class"),
        )
        .arg(
            Arg::new("cache")
                .long("cache")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help(
                    "Directory of prepared files [default: $BENCH_CACHE, else target/bench-cache]",
                ),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Tune.command().debug_assert();
    }
}
