//! `perf record` attached to this process, and told over a pipe when to sample.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use tempfile::TempDir;

use super::HERTZ;

/// Where kernels list what counts events in hardware; `cpu*` are those of processors.
const COUNTERS: &str = "/sys/bus/event_source/devices";

/// How much an unprivileged user may sample.
const PARANOID: &str = "/proc/sys/kernel/perf_event_paranoid";

/// Events that hardware counts, best first, and why one is chosen.
const COUNTED: [(&str, &str); 2] = [
    ("cycles", "there are hardware counters"),
    (
        "cycles:u",
        "there are hardware counters; the kernel may not be sampled",
    ),
];

/// Events that need no hardware.
const CLOCKED: [(&str, &str); 2] = [
    ("cpu-clock", "there are no hardware counters"),
    (
        "cpu-clock:u",
        "there are no hardware counters; the kernel may not be sampled",
    ),
];

/// How long perf may take to answer, which it does in milliseconds. Those before 5.11 know some of our
/// commands and answer none of the others.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why perf took no samples.
#[derive(Debug, thiserror::Error)]
pub(super) enum PerfError {
    #[error("perf is not installed")]
    Missing,
    #[error("perf cannot be started: {0}")]
    Start(io::Error),
    /// Carries perf's own words and what the kernel allows.
    #[error("perf may not sample here{level}: {said}")]
    Refused { said: String, level: String },
    #[error("no file for its samples: {0}")]
    File(io::Error),
    #[error("perf does not answer; those before 5.11 do not know how to")]
    Silent,
    #[error("perf ended while it was sampling: {0}")]
    Ended(String),
    #[error("`perf script` failed: {0}")]
    Script(String),
}

/// A perf that waits or samples.
#[derive(Debug)]
pub(super) struct Perf {
    /// What it samples by, with perf's modifiers.
    pub(super) event: &'static str,
    /// Why that, as people read it.
    pub(super) reason: &'static str,
    process: Child,
    control: ChildStdin,
    acknowledged: ChildStdout,
    /// Its samples and its words, in files without a name: whatever ends this process, nothing is left.
    samples: File,
    said: File,
    failure: Option<PerfError>,
}

impl Perf {
    /// Attaches to this process, by the best event that is allowed. Samples nothing yet.
    pub(super) fn attach() -> Result<Self, PerfError> {
        let counted = has_counters().then_some(COUNTED).into_iter().flatten();
        let mut last = PerfError::Missing;
        for (event, reason) in counted.chain(CLOCKED) {
            match Self::attach_by(event, reason) {
                Err(error @ PerfError::Refused { .. }) => last = error,
                other => return other,
            }
        }
        Err(last)
    }

    fn attach_by(event: &'static str, reason: &'static str) -> Result<Self, PerfError> {
        let folder = TempDir::new().map_err(PerfError::File)?;
        let mut said = tempfile::tempfile().map_err(PerfError::File)?;
        let mut command = Command::new("perf");
        command
            // Build ids would copy this program into a cache below the home directory.
            .args(["record", "--quiet", "--no-buildid", "--no-buildid-cache"])
            .args(["--call-graph", "fp", "--event", event, "--delay", "-1"])
            .args(["--freq", &HERTZ.to_string(), "--output", "perf.data"])
            .args(["--pid", &std::process::id().to_string()])
            .args(["--control", "fd:0,1"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(said.try_clone().map_err(PerfError::File)?);
        let mut process = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => PerfError::Missing,
            _ => PerfError::Start(error),
        })?;
        let (Some(mut control), Some(mut acknowledged)) =
            (process.stdin.take(), process.stdout.take())
        else {
            return Err(refused(String::new()));
        };
        // Answered once it has attached to every thread, and its file is there by then.
        let answer = tell(&mut control, &mut acknowledged, "ping", PATIENCE);
        let samples = answer.and_then(|()| File::open(folder.path().join("perf.data")));
        let samples = samples.map_err(|error| {
            end(&mut process);
            match error.kind() {
                io::ErrorKind::TimedOut => PerfError::Silent,
                _ => refused(first_line(&all_of(&mut said))),
            }
        })?;
        Ok(Self {
            event,
            reason,
            process,
            control,
            acknowledged,
            samples,
            said,
            failure: None,
        })
    }

