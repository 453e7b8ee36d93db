use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::{Command, Contract, Ending, Task, run};
use crate::checkout::Side;
use crate::signal::Interrupt;

/// Long enough for any machine that runs tests.
const LONG: Duration = Duration::from_secs(600);

fn command<'a>(line: &'a str, directory: &'a Path) -> Command<'a> {
    Command {
        line,
        directory,
        environment: &[],
        timeout: LONG,
        stdout: None,
        log: None,
    }
}

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn ending(line: &str) -> Ending {
    run(&command(line, folder().path()), &Interrupt::default())
}

fn failed(how: &str, tail: &[&str]) -> Ending {
    Ending::Failed {
        how: how.into(),
        tail: tail.iter().map(|&line| line.into()).collect(),
    }
}

/// A pipe with a name. Whoever opens one end waits for the other, so that tests need not sleep.
fn pipe(folder: &Path) -> PathBuf {
    let path = folder.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo runs").success());
    path
}

/// Whether the process whose number is in a file has ended.
fn is_gone(file: &Path) -> bool {
    let pid = std::fs::read_to_string(file).expect("its number was written");
    let pid: i32 = pid.trim().parse().expect("a number");
    let pid = rustix::process::Pid::from_raw(pid).expect("not zero");
    rustix::process::test_kill_process(pid).is_err()
}

#[test]
fn every_end_is_told() {
    let stop = rustix::process::Signal::STOP.as_raw();
    let cases = [
        ("true", Ending::Ended(Vec::new())),
        ("echo fine", Ending::Ended(vec!["fine".to_owned()])),
        ("exit 3", failed("exit status 3", &[])),
        (
            "echo a; echo b >&2; echo; false",
            failed("exit status 1", &["a", "b"]),
        ),
        ("kill -SEGV $$", failed("killed by signal 11", &[])),
        (
            "kill -STOP $$",
            failed(&format!("stopped by signal {stop}"), &[]),
        ),
        ("read line", failed("exit status 1", &[])),
    ];
    for (line, expected) in cases {
        assert_eq!(ending(line), expected, "{line}");
    }
}

#[test]
fn a_command_that_cannot_start_has_failed() {
    let folder = folder();
    let gone = folder.path().join("gone");
    let ending = run(&command("true", &gone), &Interrupt::default());
    let Ending::Failed { how, tail } = ending else {
        panic!("{ending:?}");
    };
    assert!(
        how.starts_with("cannot start ") && how.contains("gone"),
        "{how}"
    );
    assert!(tail.is_empty());
}

#[test]
fn a_log_that_cannot_be_written_is_a_failure() {
    let folder = folder();
    let log = folder.path().join("gone/log");
    let command = Command {
        log: Some(&log),
        ..command("true", folder.path())
    };
    let ending = run(&command, &Interrupt::default());
    assert!(
        matches!(&ending, Ending::Failed { how, .. } if how.starts_with("cannot write ")),
        "{ending:?}"
    );
}

#[test]
fn the_directory_and_the_variables_are_those_given() {
    let folder = folder();
    let out = folder.path().join("out");
    let environment = [("GIVEN".into(), "a b".into())];
    let command = Command {
        environment: &environment,
        stdout: Some(&out),
        ..command("echo noise >&2; pwd -P; echo \"$GIVEN\"", folder.path())
    };
    assert_eq!(
        run(&command, &Interrupt::default()),
        Ending::Ended(vec!["noise".to_owned()])
    );
    let real = folder.path().canonicalize().expect("exists");
    assert_eq!(
        std::fs::read_to_string(&out).expect("written"),
        format!("{}\na b\n", real.display())
    );
}

/// Run once more by a test of the checkout, with such variables.
#[test]
fn commands_do_not_see_the_repository_of_a_hook() {
    assert_eq!(
        ending("! env | grep -e ^GIT_DIR= -e ^GIT_INDEX_FILE="),
        Ending::Ended(Vec::new())
    );
}

#[test]
fn the_log_has_everything_and_the_tail_only_what_is_new() {
    let folder = folder();
    let log = folder.path().join("log");
    std::fs::write(&log, "before\n").expect("writable");
    let command = Command {
        log: Some(&log),
        ..command("seq 100; exit 1", folder.path())
    };
    let lines: Vec<String> = (81..=100).map(|i| i.to_string()).collect();
    assert_eq!(
        run(&command, &Interrupt::default()),
        Ending::Failed {
            how: "exit status 1".into(),
            tail: lines,
        }
    );
    let text = std::fs::read_to_string(&log).expect("written");
    assert_eq!(text.lines().count(), 101);
    assert!(text.starts_with("before\n1\n"));
}

#[test]
fn the_tail_of_a_huge_output_starts_with_a_whole_line() {
    // 7 bytes a line, which does not divide the window.
    let Ending::Failed { tail, .. } = ending("seq 100000 150000; exit 1") else {
        panic!("it failed");
    };
    assert_eq!(tail.first().map(String::as_str), Some("149981"));
    let Ending::Failed { tail, .. } = ending("head -c 200000 /dev/zero | tr '\\0' x; exit 1")
    else {
        panic!("it failed");
    };
    assert_eq!(tail, ["x".repeat(300)]);
}

