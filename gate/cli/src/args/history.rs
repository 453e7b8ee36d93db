//! The command line of what looks back: baselines, histories, and the issues about them.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::duration;
use crate::policy::BASELINE;

/// Most runs of a history: what a trend looks at.
pub(crate) const MOST_KEPT: u32 = 400;

/// Fewest runs of a history: with fewer, a trend cannot tell anything.
const FEWEST_KEPT: u32 = 20;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 as promoted, 2 anything else; the problems say what, and what to do."
)]
pub(crate) struct VerifyBaseline {
    /// The baselines; the policy is looked for beside each.
    #[arg(value_name = "BASELINE", default_value = BASELINE)]
    pub(crate) baselines: Vec<PathBuf>,
    /// The revision that the change starts from: baselines, policies and calibrations are held
    /// against those of it, too.
    #[arg(long, value_name = "REV")]
    pub(crate) base: Option<String>,
    /// The run that was promoted, whose digest must be the one in the baseline.
    #[arg(long, value_name = "FILE")]
    pub(crate) run: Option<PathBuf>,
    /// Oldest promotion that is accepted, for example 90days; with --base, of the baselines that changed.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) max_age: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The run to add.
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) store: Store,
    /// Runs that stay; the oldest are left out beyond that.
    #[arg(long, value_name = "N", default_value_t = MOST_KEPT, value_parser = clap::value_parser!(u32).range(i64::from(FEWEST_KEPT)..=i64::from(MOST_KEPT)))]
    pub(crate) keep: u32,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing new, 1 the newest run shows a step or a drift to the worse, 2 usage or input error, 3 nothing can be told."
)]
pub(crate) struct Trend {
    #[command(flatten)]
    pub(crate) store: Store,
    /// Also write it to FILE as JSON, format gate.trend/1.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The promoted baseline: what it accepted is no drift, and what has been better for seven nights is named
    /// [default: baselines/main.json, where it is there].
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Policy file, whose margins and `ignore-environment` count here, too [default: gate.toml beside the baseline,
    /// else the built-in policy].
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The token is read from GITHUB_TOKEN. Exit codes: 0 up to date, 2 usage or input error, 4 GitHub does not take it."
)]
pub(crate) struct Issue {
    /// The trend, as `gate trend --output trend.json` writes it.
    #[arg(default_value = "trend.json")]
    pub(crate) trend: PathBuf,
    /// Open no issue for a step: write to FILE what has to be measured first, a line each with good and bad revision,
    /// margin, scenario and metric, as `gate bisect` takes them.
    #[arg(long, value_name = "FILE", conflicts_with = "bisected")]
    pub(crate) hold: Option<PathBuf>,
    /// What `gate bisect --output FILE` found out about its steps: such a file, or a folder of them. It stands in the
    /// issues from then on, and one is opened when it confirms the step, and for a new step unless it acquits it.
    #[arg(long, value_name = "PATH")]
    pub(crate) bisected: Option<PathBuf>,
    /// This night helps to close no issue: it was started by hand, or measured again.
    #[arg(long)]
    pub(crate) unscheduled: bool,
    /// Where the issues are [default: $GITHUB_REPOSITORY].
    #[arg(long, value_name = "OWNER/NAME")]
    pub(crate) repository: Option<String>,
    /// The API of GitHub or of a GitHub Enterprise Server [default: $GITHUB_API_URL, else that
    /// of github.com].
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<String>,
    /// The label of the issues about the code.
    #[arg(long, value_name = "NAME", default_value = "perf-regression")]
    pub(crate) label: String,
    /// The label of the issue about the machine.
    #[arg(long, value_name = "NAME", default_value = "perf-host-drift")]
    pub(crate) host_label: String,
    /// Whose issues are ours: the login of the account behind the token.
    #[arg(long, value_name = "LOGIN", default_value = "github-actions[bot]")]
    pub(crate) author: String,
    /// Read everything, write nothing: say what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Where a history is.
#[derive(Debug, Args)]
pub(crate) struct Store {
    /// A folder, or `branch:NAME`: a branch of this repository's remote `origin`; without one, of the repository
    /// itself.
    #[arg(long, value_name = "STORE")]
    pub(crate) history: String,
}