    /// Samples from now on.
    pub(super) fn begin(&mut self) {
        self.switch("enable");
    }

    /// Samples no more.
    pub(super) fn end(&mut self) {
        self.switch("disable");
    }

    /// What `perf script` prints of all samples.
    pub(super) fn finish(mut self) -> Result<String, PerfError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        // Without an answer it may have ended already, and then the wait says how.
        let _ = self.tell("stop");
        let ended = self.process.wait();
        if !ended.is_ok_and(|status| status.success()) {
            return Err(PerfError::Ended(first_line(&all_of(&mut self.said))));
        }
        // Functions that were inlined stay part of their callers: some versions resolve them by
        // starting another program per address, which takes minutes.
        let mut script = Command::new("perf");
        let samples = self.samples.try_clone().map_err(PerfError::File)?;
        script
            .args(["script", "--no-inline", "--input", "/dev/stdin"])
            .stdin(samples);
        let output = script.output().map_err(PerfError::Start)?;
        if !output.status.success() {
            return Err(PerfError::Script(first_line(&output.stderr)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn switch(&mut self, command: &str) {
        if self.failure.is_none() && self.tell(command).is_err() {
            end(&mut self.process);
            let said = first_line(&all_of(&mut self.said));
            self.failure = Some(PerfError::Ended(said));
        }
    }

    fn tell(&mut self, command: &str) -> io::Result<()> {
        tell(&mut self.control, &mut self.acknowledged, command, PATIENCE)
    }
}

impl Drop for Perf {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// Tells perf something and waits until it has done that. Fails when it has ended, or does not answer.
fn tell(
    control: &mut impl Write,
    acknowledged: &mut (impl Read + AsFd),
    command: &str,
    patience: Duration,
) -> io::Result<()> {
    writeln!(control, "{command}")?;
    let patience = Timespec {
        tv_sec: patience.as_secs() as i64,
        tv_nsec: patience.subsec_nanos().into(),
    };
    let answered = retry_on_intr(|| {
        let mut answer = [PollFd::new(acknowledged, PollFlags::IN)];
        poll(&mut answer, Some(&patience))
    })?;
    if answered == 0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    // "ack", a line feed and, in some versions, a zero byte.
    let mut answer = [0; 64];
    match acknowledged.read(&mut answer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Ends a process; fails when it has ended, and then all is well.
fn end(process: &mut Child) {
    let _ = process.kill();
    let _ = process.wait();
}

fn has_counters() -> bool {
    let devices = fs::read_dir(COUNTERS).into_iter().flatten().flatten();
    devices
        .map(|device| device.file_name())
        .any(|name| name.to_string_lossy().starts_with("cpu"))
}

fn refused(said: String) -> PerfError {
    let level = fs::read_to_string(PARANOID).map_or_else(
        |_| String::new(),
        |level| format!(" (kernel.perf_event_paranoid is {})", level.trim()),
    );
    PerfError::Refused { said, level }
}

/// Everything that was written to a file.
fn all_of(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What cannot be read was not said.
    let _ = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    bytes
}

/// perf explains at length; what names the error is the first line below the heading.
fn first_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines = text.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && *line != "Error:");
    lines.next().unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_answer_is_not_waited_for() {
        let asked = |said: Option<&str>| {
            let (mut acknowledged, mut perf) = io::pipe().expect("a pipe");
            let perf = said.map(|said| {
                perf.write_all(said.as_bytes()).expect("is read");
                perf
            });
            let mut told = Vec::new();
            // Whoever is gone is heard of at once, if another test does not start a process just now.
            let patience = match said {
                Some(_) => Duration::from_millis(1),
                None => Duration::from_secs(20),
            };
            let answer = tell(&mut told, &mut acknowledged, "ping", patience);
            assert_eq!(told, b"ping\n");
            drop(perf);
            answer.map_err(|error| error.kind())
        };
        assert_eq!(asked(Some("ack\n")), Ok(()));
        assert_eq!(asked(Some("")), Err(io::ErrorKind::TimedOut));
        assert_eq!(asked(None), Err(io::ErrorKind::UnexpectedEof));
    }
}
