//! Starts the processes that prepare and repeat: this program again, with a hidden verb.
//!
//! A fresh process per repetition starts from the same heap and address space every time, and its
//! peak memory is its own. The children share our process group, so Ctrl-C ends them too.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::cache::Cache;
use crate::plant::Plant;
use crate::repetition::Observation;
use crate::scenario::Scenario;
use crate::session::Unmeasured;
use crate::tier::Tier;

/// Lines of a failed child's stderr that are shown.
const TAIL_LINES: usize = 20;

/// Why a child process gave no observation.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It could not be started.
    #[error("cannot start the process of {scenario}: {source}")]
    Start {
        /// The scenario.
        scenario: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It failed or was killed.
    #[error(
        "{scenario}: the {verb} process ended with {status}{}",
        indented(stderr)
    )]
    Failed {
        /// The scenario.
        scenario: &'static str,
        /// What it was doing.
        verb: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its stderr.
        stderr: Vec<String>,
    },
    /// It ended well but its answer does not parse.
    #[error("{scenario}: the repetition process answered nonsense: {source}")]
    Answer {
        /// The scenario.
        scenario: &'static str,
        /// Why.
        source: serde_json::Error,
    },
}

/// Starts children that agree with their parent on tier, cache and plants.
#[derive(Debug)]
pub struct Children {
    executable: PathBuf,
    arguments: Vec<OsString>,
}

impl Children {
    /// Children of this program.
    ///
    /// # Errors
    /// When the system does not tell where this program's file is.
    pub fn new(tier: Tier, cache: &Cache, plants: &[Plant]) -> io::Result<Self> {
        let mut arguments: Vec<OsString> = vec![
            "--tier".into(),
            tier.as_str().into(),
            "--cache".into(),
            cache.root().into(),
        ];
        for plant in plants {
            arguments.extend(["--plant".into(), plant.text().into()]);
        }
        Ok(Self {
            executable: executable()?,
            arguments,
        })
    }

    /// Prepares `scenario` unless that was done earlier. Progress goes to our stderr.
    ///
    /// # Errors
    /// See [`ChildError`].
    pub fn prepare(&self, scenario: &dyn Scenario) -> Result<(), ChildError> {
        let scenario = scenario.id();
        let status = self
            .command("prepare", scenario)
            .stdout(Stdio::null())
            .status();
        match status.map_err(|source| ChildError::Start { scenario, source })? {
            status if status.success() => Ok(()),
            status => Err(ChildError::Failed {
                scenario,
                verb: "prepare",
                status,
                stderr: Vec::new(),
            }),
        }
    }

    /// Runs one repetition of `scenario`.
    ///
    /// # Errors
    /// See [`ChildError`].
    pub fn repeat(&self, scenario: &dyn Scenario) -> Result<Observation, ChildError> {
        self.repeat_into(scenario, None)
    }

    /// Runs one repetition of `scenario`, and then leaves a profile of it at `profile`.
    ///
    /// # Errors
    /// See [`ChildError`]. Without a profile, the observation says why.
    pub fn repeat_into(
        &self,
        scenario: &dyn Scenario,
        profile: Option<&Path>,
    ) -> Result<Observation, ChildError> {
        let scenario = scenario.id();
        let mut command = self.command("repetition", scenario);
        if let Some(path) = profile {
            command.arg("--profile").arg(path);
        }
        let output = command.output();
        let output = output.map_err(|source| ChildError::Start { scenario, source })?;
        if !output.status.success() {
            return Err(ChildError::Failed {
                scenario,
                verb: "repetition",
                status: output.status,
                stderr: tail(&String::from_utf8_lossy(&output.stderr)),
            });
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|source| ChildError::Answer { scenario, source })
    }

    fn command(&self, verb: &str, scenario: &str) -> Command {
        let mut command = Command::new(&self.executable);
        command
            .args([verb, scenario])
            .args(&self.arguments)
            .stdin(Stdio::null());
        command
    }
}

/// This program, even when a build replaces its file while we measure: two builds in one run would be
/// a run of neither.
fn executable() -> io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        Ok(running)
    } else {
        std::env::current_exe()
    }
}

impl From<ChildError> for Unmeasured {
    fn from(error: ChildError) -> Self {
        match error {
            ChildError::Failed { status, stderr, .. } => Self::Failed {
                how: format!("ended with {status}"),
                stderr,
            },
            ChildError::Start { .. } | ChildError::Answer { .. } => Self::Failed {
                how: error.to_string(),
                stderr: Vec::new(),
            },
        }
    }
}

/// The last lines.
fn tail(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    tail.iter().map(|&line| line.to_owned()).collect()
}

/// Lines below a message, each on a line of its own.
fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  | {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_end() {
        let long: String = (0..100).map(|line| format!("{line}\n")).collect();
        let tail_of_it = tail(&long);
        assert_eq!(tail_of_it.len(), TAIL_LINES);
        assert!(indented(&tail_of_it).ends_with("\n  | 99"));
        assert!(tail("").is_empty());
    }
}
