//! The command line, one struct per verb. Also the source of the generated reference.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use gate_schema::policy::Policy;

use crate::policy::BASELINE;

mod bisect;
mod history;
mod publish;
mod values;

pub(crate) use bisect::{Bisect, RowName};
pub(crate) use history::{Issue, MOST_KEPT, Record, Store, Trend, VerifyBaseline};
pub(crate) use publish::{Publish, When};
pub(crate) use values::{Accept, Colour, Format, MachineKind, Means, Tool};

/// Fewest pairs of a session: fewer say nothing about how they scatter.
pub(crate) const MIN_PAIRS: i64 = 3;

/// The machine of GitHub that measures when nobody names another.
const HOSTED: &str = "ubuntu-24.04";

/// Decide whether a build got slower, worse or larger, and say how sure that is.
#[derive(Debug, Parser)]
#[command(name = "gate", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Measure two revisions in turn on this machine, and judge them.
    Check(Check),
    /// Learn the noise of this machine: measure one revision against itself.
    Calibrate(Calibrate),
    /// Say which margins of the policy a calibrated machine cannot resolve, and what it would take.
    Lint(Lint),
    /// Say what on this machine disturbs measurements, and how to change it.
    Doctor(Doctor),
    /// Find the commit that brought a regression of one row, by measuring some of those between.
    Bisect(Bisect),
    /// Decide whether a change is worth measuring, and print the job matrix of a workflow.
    Plan(Plan),
    /// Judge a candidate run against a stored baseline.
    Compare(Compare),
    /// Judge what a pull request's run measured, and say so on the pull request.
    Publish(Publish),
    /// Accept a run as the level that later runs are compared with.
    Promote(Promote),
    /// Say whether baselines are as they were promoted, and what a change of them lets through.
    VerifyBaseline(VerifyBaseline),
    /// Add a run to a history.
    Record(Record),
    /// Say what a history shows: levels that changed and stayed, and levels that crept away.
    Trend(Trend),
    /// Keep an issue for each level that a history shows got worse, and one for the machine.
    Issue(Issue),
    /// Show the argument behind one verdict, or the meaning of an error code.
    Explain(Explain),
    /// Draw one profile as a flamegraph, or two as a differential flamegraph.
    Flame(Flame),
    /// Make one page of HTML from a report: rows that unfold to distributions, arguments and flamegraphs.
    Report(Report),
    /// Convert another tool's output into a run document.
    Import(Import),
    /// Write the commented default policy.
    Init(Init),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 pass, 1 regressed, over budget or missing, 2 usage or input error, 3 undecided."
)]
pub(crate) struct Compare {
    /// The run compared against, usually baselines/main.json.
    pub(crate) baseline: PathBuf,
    /// The run under judgement.
    pub(crate) candidate: PathBuf,
    /// Policy file [default: gate.toml beside the baseline, else the built-in policy].
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Accepted regressions [default: waivers.toml beside the baseline, if there is one].
    #[arg(long, value_name = "FILE")]
    pub(crate) waivers: Option<PathBuf>,
    /// How far stored timings of this machine can be trusted, instead of the policy's setting.
    #[arg(long, value_enum)]
    pub(crate) machine: Option<MachineKind>,
    /// Profiles of the candidate, as `bench profile --out DIR` writes them: the report lists where its
    /// time goes, and what grew since the profiles that were promoted with the baseline.
    #[arg(long, value_name = "DIR")]
    pub(crate) profiles: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) show: Show,
}

/// How a report is shown, and what its undecided rows mean.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub(crate) format: Format,
    /// Also write the report to FILE; .json, .md, .html or .txt chooses the format. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// Also write report.html, a page for people, and verdict.json to this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Show unchanged rows too.
    #[arg(long)]
    pub(crate) all: bool,
    /// What an inconclusive row means for the exit code, instead of the policy's setting.
    #[arg(long, value_enum, value_name = "MEANS")]
    inconclusive: Option<Means>,
    /// What an incomparable row means for the exit code, instead of the policy's setting.
    #[arg(long, value_enum, value_name = "MEANS")]
    incomparable: Option<Means>,
    #[command(flatten)]
    pub(crate) look: Look,
}

