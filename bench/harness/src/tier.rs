//! Size classes of the suite.

use std::fmt;

/// A size class: how much a scenario works on, and therefore where it can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Tier {
    /// 1,000 items: for tests of the suite itself, says nothing about performance.
    #[value(hide = true)]
    Tiny,
    /// 10,000 items, under a minute: run it while you work.
    Smoke,
    /// 100,000 items: what every pull request runs.
    Pr,
    /// 1,000,000 items: the size the targets are stated for.
    Nightly,
    /// 1,000,000 items, and only what has to go on for long: half an hour each.
    Soak,
}

impl Tier {
    /// All tiers, smallest first, and then the one for what goes on for long.
    pub const ALL: [Self; 5] = [Self::Tiny, Self::Smoke, Self::Pr, Self::Nightly, Self::Soak];

    /// The tier as documents and command lines write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Smoke => "smoke",
            Self::Pr => "pr",
            Self::Nightly => "nightly",
            Self::Soak => "soak",
        }
    }

    /// Number of items in every scenario of this tier.
    #[must_use]
    pub fn items(self) -> usize {
        match self {
            Self::Tiny => 1_000,
            Self::Smoke => 10_000,
            Self::Pr => 100_000,
            Self::Nightly | Self::Soak => 1_000_000,
        }
    }

    /// Sessions of a run that does not say how many: two where that takes a minute, because one alone
    /// never fails a timing row, and one where history adds the others.
    #[must_use]
    pub fn sessions(self) -> u32 {
        match self {
            Self::Tiny | Self::Smoke => 2,
            Self::Pr | Self::Nightly | Self::Soak => 1,
        }
    }

    /// Repetitions of each scenario per session of a run that does not say how many.
    #[must_use]
    pub fn repetitions(self) -> u32 {
        match self {
            Self::Tiny | Self::Smoke => 5,
            Self::Pr | Self::Nightly => 3,
            Self::Soak => 1,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_tier_is_ten_times_the_one_below() {
        let sizes = [Tier::Tiny, Tier::Smoke, Tier::Pr, Tier::Nightly];
        for pair in sizes.windows(2) {
            assert_eq!(
                pair[0].items() * 10,
                pair[1].items(),
                "{} to {}",
                pair[0],
                pair[1]
            );
        }
        assert_eq!(Tier::Soak.items(), Tier::Nightly.items());
    }

    #[test]
    fn the_command_line_reads_what_documents_write() {
        for tier in Tier::ALL {
            assert_eq!(Tier::from_str(tier.as_str(), false), Ok(tier));
        }
    }
}
