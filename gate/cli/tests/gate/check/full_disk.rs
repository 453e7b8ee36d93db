//! A disk that is full is no side's fault, and what was measured before it was is kept.
//!
//! `/dev/full` takes nothing, with the error that a full disk gives.

use serde_json::Value;

use crate::project::{Project, scenario};
use crate::scratch::Ran;

/// What a command does that finds its disk full.
const WRITE: &str = "cat numbers.txt > /dev/full";

/// What `cat` says then.
const SAID: &str = "\n  | cat: write error: No space left on device\n";

/// Does `what` at its fourth start on a side: one warms up, then pairs 0 and 1 are whole.
fn later(what: &str, name: &str) -> String {
    let counted = "starts=$(cat \"$GATE_BUILD_CACHE/$GATE_SIDE\" 2> /dev/null || echo 0)\n\
                   echo $((starts + 1)) > \"$GATE_BUILD_CACHE/$GATE_SIDE\"\n";
    format!(
        "{counted}[ $starts -lt 3 ] || {{ {what}; exit $?; }}\n{}",
        scenario(name)
    )
}

/// Stopped with nothing decided, by `what`, which found the disk full.
fn assert_stopped(ran: &Ran, what: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    let said = format!("error[G606]: a disk is full, which is no side's fault: {what}\n");
    assert!(ran.errors().starts_with(&said), "{}", ran.stderr);
    assert!(ran.errors().contains(SAID), "{}", ran.stderr);
    for way_out in [
        " are free in /",
        "make room (`rm -rf '/",
        "--cache DIR",
        "TMPDIR=DIR",
    ] {
        assert!(ran.errors().contains(way_out), "{way_out}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("warning: "), "{}", ran.stderr);
}

/// Pairs of the only session that is kept of a side, which has not failed.
fn pairs(run: &Value) -> usize {
    assert_eq!(run.get("failures"), None, "{run}");
    let measured = &run["sessions"][0]["scenarios"][0];
    measured["repetitions"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_start_that_finds_the_disk_full_fails_no_side() {
    for (name, what, how) in [
        ("with a status", WRITE.to_owned(), "exit status 1"),
        (
            "without one",
            format!("{WRITE} || true"),
            "wrote no document to $GATE_OUT",
        ),
    ] {
        let project = Project::of_scenarios(&["steady"]);
        project.write("steady.sh", &later(&what, "steady"));
        let ran = project.check(&[]);
        let what = format!("`command` of [measure] failed on the candidate: {how}");
        assert_stopped(&ran, &what);
        let kept = "; what was measured is in ../runs\n";
        assert!(ran.errors().ends_with(kept), "{name}: {}", ran.stderr);
        assert_eq!(
            project.names("runs"),
            ["baseline.json", "candidate.json"],
            "{name}"
        );
        let [baseline, candidate] = ["baseline.json", "candidate.json"].map(|of| project.kept(of));
        // The third pair begins with the baseline.
        assert_eq!((pairs(&baseline), pairs(&candidate)), (3, 2), "{name}");
    }
}

#[test]
fn builds_and_lists_find_disks_full_too() {
    for (key, what) in [
        (
            "build",
            "`build` of [measure] failed on the baseline: exit status 1",
        ),
        (
            "list",
            "`list` of [measure] failed on the baseline: exit status 1",
        ),
    ] {
        let project = Project::of_scenarios(&["steady"]);
        let policy = project.read("baselines/gate.toml");
        let policy = policy.replace("list = \"cat scenarios\"\n", "");
        let lines = policy.trim_start_matches("[measure]\n");
        project.measure(&format!("{key} = '{WRITE}'\n{lines}"));
        let ran = project.check(&[]);
        assert_stopped(&ran, what);
        assert_eq!(project.names("runs"), [""; 0], "{key}");
    }
}

/// Git does not say why a file of a tree was not written, and takes the tree away again.
#[test]
fn git_finds_disks_full_too() {
    let of_tree = "error: unable to write file numbers.txt";
    let of_objects = "error: file write error: No space left on device";
    for (command, said, what) in [
        ("worktree add", of_tree, "cannot check out "),
        ("add --all", of_objects, "cannot take a snapshot of the"),
    ] {
        let project = Project::of_scenarios(&["steady"]);
        let before = project.state();
        let git = format!(
            "#!/bin/sh\n\
             case \" $* \" in *' {command} '*) echo '{said}' >&2; exit 128 ;; esac\n\
             PATH=${{PATH#*:}}\n\
             exec git \"$@\"\n"
        );
        project.write("../bin/git", &git);
        project.run("chmod", &["+x", "bin/git"]);
        let ran = project.check(&[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        let first = format!("error[G606]: a disk is full, which is no side's fault: {what}");
        assert!(ran.errors().starts_with(&first), "{}", ran.stderr);
        // Trees go to the cache, what a snapshot is made of to the repository.
        let top = project.git(&["rev-parse", "--show-toplevel"]);
        let room = format!(" are free in {top}; make room (`rm -rf '/");
        for expected in ["--cache DIR", &room, &format!("\n  | {said}\n")] {
            assert!(ran.errors().contains(expected), "{}", ran.stderr);
        }
        assert_eq!(project.state(), before, "{command}");
    }
}

/// The trees are gone before it is tried again: here, because what the kept run would be written to is in
/// one of them.
#[test]
fn checkouts_make_room_for_what_was_measured() {
    let project = Project::of_scenarios(&["steady"]);
    project.run("ln", &["-s", "/dev/full", "project/full"]);
    project.commit("a disk that is always full");
    assert_eq!(project.check(&[]).code, 0);
    let inside = format!("../{}/side/full", project.cache());
    std::fs::remove_dir_all(project.outside("runs")).expect("written");
    std::fs::create_dir(project.outside("runs")).expect("writable");
    project.run("ln", &["-s", &inside, "runs/candidate.json"]);
    project.write("steady.sh", &later(WRITE, "steady"));
    let ran = project.check(&[]);
    assert_stopped(
        &ran,
        "`command` of [measure] failed on the candidate: exit status 1",
    );
    assert!(!ran.stderr.contains("error[G301]"), "{}", ran.stderr);
    assert_eq!(pairs(&project.kept("candidate.json")), 2);
}

#[test]
fn a_kept_run_that_finds_the_disk_full_says_what_is_free() {
    let project = Project::of_scenarios(&["steady"]);
    std::fs::create_dir(project.outside("runs")).expect("writable");
    project.run("ln", &["-s", "/dev/full", "runs/verdict.json"]);
    let ran = project.check(&[]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.starts_with("PASS"), "{}", ran.stdout);
    let said = "error[G301]: cannot write: No space left on device (os error 28)\n";
    assert!(ran.errors().starts_with(said), "{}", ran.stderr);
    let hint =
        "are free in ../runs; make room, or name a path on another disk; nothing was half-written";
    assert!(ran.errors().contains(hint), "{}", ran.stderr);
}