impl Show {
    /// Lets the command line override what undecided rows mean.
    pub(crate) fn apply_to(&self, policy: &mut Policy) {
        policy.inconclusive = self.inconclusive.map_or(policy.inconclusive, Into::into);
        policy.incomparable = self.incomparable.map_or(policy.incomparable, Into::into);
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 pass, 1 regressed, over budget, missing or crashed, 2 usage, build or input error or interrupted, 3 undecided."
)]
pub(crate) struct Check {
    /// The revision compared against, usually the merge base.
    #[arg(long, value_name = "REV")]
    pub(crate) base: String,
    /// The revision under judgement, or `worktree`: the work tree as it is now.
    #[arg(long, value_name = "REV", default_value = "worktree")]
    pub(crate) candidate: String,
    #[command(flatten)]
    pub(crate) measuring: Measuring,
    /// Hold rows to their drift budgets instead of their margins: --base is the last release.
    #[arg(long)]
    pub(crate) drift: bool,
    /// The promoted baseline, which tells what the base had done already [default: baselines/main.json,
    /// if there is one].
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Pairs of the first session [default: the policy's, else 5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(MIN_PAIRS..=1000))]
    pub(crate) pairs: Option<u32>,
    /// Where the measured runs are kept [default: runs/ in the cache of this repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
    /// Time for measuring; what required pairs leave of it goes to rows too noisy to decide [default:
    /// the policy's, else 10m].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) budget: Option<Duration>,
    /// A variable for the baseline's commands alone. Repeatable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) base_env: Vec<(String, String)>,
    /// A variable for the candidate's commands alone: the same code under two settings. Repeatable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) candidate_env: Vec<(String, String)>,
    /// Accepted regressions [default: baselines/waivers.toml, if there is one].
    #[arg(long, value_name = "FILE")]
    pub(crate) waivers: Option<PathBuf>,
    /// Takes no profiles of what regressed.
    #[arg(long)]
    pub(crate) no_profile: bool,
    #[command(flatten)]
    pub(crate) show: Show,
}

#[derive(Debug, Args)]
pub(crate) struct Calibrate {
    /// The revision to measure, or `worktree`: the work tree as it is now.
    #[arg(default_value = "worktree")]
    pub(crate) revision: String,
    #[command(flatten)]
    pub(crate) measuring: Measuring,
    /// Sessions; three at least say something, and they say more when hours lie between them.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) sessions: u32,
    /// Pairs of each session.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(MIN_PAIRS..=1000))]
    pub(crate) pairs: u32,
    /// Measures nothing: adds what the runs in this directory show, which a check that did not fail kept.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["revision", "sessions", "pairs", "only", "cache"])]
    pub(crate) add: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every gating margin can be resolved, 1 some cannot, 2 usage or input error."
)]
pub(crate) struct Lint {
    /// Policy file [default: baselines/gate.toml of the repository].
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// One calibration [default: all in baselines/noise/].
    #[arg(long, value_name = "FILE")]
    pub(crate) noise: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 looked, 1 with --strict when something disturbs, 2 usage error."
)]
pub(crate) struct Doctor {
    /// End with exit code 1 when something disturbs measurements. What the system does not tell fails nobody.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Where builds and data go: its free space is looked at.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) disk: PathBuf,
    /// Where /proc and /sys are.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Prints lines for $GITHUB_OUTPUT: relevant, base, candidate and matrix. Exit codes: 0 decided, either way, 2 usage or input error."
)]
pub(crate) struct Plan {
    /// The event file of a `pull_request` or `merge_group` [default: $GITHUB_EVENT_PATH].
    #[arg(long, value_name = "FILE")]
    pub(crate) event: Option<PathBuf>,
    /// The revision the change is merged into, instead of the event's.
    #[arg(long, value_name = "REV")]
    pub(crate) base: Option<String>,
    /// The change, with --base.
    #[arg(long, value_name = "REV", default_value = "HEAD", requires = "base")]
    pub(crate) candidate: String,
    /// Paths that need no measuring, instead of `ignore-paths` of the policy. Repeatable.
    #[arg(long, value_name = "GLOB")]
    pub(crate) ignore: Vec<String>,
    /// Labels of the machine that measures, separated by commas.
    #[arg(long, value_name = "LABELS", default_value = HOSTED, value_parser = labels)]
    pub(crate) runner: String,
    /// Labels of the machine that measures code of forks.
    #[arg(long, value_name = "LABELS", default_value = HOSTED, value_parser = labels)]
    pub(crate) fork_runner: String,
    /// Policy file [default: baselines/gate.toml of the repository].
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// What is measured, and where its parts are kept.
#[derive(Debug, Args)]
pub(crate) struct Measuring {
    /// Policy file with a table `measure` [default: baselines/gate.toml of the repository].
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Only scenarios that match this glob. Repeatable.
    #[arg(long, value_name = "GLOB")]
    pub(crate) only: Vec<String>,
    /// Where work trees and builds go; never inside the repository [default: $GATE_CACHE, else the
    /// user's cache directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
}

fn labels(text: &str) -> Result<String, String> {
    if text.split(',').all(|label| label.trim().is_empty()) {
        return Err("name at least one label".to_owned());
    }
    Ok(text.to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write it as 10m or 90s"))
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Look {
    /// When to colour the verdict words.
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub(crate) colour: Colour,
    /// Columns to fit the table into [default: the terminal's, else 120].
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..))]
    pub(crate) width: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct Promote {
    /// The run to accept.
    pub(crate) run: PathBuf,
    /// The baseline to write; its sessions are kept, newest last, at most 20.
    #[arg(long, value_name = "FILE", default_value = BASELINE)]
    pub(crate) baseline: PathBuf,
    /// Why. Kept in the baseline; overrides nothing by itself.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// What is accepted for that reason, and nothing else. Repeatable, or with commas between.
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        value_delimiter = ',',
        requires = "reason"
    )]
    pub(crate) accept: Vec<Accept>,
    /// Start afresh instead of adding to the sessions already accepted, as on another machine.
    #[arg(long, requires = "reason")]
    pub(crate) replace: bool,
    /// Profiles of the run, as `bench profile --out DIR` writes them; kept in profiles/ beside the
    /// baseline, without what is below 0.1% of the samples.
    #[arg(long, value_name = "DIR")]
    pub(crate) profiles: Option<PathBuf>,
    /// Also write what changes to FILE, as Markdown for the pull request.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Who promotes [default: git's user.name].
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A scenario of the report, `everything` for what all show together, or an error code such as G104.
    pub(crate) what: String,
    /// One of its rows, for example latency.p50 [default: its worst row].
    pub(crate) metric: Option<String>,
    /// The report, as `gate check` and `gate compare --output verdict.json` write it.
    #[arg(long, value_name = "FILE", default_value = "verdict.json")]
    pub(crate) report: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Flame {
    /// One profile, or the baseline's and the candidate's: stored by gate (.folded.zst), folded stacks
    /// of another tool, or the output of `perf script`.
    #[arg(required = true, num_args = 1..=2, value_name = "PROFILE")]
    pub(crate) profiles: Vec<PathBuf>,
    /// The SVG to write; it opens in any browser, without a network.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// What stands above it [default: the scenario of the profile].
    #[arg(long)]
    pub(crate) title: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The report, as `gate check` and `gate compare --output verdict.json` write it. Flamegraphs that it
    /// names are read from beside it.
    #[arg(default_value = "verdict.json")]
    pub(crate) report: PathBuf,
    /// The page to write; it needs no network and no other file.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The tool that wrote the input.
    #[arg(value_enum)]
    pub(crate) from: Tool,
    /// criterion: one directory (target/criterion) per execution. flat: one JSON file.
    #[arg(required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// The run document to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The machine it was measured on, as JSON from `bench env`; without it timings are Incomparable.
    #[arg(long, value_name = "FILE")]
    pub(crate) environment: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where to write it.
    #[arg(default_value = "baselines/gate.toml")]
    pub(crate) path: PathBuf,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use clap::CommandFactory;

    use super::Arguments;

    /// `docs/cli.md` is what `--help` prints. Rewritten with `GATE_BLESS=1`.
    #[test]
    fn the_committed_reference_is_current() {
        let mut command = Arguments::command().term_width(100);
        command.build();
        let mut page = String::from(
            "# Command line reference\n\nGenerated from `gate --help`; do not edit.\n",
        );
        for verb in command
            .get_subcommands_mut()
            .filter(|verb| verb.get_name() != "help")
        {
            let help = verb.render_long_help();
            write!(
                page,
                "\n## gate {}\n\n```text\n{help}```\n",
                verb.get_name()
            )
            .expect("into a String");
        }
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
        if std::env::var_os("GATE_BLESS").is_some() {
            std::fs::write(&path, &page).expect("docs is writable");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == page,
            "docs/cli.md is not current; run GATE_BLESS=1 ./scripts/test and review the change"
        );
    }
}
