//! `gate bisect` on a real repository of merges, with real processes and a made-up clock.

use serde_json::{Value, json};

use crate::project::{LEVEL, Project, ran};
use crate::scratch::{BASELINE, Ran, run};

const SLOW: u64 = LEVEL * 120 / 100;

/// A project whose commits say how they are built and how wild their clock is, and its first commit.
fn project() -> (Project, String) {
    let project = Project::of_scenarios(&["map/get", "sort[2]"]);
    let commands = "build = 'grep -q no broken'\nlist = 'cat scenarios'\n\
        command = 'CLOCK_SCATTER=$(cat scatter) exec sh \"$GATE_SCENARIO.sh\"'\npairs = 3\nrerun-pairs = 3";
    project
        .write("scatter", "1\n")
        .write("broken", "no\n")
        .measure(commands);
    let good = project.commit("all is well");
    (project, good)
}

impl Project {
    /// A merge of a branch of two commits that writes these files.
    fn merge(&self, name: &str, files: &[(&str, &str)]) -> String {
        self.git(&["switch", "--quiet", "--create", name]);
        self.write(name, "begun\n").commit("half of it");
        for (file, text) in files {
            self.write(file, text);
        }
        self.write(name, "done\n").commit("the rest");
        self.git(&["switch", "--quiet", "main"]);
        let message = format!("merge {name}");
        self.git(&["merge", "--quiet", "--no-ff", "--message", &message, name]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Merges `m1` to `m8`, each with what it does.
    fn merges(&self, what: impl Fn(usize) -> Vec<(&'static str, String)>) -> Vec<String> {
        let merge = |at: usize| {
            let files = what(at);
            let files: Vec<(&str, &str)> = files.iter().map(|(n, text)| (*n, &**text)).collect();
            self.merge(&format!("m{at}"), &files)
        };
        (1..=8).map(merge).collect()
    }

    fn bisect(&self, good: &str, more: &[&str]) -> Ran {
        let row = [
            "bisect",
            "--good",
            good,
            "--bad",
            "main",
            "--row",
            "sort[2] time",
        ];
        self.gate(&[&row[..], more].concat())
    }
}

fn slower_from(culprit: usize) -> impl Fn(usize) -> Vec<(&'static str, String)> {
    move |at| {
        let is_slow = at == culprit;
        is_slow
            .then(|| ("level", format!("{SLOW}\n")))
            .into_iter()
            .collect()
    }
}

/// Where each commit is named: `m3` for the third merge.
fn told(ran: &Ran, good: &str, merges: &[String]) -> String {
    let mut text = ran.stdout.replace(&good[..10], "GOOD");
    for (at, merge) in merges.iter().enumerate() {
        text = text.replace(&merge[..10], &format!("M{}", at + 1));
    }
    text
}

/// Commit and answer of what was measured.
fn steps(document: &Value, merges: &[String]) -> Vec<(usize, String)> {
    let steps = document["steps"].as_array().expect("a list").iter();
    let position = |step: &Value| {
        let commit = step["revision"]["commit"].as_str().expect("a text");
        1 + merges
            .iter()
            .position(|merge| merge == commit)
            .expect("a merge")
    };
    steps
        .map(|step| {
            (
                position(step),
                step["answer"].as_str().unwrap_or("").to_owned(),
            )
        })
        .collect()
}

#[test]
fn the_merge_that_brought_it_is_found_and_the_repository_is_as_it_was() {
    let (project, good) = project();
    let merges = project.merges(slower_from(6));
    let before = project.state();
    let ran = project.bisect(&good, &["--output", "../bisect.json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let first = format!("BISECTED to {} merge m6", &merges[5][..10]);
    assert_eq!(ran.first_line(), first);
    insta::assert_snapshot!(told(&ran, &good, &merges));
    let text = std::fs::read_to_string(project.outside("bisect.json")).expect("readable");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(document["format"], "gate.bisect/1");
    assert_eq!(document["to"]["commit"], *merges[5]);
    assert_eq!(document["from"]["commit"], *merges[4]);
    let measured: Vec<usize> = steps(&document, &merges)
        .iter()
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(measured, [8, 4, 6, 5], "the bad end first, then halves");
    assert_eq!(project.state(), before);
    assert_eq!(project.names(&project.cache()), ["build", "lock"]);
}

#[test]
fn what_does_not_build_or_fails_is_skipped_and_a_neighbour_tried() {
    let (project, good) = project();
    let working = project.read("sort[2].sh");
    let merges = project.merges(|at| match at {
        4 => vec![("sort[2].sh", "echo no >&2; exit 7\n".to_owned())],
        5 => vec![
            ("sort[2].sh", working.clone()),
            ("broken", "yes\n".to_owned()),
        ],
        6 => vec![("broken", "no\n".to_owned())],
        7 => vec![("level", format!("{SLOW}\n"))],
        _ => Vec::new(),
    });
    let ran = project.bisect(&good, &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    insta::assert_snapshot!(told(&ran, &good, &merges));
}

#[test]
fn a_culprit_that_hides_behind_what_does_not_build_is_not_guessed() {
    let (project, good) = project();
    let merges = project.merges(|at| match at {
        2 => vec![("broken", "yes\n".to_owned())],
        3 => vec![
            ("broken", "no\n".to_owned()),
            ("level", format!("{SLOW}\n")),
        ],
        _ => Vec::new(),
    });
    let ran = project.bisect(&good, &[]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    insta::assert_snapshot!(told(&ran, &good, &merges));
}

#[test]
fn ends_that_do_not_differ_are_not_searched() {
    let (project, good) = project();
    let merges = project.merges(slower_from(9));
    let ran = project.bisect(&good, &[]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    insta::assert_snapshot!(told(&ran, &good, &merges));
}

#[test]
fn a_commit_that_cannot_be_told_ends_it_with_what_is_known() {
    let (project, good) = project();
    let merges = project.merges(|at| match at {
        2 => vec![("scatter", "60\n".to_owned())],
        3 => vec![
            ("scatter", "1\n".to_owned()),
            ("level", format!("{SLOW}\n")),
        ],
        _ => Vec::new(),
    });
    let ran = project.bisect(&good, &[]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    let [from, to] = [&good[..10], &merges[3][..10]];
    let first = format!(
        "NARROWED to 4 commits {from}..{to}: cannot tell whether {} is worse than {from}",
        &merges[1][..10]
    );
    assert_eq!(ran.first_line(), first);
}

#[test]
fn what_was_found_before_the_disk_was_full_is_kept() {
    let (project, good) = project();
    let working = project.read("sort[2].sh");
    let merges = project.merges(|at| match at {
        2 => vec![("level", format!("{SLOW}\n"))],
        4 => vec![("sort[2].sh", "cat numbers.txt > /dev/full\n".to_owned())],
        5 => vec![("sort[2].sh", working.clone())],
        _ => Vec::new(),
    });
    let ran = project.bisect(&good, &["--output", "../bisect.json"]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("error[G606]"), "{}", ran.stderr);
    let [from, to] = [&good[..10], &merges[7][..10]];
    let first = format!("NARROWED to 8 commits {from}..{to}: those between could not be measured");
    assert_eq!(ran.first_line(), first);
    let text = std::fs::read_to_string(project.outside("bisect.json")).expect("readable");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let expected = [(8, "worse".to_owned()), (4, "skipped".to_owned())];
    assert_eq!(steps(&document, &merges), expected);
    assert_eq!(document["found"], "range", "the bad end is worse");
    assert_eq!(document["exit_code"], "usage");
    let how = document["steps"][1]["how"].as_str().expect("a text");
    assert!(how.starts_with("a disk is full"), "{how}");
}

#[test]
fn when_the_time_is_up_nothing_is_guessed() {
    let (project, good) = project();
    let merges = project.merges(slower_from(2));
    let ran = project.bisect(&good, &["--budget", "1ns"]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    let [from, to] = [&good[..10], &merges[7][..10]];
    let first = format!("NARROWED to 8 commits {from}..{to}: the time was up");
    assert_eq!(ran.first_line(), first);
}

#[test]
fn what_cannot_be_searched_is_an_error() {
    let (project, good) = project();
    let bad = project.merge("m1", &[]);
    let with = |good: &str, bad: &str, row: &str| {
        let ran = project.gate(&["bisect", "--good", good, "--bad", bad, "--row", row]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        ran.stderr
    };
    for (good, bad, row, expected) in [
        (&*bad, &*good, "sort[2] time", "is no ancestor of"),
        (&*good, &*good, "sort[2] time", "is no ancestor of"),
        ("nowhere", &*bad, "sort[2] time", "error[G601]"),
        (
            &*good,
            &*bad,
            "sort[2]",
            "scenario and metric as one argument",
        ),
        (&*good, &*bad, "sort[2] speed", "hint: it has time"),
        (&*good, &*bad, "sort2 time", "no scenario matches"),
    ] {
        let said = with(good, bad, row);
        assert!(said.contains(expected), "{row}: {said}");
    }
    let seen = seen_on(&json!({}));
    project.write("../seen.json", &seen);
    let over = ["--like", "../seen.json", "--output", "../seen.json"];
    let said = project.bisect(&good, &over).stderr;
    assert!(said.starts_with("error[G302]"), "{said}");
    assert_eq!(project.read("../seen.json"), seen);
    // A bad end that does not build is a mistake, and no commit to skip.
    project.merge("m2", &[("broken", "yes\n")]);
    let said = with(&good, "main", "sort[2] time");
    assert!(said.contains("error[G602]"), "{said}");
    // It is also an answer, for whoever asked for one and did not look on.
    let ran = project.bisect(&good, &["--output", "../bisect.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    let text = std::fs::read_to_string(project.outside("bisect.json")).expect("readable");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    for (field, expected) in [
        ("exit_code", "usage"),
        ("found", "not_confirmed"),
        ("why", "skipped"),
    ] {
        assert_eq!(document[field], expected, "{document}");
    }
    assert_eq!(document["good"]["commit"], *good);
    assert_eq!(document["bad"], document["steps"][0]["revision"]);
    let how = document["steps"][0]["how"].as_str().expect("a text");
    assert!(how.contains("the candidate does not build"), "{how}");
    let policy = project.read("baselines/gate.toml");
    let unjudged = "\n[[rule]]\nmetric = \"time\"\nmargin = \"none\"\n";
    project.write("baselines/gate.toml", &(policy + unjudged));
    let said = with(&good, &bad, "sort[2] time");
    assert!(said.contains("has no margin for"), "{said}");
}

/// A run on a machine with this fingerprint. The commands of the project tell nothing of theirs.
fn seen_on(fingerprint: &Value) -> String {
    let mut run = run(BASELINE);
    run["environment"]["fingerprint"] = fingerprint.clone();
    run.to_string()
}

#[test]
fn a_step_smaller_than_the_margin_is_found_when_it_is_asked_about() {
    let (project, good) = project();
    let policy = project.read("baselines/gate.toml");
    let wide = "\n[[rule]]\nmetric = \"time\"\nmargin = \"15%\"\n";
    project.write("baselines/gate.toml", &(policy + wide));
    project.write("level", &format!("{}\n", LEVEL * 109 / 100));
    project.commit("a little slower");
    let ran = project.bisect(&good, &[]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.first_line().starts_with("NOT CONFIRMED"),
        "{}",
        ran.stdout
    );
    // That it is not worse is told on the machine alone that showed it.
    project.write("../seen.json", &seen_on(&json!({"cpu_model": "Zen 4"})));
    let ran = project.bisect(&good, &["--like", "../seen.json"]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    let first = ran.first_line();
    assert!(first.starts_with("NOT CONFIRMED: cannot tell"), "{first}");
    let how = "on another machine, as far as is known: cpu_model differs";
    assert!(ran.stdout.contains(how), "{}", ran.stdout);
    project.write("../seen.json", &seen_on(&json!({})));
    let ran = project.bisect(&good, &["--like", "../seen.json"]);
    assert!(ran.first_line().contains("is not worse"), "{}", ran.stdout);
    let ran = project.bisect(&good, &["--margin", "4.5%", "--like", "../seen.json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.first_line().starts_with("BISECTED to"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("margin +4.5%"), "{}", ran.stdout);
    for wrong in ["4.5", "0%", "101%", "many%"] {
        let ran = project.bisect(&good, &["--margin", wrong]);
        assert_eq!(ran.code, 2, "{wrong}");
        let expected = "write a percentage from above 0%";
        assert!(ran.stderr.contains(expected), "{wrong}: {}", ran.stderr);
    }
}

#[test]
fn a_budget_that_both_ends_break_and_a_waiver_hide_nothing() {
    let (project, good) = project();
    project.merges(slower_from(7));
    let policy = project.read("baselines/gate.toml");
    let rule = "\n[[rule]]\nmetric = \"time\"\nbudget = \"<= 1us\"\nmode = \"report\"\n";
    project.write("baselines/gate.toml", &(policy + rule)).write(
        "baselines/waivers.toml",
        "[[waiver]]\nscenario = \"sort[2]\"\nmetric = \"time\"\nceiling = \"90%\"\nreason = \"known\"\n\
         owner = \"team\"\nexpires = 2999-12-31\n",
    );
    let mut gate = project.command(&[
        "bisect",
        "--good",
        &good,
        "--bad",
        "main",
        "--row",
        "sort[2] time",
    ]);
    let ran = ran(gate.output().expect("runs"));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.first_line().ends_with(" merge m7"), "{}", ran.stdout);
}
