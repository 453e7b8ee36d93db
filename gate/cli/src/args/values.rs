//! Words that options take.

use clap::ValueEnum;
use gate_schema::policy::{Machine, Undecided};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people.
    Terminal,
    /// GitHub-flavoured Markdown.
    Markdown,
    /// One page that needs nothing else.
    Html,
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
