//! Words that options take.

use clap::ValueEnum;
use gate_core::promote::Acceptable;
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
    /// Neighbours come and go: stored timings may raise suspicion but never fail a row, unless
    /// `at-limit = "fail"` makes its budget a promise.
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
pub(crate) enum Accept {
    /// Levels that are worse than the accepted ones.
    Worse,
    /// Times and rates that got twice as good.
    Faster,
    /// Scenarios and metrics that are declared differently, which drops their history.
    Redefined,
    /// Scenarios and metrics that are gone, so that nothing guards them any more.
    Missing,
    /// A work tree with uncommitted changes, or a commit that nobody knows.
    Source,
    /// A commit that is not in the history of what is checked out, such as that of a pull request.
    History,
    /// Fewer than three sessions, or fewer than five repetitions in one.
    Few,
}

impl Accept {
    /// As it is written after the option.
    pub(crate) fn word(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

impl From<Acceptable> for Accept {
    fn from(kind: Acceptable) -> Self {
        match kind {
            Acceptable::Worse => Self::Worse,
            Acceptable::Faster => Self::Faster,
            Acceptable::Redefined => Self::Redefined,
            Acceptable::Missing => Self::Missing,
            Acceptable::Source => Self::Source,
            Acceptable::History => Self::History,
            Acceptable::Few => Self::Few,
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
    /// {"name": {"mean_ns": 1.2e6, "rss_bytes": 1e6}}, or a list of such objects.
    Flat,
}
