//! Starts the processes that prepare and repeat: this program again, with a hidden verb.
//!
//! A fresh process per repetition starts from the same heap and address space every time, and its
//! peak memory is its own. The children share our process group, so Ctrl-C ends them too; and they end
//! when we are killed.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use gate_schema::run::limits::{STDERR_LINES, TEXT_BYTES};

use crate::cache::Cache;
use crate::plant::Plant;
use crate::repetition::Observation;
use crate::scenario::Scenario;
use crate::session::Unmeasured;
use crate::tier::Tier;

/// A repetition that takes this many times what its scenario says hangs.
const PATIENCE: f64 = 20.0;

/// No repetition is said to hang before: estimates leave small things out.
const LEAST_PATIENCE: Duration = Duration::from_secs(600);

/// For the last words of a process that was killed. What it started may keep its stderr open.
const LAST_WORDS: Duration = Duration::from_secs(1);

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
    /// It did not end.
    #[error(
        "{scenario}: the repetition process did not end within {} s and was killed\n  hint: --timeout \
         SECONDS gives it more{}",
        limit.as_secs_f64(),
        indented(stderr)
    )]
    Hung {
        /// The scenario.
        scenario: &'static str,
        /// How long it was waited for.
        limit: Duration,
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
    tier: Tier,
    timeout: Option<Duration>,
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
            tier,
            timeout: None,
        })
    }

    /// The same, with another limit for a repetition than what its scenario's estimate gives.
    #[must_use]
    pub fn with_timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
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

    /// Runs one repetition of `scenario`, and then leaves a profile of it at `profile`, if that names a
    /// file.
    ///
    /// # Errors
    /// See [`ChildError`]. Without a profile, the observation says why.
    pub fn repeat_into(
        &self,
        scenario: &dyn Scenario,
        profile: Option<&Path>,
    ) -> Result<Observation, ChildError> {
        let limit = self.timeout.unwrap_or_else(|| {
            let estimate = scenario.needs(self.tier).seconds;
            LEAST_PATIENCE.max(Duration::from_secs_f64(PATIENCE * estimate))
        });
        let scenario = scenario.id();
        let mut command = self.command("repetition", scenario);
        if let Some(path) = profile {
            command.arg("--profile").arg(path);
        }
        let ended = end_within(limit, &mut command);
        let ended = ended.map_err(|source| ChildError::Start { scenario, source })?;
        let stderr = tail(&String::from_utf8_lossy(&ended.stderr));
        let Some(status) = ended.status else {
            return Err(ChildError::Hung {
                scenario,
                limit,
                stderr,
            });
        };
        if !status.success() {
            return Err(ChildError::Failed {
                scenario,
                verb: "repetition",
                status,
                stderr,
            });
        }
        serde_json::from_slice(&ended.stdout)
            .map_err(|source| ChildError::Answer { scenario, source })
    }

    /// The limit that was asked for.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// What every child is told beside its verb and scenario.
    pub(crate) fn arguments(&self) -> &[OsString] {
        &self.arguments
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

/// What came of a process.
pub(crate) struct Ended {
    /// `None` when it had to be killed.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Runs a process until it closes its output, but no longer than `limit`. Nobody looks at the clock
/// meanwhile, so that waiting takes nothing from who is measured.
pub(crate) fn end_within(limit: Duration, command: &mut Command) -> io::Result<Ended> {
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = read(child.stdout.take());
    let stderr = read(child.stderr.take());
    let all_of =
        |stream: &Receiver<Vec<u8>>| stream.recv_timeout(limit.saturating_sub(start.elapsed()));
    match all_of(&stdout).and_then(|stdout| Ok((stdout, all_of(&stderr)?))) {
        Err(RecvTimeoutError::Timeout) => {
            child.kill()?;
            child.wait()?;
            Ok(Ended {
                status: None,
                stdout: Vec::new(),
                stderr: stderr.recv_timeout(LAST_WORDS).unwrap_or_default(),
            })
        }
        read => {
            let (stdout, stderr) = read.unwrap_or_default();
            Ok(Ended {
                status: Some(child.wait()?),
                stdout,
                stderr,
            })
        }
    }
}

/// All of a stream, once it was closed.
fn read(stream: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read before an error is still what was said.
            let _ = stream.read_to_end(&mut bytes);
        }
        // Nobody listens any more once the process was killed.
        let _ = sender.send(bytes);
    });
    receiver
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

