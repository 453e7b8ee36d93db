//! What is left when a check is interrupted: nothing but the pairs that were measured.
//!
//! The measuring command opens a named pipe, which waits for the test to open the other end. So the
//! test knows that the command runs, and the command waits for ever after.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use crate::project::{LEVEL, Project, ran};
use crate::scratch::Ran;

/// Measures, and at start number `$BLOCK_AT` tells who it is and waits for ever.
const BLOCKING: &str = r#"
starts=$(cat "$GATE_BUILD_CACHE/starts" 2> /dev/null || echo 0)
echo $((starts + 1)) > "$GATE_BUILD_CACHE/starts"
[ $((starts + 1)) = "$BLOCK_AT" ] || exec sh bench.sh
tail -f /dev/null &
echo "$$ $!" > "$PIPE"
wait
"#;

/// A `gate` whose command waits for ever.
struct Running {
    gate: String,
    /// The command, and a process that it started.
    command: Vec<String>,
    output: JoinHandle<Output>,
}

impl Running {
    fn end(self) -> Output {
        self.output.join().expect("it ends")
    }
}

/// A project whose measuring command can be made to wait.
fn project() -> Project {
    let project = Project::quick();
    project.write("block.sh", BLOCKING);
    project
        .measure("command = 'sh block.sh'\npairs = 3")
        .commit("blocks");
    project.run("mkfifo", &["pipe"]);
    project
}

impl Project {
    /// Whether a process exists.
    pub(super) fn is_running(&self, process: &str) -> bool {
        // The shell has a `kill` of its own, which no system lacks.
        let mut ask = Command::new("sh");
        ask.args(["-c", "kill -0 \"$0\"", process])
            .stderr(Stdio::null());
        ask.status().expect("runs").success()
    }

    fn kill(&self, process: &str, signal: &str) {
        self.run("sh", &["-c", "kill -s \"$0\" \"$1\"", signal, process]);
    }

    /// Starts a check and returns when its start number `at` waits.
    fn blocked(&self, at: u32) -> Running {
        self.blocked_in(self.checking(&[]), at)
    }

    /// The same for any verb that measures.
    fn blocked_in(&self, mut gate: Command, at: u32) -> Running {
        let pipe = self.outside("pipe");
        gate.env("PIPE", &pipe)
            .env("BLOCK_AT", at.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = gate.spawn().expect("starts");
        let id = child.id().to_string();
        let other_end = pipe.clone();
        let output = thread::spawn(move || {
            let output = child.wait_with_output().expect("it ends");
            // A check that ends early must fail the test and not leave it waiting at the pipe.
            drop(open_both_ends(&other_end));
            output
        });
        let mut told = String::new();
        std::fs::File::open(&pipe)
            .and_then(|mut pipe| pipe.read_to_string(&mut told))
            .expect("readable");
        if told.is_empty() {
            let output = output.join().expect("it ends");
            panic!("nothing waits: {}", String::from_utf8_lossy(&output.stderr));
        }
        Running {
            gate: id,
            command: told.split_whitespace().map(str::to_owned).collect(),
            output,
        }
    }

    /// A check whose command never waits.
    fn unblocked(&self) -> Ran {
        let mut gate = self.checking(&[]);
        ran(gate.env("BLOCK_AT", "0").output().expect("runs"))
    }

    /// Interrupts it and checks what holds whenever one is interrupted.
    fn interrupt(&self, running: Running) -> Ran {
        for process in &running.command {
            assert!(self.is_running(process));
        }
        self.kill(&running.gate, signal());
        let command = running.command.clone();
        let ran = ran(running.end());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        for process in &command {
            assert!(!self.is_running(process), "{process} is left");
        }
        assert_eq!(self.git(&["worktree", "list"]).lines().count(), 1);
        assert_eq!(self.names(&self.cache()), ["build", "lock"]);
        ran
    }
}

/// Whether a process runs; one that ended and waits for its parent to notice does not.
fn is_alive(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}

fn open_both_ends(pipe: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).open(pipe)
}

/// The signal of Ctrl-C, unless whoever started the tests ignores it, as the shell does for a job in
/// the background: then `gate` is right to ignore it, too.
fn signal() -> &'static str {
    const SIGINT: u64 = 2;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    if ignored.unwrap_or(0) & (1 << (SIGINT - 1)) == 0 {
        "INT"
    } else {
        "TERM"
    }
}

#[test]
fn before_the_first_pair_nothing_is_kept() {
    let project = project();
    let before = project.state();
    let ran = project.interrupt(project.blocked(1));
    assert_eq!(
        ran.errors(),
        "error[G605]: interrupted\n  --> signal\n  hint: start it again\n"
    );
    assert_eq!(project.names("runs"), [""; 0]);
    assert_eq!(project.state(), before);
    let next = project.unblocked();
    assert_eq!(next.code, 0, "{}{}", next.stdout, next.stderr);
}

