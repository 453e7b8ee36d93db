//! What a command of the project is told: `docs/measuring-command.md` as variables.

use std::ffi::OsString;
use std::path::Path;

use crate::checkout::Side;

/// What all commands of one side are told.
pub(crate) struct Contract<'a> {
    pub(crate) side: Side,
    /// A directory that outlives the check, for the caches of build tools.
    pub(crate) build_cache: &'a Path,
    /// Variables the user wants on this side.
    pub(crate) extra: &'a [(String, String)],
}

/// What a command is to do.
#[derive(Clone, Copy)]
pub(crate) enum Task<'a> {
    /// Make the side ready to be measured.
    Build,
    /// Print the ids of all scenarios.
    List,
    /// Measure once.
    Measure {
        /// `None` measures all of them, in one process.
        scenario: Option<&'a str>,
        /// The run document to write. Paths of one length for both sides leave both with an environment
        /// of one size, on which the stack starts.
        out: &'a Path,
    },
    /// Measure once more, and leave a profile of it.
    Profile {
        scenario: &'a str,
        /// The run document to write; nobody reads it.
        out: &'a Path,
        /// The stored profile to write.
        profile: &'a Path,
    },
}

impl Contract<'_> {
    /// The variables, the contract's own last so that none can be replaced.
    pub(crate) fn environment(&self, task: Task<'_>) -> Vec<(OsString, OsString)> {
        let mut environment: Vec<(OsString, OsString)> = self
            .extra
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let mut tell = |name: &str, value: OsString| environment.push((name.into(), value));
        tell("GATE_SIDE", self.side.name().into());
        tell("GATE_BUILD_CACHE", self.build_cache.into());
        match task {
            Task::Build | Task::List => {}
            Task::Measure { scenario, out } => {
                tell("GATE_SCENARIO", scenario.unwrap_or_default().into());
                tell("GATE_OUT", out.into());
            }
            Task::Profile {
                scenario,
                out,
                profile,
            } => {
                tell("GATE_SCENARIO", scenario.into());
                tell("GATE_OUT", out.into());
                tell("GATE_PROFILE", profile.into());
            }
        }
        environment
    }
}
