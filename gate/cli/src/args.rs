//! The command line, one struct per verb. Also the source of the generated reference.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gate_schema::policy::{Machine, Undecided};

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
    /// Judge a candidate run against a stored baseline.
    Compare(Compare),
    /// Accept a run as the level that later runs are compared with.
    Promote(Promote),
    /// Show the argument behind one verdict, or the meaning of an error code.
    Explain(Explain),
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
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub(crate) format: Format,
    /// Also write the report to FILE; .json, .md or .txt chooses the format. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// Show unchanged rows too.
    #[arg(long)]
    pub(crate) all: bool,
    /// What an inconclusive row means for the exit code, instead of the policy's setting.
    #[arg(long, value_enum, value_name = "MEANS")]
    pub(crate) inconclusive: Option<Means>,
    /// What an incomparable row means for the exit code, instead of the policy's setting.
    #[arg(long, value_enum, value_name = "MEANS")]
    pub(crate) incomparable: Option<Means>,
    /// How far stored timings of this machine can be trusted, instead of the policy's setting.
    #[arg(long, value_enum)]
    pub(crate) machine: Option<MachineKind>,
    #[command(flatten)]
    pub(crate) look: Look,
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
    #[arg(long, value_name = "FILE", default_value = "baselines/main.json")]
    pub(crate) baseline: PathBuf,
    /// Why, when a rule of promotion is overridden. Kept in the baseline.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Start afresh instead of adding to the sessions already accepted.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Who promotes [default: git's user.name].
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A scenario of the report, or an error code such as G104.
    pub(crate) what: String,
    /// One of its rows, for example latency.p50 [default: its worst row].
    pub(crate) metric: Option<String>,
    /// The report, as `gate compare --output verdict.json` writes it.
    #[arg(long, value_name = "FILE", default_value = "verdict.json")]
    pub(crate) report: PathBuf,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people.
    Terminal,
    /// GitHub-flavoured Markdown.
    Markdown,
    /// The whole report, format gate.verdict/1.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Means {
    /// Exit 1.
    Fail,
    /// Exit 3.
    Report,
    /// Exit 0; the row still says that it was not decided.
    Pass,
}

impl From<Means> for Undecided {
    fn from(means: Means) -> Self {
        match means {
            Means::Fail => Self::Fail,
            Means::Report => Self::Report,
            Means::Pass => Self::Pass,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MachineKind {
    /// Nothing else runs there: stored timings may fail a row.
    Dedicated,
    /// Neighbours come and go: stored timings may raise suspicion but never fail a row.
    Shared,
}

impl From<MachineKind> for Machine {
    fn from(kind: MachineKind) -> Self {
        match kind {
            MachineKind::Dedicated => Self::Dedicated,
            MachineKind::Shared => Self::Shared,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// When stdout is a terminal and `NO_COLOR` is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// criterion.rs 0.5 and later, its target/criterion directory.
    Criterion,
    /// {"name": {"p99_ns": 1.2e6, "rss_bytes": 1e6}}, or a list of such objects.
    Flat,
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