/// Has the system end this process as soon as the one that started it has ended, however it did: what a killed run
/// had started would go on beside the next one, for half an hour if need be.
pub(crate) fn end_with_parent() {
    // Where the system refuses, it goes on as it did.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

impl From<ChildError> for Unmeasured {
    fn from(error: ChildError) -> Self {
        match error {
            ChildError::Failed { status, stderr, .. } => Self::Failed {
                how: format!("ended with {status}"),
                stderr,
            },
            ChildError::Hung { limit, stderr, .. } => Self::Failed {
                how: format!("did not end within {} s", limit.as_secs_f64()),
                stderr,
            },
            ChildError::Start { .. } | ChildError::Answer { .. } => Self::Failed {
                how: shown(&error.to_string()),
                stderr: Vec::new(),
            },
        }
    }
}

/// The last lines, as many and each as a document takes them.
pub(crate) fn tail(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let tail = &lines[lines.len().saturating_sub(STDERR_LINES)..];
    tail.iter().map(|line| shown(line)).collect()
}

/// A line as a document takes it: without control characters, and cut where it is too long. One that it
/// refuses would cost what was measured of all other scenarios.
fn shown(line: &str) -> String {
    let line = line.replace('\t', " ");
    let mut shown: String = line.chars().filter(|letter| !letter.is_control()).collect();
    shown.truncate(shown.floor_char_boundary(TEXT_BYTES));
    shown
}

/// Lines below a message, each on a line of its own.
pub(crate) fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  | {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Ended {
        let mut command = Command::new("sh");
        end_within(limit, command.args(["-c", script])).expect("the shell starts")
    }

    #[test]
    fn a_process_that_ends_is_read_and_one_that_hangs_is_killed() {
        let ended = shell("echo answer; echo talk >&2; exit 3", LEAST_PATIENCE);
        assert_eq!(ended.status.and_then(|status| status.code()), Some(3));
        assert_eq!(ended.stdout, b"answer\n");
        assert_eq!(ended.stderr, b"talk\n");
        // A busy machine may take longer to get to the words than to end the process.
        let hung = [300, 3_000, 30_000].map(Duration::from_millis).into_iter();
        let mut hung = hung.map(|limit| shell("echo last words >&2; exec sleep 1000", limit));
        let has_words = hung.any(|ended| ended.status.is_none() && ended.stderr == b"last words\n");
        assert!(has_words);
        assert!(shell("exit", Duration::MAX).status.is_some(), "no limit");
    }

    #[test]
    fn the_tail_is_the_end() {
        let long: String = (0..100).map(|line| format!("{line}\n")).collect();
        let tail_of_it = tail(&long);
        assert_eq!(tail_of_it.len(), STDERR_LINES);
        assert!(indented(&tail_of_it).ends_with("\n  | 99"));
        assert!(tail("").is_empty());
    }

    #[test]
    fn lines_are_cut_to_what_a_document_takes() {
        // Two bytes each, one byte in: the limit lies inside of a character.
        let long = format!("x{}", "\u{fc}".repeat(TEXT_BYTES));
        let lines = tail(&format!("a\tb\u{1b}[31mc\u{7}\n{long}\n"));
        assert_eq!(lines[0], "a b[31mc");
        assert_eq!(lines[1].len(), TEXT_BYTES - 1);
        assert!(long.starts_with(&lines[1]));
    }
}
