//! The command line of `bench`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cache::Cache;
use crate::child::Children;
use crate::error::BenchError;
use crate::plant::Plant;
use crate::scenario::Scenario;
use crate::selection::select;
use crate::tier::Tier;

/// Measures the scenarios of this suite and writes a run document for `gate`.
///
/// Exit codes: 0 done, 1 a wrong answer or a failed repetition, 2 usage or I/O.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Lists the scenarios with their parameters.
    List(ListArgs),
    /// Measures and writes a run document.
    Run(RunArgs),
    /// Runs each scenario once and checks its answers; writes nothing.
    Verify(VerifyArgs),
    /// Prints the environment as JSON.
    Env,
    /// Prepares one scenario.
    #[command(hide = true)]
    Prepare(ChildArgs),
    /// Measures one repetition and prints it as JSON.
    #[command(hide = true)]
    Repetition(ChildArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Size class whose parameters are shown.
    #[arg(long, value_enum, default_value_t = Tier::Smoke)]
    pub(crate) tier: Tier,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Where to write the run document.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Number of sessions.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) sessions: u32,
    /// Repetitions of each scenario per session; each is a fresh process.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) repetitions: u32,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
}

/// Which scenarios, how large, from where, and with what planted.
#[derive(Debug, Args)]
pub(crate) struct SelectionArgs {
    /// Only scenarios that match this glob; may be given several times.
    #[arg(long, value_name = "GLOB")]
    pub(crate) only: Vec<String>,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

impl SelectionArgs {
    /// The selected scenarios, once every glob and every plant is known to match something.
    pub(crate) fn select<'s>(
        &self,
        suite: &[&'s dyn Scenario],
    ) -> Result<Vec<&'s dyn Scenario>, BenchError> {
        let scenarios = select(suite, &self.only)?;
        for plant in &self.setup.plants {
            plant.check(&scenarios)?;
        }
        Ok(scenarios)
    }
}

/// One scenario, for a child process.
#[derive(Debug, Args)]
pub(crate) struct ChildArgs {
    /// The scenario.
    pub(crate) scenario: String,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

/// What a parent and its children must agree on.
#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    /// Size class.
    #[arg(long, value_enum, default_value_t = Tier::Smoke)]
    pub(crate) tier: Tier,
    /// Directory of prepared files [default: $BENCH_CACHE, else target/bench-cache].
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// A change made on purpose to prove that the gate sees it: GLOB:work=20% or GLOB:SETTING=N.
    #[arg(long = "plant", value_name = "PLANT")]
    pub(crate) plants: Vec<Plant>,
}

impl SetupArgs {
    /// Starts children with the same setup.
    pub(crate) fn children(&self) -> Result<Children, BenchError> {
        Children::new(self.tier, &self.cache(), &self.plants).map_err(BenchError::Executable)
    }

    pub(crate) fn cache(&self) -> Cache {
        self.cache
            .as_ref()
            .map_or_else(Cache::from_environment, Cache::at)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