#[test]
fn what_a_command_leaves_running_is_killed_and_does_not_delay_its_end() {
    let folder = folder();
    // The child holds standard output and error, and ignores being asked.
    let line = "(trap '' TERM HUP; echo; exec sleep 1000) & echo $! > child; exit 0";
    let finished = run(&command(line, folder.path()), &Interrupt::default());
    assert_eq!(finished, Ending::Ended(Vec::new()));
    assert!(is_gone(&folder.path().join("child")));
}

/// Runs a command that ends only when it is killed, and kills it when it has made the file `ready`.
fn timed_out(line: &str) -> (TempDir, Ending) {
    for after in [100, 1_000, 10_000, 100_000].map(Duration::from_millis) {
        let folder = folder();
        let command = Command {
            timeout: after,
            ..command(line, folder.path())
        };
        let ending = run(&command, &Interrupt::default());
        // A busy machine may not get that far in a tenth of a second.
        if folder.path().join("ready").exists() {
            return (folder, ending);
        }
    }
    panic!("`{line}` never got ready");
}

#[test]
fn a_command_that_takes_too_long_is_killed_with_its_children() {
    let line = "echo $$ > self; sleep 1000 & echo $! > child; echo waiting; touch ready; wait";
    let (folder, ending) = timed_out(line);
    let Ending::TimedOut { tail, .. } = ending else {
        panic!("{ending:?}");
    };
    assert_eq!(tail, ["waiting"]);
    assert!(is_gone(&folder.path().join("self")));
    assert!(is_gone(&folder.path().join("child")));
}

#[test]
fn a_command_that_ignores_being_asked_is_killed() {
    let (folder, ending) = timed_out("trap '' TERM; echo $$ > self; touch ready; sleep 1000");
    assert!(matches!(ending, Ending::TimedOut { .. }), "{ending:?}");
    assert!(is_gone(&folder.path().join("self")));
}

#[test]
fn a_child_may_tidy_up_though_its_parent_went_at_once() {
    let line = "(trap 'touch tidied; exit' TERM; touch ready; sleep 1000 & wait) & wait";
    let (folder, _) = timed_out(line);
    assert!(folder.path().join("tidied").exists());
}

#[test]
fn an_interruption_ends_a_running_command() {
    let folder = folder();
    let pipe = pipe(folder.path());
    let interrupt = Interrupt::default();
    let by_hand = interrupt.clone();
    let finger = std::thread::spawn(move || {
        // Waits until the command runs.
        let _ = std::fs::read(&pipe);
        by_hand.fire();
    });
    let line = "sleep 1000 & echo $! > child; echo > pipe; wait";
    let finished = run(&command(line, folder.path()), &interrupt);
    finger.join().expect("no panic");
    assert_eq!(finished, Ending::Interrupted);
    assert!(is_gone(&folder.path().join("child")));
}

#[test]
fn nothing_is_started_after_an_interruption() {
    let folder = folder();
    let interrupt = Interrupt::default();
    interrupt.fire();
    let finished = run(&command("touch started", folder.path()), &interrupt);
    assert_eq!(finished, Ending::Interrupted);
    assert!(!folder.path().join("started").exists());
}

#[test]
fn both_sides_are_told_the_same_but_for_their_name() {
    let extra = [
        ("MODE".to_owned(), "a".to_owned()),
        ("GATE_SIDE".to_owned(), "x".to_owned()),
    ];
    let told = |side, task| {
        let build_cache = Path::new("/cache/build");
        let contract = Contract {
            side,
            build_cache,
            extra: &extra,
        };
        contract.environment(task)
    };
    let pair = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
    let out = Path::new("/out.json");
    let scenario = Some("text/search");
    assert_eq!(
        told(Side::Base, Task::Measure { scenario, out }),
        [
            pair("MODE", "a"),
            pair("GATE_SIDE", "x"),
            pair("GATE_SIDE", "base"),
            pair("GATE_BUILD_CACHE", "/cache/build"),
            pair("GATE_SCENARIO", "text/search"),
            pair("GATE_OUT", "/out.json"),
        ]
    );
    let all = Task::Measure {
        scenario: None,
        out,
    };
    assert_eq!(told(Side::Base, all)[4], pair("GATE_SCENARIO", ""));
    assert_eq!(
        told(Side::Candidate, Task::Build)[2],
        pair("GATE_SIDE", "cand")
    );
    assert_eq!(told(Side::Candidate, Task::List).len(), 4);
    let size = |side| -> usize {
        let told = told(side, Task::Build);
        told.iter()
            .map(|(name, value)| name.len() + value.len())
            .sum()
    };
    assert_eq!(size(Side::Base), size(Side::Candidate));
}
