//! Profiles after the verdict: what a measuring command leaves, what perf is asked for instead, and that
//! no verdict depends on any of it.

use serde_json::{Value, json};

use crate::project::{Project, ran, script};
use crate::scratch::Ran;

/// A line of `bench.sh` that leaves folded stacks: `compare` takes as many samples as a variable says.
const LEAVES: &str = r#"
test -z "$GATE_PROFILE" || printf 'sort;compare %d\nsort;copy 6000\n' "${COMPARES:-4000}" > "$GATE_PROFILE"
"#;

/// A perf that runs what it is given, and prints one sample of it.
const WHOLE: &str = r#"
case $1 in
record) while test "$1" != --; do shift; done; shift; "$@" ;;
script) printf 'sort 7 1.5: 1003009 cpu-clock: \n\t1 compare+0x1 (/bin/sort)\n\n' ;;
esac"#;

/// A work tree whose candidate will take a fifth longer, as `checked` checks it.
fn project(more: &str) -> Project {
    let project = Project::quick();
    if !more.is_empty() {
        project.write("bench.sh", &(script() + more));
        project.commit("measured so");
    }
    project
}

/// A check of one commit with itself, slower on the candidate's side, with profiles.
fn checked(project: &Project, arguments: &[&str]) -> (Ran, Value) {
    let slower = ["--candidate-env", "CLOCK_PERCENT=120"];
    let (ran, profiles) = profiled(project, &[&slower, arguments].concat());
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    (ran, profiles)
}

/// A check of one commit with itself.
fn profiled(project: &Project, arguments: &[&str]) -> (Ran, Value) {
    let common = ["check", "--base", "HEAD", "--runs", "../runs"];
    let mut command = project.command(&[&common[..], arguments].concat());
    let ran = ran(command.output().expect("runs"));
    (ran, project.kept("verdict.json")["profiles"].clone())
}

/// Whether the flamegraph that a report points at is there, for a report in `folder`.
fn is_in(project: &Project, folder: &str, profiles: &Value) -> bool {
    let path = profiles[0]["profiles"]["files"]["differential"].as_str();
    let path = project.outside(folder).join(path.expect("a path"));
    path.exists()
}

/// A perf that does as the shell lines say.
fn perf(project: &Project, lines: &str) {
    let path = project.outside("bin/perf");
    std::fs::write(path, format!("#!/bin/sh\n{lines}\n")).expect("writable");
    project.run("chmod", &["+x", "bin/perf"]);
}

#[test]
fn the_function_that_grew_is_named_and_drawn() {
    let project = project(LEAVES);
    let more = ["--candidate-env", "COMPARES=6000", "--report", "../page"];
    let (ran, profiles) = checked(&project, &more);
    let page = std::fs::read_to_string(project.outside("page/report.html")).expect("a page");
    assert!(page.contains(r"\u003csvg "), "the flamegraph is in it");
    let change = &profiles[0]["profiles"];
    assert_eq!(change["status"], "compared", "{profiles}");
    let grew: Vec<&Value> = change["grew"].as_array().expect("frames").iter().collect();
    assert_eq!(grew.len(), 1, "{grew:?}");
    assert_eq!(grew[0]["name"], "compare");
    assert_eq!(grew[0]["beyond_noise"], true);
    assert_eq!(change["baseline"]["samples"], 2 * 10_000, "two executions");
    assert!(ran.stdout.contains("grew: compare"), "{}", ran.stdout);
    for key in [
        "differential",
        "candidate",
        "baseline_stacks",
        "candidate_stacks",
    ] {
        let path = change["files"][key].as_str().expect("a path");
        assert!(project.outside("runs").join(path).exists(), "{key}: {path}");
    }
    // The next check has nothing to draw, and leaves no picture of another.
    assert_eq!(
        project
            .gate(&["check", "--base", "HEAD", "--runs", "../runs"])
            .code,
        0
    );
    assert_eq!(project.names("runs/profiles"), [""; 0]);
}

#[test]
fn what_does_not_fail_is_not_profiled() {
    let project = project(LEAVES);
    let policy = project.read("baselines/gate.toml");
    let rule = |more: &str| {
        let rule = format!("\n[[rule]]\nmetric = \"time\"\n{more}\n");
        project.write("baselines/gate.toml", &(policy.clone() + &rule));
    };
    let slower = ["--candidate-env", "CLOCK_PERCENT=120"];
    // Over its budget, as its base is.
    rule("budget = \"<= 1ns\"");
    let (ran, none) = profiled(&project, &[]);
    assert_eq!((ran.code, none), (0, Value::Null), "{}", ran.stderr);
    assert!(!ran.stderr.contains("profiling "), "{}", ran.stderr);
    // Over its budget and worse than its base. The clock says that all of it takes a fifth longer, so both
    // functions did, a few samples apart.
    let apart = ["--candidate-env", "COMPARES=4010"];
    let (ran, profiles) = profiled(&project, &[apart, slower].concat());
    let change = &profiles[0]["profiles"];
    assert_eq!(change["status"], "compared", "{}", ran.stderr);
    let grew = change["grew"].as_array().expect("frames");
    let beyond = grew.iter().filter(|frame| frame["beyond_noise"] == true);
    assert_eq!(beyond.count(), 2);
    let (_, none) = profiled(&project, &[&slower[..], &["--no-profile"]].concat());
    assert_eq!(none, Value::Null);
    // Worse, and only reported.
    rule("mode = \"report\"");
    let (ran, none) = profiled(&project, &slower);
    assert_eq!(none, Value::Null, "{}", ran.stderr);
}

