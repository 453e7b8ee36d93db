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

use count::Count;

/// Kinds of scalars, widest first.
const KINDS: [ScalarKind; 5] = [
    ScalarKind::F32,
    ScalarKind::F16,
    ScalarKind::BF16,
    ScalarKind::I8,
    ScalarKind::B1,
];

/// The call that says what an index takes, and what would fit if that does not.
pub(crate) fn call(footprint: &Footprint) -> String {
    format!(
        "bench estimate --vectors {} --dim {} --quantization {} --connectivity {}",
        Count(footprint.items),
        footprint.dimensions,
        kind_name(footprint.kind),
        footprint.connectivity,
    )
}

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
        let footprint = asked(arguments)?;
        let mut text = answer::answer(&footprint, &Available::now(Path::new(".")));
        if let Some(Count(items)) = arguments.get_one::<Count>("measure").copied() {
            text.push_str(&measured::measured(&footprint, items)?);
        }
        Ok(text)
    }
}

/// The index that is asked about.
fn asked(arguments: &ArgMatches) -> Result<Footprint, Failure> {
    let number = |name| arguments.get_one::<u32>(name).copied();
    let count = arguments.get_one::<Count>("vectors").copied();
    let kind = arguments
        .get_one::<String>("quantization")
        .and_then(|wanted| KINDS.into_iter().find(|kind| kind_name(*kind) == wanted));
    Ok(Footprint {
        items: count.ok_or("how many vectors?")?.0,
        dimensions: number("dim").ok_or("of how many dimensions?")?.into(),
        kind: kind.ok_or("which quantization?")?,
        connectivity: number("connectivity").ok_or("how many links?")?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_for_an_index_is_understood_and_asks_for_that_index() {
        let footprint = Footprint {
            items: 1_000_001,
            dimensions: 384,
            kind: ScalarKind::I8,
            connectivity: 24,
        };
        let call = call(&footprint);
        let words = call.split_whitespace().skip(1);
        let matches = Estimate.command().try_get_matches_from(words);
        let matches = matches.expect("is understood");
        assert_eq!(asked(&matches).expect("is whole"), footprint);
    }

    #[test]
    fn the_command_line_is_consistent() {
        Estimate.command().debug_assert();
    }
}
