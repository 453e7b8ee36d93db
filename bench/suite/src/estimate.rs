//! The verb `bench estimate`: what an index takes, before it is built.
//!
//! | Step | Module |
//! |---|---|
//! | numbers such as `10M` | `count` |
//! | the formulas, those that scenarios state their needs by | `vector::footprint` |
//! | what fits and what would | `answer` |
//! | a real index beside its estimate | `measured` |

use std::path::Path;

use bench_harness::clap::builder::PossibleValuesParser;
use bench_harness::clap::{Arg, ArgMatches, Command, value_parser};
use bench_harness::needs::Available;
use bench_harness::{Failure, Verb};
use usearch::ScalarKind;

use crate::files::MAX_DIMENSIONS;
use crate::vector::footprint::Footprint;
use crate::vector::kinds::kind_name;

mod answer;
mod count;
mod measured;

pub(crate) use answer::alternatives;
use count::Count;

/// Kinds of scalars, widest first.
const KINDS: [ScalarKind; 5] = [
    ScalarKind::F32,
    ScalarKind::F16,
    ScalarKind::BF16,
    ScalarKind::I8,
    ScalarKind::B1,
];

/// `bench estimate`.
#[derive(Debug)]
pub struct Estimate;

impl Verb for Estimate {
    fn command(&self) -> Command {
        Command::new("estimate")
            .about("Says what a vector index takes: memory, disk, and whether this machine has it")
            .long_about(
                "Says what a vector index takes: memory, disk, and whether this machine has it.\n\n\
                 Rows, graph, keys and reserve are those of usearch, by the formulas that scenarios \
                 state their needs by. --measure builds a smaller index and compares.",
            )
            .arg(
                Arg::new("vectors")
                    .long("vectors")
                    .value_name("N")
                    .required(true)
                    .value_parser(str::parse::<Count>)
                    .help("Number of vectors: 250000, 10M, 1B"),
            )
            .arg(
                Arg::new("dim")
                    .long("dim")
                    .value_name("N")
                    .required(true)
                    .value_parser(value_parser!(u32).range(1..=MAX_DIMENSIONS as i64))
                    .help("Dimensions of each"),
            )
            .arg(
                Arg::new("quantization")
                    .long("quantization")
                    .value_name("KIND")
                    .value_parser(PossibleValuesParser::new(KINDS.map(kind_name)))
                    .default_value("bf16")
                    .help("Scalars as the index keeps them"),
            )
            .arg(
                Arg::new("connectivity")
                    .long("connectivity")
                    .value_name("N")
                    .value_parser(value_parser!(u32).range(2..=1_024))
                    .default_value("16")
                    .help("Links per node"),
            )
            .arg(
                Arg::new("measure")
                    .long("measure")
                    .value_name("N")
                    .value_parser(str::parse::<Count>)
                    .help("Also builds an index of so many vectors, and shows what it takes"),
            )
    }

    fn run(&self, arguments: &ArgMatches) -> Result<String, Failure> {
        let count = |name| arguments.get_one::<Count>(name).copied();
        let number = |name| arguments.get_one::<u32>(name).copied();
        let kind = arguments
            .get_one::<String>("quantization")
            .and_then(|wanted| KINDS.into_iter().find(|kind| kind_name(*kind) == wanted));
        let footprint = Footprint {
            items: count("vectors").ok_or("how many vectors?")?.0,
            dimensions: number("dim").ok_or("of how many dimensions?")?.into(),
            kind: kind.ok_or("which quantization?")?,
            connectivity: number("connectivity").ok_or("how many links?")?.into(),
        };
        let mut text = answer::answer(&footprint, &Available::now(Path::new(".")));
        if let Some(Count(items)) = count("measure") {
            text.push_str(&measured::measured(&footprint, items)?);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Estimate.command().debug_assert();
    }
}
