//! Running one command of the project: in its own process group, with an end that leaves nothing behind.
//!
//! While the command runs, `gate` sleeps. What the command prints goes to a file and not through a
//! pipe: a pipe would have to be emptied while others are measured, and whatever was left running
//! could hold it open.

mod contract;
mod orphan;
mod tail;

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::retry_on_intr;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid,
};

use crate::signal::Interrupt;
pub(crate) use contract::{Contract, Task};
pub(crate) use orphan::{end as end_orphans, note};
pub(crate) use tail::lines;

/// Time between SIGTERM and SIGKILL: a database closes its files in it, nobody waits for long.
const GRACE: Duration = Duration::from_secs(2);

/// Variables by which git tells a hook where its repository is. A command that inherited them would
/// look at the repository of the hook instead of the one it stands in.
const GIT_VARIABLES: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
];

/// One command line and where it runs.
pub(crate) struct Command<'a> {
    /// For `sh -c`.
    pub(crate) line: &'a str,
    pub(crate) directory: &'a Path,
    /// Variables on top of those of `gate`.
    pub(crate) environment: &'a [(OsString, OsString)],
    pub(crate) timeout: Duration,
    /// Where its standard output goes, for a command whose output is an answer; replaced. `None` puts
    /// it beside standard error.
    pub(crate) stdout: Option<&'a Path>,
    /// A file that everything else it prints is added to.
    pub(crate) log: Option<&'a Path>,
}

/// How a command ended. Whatever it was, nothing of its process group is left.
#[derive(Debug, PartialEq)]
pub(crate) enum Ending {
    /// With status 0; carries the last lines it printed.
    Ended(Vec<String>),
    /// In any other way, including one that could not be started.
    Failed {
        /// In one line: `exit status 3`, `killed by signal 11`.
        how: String,
        /// The last lines it printed, fit for a document and for display.
        tail: Vec<String>,
    },
    /// Not in time; it was killed.
    TimedOut { after: Duration, tail: Vec<String> },
    /// Somebody wants to stop; it was killed, or not even started.
    Interrupted,
}

/// Runs a command to its end.
pub(crate) fn run(command: &Command<'_>, interrupt: &Interrupt) -> Ending {
    attempt(command, interrupt).unwrap_or_else(|error| failed(&error.to_string(), Vec::new()))
}

fn attempt(command: &Command<'_>, interrupt: &Interrupt) -> io::Result<Ending> {
    adopt_orphans();
    let output = output(command.log)?;
    let before = output.metadata()?.len();
    let (events, inbox) = mpsc::channel();
    let wake = events.clone();
    // A send fails when the command has ended, and then nobody needs to know.
    let wake = move || drop(wake.send(Event::Interrupted));
    let started = interrupt
        .start(&mut shell(command, &output)?, wake)
        .map_err(|error| told("cannot start", command.directory, &error))?;
    let Some(started) = started else {
        return Ok(Ending::Interrupted);
    };
    let group = started.group;
    let is_stopping = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&is_stopping);
    thread::spawn(move || {
        let status = wait_for(group);
        if !stopping.load(Ordering::Acquire) {
            // Its first process is not reaped yet, so this group is still its own.
            kill(group, Signal::KILL);
        }
        reap(group);
        let _ = events.send(Event::Ended(status));
    });

    let first = inbox.recv_timeout(command.timeout);
    if let Ok(Event::Ended(status)) = first {
        return Ok(match how(status) {
            None => Ending::Ended(tail::read(&output, before)),
            Some(how) => failed(&how, tail::read(&output, before)),
        });
    }
    is_stopping.store(true, Ordering::Release);
    stop(group, &inbox);
    Ok(match first {
        Ok(_) => Ending::Interrupted,
        Err(_) => Ending::TimedOut {
            after: command.timeout,
            tail: tail::read(&output, before),
        },
    })
}

enum Event {
    Interrupted,
    /// Nothing of the process group is left. `None` when its status is unknown.
    Ended(Option<WaitIdStatus>),
}

/// Ends a process group: asks, waits for a while, then does not ask.
fn stop(group: Pid, inbox: &Receiver<Event>) {
    let deadline = Instant::now() + GRACE;
    kill(group, Signal::TERM);
    loop {
        match inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Ended(_)) => return,
            Ok(Event::Interrupted) => {}
            Err(_) => break,
        }
    }
    kill(group, Signal::KILL);
    loop {
        match inbox.recv() {
            Ok(Event::Ended(_)) => return,
            Ok(Event::Interrupted) => {}
            Err(_) => return,
        }
    }
}

fn shell(command: &Command<'_>, output: &File) -> io::Result<std::process::Command> {
    let stdout = match command.stdout {
        None => output.try_clone()?,
        Some(path) => File::create(path).map_err(|error| told("cannot write", path, &error))?,
    };
    let mut shell = std::process::Command::new("sh");
    without_git(&mut shell)
        .args(["-c", command.line])
        .current_dir(command.directory)
        .envs(
            command
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(output.try_clone()?)
        .process_group(0);
    Ok(shell)
}

/// The command without what a git hook was told about its own repository.
pub(crate) fn without_git(command: &mut std::process::Command) -> &mut std::process::Command {
    for name in GIT_VARIABLES {
        command.env_remove(name);
    }
    command
}

fn output(log: Option<&Path>) -> io::Result<File> {
    match log {
        None => tempfile::tempfile(),
        Some(path) => OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(|error| told("cannot write", path, &error)),
    }
}

fn told(what: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {}: {error}", path.display()))
}

fn failed(how: &str, tail: Vec<String>) -> Ending {
    Ending::Failed {
        how: lines(how.as_bytes()).join(" "),
        tail,
    }
}

/// How it failed, in one line; `None` for a success.
fn how(status: Option<WaitIdStatus>) -> Option<String> {
    let Some(status) = status else {
        return Some("an unknown end".to_owned());
    };
    if let Some(signal) = status.terminating_signal() {
        return Some(format!("killed by signal {signal}"));
    }
    if let Some(signal) = status.stopping_signal() {
        // Most often SIGTTIN: it asks for a password, which nobody is there to give.
        return Some(format!("stopped by signal {signal}"));
    }
    match status.exit_status() {
        Some(0) => None,
        // What a shell makes of a signal that killed its last command.
        Some(code @ 129..=192) => Some(format!("killed by signal {}", code - 128)),
        Some(code) => Some(format!("exit status {code}")),
        None => Some("an unknown end".to_owned()),
    }
}

/// Waits until the first process of the group has ended or was stopped, which would be for ever. It is
/// not reaped, so that the number of its group cannot be given to another.
fn wait_for(group: Pid) -> Option<WaitIdStatus> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
    retry_on_intr(|| waitid(WaitId::Pid(group), options))
        .ok()
        .flatten()
}

/// Waits until nothing of the group is left: a killed process still gives back its memory for a while,
/// and would do so next to the following measurement.
fn reap(group: Pid) {
    while retry_on_intr(|| waitid(WaitId::Pgid(Some(group)), WaitIdOptions::EXITED)).is_ok() {}
}

/// Makes processes whose parent has ended children of this one, so that [`reap`] waits for them too.
fn adopt_orphans() {
    // Elsewhere, and where it fails, they are killed all the same and merely not waited for.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

fn kill(group: Pid, signal: Signal) {
    // Fails when everything in the group has ended, and then all is well.
    let _ = kill_process_group(group, signal);
}

/// One word of a shell: any character but a quote stands for itself in single quotes.
pub(crate) fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
