//! The command line of `bench`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::cache::Cache;
use crate::child::Children;
use crate::error::BenchError;
use crate::plant::{Plant, VARIABLE};
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
    pub(crate) verb: Verbs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verbs {
    /// Lists the scenarios with their parameters.
    List(ListArgs),
    /// Measures and writes a run document.
    Run(RunArgs),
    /// Runs each scenario once and checks its answers; writes nothing.
    Verify(VerifyArgs),
    /// Shows the same operation on several layers side by side: what abstraction costs.
    Layers(DocumentArgs),
    /// Shows what was watched over time, such as memory: one line per repetition.
    Series(DocumentArgs),
    /// Samples where the time of each scenario goes, and stores a profile of each.
    Profile(ProfileArgs),
    /// Shows the prepared files: size, last use, and whether a scenario still uses them.
    Cache(CacheArgs),
    /// Counts the instructions of one operation under valgrind, and writes a run document.
    Count(CountArgs),
    /// Prints the environment as JSON.
    Env,
    /// Prepares one scenario.
    #[command(hide = true)]
    Prepare(ChildArgs),
    /// Runs the operations of one scenario where callgrind counts them.
    #[command(hide = true)]
    Counted(ChildArgs),
    /// Measures one repetition and prints it as JSON.
    #[command(hide = true)]
    Repetition(RepetitionArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Size class whose scenarios and parameters are shown.
    #[arg(long, value_enum, default_value_t = Tier::Smoke)]
    pub(crate) tier: Tier,
    /// Prints the ids alone, one per line.
    #[arg(long)]
    pub(crate) ids: bool,
    /// Prints the catalogue of all tiers as Markdown.
    #[arg(long, conflicts_with = "ids")]
    pub(crate) markdown: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Where to write the run document.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Number of sessions [default: 2 of the smoke tier, 1 of others].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) sessions: Option<u32>,
    /// Repetitions of each scenario per session, each a fresh process [default: 5 of the smoke tier, 1 of
    /// the tier soak, 3 of others].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) repetitions: Option<u32>,
    /// Measures what fits this machine and records the others as failed, instead of refusing.
    #[arg(long)]
    pub(crate) skip_unfit: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DocumentArgs {
    /// A run document of this suite.
    #[arg(value_name = "RUN")]
    pub(crate) document: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    #[command(flatten)]
    pub(crate) cache: CacheDirectory,
    /// Removes what no scenario of this program uses on any tier.
    #[arg(long)]
    pub(crate) prune: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Folder for the profiles, one file per scenario.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CountArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Where to write the run document.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// How often each scenario is counted; three that are equal are an exact figure to the gate.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repetitions: u32,
}

/// Which scenarios, how large, from where, and with what planted.
#[derive(Debug, Args)]
pub(crate) struct SelectionArgs {
    /// Only scenarios that match this glob; may be given several times.
    #[arg(long, value_name = "GLOB")]
    pub(crate) only: Vec<String>,
    /// Seconds after which a repetition hangs and is killed [default: 20 times what its scenario says it
    /// takes, at least 600; of `count` none].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    timeout: Option<u32>,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

/// What a run measures, with what planted in it.
pub(crate) struct Selected<'s> {
    pub(crate) scenarios: Vec<&'s dyn Scenario>,
    pub(crate) plants: Vec<Plant>,
}

impl SelectionArgs {
    /// The selected scenarios and all plants, once every glob and every plant is known to match
    /// something. `environment` is what [`VARIABLE`] holds.
    pub(crate) fn select<'s>(
        &self,
        suite: &[&'s dyn Scenario],
        environment: &str,
    ) -> Result<Selected<'s>, BenchError> {
        let scenarios = select(suite, self.setup.tier, &self.only)?;
        // The variable is set once for many calls, each of which may select another scenario; so its
        // plants must match something of the suite, and those of this call something of this call.
        let mut plants = Plant::read_all(environment).map_err(BenchError::Variable)?;
        for plant in &plants {
            plant.check(suite).map_err(BenchError::Variable)?;
        }
        for plant in &self.setup.plants {
            plant.check(&scenarios)?;
        }
        // Behind those of the variable: of two plants for the same thing the later wins.
        plants.extend(self.setup.plants.iter().cloned());
        Ok(Selected { scenarios, plants })
    }

    /// The same, with the variable of this process.
    pub(crate) fn select_here<'s>(
        &self,
        suite: &[&'s dyn Scenario],
    ) -> Result<Selected<'s>, BenchError> {
        let environment = std::env::var_os(VARIABLE).unwrap_or_default();
        // What is not text becomes a plant that nothing matches, and is refused as such.
        self.select(suite, &environment.to_string_lossy())
    }

    /// Starts children with this setup and these plants.
    pub(crate) fn children(&self, plants: &[Plant]) -> Result<Children, BenchError> {
        let timeout = self
            .timeout
            .map(|seconds| Duration::from_secs(seconds.into()));
        Children::new(self.setup.tier, &self.setup.cache(), plants)
            .map(|children| children.with_timeout(timeout))
            .map_err(BenchError::Executable)
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

#[derive(Debug, Args)]
pub(crate) struct RepetitionArgs {
    #[command(flatten)]
    pub(crate) child: ChildArgs,
    /// Where to leave a profile, taken after the repetition.
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
}

/// What a parent and its children must agree on.
#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    /// Size class.
    #[arg(long, value_enum, default_value_t = Tier::Smoke)]
    pub(crate) tier: Tier,
    #[command(flatten)]
    directory: CacheDirectory,
    /// A change made on purpose to prove that the gate sees it: GLOB:work=20%, GLOB:tail=10%,
    /// GLOB:memory=20% or GLOB:SETTING=N; may be given several times, and $BENCH_PLANT adds to it.
    #[arg(long = "plant", value_name = "PLANT")]
    pub(crate) plants: Vec<Plant>,
}

