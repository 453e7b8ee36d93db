//! One gate as a process.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::real::case::Plant;

/// What a gate prints, in the directory of its documents.
pub const LOG: &str = "log.txt";

/// The variable that the bench reads plants from.
const PLANTS: &str = "BENCH_PLANT";

/// Ctrl-C, as an answer to a question. It is passed on to the running gate, which cleans up.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    has_fired: bool,
    running: Option<Pid>,
}

impl Interrupt {
    /// One that fires at SIGINT, SIGTERM and SIGHUP.
    ///
    /// # Errors
    /// Signals that cannot be listened for.
    pub fn on_signals() -> io::Result<Self> {
        let interrupt = Self::default();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let fired = interrupt.clone();
        thread::spawn(move || {
            for _ in signals.forever() {
                fired.with(|state| {
                    state.has_fired = true;
                    if let Some(gate) = state.running {
                        // It may have ended just now.
                        let _ = kill_process(gate, Signal::INT);
                    }
                });
            }
        });
        Ok(interrupt)
    }

    /// Whether it has fired.
    #[must_use]
    pub fn has_fired(&self) -> bool {
        self.with(|state| state.has_fired)
    }

    /// Runs a command to its end, and says whether it was told to end because this fired meanwhile.
    fn run(&self, command: &mut Command) -> io::Result<(ExitStatus, bool)> {
        // Under the lock, so that a signal meets either no gate or one that it can reach.
        let mut child = self.with(|state| {
            if state.has_fired {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            let child = command.spawn()?;
            state.running = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            Ok(child)
        })?;
        let status = child.wait();
        // Nothing is started once it has fired, so if it has, that was in the meantime.
        let was_told = self.with(|state| {
            state.running = None;
            state.has_fired
        });
        Ok((status?, was_told))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How gates are started.
#[derive(Clone, Debug)]
pub struct Starter {
    /// The `gate` binary.
    pub gate: PathBuf,
    /// The policy, as [`crate::real::policy::Policy::write`] made it.
    pub policy: PathBuf,
    /// As `gate check --budget` takes it.
    pub budget: String,
    /// As `gate check --only` takes them; all scenarios when there is none.
    pub only: Vec<String>,
    /// See [`Plant::text`].
    pub expansion: u32,
}

/// A gate that ran, to whatever end.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// When it started, RFC 3339 in UTC.
    pub started: String,
    /// How long it took.
    pub seconds: f64,
    /// How it ended; -1 when a signal killed it.
    pub exit_code: i32,
    /// How it ended, in words, when that was without a verdict.
    pub broken: Option<String>,
    /// Whether it was told to end while it ran. If it has a verdict all the same, the verdict stands.
    pub was_told: bool,
}

impl Starter {
    /// Runs a gate in the current directory and leaves its documents and its log in `directory`.
    ///
    /// # Errors
    /// A gate that could not be started. However one ends that was, that is no error but news.
    pub fn run(
        &self,
        plant: Plant<'_>,
        directory: &Path,
        interrupt: &Interrupt,
    ) -> Result<Ran, String> {
        let log = directory.join(LOG);
        let open = || {
            fs::create_dir_all(directory)?;
            let file = File::create(&log)?;
            Ok::<_, io::Error>((file.try_clone()?, file))
        };
        let (out, err) = open().map_err(|error| format!("{}: {error}", log.display()))?;
        let started = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let start = Instant::now();
        let mut command = Command::new(&self.gate);
        command
            .args(self.arguments(plant, directory))
            // A plant of the surroundings would be in both sides.
            .env_remove(PLANTS)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            // Ctrl-C reaches it once, from here, and not from the terminal as well.
            .process_group(0);
        let (status, was_told) = interrupt
            .run(&mut command)
            .map_err(|error| format!("{}: {error}", self.gate.display()))?;
        let seconds = start.elapsed().as_secs_f64();
        let is_verdict = matches!(status.code(), Some(0 | 1 | 3));
        let broken = if !is_verdict {
            Some(status.to_string())
        } else if !directory.join("verdict.json").exists() {
            Some(format!("{status} without a verdict"))
        } else {
            None
        };
        Ok(Ran {
            started,
            seconds,
            exit_code: status.code().unwrap_or(-1),
            broken,
            was_told,
        })
    }

    fn arguments(&self, plant: Plant<'_>, directory: &Path) -> Vec<std::ffi::OsString> {
        let mut arguments: Vec<std::ffi::OsString> =
            ["check", "--base", "HEAD", "--candidate", "HEAD", "--budget"]
                .map(Into::into)
                .into();
        arguments.push(self.budget.clone().into());
        // The verdict is what is proven here; profiles come after it and take their time.
        arguments.push("--no-profile".into());
        for (flag, path) in [
            ("--policy", self.policy.clone()),
            ("--runs", directory.to_owned()),
            ("--output", directory.join("verdict.json")),
        ] {
            arguments.extend([flag.into(), path.into()]);
        }
        for glob in &self.only {
            arguments.extend(["--only".into(), glob.into()]);
        }
        if let Some(plant) = plant.text(self.expansion) {
            // The environment is part of where the stack starts; blanks plant nothing and take as much
            // room on the other side.
            let blank = " ".repeat(plant.len());
            for (flag, value) in [("--candidate-env", plant), ("--base-env", blank)] {
                arguments.extend([flag.into(), format!("{PLANTS}={value}").into()]);
            }
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::case::Case;

    #[test]
    fn a_gate_is_started_with_what_is_planted_on_one_side_alone() {
        let starter = Starter {
            gate: "gate".into(),
            policy: "/p/gate.toml".into(),
            budget: "20s".to_owned(),
            only: vec!["text/**".to_owned()],
            expansion: 14,
        };
        let line = |case, only| {
            let arguments = starter.arguments(Plant::new(case, only), Path::new("/d"));
            let words: Vec<_> = arguments.iter().map(|a| a.to_string_lossy()).collect();
            words.join("|")
        };
        let common = "check|--base|HEAD|--candidate|HEAD|--budget|20s|--no-profile|--policy|/p/gate.toml|\
                      --runs|/d|--output|/d/verdict.json|--only|text/**";
        assert_eq!(line(Case::Unchanged, None), common);
        assert_eq!(
            line(Case::Work5, None),
            format!(
                "{common}|--candidate-env|BENCH_PLANT=**:work=5%|--base-env|BENCH_PLANT=          "
            )
        );
        assert_eq!(
            line(Case::Work5, Some("a/b")),
            format!(
                "{common}|--candidate-env|BENCH_PLANT=a/b:work=5%|--base-env|BENCH_PLANT=           "
            )
        );
    }
}
