//! The project's own commands: build, list, measure. `docs/measuring-command.md` is their contract.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gate_schema::code::Code;
use gate_schema::id::{Name, ScenarioId};

use super::arm;
use super::progress::Progress;
use super::runs::{Repeat, Repeated};
use crate::checkout::{Checkout, Side};
use crate::diagnostic::{Diagnostic, Place};
use crate::policy::Measure;
use crate::process::{self, Command, Contract, Ending, Task};
use crate::room::{self, Room};
use crate::signal::Interrupt;

mod sampled;

pub(crate) use sampled::Sampled;

/// A build may take as long as it takes; this only ends one that hangs.
const BUILD_TIMEOUT: Duration = Duration::from_secs(4 * 60 * 60);

/// Starts the commands of `[measure]` in the checkout.
pub(crate) struct Commands<'a> {
    pub(crate) checkout: &'a mut Checkout,
    pub(crate) measure: &'a Measure,
    /// Variables the user wants on one side only: baseline, candidate.
    pub(crate) extra: [&'a [(String, String)]; 2],
    pub(crate) interrupt: &'a Interrupt,
}

impl Commands<'_> {
    /// Runs the build command of one side, if there is one.
    ///
    /// # Errors
    /// The last lines of a build that failed, and whose it was.
    pub(crate) fn build(&mut self, side: Side, progress: &Progress) -> Result<(), Vec<Diagnostic>> {
        let Some(line) = &self.measure.build else {
            // Checked out all the same, so that both sides are there before the first start.
            self.checkout.enter(side)?;
            return Ok(());
        };
        progress.building(side);
        let log = self
            .checkout
            .build_cache()
            .join(format!("{}.log", side.name()));
        let _ = std::fs::remove_file(&log);
        let ended = self.run(side, line, Task::Build, BUILD_TIMEOUT, None, Some(&log))?;
        let (how, tail) = match ended {
            Ending::Ended(_) => return Ok(()),
            Ending::Interrupted => return self.interrupt.check(),
            other => failure(other),
        };
        self.blameless("build", side, &how, &tail)?;
        let message = format!("the {} does not build: {how}", spoken(side));
        let hint = match side {
            Side::Base => "the whole log is there; or choose another --base that builds",
            Side::Candidate => "the whole log is there",
        };
        let problem = Diagnostic::new(Code::Build, message, Place::File(log), hint);
        Err(vec![problem.quoting(&tail)])
    }

    fn run(
        &mut self,
        side: Side,
        line: &str,
        task: Task<'_>,
        timeout: Duration,
        stdout: Option<&Path>,
        log: Option<&Path>,
    ) -> Result<Ending, Vec<Diagnostic>> {
        let directory = self.checkout.enter(side)?;
        let build_cache = self.checkout.build_cache();
        let contract = Contract {
            side,
            build_cache: &build_cache,
            extra: self.extra[side as usize],
        };
        let environment = contract.environment(task);
        let command = Command {
            line,
            directory: &directory,
            environment: &environment,
            timeout,
            stdout,
            log,
        };
        Ok(process::run(&command, self.interrupt))
    }

    /// The document a start writes: one path for both sides.
    fn out(&self) -> PathBuf {
        self.checkout.build_cache().join("out.json")
    }

    /// Starts the measuring command once.
    fn measure(
        &mut self,
        side: Side,
        scenario: Option<&ScenarioId>,
    ) -> Result<Repeated, Vec<Diagnostic>> {
        let out = self.out();
        remove(&out)?;
        let task = Task::Measure {
            scenario: scenario.map(ScenarioId::as_str),
            out: &out,
        };
        let (line, timeout) = (&self.measure.command, self.measure.timeout);
        let ending = self.run(side, line, task, timeout, None, None)?;
        let (how, stderr) = match ending {
            Ending::Interrupted => {
                self.interrupt.check()?;
                ("interrupted".to_owned(), Vec::new())
            }
            Ending::Ended(tail) => match arm::read(&out) {
                Ok(run) => return Ok(Repeated::Measured(Box::new(run))),
                Err(how) => (how, tail),
            },
            other => failure(other),
        };
        self.blameless("command", side, &how, &stderr)?;
        Ok(Repeated::Failed { how, stderr })
    }

    /// Stops where a full disk explains why a command failed: the same would happen to the other side.
    ///
    /// # Errors
    /// Which disk that is, and the way out.
    fn blameless(
        &self,
        key: &'static str,
        side: Side,
        how: &str,
        tail: &[String],
    ) -> Result<(), Vec<Diagnostic>> {
        let builds = self.checkout.build_cache();
        let rooms = [&builds, &std::env::temp_dir()].map(|directory| Room::of(directory));
        let said = tail.iter().map(String::as_str).chain([how]);
        let Some(at) = room::full(&rooms, said) else {
            return Ok(());
        };
        // What the command left half-written takes room that what was measured needs now.
        let _ = remove(&self.out());
        let what = failed(side, key, how);
        Err(vec![
            room::diagnostic(&what, &rooms, at, &builds).quoting(tail),
        ])
    }
}

