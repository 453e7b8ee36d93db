//! `perf record` attached to this process, and told over a pipe when to sample.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

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
    #[error("no folder for its samples: {0}")]
    Folder(io::Error),
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
    folder: TempDir,
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
        let folder = TempDir::new().map_err(PerfError::Folder)?;
        let said = File::create(folder.path().join("said")).map_err(PerfError::Folder)?;
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
            .stderr(said);
        let mut process = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => PerfError::Missing,
            _ => PerfError::Start(error),
        })?;
        let (Some(control), Some(acknowledged)) = (process.stdin.take(), process.stdout.take())
        else {
            return Err(refused(String::new()));
        };
        let mut perf = Self {
            event,
            reason,
            process,
            control,
            acknowledged,
            folder,
            failure: None,
        };
        // Answered once it has attached to every thread.
        if perf.tell("ping").is_err() {
            let said = perf.end_it();
            return Err(refused(said));
        }
        Ok(perf)
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
            return Err(PerfError::Ended(said(self.folder.path())));
        }
        // Functions that were inlined stay part of their callers: some versions resolve them by
        // starting another program per address, which takes minutes.
        let mut script = Command::new("perf");
        script
            .args(["script", "--no-inline", "--input", "perf.data"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        let output = script.output().map_err(PerfError::Start)?;
        if !output.status.success() {
            return Err(PerfError::Script(first_line(&output.stderr)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn switch(&mut self, command: &str) {
        if self.failure.is_none() && self.tell(command).is_err() {
            let said = self.end_it();
            self.failure = Some(PerfError::Ended(said));
        }
    }

    /// Tells perf something and waits until it has done that. Fails when it has ended.
    fn tell(&mut self, command: &str) -> io::Result<()> {
        writeln!(self.control, "{command}")?;
        // "ack", a line feed and, in some versions, a zero byte.
        let mut answer = [0; 64];
        match self.acknowledged.read(&mut answer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Ends perf, and returns what it said.
    fn end_it(&mut self) -> String {
        // Fails when it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
        said(self.folder.path())
    }
}

impl Drop for Perf {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
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

/// What perf said about its failure, on one line.
fn said(folder: &Path) -> String {
    first_line(&fs::read(folder.join("said")).unwrap_or_default())
}

/// perf explains at length; what names the error is the first line below the heading.
fn first_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines = text.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && *line != "Error:");
    lines.next().unwrap_or("it said nothing").to_owned()
}