impl SetupArgs {
    pub(crate) fn cache(&self) -> Cache {
        self.directory.cache()
    }
}

/// Where prepared files are.
#[derive(Debug, Args)]
pub(crate) struct CacheDirectory {
    /// Directory of prepared files [default: $BENCH_CACHE, else target/bench-cache].
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl CacheDirectory {
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
    use crate::fake::FakeScenario;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn plants_of_the_variable_and_of_the_call_are_joined() {
        let suite: [&dyn Scenario; 2] = [
            &FakeScenario::named("fake/a"),
            &FakeScenario::named("fake/b"),
        ];
        let (tail, work) = ("fake/a:tail=10%", "**:work=20%");
        let variable = "BENCH_PLANT: ";
        for (environment, arguments, expected) in [
            ("", &[][..], Ok(&[][..])),
            ("", &["--plant", work], Ok(&[work])),
            (tail, &[], Ok(&[tail])),
            (tail, &["--plant", work], Ok(&[tail, work])),
            // Set for the whole suite, called for another part of it.
            (tail, &["--only", "fake/b"], Ok(&[tail])),
            ("", &["--only", "fake/b", "--plant", tail], Err("")),
            ("fake/c:work=5%", &[], Err(variable)),
            ("fake/a:speed=4", &[], Err(variable)),
            ("fake/a", &[], Err(variable)),
        ] {
            let call = ["bench", "run", "--out", "out.json"]
                .iter()
                .chain(arguments);
            let Verbs::Run(args) = Cli::parse_from(call).verb else {
                panic!("is not a run")
            };
            let case = format!("{environment:?} {arguments:?}");
            match (args.selection.select(&suite, environment), expected) {
                (Ok(selected), Ok(expected)) => {
                    let texts: Vec<&str> = selected.plants.iter().map(Plant::text).collect();
                    assert_eq!(texts, expected, "{case}");
                }
                (Err(error), Err(start)) => {
                    assert!(error.to_string().starts_with(start), "{case}: {error}");
                }
                (selected, _) => panic!("{case}: {:?}", selected.map(|selected| selected.plants)),
            }
        }
    }
}