impl Repeat for Commands<'_> {
    fn list(&mut self, side: Side) -> Result<Vec<ScenarioId>, Vec<Diagnostic>> {
        let Some(line) = &self.measure.list else {
            return match self.measure(side, None)? {
                Repeated::Measured(run) => {
                    let declared = run.manifest.scenarios.into_iter();
                    Ok(declared.map(|d| d.scenario).collect())
                }
                Repeated::Failed { how, stderr } => Err(broken(side, "command", &how, &stderr)),
            };
        };
        let printed = self.checkout.build_cache().join("list");
        remove(&printed)?;
        let timeout = self.measure.timeout;
        match self.run(side, line, Task::List, timeout, Some(&printed), None)? {
            Ending::Ended(_) => {}
            Ending::Interrupted => self.interrupt.check()?,
            other => {
                let (how, tail) = failure(other);
                self.blameless("list", side, &how, &tail)?;
                return Err(broken(side, "list", &how, &tail));
            }
        }
        // What a command put in its place may be a pipe, which would be waited for.
        let is_file = std::fs::symlink_metadata(&printed).is_ok_and(|printed| printed.is_file());
        if !is_file {
            return Err(broken(side, "list", "its output is gone", &[]));
        }
        let text = std::fs::read_to_string(&printed)
            .map_err(|error| broken(side, "list", &error.to_string(), &[]))?;
        ids(&text).map_err(|how| broken(side, "list", &how, &[]))
    }

    fn repeat(&mut self, side: Side, scenario: &ScenarioId) -> Result<Repeated, Vec<Diagnostic>> {
        self.measure(side, Some(scenario))
    }
}

/// Removes what an earlier start left at `$GATE_OUT`, whatever it is: it must not be taken for what
/// the next one wrote.
fn remove(out: &Path) -> Result<(), Vec<Diagnostic>> {
    let removed = std::fs::symlink_metadata(out).and_then(|metadata| {
        if metadata.is_dir() {
            std::fs::remove_dir_all(out)
        } else {
            std::fs::remove_file(out)
        }
    });
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(vec![Diagnostic::new(
            Code::Unwritable,
            format!("cannot remove what an earlier start left: {error}"),
            Place::File(out.to_owned()),
            "remove it by hand",
        )]),
        _ => Ok(()),
    }
}

/// One id per line; empty lines and repeated ids are passed over.
fn ids(text: &str) -> Result<Vec<ScenarioId>, String> {
    let mut ids: Vec<ScenarioId> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let id = Name::new(line)
            .map_err(|_| format!("printed `{}`, which is no id", line.escape_debug()))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        return Err("printed no scenario".to_owned());
    }
    Ok(ids)
}

fn failure(ending: Ending) -> (String, Vec<String>) {
    match ending {
        Ending::Failed { how, tail } => (how, tail),
        Ending::TimedOut { after, tail } => {
            let after = humantime::format_duration(after);
            (format!("no end after {after}, killed"), tail)
        }
        Ending::Ended(_) | Ending::Interrupted => (String::new(), Vec::new()),
    }
}

/// A command that failed before any scenario could be named.
fn broken(side: Side, key: &'static str, how: &str, tail: &[String]) -> Vec<Diagnostic> {
    let problem = Diagnostic::new(
        Code::Measure,
        failed(side, key, how),
        Place::Flag("[measure]"),
        "`gate explain G603` says where to read what is expected of it",
    );
    vec![problem.quoting(tail)]
}

fn failed(side: Side, key: &str, how: &str) -> String {
    format!("`{key}` of [measure] failed on the {}: {how}", spoken(side))
}

fn spoken(side: Side) -> &'static str {
    match side {
        Side::Base => "baseline",
        Side::Candidate => "candidate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_an_earlier_start_left_is_removed() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let out = folder.path().join("out.json");
        let run = |program: &str, arguments: &[&Path]| {
            let status = std::process::Command::new(program).args(arguments).status();
            assert!(status.expect("it runs").success());
        };
        type Leave<'a> = &'a dyn Fn();
        let kept = folder.path().join("kept");
        std::fs::write(&kept, "kept").expect("writable");
        let leftovers: [(&str, Leave<'_>); 5] = [
            ("nothing", &|| {}),
            ("a file", &|| {
                std::fs::write(&out, "stale").expect("writable")
            }),
            ("a directory", &|| {
                std::fs::create_dir_all(out.join("inner")).expect("writable");
            }),
            ("a pipe", &|| run("mkfifo", &[&out])),
            ("a link", &|| {
                std::os::unix::fs::symlink(&kept, &out).expect("writable");
            }),
        ];
        for (name, leave) in leftovers {
            leave();
            assert_eq!(remove(&out), Ok(()), "{name}");
            assert!(std::fs::symlink_metadata(&out).is_err(), "{name}");
        }
        assert!(kept.exists(), "a link is removed and not what it points at");
        let refused = remove(&kept.join("out.json")).expect_err("not a directory");
        assert_eq!(refused[0].code, Code::Unwritable);
    }

    #[test]
    fn a_list_is_one_id_per_line() {
        let of =
            |text| ids(text).map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>());
        for (name, text, expected) in [
            ("plain", "a\nb/c\n", Ok(vec!["a", "b/c"])),
            (
                "spaces, blank lines and repeats",
                " a \n\na\r\n",
                Ok(vec!["a"]),
            ),
            ("nothing", "\n", Err("printed no scenario")),
            (
                "prose",
                "usage: bench <verb>",
                Err("printed `usage: bench <verb>`, which is no id"),
            ),
        ] {
            let expected = expected
                .map(|ids| ids.into_iter().map(str::to_owned).collect::<Vec<_>>())
                .map_err(str::to_owned);
            assert_eq!(of(text), expected, "{name}");
        }
    }
}
