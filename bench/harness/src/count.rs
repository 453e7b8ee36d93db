//! How many instructions one operation takes, counted under callgrind: a figure that neither neighbours nor
//! the speed of a machine change.
//!
//! The process of a scenario runs in valgrind's simulated processor. Only what is executed below one
//! function is counted, so that loading, warming up and checking are not. A clock says nothing of how long
//! operations take in there. That of the processor says whether other threads had a part in them, which is
//! not counted: then there is no figure.

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use gate_schema::run::{DeclaredMetric, Kind};
use gate_schema::unit::{Direction, Unit};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::child::{ChildError, Children, end_within, indented, tail};
use crate::context::Context;
use crate::processor::{processor_time, thread_time};
use crate::repetition::RepetitionError;
use crate::scenario::{Scenario, Subject, metric};

/// The program that counts.
const VALGRIND: &str = "valgrind";

/// The hidden verb of the process that is counted.
const VERB: &str = "counted";

/// Where counting is switched on and off: a pattern for the one function of that name, however a compiler
/// mangles it.
const SWITCH: &str = "--toggle-collect=*counted_operations*";

/// Nothing but what is wrong, with the bytes of an instruction that it does not know, and without a debugger's
/// pipes, which would be left in /tmp.
const QUIETLY: [&str; 3] = ["--quiet", "--sigill-diagnostics=yes", "--vgdb=no"];

/// What valgrind says of an instruction that it does not know, best first.
const UNKNOWN_INSTRUCTION: [&str; 2] = ["unhandled instruction", "Illegal opcode"];

/// Share of the processor's time that threads other than the counted one may take during the operations. Above
/// what reading two clocks takes, and far below what an engine's own threads do.
const OF_OTHERS: f64 = 0.01;

/// What the process that was counted tells its parent, as one JSON object on stdout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Operated {
    /// Operations that were counted.
    pub(crate) operations: u64,
    /// Share of the processor's time meanwhile that other threads took, also those that have ended since.
    pub(crate) of_others: f64,
    /// How an answer differed from the truth; absent when all were right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wrong_answer: Option<String>,
}

/// What came of counting a scenario once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Counted {
    /// Instructions of one operation, the mean of all.
    pub(crate) instructions: f64,
    /// See [`Operated::wrong_answer`].
    pub(crate) wrong_answer: Option<String>,
}

/// Why there is no count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CountError {
    #[error(
        "valgrind is not installed, so there is no count of instructions\n  hint: sudo apt-get install valgrind"
    )]
    Missing,
    #[error("valgrind cannot be started: {0}")]
    Start(io::Error),
    #[error(transparent)]
    Prepare(ChildError),
    #[error("no folder for what callgrind writes: {0}")]
    Folder(io::Error),
    #[error(
        "this valgrind does not know an instruction of this build{}\n  hint: it knows none of AVX-512; build with \
         `-C target-cpu=x86-64-v3` in RUSTFLAGS into a target directory of its own", indented(.0)
    )]
    Instruction(Vec<String>),
    #[error("the process ended with {status}{}", indented(.stderr))]
    Failed {
        status: ExitStatus,
        stderr: Vec<String>,
    },
    #[error("the process did not end within {} s and was killed{}", .limit.as_secs_f64(), indented(.stderr))]
    Hung {
        limit: Duration,
        stderr: Vec<String>,
    },
    #[error(
        "threads of its own do {:.0} % of the work, and only the one that operates is counted", 100.0 * .0
    )]
    Threads(f64),
    #[error("the process answered nonsense: {0}")]
    Answer(serde_json::Error),
    #[error(
        "callgrind did not find the operations\n  hint: build without `strip`, it looks for the name of a function"
    )]
    Nothing,
}

/// The metric that a count is.
pub(crate) fn instructions() -> DeclaredMetric {
    metric("instructions", Kind::Value, Unit::Count, Direction::Lower)
}

/// Whether there is a valgrind at all.
pub(crate) fn find_valgrind() -> Result<(), CountError> {
    let mut command = Command::new(VALGRIND);
    let asked = command.arg("--version").stdin(Stdio::null()).output();
    match asked.map_err(started)? {
        output if output.status.success() => Ok(()),
        output => Err(failed(output.status, &output.stderr)),
    }
}

/// Prepares `scenario` for valgrind's processor, which knows fewer instructions than this one: files that
/// were made by an engine depend on what it had.
pub(crate) fn prepare(children: &Children, scenario: &dyn Scenario) -> Result<(), CountError> {
    // All but those files is made here, at full speed.
    children.prepare(scenario).map_err(CountError::Prepare)?;
    let program = std::env::current_exe().map_err(CountError::Start)?;
    let mut command = Command::new(VALGRIND);
    command
        .arg("--tool=none")
        .args(QUIETLY)
        .arg(program)
        .args(["prepare", scenario.id()])
        .args(children.arguments())
        .stdin(Stdio::null());
    match command.output().map_err(started)? {
        output if output.status.success() => Ok(()),
        output => Err(failed(output.status, &output.stderr)),
    }
}

