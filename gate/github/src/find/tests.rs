//! Which pull request a run belongs to, case by case.

use serde_json::{Value, json};

use super::*;

const HEAD: &str = "4f2c9e14f2c9e14f2c9e14f2c9e14f2c9e14f2c9";
const HERE: u64 = 1;
const FORK: u64 = 2;

fn here() -> Repository {
    serde_json::from_value(json!({"id": HERE, "default_branch": "main"})).expect("sound")
}

fn run_with(change: impl FnOnce(&mut Value)) -> Run {
    let mut run = json!({
        "id": 7, "workflow_id": 3, "head_sha": HEAD, "event": "pull_request", "head_branch": "topic",
        "status": "completed", "conclusion": "success", "run_attempt": 1, "repository": {"id": HERE},
        "head_repository": {"id": FORK, "owner": {"login": "someone"}}, "a_field_of_tomorrow": [1, 2],
    });
    change(&mut run);
    serde_json::from_value(run).expect("sound")
}

fn run() -> Run {
    run_with(|_| ())
}

fn pull(number: u64, change: impl FnOnce(&mut Value)) -> Pull {
    let mut pull = json!({
        "number": number, "state": "open",
        "head": {"sha": HEAD, "ref": "topic", "repo": {"id": FORK}},
        "base": {"sha": "00", "ref": "main", "repo": {"id": HERE}},
    });
    change(&mut pull);
    serde_json::from_value(pull).expect("sound")
}

#[test]
fn a_pull_request_is_found_by_commit_and_repositories() {
    let none = "no open pull request has this commit as its head";
    let several = "several pull requests have this commit as their head";
    let to_stable = |number| pull(number, |p| p["base"]["ref"] = json!("stable"));
    for (name, pulls, expected) in [
        ("one", vec![pull(5, |_| ())], Ok(5)),
        ("none", vec![], Err(none)),
        (
            "force-push between run and publish",
            vec![pull(5, |p| p["head"]["sha"] = json!("ffff"))],
            Err(none),
        ),
        (
            "fork deleted",
            vec![pull(5, |p| p["head"]["repo"] = json!(null))],
            Err(none),
        ),
        (
            "same branch name in another fork",
            vec![pull(5, |p| p["head"]["repo"]["id"] = json!(99))],
            Err(none),
        ),
        (
            "another base repository",
            vec![pull(5, |p| p["base"]["repo"]["id"] = json!(99))],
            Err(none),
        ),
        (
            "closed",
            vec![pull(5, |p| p["state"] = json!("closed"))],
            Err(none),
        ),
        ("draft", vec![pull(5, |p| p["draft"] = json!(true))], Ok(5)),
        ("retargeted", vec![to_stable(5)], Ok(5)),
        (
            "same head in two, one to the default branch",
            vec![to_stable(5), pull(6, |_| ())],
            Ok(6),
        ),
        (
            "same head in two to other branches",
            vec![to_stable(5), to_stable(6)],
            Err(several),
        ),
    ] {
        let found = resolve(&pulls, &run(), &here()).map(|pull| pull.number);
        assert_eq!(found, expected, "{name}");
    }
    let gone = run_with(|run| run["head_repository"] = json!(null));
    let without_repo = pull(5, |p| p["head"]["repo"] = json!(null));
    assert_eq!(
        resolve(&[without_repo], &gone, &here()).map(|p| p.number),
        Err(none)
    );
}

#[test]
fn only_the_newest_attempt_of_the_measuring_workflow_is_published() {
    let event = Event {
        run: 7,
        attempt: 1,
        repository: HERE,
    };
    let workflow = Workflow { id: 3 };
    let again = "the run has been started again; its newest attempt publishes";
    for (name, run, expected) in [
        ("sound", run(), Ok(())),
        (
            "merge queue",
            run_with(|r| r["event"] = json!("merge_group")),
            Ok(()),
        ),
        (
            "another workflow renamed to perf",
            run_with(|r| r["workflow_id"] = json!(4)),
            Err("the run is of another workflow"),
        ),
        (
            "another repository",
            run_with(|r| r["repository"]["id"] = json!(9)),
            Err("the run is of another repository"),
        ),
        (
            "pushed",
            run_with(|r| r["event"] = json!("push")),
            Err("the run was not set off by a pull request or a merge queue"),
        ),
        (
            "no commit",
            run_with(|r| r["head_sha"] = json!("main")),
            Err("the run has no commit"),
        ),
        (
            "re-run attempt",
            run_with(|r| r["run_attempt"] = json!(2)),
            Err(again),
        ),
        (
            "running again",
            run_with(|r| r["status"] = json!("in_progress")),
            Err(again),
        ),
    ] {
        assert_eq!(
            confirm(&run, &event, &here(), &workflow),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_head_is_looked_for_only_where_there_is_one() {
    for (name, run, expected) in [
        ("fork", run(), Ok("someone:topic".to_owned())),
        (
            "branch with a slash",
            run_with(|r| r["head_branch"] = json!("a/b&c")),
            Ok("someone:a%2Fb%26c".to_owned()),
        ),
        (
            "merge queue",
            run_with(|r| r["event"] = json!("merge_group")),
            Err("a merge queue has no pull request to comment on"),
        ),
        (
            "null head_branch",
            run_with(|r| r["head_branch"] = json!(null)),
            Err("the fork or the branch is gone"),
        ),
        (
            "null owner",
            run_with(|r| r["head_repository"]["owner"] = json!(null)),
            Err("the fork or the branch is gone"),
        ),
        (
            "fork deleted",
            run_with(|r| r["head_repository"] = json!(null)),
            Err("the fork or the branch is gone"),
        ),
    ] {
        assert_eq!(head_of(&run), expected, "{name}");
    }
}

#[test]
fn a_queue_names_its_branch() {
    for (event, branch, expected) in [
        (
            "merge_group",
            json!("gh-readonly-queue/main/pr-104-929f82"),
            Some("main"),
        ),
        (
            "merge_group",
            json!("gh-readonly-queue/release/pr-2/pr-1-0"),
            Some("release/pr-2"),
        ),
        ("merge_group", json!("main"), None),
        ("merge_group", json!(null), None),
        // Anyone who may push can have a branch of that name.
        (
            "pull_request",
            json!("gh-readonly-queue/main/pr-104-929f82"),
            None,
        ),
    ] {
        let run = run_with(|run| (run["event"], run["head_branch"]) = (json!(event), branch));
        assert_eq!(queued_for(&run), expected, "{event} {:?}", run.head_branch);
    }
}

#[test]
fn an_unknown_conclusion_is_not_a_success() {
    for (text, expected) in [
        (Some("success"), Conclusion::Success),
        (Some("failure"), Conclusion::Failure),
        (Some("cancelled"), Conclusion::Cancelled),
        (Some("timed_out"), Conclusion::TimedOut),
        (Some("action_required"), Conclusion::ActionRequired),
        (Some("of tomorrow"), Conclusion::Other),
        (None, Conclusion::Other),
    ] {
        assert_eq!(Conclusion::parse(text), expected);
    }
}
