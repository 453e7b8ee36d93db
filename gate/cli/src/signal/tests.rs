use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{
    Pid, WaitId, WaitIdOptions, getpid, set_child_subreaper, test_kill_process, waitid,
};
use tempfile::TempDir;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::{Interrupt, ignored};
use crate::process;

/// What the process of [`in_a_process_of_its_own`] runs, and how that has to end.
const LINE: &str = "GATE_TEST_LINE";
const ENDING: &str = "GATE_TEST_ENDING";

#[test]
fn it_fires_once_and_for_all_clones() {
    let interrupt = Interrupt::default();
    let clone = interrupt.clone();
    assert!(!clone.has_fired() && clone.check().is_ok());
    interrupt.fire();
    interrupt.fire();
    assert!(clone.has_fired() && clone.check().is_err());
}

/// Signals belong to a process, so each of the tests below runs this one again, as a process.
#[test]
fn in_a_process_of_its_own() {
    let Ok(line) = std::env::var(LINE) else {
        return;
    };
    let interrupt = Interrupt::on_signals().expect("listens");
    let finished = process::run(
        &process::Command {
            line: &line,
            directory: ".".as_ref(),
            environment: &[],
            timeout: Duration::from_secs(600),
            stdout: None,
            log: None,
        },
        &interrupt,
    );
    let ending = std::env::var(ENDING).expect("comes with the line");
    assert_eq!(format!("{:?}", finished), ending);
}

/// Runs a command in such a process in `folder`; the shell that starts it does `before` first.
fn child(before: &str, line: &str, ending: &str, folder: &TempDir) -> ExitStatus {
    let itself = std::env::current_exe().expect("this test");
    Command::new("sh")
        .args(["-c", &format!("{before}; exec \"$0\" \"$@\"")])
        .arg(itself)
        .args(["--exact", "signal::tests::in_a_process_of_its_own"])
        .current_dir(folder.path())
        .env(LINE, line)
        .env(ENDING, ending)
        .stdout(Stdio::null())
        .status()
        .expect("runs")
}

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

#[test]
fn a_signal_ends_the_command_and_leaves_time_to_clean_up() {
    // A signal that is ignored where the tests run, as in the background of a script, stays ignored.
    let is_heard = |number: &i32| ignored() & (1 << (number - 1)) == 0;
    for (signal, number) in [
        ("INT", SIGINT),
        ("TERM", SIGTERM),
        ("HUP", SIGHUP),
        ("QUIT", SIGQUIT),
    ] {
        if !is_heard(&number) {
            continue;
        }
        let line = format!("kill -{signal} $PPID; sleep 1000");
        let status = child("true", &line, "Interrupted", &folder());
        assert!(status.success(), "{signal}: {status}");
    }
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let line = "kill -HUP $PPID";
    assert!(child("trap '' HUP", line, "Ended([])", &folder()).success());
}

#[test]
fn a_second_signal_kills_at_once() {
    // The command would not go for being asked, and sends the second signal when it is.
    let line = "echo $$ > self; trap 'kill -TERM $PPID' TERM; kill -TERM $PPID
        while :; do sleep 1000 & wait; done";
    // What the killed process leaves behind comes here, to be waited for.
    set_child_subreaper(Some(getpid())).expect("allowed");
    let folder = folder();
    let status = child("true", line, "never", &folder);
    assert_eq!(status.signal(), Some(15), "{status}");
    let command = std::fs::read_to_string(folder.path().join("self")).expect("it ran");
    let command = Pid::from_raw(command.trim().parse().expect("a number")).expect("not zero");
    // It is a child of this process by now, unless the killed one was quick enough to see its end.
    let _ = waitid(WaitId::Pid(command), WaitIdOptions::EXITED);
    assert!(test_kill_process(command).is_err(), "it was killed too");
}