#[test]
fn a_build_is_interrupted_like_anything_else() {
    let project = project();
    project.measure("build = 'sh block.sh'\ncommand = 'sh bench.sh'");
    let before = project.state();
    let ran = project.interrupt(project.blocked(1));
    assert!(
        ran.errors().starts_with("error[G605]: interrupted\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(project.state(), before);
}

#[test]
fn what_a_killed_check_left_is_removed_by_the_next() {
    let project = project();
    let before = project.state();
    let running = project.blocked(8);
    project.kill(&running.gate, "KILL");
    let command = running.command.clone();
    assert!(!running.end().status.success());
    assert_ne!(project.state(), before, "it could not clean up");
    for process in &command {
        assert!(is_alive(process), "{process} was nobody's to end");
    }
    let next = project.unblocked();
    for process in &command {
        assert!(!is_alive(process), "{process} is left");
    }
    assert_eq!(next.code, 0, "{}{}", next.stdout, next.stderr);
    assert_eq!(project.state(), before);
}

#[test]
fn pairs_measured_before_are_kept_and_can_be_looked_at() {
    let project = project();
    // Two starts of each side tell and warm up. Then pair 0 is whole, and of pair 1 one member.
    let ran = project.interrupt(project.blocked(8));
    assert!(
        ran.errors().starts_with("error[G605]: interrupted\n"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.errors().ends_with("what was measured is in ../runs\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(project.names("runs"), ["baseline.json", "candidate.json"]);
    let repetitions = |name| {
        let measured = &project.kept(name)["sessions"][0]["scenarios"][0];
        measured["repetitions"].as_array().expect("some").len()
    };
    assert_eq!(
        (repetitions("baseline.json"), repetitions("candidate.json")),
        (1, 2)
    );
    let runs = ["../runs/baseline.json", "../runs/candidate.json"];
    let compared = project.gate(&["compare", runs[0], runs[1]]);
    assert_eq!(compared.code, 3, "{}{}", compared.stdout, compared.stderr);
}

#[test]
fn an_interrupted_check_leaves_no_verdict_of_an_earlier_one() {
    let project = project();
    assert_eq!(project.unblocked().code, 0);
    assert!(project.outside("runs/verdict.json").exists());
    std::fs::remove_file(project.outside(&format!("{}/build/starts", project.cache())))
        .expect("written");
    project.interrupt(project.blocked(8));
    assert_eq!(project.names("runs"), ["baseline.json", "candidate.json"]);
}

/// One start tells and one warms up; then each pair of a calibration is two.
#[test]
fn an_interrupted_calibration_keeps_what_says_something() {
    const KEPT: &str = "; what was learned is in ";
    const NOTHING: &str = "; no scenario had 3 pairs, so nothing was learned and nothing written";
    for (name, pairs, at, learned, hint) in [
        ("two pairs and a half", "10", 8, &[][..], NOTHING),
        ("three pairs and a half", "10", 10, &[3], KEPT),
        ("a session and two pairs", "3", 13, &[3], KEPT),
        ("two sessions and no pair", "3", 15, &[3, 3], KEPT),
    ] {
        let project = Project::of_a_known_machine();
        project.write("block.sh", BLOCKING);
        project.measure("command = 'sh block.sh'").commit("blocks");
        project.run("mkfifo", &["pipe"]);
        let gate = project.command(&["calibrate", "--sessions", "3", "--pairs", pairs]);
        let ran = project.interrupt(project.blocked_in(gate, at));
        assert!(
            ran.errors().starts_with("error[G605]: interrupted\n"),
            "{name}: {}",
            ran.stderr
        );
        assert!(ran.errors().contains(hint), "{name}: {}", ran.stderr);
        let files = project.names("project/baselines/noise");
        let of_file = |file: &String| -> Vec<u64> {
            let noise = project.json(&format!("baselines/noise/{file}"));
            let sessions = noise["rows"][0]["sessions"].as_array().expect("some");
            sessions
                .iter()
                .map(|s| s["pairs"].as_u64().expect("a number"))
                .collect()
        };
        let found: Vec<u64> = files.iter().flat_map(of_file).collect();
        assert_eq!(found, learned, "{name}");
        assert_eq!(files.len(), usize::from(!learned.is_empty()), "{name}");
    }
}

/// The first start is of the bad end, which is confirmed first; the second one is of a commit between.
#[test]
fn an_interrupted_bisection_leaves_nothing() {
    let project = project();
    for level in [LEVEL * 12 / 10, LEVEL * 12 / 10 + 1] {
        project.level(level).commit("slower");
    }
    let before = project.state();
    let row = "sort/numbers time";
    for at in [4, 20] {
        let gate = project.command(&["bisect", "--good", "HEAD~2", "--bad", "HEAD", "--row", row]);
        let ran = project.interrupt(project.blocked_in(gate, at));
        assert!(
            ran.errors().starts_with("error[G605]: interrupted\n"),
            "{}",
            ran.stderr
        );
        assert_eq!(project.state(), before);
        std::fs::remove_file(project.outside(&format!("{}/build/starts", project.cache())))
            .expect("written");
    }
}

#[test]
fn two_at_once_would_measure_each_other() {
    let project = project();
    let running = project.blocked(1);
    for arguments in [
        &["check", "--base", "HEAD"][..],
        &["check", "--base", "HEAD", "--candidate", "HEAD"],
        &["calibrate"],
        &[
            "bisect",
            "--good",
            "HEAD",
            "--bad",
            "HEAD",
            "--row",
            "sort/numbers time",
        ],
    ] {
        let second = project.gate(arguments);
        assert_eq!((second.code, second.stdout.as_str()), (2, ""));
        let said = project.shown(&second.stderr);
        assert_eq!(
            said.replace(&running.gate, "PROCESS"),
            "error[G604]: this repository is being measured by process PROCESS\n  \
             --> /cache/project-DIGEST/lock\n  \
             hint: wait for it to end; two at once would measure each other\n",
        );
    }
    project.interrupt(running);
}
