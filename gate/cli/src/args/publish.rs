//! What `gate publish` is told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::policy::BASELINE;

#[derive(Debug, Args)]
#[command(
    after_help = "The token is read from GITHUB_TOKEN. Exit codes: 0 pass or nothing to publish, 1 regressed, over budget, crashed or a wrong answer, with --blocking also missing, 2 usage error, broken file of the default branch or artifact rejected, 3 undecided, 4 publishing failed."
)]
pub(crate) struct Publish {
    /// The event file of a `workflow_run` [default: $GITHUB_EVENT_PATH].
    #[arg(long, value_name = "FILE")]
    pub(crate) event: Option<PathBuf>,
    /// Where to publish [default: $GITHUB_REPOSITORY].
    #[arg(long, value_name = "OWNER/NAME")]
    pub(crate) repository: Option<String>,
    /// The API of GitHub or of a GitHub Enterprise Server [default: $GITHUB_API_URL, else that
    /// of github.com].
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<String>,
    /// File name of the measuring workflow.
    #[arg(long, value_name = "FILE", default_value = "gate.yml")]
    pub(crate) workflow: String,
    /// Its artifact is NAME-ATTEMPT, attempts counted from 1.
    #[arg(long, value_name = "NAME", default_value = "gate-runs")]
    pub(crate) artifact: String,
    /// Name of the check run, which branch protection can require.
    #[arg(long, value_name = "NAME", default_value = "gate")]
    pub(crate) check: String,
    /// Whose comment is ours: the login of the account behind the token.
    #[arg(long, value_name = "LOGIN", default_value = "github-actions[bot]")]
    pub(crate) author: String,
    /// When to comment.
    #[arg(long, value_enum, default_value_t = When::Auto)]
    pub(crate) comment: When,
    /// Let an undecided or rejected run block the pull request: the check asks for action instead of
    /// being neutral, which counts as passing. What is missing fails then, instead of being undecided.
    #[arg(long)]
    pub(crate) blocking: bool,
    /// The promoted baseline of the default branch; policy and waivers are looked for beside it.
    #[arg(long, value_name = "FILE", default_value = BASELINE)]
    pub(crate) baseline: PathBuf,
    /// Policy file [default: gate.toml beside the baseline, else the built-in policy].
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Accepted regressions [default: waivers.toml beside the baseline, if there is one].
    #[arg(long, value_name = "FILE")]
    pub(crate) waivers: Option<PathBuf>,
    /// Where the full report is added as Markdown [default: $GITHUB_STEP_SUMMARY].
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Where the full report is written as a page, for the workflow to keep as an artifact of its run;
    /// what is published links there.
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
    /// Read everything, tell GitHub nothing: print each request that would be sent.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// When there is something to read, or a comment that has to be brought up to date.
    Auto,
    /// Always.
    Always,
    /// Never, not even to bring one up to date.
    Never,
}
