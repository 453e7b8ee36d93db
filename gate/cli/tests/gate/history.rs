//! `gate record` and `gate trend`: what is kept, what is told, and that two writers lose nothing.

use std::path::Path;

use serde_json::{Value, json};

use crate::scratch::{BASELINE, Engine, Ran, Scratch, gate, git, run};

/// The run of night `at`, with this latency and a scatter from night to night.
fn night(at: usize, latency_ns: f64) -> Value {
    let scatter = [0.0, 0.004, -0.006, 0.009, -0.003, 0.001, -0.008][(at * 3) % 7];
    let latency_ns = latency_ns * (1.0 + scatter);
    let mut document = run(Engine {
        latency_ns,
        sessions: 1,
        ..BASELINE
    });
    document["created"] = json!(format!(
        "2026-{:02}-{:02}T03:17:00Z",
        1 + at / 28,
        1 + at % 28
    ));
    document["source"]["commit"] = json!(commit(at));
    document
}

fn commit(at: usize) -> String {
    format!("{at:02}{}", "c".repeat(38))
}

fn record(scratch: &Scratch, document: &Value, more: &[&str]) -> Ran {
    scratch.json("out.json", document);
    scratch.gate(&[&["record", "out.json", "--history", "history"], more].concat())
}

fn history(nights: usize, latency_ns: impl Fn(usize) -> f64) -> Scratch {
    let scratch = Scratch::new();
    for at in 0..nights {
        let ran = record(&scratch, &night(at, latency_ns(at)), &[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    scratch
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("readable");
    let names = entries.map(|entry| {
        entry
            .expect("readable")
            .file_name()
            .into_string()
            .expect("UTF-8")
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_run_is_kept_once_and_small() {
    let scratch = history(1, |_| 50_000.0);
    let again = record(&scratch, &night(0, 50_000.0), &[]);
    assert_eq!(
        (again.code, again.stdout.as_str()),
        (0, "out.json is in history already\n")
    );
    let [name] = &files(&scratch.path("history"))[..] else {
        panic!("{:?}", files(&scratch.path("history")));
    };
    assert!(name.starts_with("20260101T031700Z-"), "{name}");
    let kept = scratch.read(&format!("history/{name}"));
    assert!(!kept.contains("\"hdr\""), "statistics, no histograms");
    // What is kept compares with what was measured.
    let kept = format!("history/{name}");
    let compared = scratch.gate(&["compare", &kept, "out.json", "--inconclusive", "pass"]);
    assert_eq!(compared.code, 0, "{}{}", compared.stdout, compared.stderr);
}

#[test]
fn a_history_is_bounded_and_other_files_are_left_alone() {
    let scratch = Scratch::new();
    scratch.write("history/README.md", "ours");
    for at in 0..22 {
        assert_eq!(
            record(&scratch, &night(at, 50_000.0), &["--keep", "20"]).code,
            0
        );
    }
    let names = files(&scratch.path("history"));
    assert_eq!(names.len(), 21);
    assert!(
        names[0].starts_with("20260103"),
        "the oldest went: {names:?}"
    );
    assert_eq!(names.last().map(String::as_str), Some("README.md"));
}

#[test]
fn what_is_older_than_all_that_is_kept_is_left_out() {
    let scratch = Scratch::new();
    for at in 2..22 {
        record(&scratch, &night(at, 50_000.0), &["--keep", "20"]);
    }
    let there = files(&scratch.path("history"));
    let ran = record(&scratch, &night(1, 50_000.0), &["--keep", "20"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            0,
            "out.json is older than the 20 runs that history keeps: left out\n"
        )
    );
    assert_eq!(files(&scratch.path("history")), there);
}

#[test]
fn what_cannot_be_blamed_on_a_commit_is_not_recorded() {
    let scratch = Scratch::new();
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut document = night(0, 50_000.0);
        edit(&mut document);
        document
    };
    for document in [
        edited(&|d| d["source"]["planted"] = json!(["slow"])),
        edited(&|d| d["source"]["dirty"] = json!(true)),
    ] {
        let ran = record(&scratch, &document, &[]);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("error[G802]"), "{}", ran.stderr);
    }
    assert_eq!(scratch.names(), ["out.json"]);
}

#[test]
fn a_step_is_told_once_with_the_commits_it_lies_between() {
    let scratch = history(28, |at| if at >= 25 { 55_000.0 } else { 50_000.0 });
    let ran = scratch.gate(&["trend", "--history", "history", "--output", "trend.json"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    insta::assert_snapshot!(ran.stdout);
    let trend: Value = serde_json::from_str(&scratch.read("trend.json")).expect("JSON");
    assert_eq!(trend["format"], "gate.trend/1");
    assert_eq!(trend["steps"][0]["good"]["commit"], commit(24));
    assert_eq!(trend["steps"][0]["bad"]["commit"], commit(25));
    assert_eq!(record(&scratch, &night(28, 55_000.0), &[]).code, 0);
    let next = scratch.gate(&["trend", "--history", "history"]);
    assert_eq!(next.code, 0, "{}", next.stdout);
    assert!(next.stdout.contains("Known steps:"), "{}", next.stdout);
}

#[test]
fn what_has_been_better_for_seven_nights_is_to_be_promoted() {
    let scratch = history(27, |at| if at >= 20 { 45_000.0 } else { 50_000.0 });
    scratch.json("first.json", &night(0, 50_000.0));
    let promote = |run: &str| {
        let why = ["--by", "ann", "--reason", "level", "--accept", "few"];
        let ran = scratch.gate(&[&["promote", run], &why[..]].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    };
    promote("first.json");
    let trend = || {
        let ran = scratch.gate(&["trend", "--history", "history"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        ran.stdout
    };
    insta::assert_snapshot!(trend());
    // What the note says, for as many sessions as tell a level.
    for at in 24..27 {
        scratch.json("now.json", &night(at, 45_000.0));
        promote("now.json");
    }
    assert!(!trend().contains("Better than"), "{}", trend());
    // Another baseline, and a policy beside it, which must fit.
    let elsewhere = |arguments: &[&str]| {
        scratch.gate(&[&["trend", "--history", "history"], arguments].concat())
    };
    scratch.json("theirs/first.json", &night(0, 50_000.0));
    let theirs = elsewhere(&["--baseline", "theirs/first.json"]);
    assert!(
        theirs.stdout.contains("Better than theirs/first.json"),
        "{}",
        theirs.stdout
    );
    let wide = "[[rule]]\nmetric = \"*\"\nmargin = \"20%\"\n";
    scratch.write("theirs/gate.toml", wide);
    let theirs = elsewhere(&["--baseline", "theirs/first.json"]);
    assert!(!theirs.stdout.contains("Better than"), "{}", theirs.stdout);
    scratch.write("theirs/gate.toml", wide.replace("20%", "1 point"));
    let theirs = elsewhere(&["--baseline", "theirs/first.json"]);
    assert_eq!(theirs.code, 2, "{}", theirs.stdout);
    assert!(theirs.stderr.contains("does not fit"), "{}", theirs.stderr);
    let ran = elsewhere(&["--baseline", "nowhere.json"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
}

#[test]
fn another_machine_is_not_a_step_and_too_few_nights_are_not_a_pass() {
    let scratch = history(18, |_| 50_000.0);
    assert_eq!(scratch.gate(&["trend", "--history", "history"]).code, 0);
    for at in 18..22 {
        let mut document = night(at, 90_000.0);
        document["environment"]["fingerprint"]["cpu_model"] = json!("another");
        assert_eq!(record(&scratch, &document, &[]).code, 0);
    }
    let ran = scratch.gate(&["trend", "--history", "history"]);
    assert_eq!(ran.code, 0, "bytes and recall are told: {}", ran.stdout);
    insta::assert_snapshot!(ran.stdout);
    let few = history(3, |_| 50_000.0);
    let ran = few.gate(&["trend", "--history", "history"]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert!(
        ran.stdout.starts_with("UNDECIDED: 3 of 3 runs"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_trend_does_not_replace_what_it_reads() {
    let scratch = history(1, |_| 50_000.0);
    let read = scratch.read("out.json");
    for input in ["--baseline", "--policy"] {
        let over = [input, "out.json", "--output", "out.json"];
        let ran = scratch.gate(&[&["trend", "--history", "history"], &over[..]].concat());
        assert_eq!(ran.code, 2, "{input}: {}", ran.stdout);
        let said = "error[G302]: the output is also an input";
        assert!(ran.stderr.starts_with(said), "{input}: {}", ran.stderr);
        assert_eq!(scratch.read("out.json"), read, "{input}");
    }
}

#[test]
fn a_history_that_is_not_there_or_broken_is_an_error() {
    let scratch = Scratch::new();
    let ran = scratch.gate(&["trend", "--history", "nowhere"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("error[G801]"), "{}", ran.stderr);
    std::fs::create_dir(scratch.path("empty")).expect("writable");
    assert_eq!(scratch.gate(&["trend", "--history", "empty"]).code, 2);
    scratch.write("broken/20260101T031700Z-00.json", "{");
    let ran = scratch.gate(&["trend", "--history", "broken"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("error[G102]"), "{}", ran.stderr);
    let ran = scratch.gate(&["trend", "--history", "branch:x"]);
    assert!(ran.stderr.contains("error[G601]"), "{}", ran.stderr);
}

/// A server, and clones of it with a commit and nothing else.
fn server(clones: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("server")).expect("writable");
    git(
        &scratch.path("server"),
        &["init", "--quiet", "--bare", "--initial-branch=main"],
    );
    for clone in clones {
        git(&scratch.path(""), &["clone", "--quiet", "server", clone]);
    }
    scratch
}

fn push(clone: &Path, at: usize) -> (Option<i32>, String) {
    let name = format!("night-{at}.json");
    std::fs::write(clone.join(&name), night(at, 50_000.0).to_string()).expect("writable");
    let output = gate(clone)
        .args(["record", &name, "--history", "branch:gate-history"])
        .output()
        .expect("runs");
    (
        output.status.code(),
        String::from_utf8(output.stderr).expect("UTF-8"),
    )
}

#[test]
fn two_writers_of_a_branch_lose_nothing() {
    let scratch = server(&["a", "b"]);
    std::thread::scope(|scope| {
        for (first, clone) in ["a", "b"].into_iter().enumerate() {
            let clone = scratch.path(clone);
            scope.spawn(move || {
                for at in 0..4 {
                    let (code, said) = push(&clone, first + 2 * at);
                    assert_eq!(code, Some(0), "{said}");
                }
            });
        }
    });
    let listed = git(
        &scratch.path("server"),
        &["ls-tree", "--name-only", "gate-history"],
    );
    assert_eq!(listed.lines().count(), 8, "{listed}");
    // Each is a commit on top of another: nothing was replaced.
    assert_eq!(
        git(
            &scratch.path("server"),
            &["rev-list", "--count", "gate-history"]
        ),
        "8"
    );
    // Neither work tree nor index of a clone know of it, nor any branch of its own.
    assert_eq!(git(&scratch.path("a"), &["for-each-ref", "refs/heads"]), "");
    let status = git(&scratch.path("a"), &["status", "--porcelain"]);
    assert!(
        status.lines().all(|line| line.starts_with("?? night-")),
        "{status}"
    );
    let ran = gate(&scratch.path("b"))
        .args(["trend", "--history", "branch:gate-history"])
        .output();
    let ran = ran.expect("runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(said.starts_with("UNDECIDED: 8 of 8 runs"), "{said}");
}

/// Makes the server refuse as `script` says.
fn refuse(scratch: &Scratch, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let hook = scratch.path("server/hooks/pre-receive");
    std::fs::create_dir_all(scratch.path("server/hooks")).expect("writable");
    std::fs::write(&hook, format!("#!/bin/sh\n{script}\n")).expect("writable");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).expect("ours");
}

#[test]
fn a_push_that_was_refused_once_is_tried_again() {
    let scratch = server(&["a"]);
    refuse(
        &scratch,
        "[ -e tried ] || { touch tried; echo not now >&2; exit 1; }",
    );
    let (code, said) = push(&scratch.path("a"), 0);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_push_that_is_always_refused_ends_with_the_words_of_the_server() {
    let scratch = server(&["a"]);
    refuse(&scratch, "echo this branch is protected >&2; exit 1");
    let (code, said) = push(&scratch.path("a"), 0);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("error[G801]") && said.contains("this branch is protected"),
        "{said}"
    );
    assert_eq!(git(&scratch.path("server"), &["for-each-ref"]), "");
}

#[test]
fn what_a_branch_does_not_keep_is_not_pushed() {
    let scratch = server(&["a"]);
    let keep = |at: usize| {
        scratch.json("a/out.json", &night(at, 50_000.0));
        let mut gate = gate(&scratch.path("a"));
        gate.args(["record", "out.json", "--history", "branch:gate-history"]);
        gate.args(["--keep", "20"]).output().expect("runs")
    };
    for at in 2..22 {
        assert_eq!(keep(at).status.code(), Some(0));
    }
    let tip = || git(&scratch.path("server"), &["rev-parse", "gate-history"]);
    let before = tip();
    let said = String::from_utf8(keep(1).stdout).expect("UTF-8");
    assert!(said.ends_with("left out\n"), "{said}");
    assert_eq!(tip(), before);
}

#[test]
fn a_repository_without_a_remote_keeps_its_own_history() {
    let scratch = server(&["a"]);
    git(&scratch.path("a"), &["remote", "remove", "origin"]);
    for at in [0, 1, 1] {
        assert_eq!(push(&scratch.path("a"), at).0, Some(0));
    }
    assert_eq!(
        git(&scratch.path("a"), &["rev-list", "--count", "gate-history"]),
        "2"
    );
}
