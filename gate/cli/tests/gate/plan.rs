//! `gate plan`: what is measured, between which commits, on which machine.

use serde_json::{Value, json};

use crate::project::Project;
use crate::scratch::Ran;

/// Ids of the repositories of a pull request.
const HERE: u64 = 1;
const FORK: u64 = 2;

/// A project whose `main` went on after a branch `change` with these files left it.
fn branched(files: &[(&str, &str)]) -> Project {
    let project = Project::quick();
    project.git(&["switch", "--quiet", "--create", "change"]);
    for (name, content) in files {
        project.write(name, content);
    }
    project.commit("a change");
    project.git(&["switch", "--quiet", "main"]);
    project.write("elsewhere.txt", "x\n").commit("main went on");
    project
}

fn event(project: &Project, head_repository: u64) -> &'static str {
    let sha = |branch| project.git(&["rev-parse", branch]);
    let side = |branch, id: u64| json!({"sha": sha(branch), "repo": {"id": id}});
    let event = json!({"pull_request": {"base": side("main", HERE), "head": side("change", head_repository)}});
    project.write("../event.json", &event.to_string());
    "../event.json"
}

/// The values of the lines printed.
fn outputs(ran: &Ran) -> [Value; 2] {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ["relevant=", "matrix="].map(|name| {
        let line = ran.stdout.lines().find_map(|line| line.strip_prefix(name));
        serde_json::from_str(line.expect("printed")).expect("JSON")
    })
}

#[test]
fn a_pull_request_is_measured_against_where_it_left() {
    let project = branched(&[("bench.sh", "true\n")]);
    let base = project.git(&["rev-parse", "main~1"]);
    let candidate = project.git(&["rev-parse", "change"]);
    let labels = ["--runner", "perf,large", "--fork-runner", "ubuntu-24.04"];
    for (repository, runner) in [
        (HERE, json!(["perf", "large"])),
        (FORK, json!(["ubuntu-24.04"])),
    ] {
        let path = event(&project, repository);
        let ran = project.gate(&[&["plan", "--event", path][..], &labels].concat());
        let job = json!({"runner": runner, "base": base, "candidate": candidate});
        assert_eq!(outputs(&ran), [json!(true), json!({"include": [job]})]);
        assert!(
            ran.stderr.ends_with("bench.sh of 1 changed files\n"),
            "{}",
            ran.stderr
        );
    }
    let project = branched(&[("bench.sh", "true\n")]);
    let ran = project
        .command(&["plan"])
        .env("GITHUB_EVENT_PATH", event(&project, HERE))
        .output()
        .expect("runs");
    assert!(ran.status.success(), "the event of the job is found");
}

#[test]
fn paths_decide_by_the_policy_or_by_the_command_line() {
    let ignore = |policy: &str| format!("{policy}ignore-paths = [\"docs/**\"]\n");
    let project = Project::quick();
    let policy = ignore(&project.read("baselines/gate.toml"));
    project
        .write("baselines/gate.toml", &policy)
        .commit("ignore");
    let plan = |arguments: &[&str]| {
        let ran = project.gate(&[&["plan", "--base", "HEAD~1"], arguments].concat());
        outputs(&ran)[0].clone()
    };
    project.write("docs/page.md", "x\n").commit("a page");
    assert_eq!(plan(&[]), json!(false));
    assert_eq!(plan(&["--ignore", "src/**"]), json!(true));
    project.write("src/x.rs", "x\n").commit("code");
    assert_eq!(plan(&[]), json!(true));
    assert_eq!(plan(&["--ignore", "src/**"]), json!(false));
    // A change of the policy must not decide that nobody looks at it.
    project
        .write("baselines/gate.toml", &format!("{policy}# x\n"))
        .commit("policy");
    assert_eq!(plan(&["--ignore", "**"]), json!(true));
}

#[test]
fn a_renamed_file_counts_under_both_names() {
    let project = Project::quick();
    project.git(&["mv", "numbers.txt", "ignored.txt"]);
    project.commit("move");
    let ran = project.gate(&["plan", "--base", "HEAD~1", "--ignore", "ignored.txt"]);
    assert_eq!(outputs(&ran)[0], json!(true));
}

#[test]
fn a_plan_that_cannot_be_made_says_why() {
    let project = Project::quick();
    project.write("../schedule.json", r#"{"schedule": "17 3 * * *"}"#);
    project.write("../broken.json", "{");
    project.git(&["switch", "--quiet", "--orphan", "island"]);
    project.write("x", "x\n").commit("an island");
    project.git(&["switch", "--quiet", "main"]);
    let mut said = String::new();
    for arguments in [
        &["plan"][..],
        &["plan", "--event", "../schedule.json"],
        &["plan", "--event", "../broken.json"],
        &["plan", "--event", "../absent.json"],
        &["plan", "--base", "nowhere"],
        &["plan", "--candidate", "HEAD"],
        &["plan", "--base", "HEAD", "--runner", " , "],
    ] {
        let ran = project.gate(arguments);
        assert_eq!(
            (ran.code, &*ran.stdout),
            (2, ""),
            "{arguments:?}: {}",
            ran.stderr
        );
        said += &project.shown(&ran.stderr);
        said.push('\n');
    }
    insta::assert_snapshot!(said);
    let island = project.gate(&["plan", "--base", "HEAD", "--candidate", "island"]);
    assert_eq!(island.code, 2);
    assert!(
        island.stderr.contains("have no commit in common"),
        "{}",
        island.stderr
    );
    assert!(
        island.stderr.contains("hint: fetch the whole history"),
        "{}",
        island.stderr
    );
}