#[test]
fn what_a_command_leaves_in_place_of_a_profile_is_waited_for_by_nobody() {
    let pipe = "test -z \"$GATE_PROFILE\" || mkfifo \"$GATE_PROFILE\"\n";
    let folder = "test -z \"$GATE_PROFILE\" || mkdir \"$GATE_PROFILE\"\n";
    for more in [pipe, folder] {
        let project = project(more);
        let (_, profiles) = checked(&project, &[]);
        assert_eq!(
            profiles[0]["profiles"]["reason"],
            "the execution under a profiler failed: left something else than a file at $GATE_PROFILE"
        );
    }
    // The same where perf's own files go.
    let project = project("mkfifo \"$GATE_BUILD_CACHE/perf.script\" || true\n");
    perf(&project, WHOLE);
    let (_, profiles) = checked(&project, &[]);
    assert_eq!(profiles[0]["profiles"]["status"], "compared", "{profiles}");
    let cache = project.cache();
    let left = project.names(&format!("{cache}/build"));
    let ours = |name: &&String| name.starts_with("perf") || *name == "profile";
    assert_eq!(left.iter().find(ours), None, "{left:?}");
}

#[test]
fn profiles_are_beside_every_copy_of_the_report() {
    let project = project(LEAVES);
    for folder in ["other", "runs/profiles"] {
        std::fs::create_dir_all(project.outside(folder)).expect("writable");
    }
    let kept = project.outside("runs/profiles/logo.svg");
    std::fs::write(&kept, "theirs").expect("writable");
    let (_, profiles) = checked(&project, &["--output", "../other/now.html"]);
    assert!(is_in(&project, "other", &profiles), "{profiles}");
    assert!(is_in(&project, "runs", &profiles), "{profiles}");
    assert!(kept.exists(), "not ours");
    let page = std::fs::read_to_string(project.outside("other/now.html")).expect("a page");
    assert!(page.contains(r"\u003csvg "), "the flamegraph is in it");
}

#[test]
fn profiles_that_cannot_be_written_change_no_exit_code() {
    let project = project(LEAVES);
    std::fs::create_dir_all(project.outside("page")).expect("writable");
    std::fs::write(project.outside("page/profiles"), "a file").expect("writable");
    let (ran, profiles) = checked(&project, &["--report", "../page"]);
    assert!(is_in(&project, "runs", &profiles), "{profiles}");
    let said = "no profiles beside ../page: cannot write: ";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(project.outside("page/report.html").exists());
}

#[test]
fn what_keeps_a_profile_from_being_taken_is_said() {
    // It takes the folder away in which its files go.
    let project = project(
        "test -z \"$GATE_PROFILE\" || { rm -r \"$GATE_BUILD_CACHE\"; touch \"$GATE_BUILD_CACHE\"; }\n",
    );
    let (_, profiles) = checked(&project, &[]);
    let reason = profiles[0]["profiles"]["reason"]
        .as_str()
        .expect("a reason");
    assert!(
        reason.starts_with("cannot remove what an earlier start left: "),
        "{reason}"
    );
}

#[test]
fn without_a_profile_the_report_says_why_and_the_verdict_stands() {
    let silent = "";
    let failing = "test -z \"$GATE_PROFILE\" || { echo 'no ptrace here'; exit 3; }\n";
    let garbage = "test -z \"$GATE_PROFILE\" || echo nonsense > \"$GATE_PROFILE\"\n";
    let refusing = "echo Error:\necho 'Access is limited: perf_event_paranoid' >&2\nexit 255";
    for (script, perf_is, reason, command) in [
        (
            silent,
            "exit 127",
            "perf is not installed, and the measuring command leaves no profile at $GATE_PROFILE",
            json!("sudo apt-get install linux-perf"),
        ),
        (
            silent,
            refusing,
            "perf may not sample here: Access is limited: perf_event_paranoid, and the measuring \
             command leaves no profile at $GATE_PROFILE",
            json!("sudo sysctl kernel.perf_event_paranoid=2"),
        ),
        (
            failing,
            "exit 127",
            "the execution under a profiler failed: exit status 3: no ptrace here",
            Value::Null,
        ),
        (
            garbage,
            "exit 127",
            "the execution under a profiler failed: a stack without a count",
            Value::Null,
        ),
    ] {
        let project = project(script);
        perf(&project, perf_is);
        let (ran, profiles) = checked(&project, &[]);
        let absent = &profiles[0]["profiles"];
        assert_eq!(absent["status"], "absent", "{profiles}");
        assert_eq!(absent["reason"], reason);
        assert_eq!(absent["command"], command);
        assert!(ran.stdout.contains("no profile: "), "{}", ran.stdout);
    }
}

#[test]
fn a_command_that_leaves_none_is_sampled_as_a_whole() {
    let project = project("");
    perf(&project, WHOLE);
    let (_, profiles) = checked(&project, &[]);
    let change = &profiles[0]["profiles"];
    assert_eq!(change["status"], "compared", "{profiles}");
    assert_eq!(change["profiler"]["tool"], "perf");
    let reason = change["profiler"]["reason"].as_str().expect("a reason");
    assert!(reason.contains("loading"), "{reason}");
    assert_eq!(change["baseline"]["period_ns"], 1_003_009.0);
    assert_eq!(change["baseline"]["time_per_operation"], Value::Null);
}