/// Counts the operations of a prepared `scenario` once, in a process of its own.
pub(crate) fn count(children: &Children, scenario: &dyn Scenario) -> Result<Counted, CountError> {
    let folder = TempDir::new().map_err(CountError::Folder)?;
    let out = folder.path().join("callgrind.out");
    // By its real path: valgrind reads the names of functions from that file.
    let program = std::env::current_exe().map_err(CountError::Start)?;
    let mut command = callgrind(&program, &out);
    command
        .args([VERB, scenario.id()])
        .args(children.arguments())
        .stdin(Stdio::null());
    // How much longer everything takes in there, no scenario says.
    let limit = children.timeout().unwrap_or(Duration::MAX);
    let ended = end_within(limit, &mut command).map_err(started)?;
    let Some(status) = ended.status else {
        let stderr = tail(&String::from_utf8_lossy(&ended.stderr));
        return Err(CountError::Hung { limit, stderr });
    };
    if !status.success() {
        return Err(failed(status, &ended.stderr));
    }
    let operated: Operated = serde_json::from_slice(&ended.stdout).map_err(CountError::Answer)?;
    if operated.of_others > OF_OTHERS {
        return Err(CountError::Threads(operated.of_others));
    }
    let written = std::fs::read_to_string(&out).unwrap_or_default();
    match total(&written) {
        Some(total) if total > 0 && operated.operations > 0 => Ok(Counted {
            instructions: total as f64 / operated.operations as f64,
            wrong_answer: operated.wrong_answer,
        }),
        _ => Err(CountError::Nothing),
    }
}

fn callgrind(program: &Path, out: &Path) -> Command {
    let mut command = Command::new(VALGRIND);
    command.args(["--tool=callgrind", SWITCH]).args(QUIETLY);
    let mut argument = std::ffi::OsString::from("--callgrind-out-file=");
    argument.push(out);
    command.arg(argument).arg(program);
    command
}

fn started(error: io::Error) -> CountError {
    match error.kind() {
        io::ErrorKind::NotFound => CountError::Missing,
        _ => CountError::Start(error),
    }
}

fn failed(status: ExitStatus, stderr: &[u8]) -> CountError {
    let stderr = String::from_utf8_lossy(stderr);
    let find = |said: &&str| stderr.lines().find(|line| line.contains(said));
    match UNKNOWN_INSTRUCTION.iter().find_map(find) {
        Some(line) => CountError::Instruction(vec![line.to_owned()]),
        None => CountError::Failed {
            status,
            stderr: tail(&stderr),
        },
    }
}

/// The instructions of all functions, from the file that callgrind writes.
fn total(written: &str) -> Option<u64> {
    let mut lines = written.lines();
    let total = lines.find_map(|line| line.strip_prefix("totals:"))?;
    total.trim().parse().ok()
}

/// Loads `scenario`, warms it up and runs its operations below the function at which callgrind counts.
pub(crate) fn operate(
    scenario: &dyn Scenario,
    context: &Context,
) -> Result<Operated, RepetitionError> {
    let mut subject = scenario.load(context).map_err(RepetitionError::Scenario)?;
    let (warm_up, operations) = (subject.warm_up(), subject.operations());
    for index in 0..warm_up {
        black_box(subject.operate(index));
    }
    // valgrind translates code when it first runs: here, so that it is not between the two clocks below.
    black_box((processor_time(), thread_time()));
    let (all, own) = (processor_time(), thread_time());
    counted_operations(subject.as_mut(), warm_up..warm_up + operations);
    let (all, own) = (processor_time() - all, thread_time() - own);
    Ok(Operated {
        operations: operations as u64,
        of_others: of_others(all, own),
        wrong_answer: subject.check().err().map(|wrong| wrong.to_string()),
    })
}

/// The share of `all` processor time that was not this thread's `own`.
fn of_others(all: Duration, own: Duration) -> f64 {
    all.saturating_sub(own).as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// The operations and next to nothing else. Never inlined: it is found by its name.
#[inline(never)]
fn counted_operations(subject: &mut dyn Subject, indexes: std::ops::Range<usize>) {
    for index in indexes {
        black_box(subject.operate(index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Cache;
    use crate::fake::FakeScenario;
    use crate::prepare::prepare;
    use crate::tier::Tier;

    #[test]
    fn the_total_is_read_from_what_callgrind_writes() {
        for (name, written, expected) in [
            (
                "whole",
                "events: Ir\n\ntotals: 1038318883\n",
                Some(1_038_318_883),
            ),
            ("summary only", "summary: 12\n", None),
            ("cut off", "totals: 10383x", None),
            ("empty", "", None),
        ] {
            assert_eq!(total(written), expected, "{name}");
        }
    }

    #[test]
    fn what_threads_of_the_engine_do_is_noticed_although_they_have_ended() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        let scenario = FakeScenario::named("fake/one");
        prepare(&scenario, Tier::Tiny, &cache).expect("prepares");
        let threads = [("threads".to_owned(), 1)].into();
        let context = Context::new(Tier::Tiny, &cache).with_settings(threads);
        let operated = operate(&scenario, &context).expect("operates");
        assert!(operated.of_others > 0.5, "{operated:?}");
    }

    #[test]
    fn an_instruction_that_valgrind_does_not_know_has_a_way_out() {
        let said = b"vex amd64->IR: unhandled instruction bytes: 0x62 0xF1\n==7== valgrind: ...";
        let text = failed(ExitStatus::default(), said).to_string();
        assert!(text.contains("0x62 0xF1\n  hint: "), "{text}");
        assert!(text.contains("x86-64-v3"), "{text}");
        let text = failed(ExitStatus::default(), b"one\ntwo\n").to_string();
        assert!(text.ends_with("\n  | one\n  | two"), "{text}");
    }
}
