//! What GitHub refuses or no longer has, and what is said all the same.

use gate_github::event::Event;
use gate_github::find::Measured;
use gate_github::write::{CheckDone, CommentDone, Written};
use gate_github::{Fault, Fetched, fetch, find};

use crate::publisher::{client, measured, publish, publish_for, settings};
use crate::server::{Request, Server, json, with};
use crate::store::{Store, pull};
use crate::time::FakeClock;

/// An answer of GitHub's with these words.
fn words(message: &str) -> String {
    serde_json::json!({ "message": message }).to_string()
}

#[tokio::test]
async fn a_comment_that_is_not_taken_leaves_the_check() {
    let locked = "the conversation is locked";
    let gone = "the pull request is gone";
    for (name, status, message, why) in [
        (
            "locked",
            403,
            "Unable to create comment because issue is locked.",
            locked,
        ),
        (
            "locked, as 422",
            422,
            "Validation Failed: issue is locked",
            locked,
        ),
        (
            "closed to comments",
            422,
            "Validation Failed",
            "GitHub takes no comment there",
        ),
        ("not found", 404, "Not Found", gone),
        ("deleted", 410, "This issue was deleted", gone),
    ] {
        let store = Store::default();
        let kept = store.clone();
        let server = Server::start(move |_, request: &Request| {
            if request.method == "POST" && request.path.ends_with("/comments") {
                json(status, &words(message))
            } else {
                kept.react(request)
            }
        })
        .await;
        let written = publish(&server, &FakeClock::default()).await;
        let expected = Written {
            check: CheckDone::Created,
            comment: CommentDone::None(why),
        };
        assert_eq!(written, Ok(expected), "{name}");
        let checks = store.checks.lock().expect("sound");
        assert_eq!(checks.len(), 1, "{name}");
        let id = checks[0]["external_id"].as_str().expect("marked");
        assert!(id.ends_with("comments=0"), "{name}: {id}");
    }
}

#[tokio::test]
async fn an_archived_repository_takes_nothing_and_that_is_no_fault() {
    for status in [403, 422] {
        let store = Store::default();
        let server = Server::start(move |_, request: &Request| match request.method.as_str() {
            "GET" => store.react(request),
            _ => json(status, &words("Repository was archived so is read-only.")),
        })
        .await;
        let clock = FakeClock::default();
        let why = "the repository is archived";
        let expected = Written {
            check: CheckDone::None(why),
            comment: CommentDone::None(why),
        };
        assert_eq!(publish(&server, &clock).await, Ok(expected), "{status}");
        assert_eq!(server.count("POST"), 1, "{status}");
    }
}

#[tokio::test]
async fn a_pull_request_that_was_closed_or_merged_meanwhile_gets_no_new_comment() {
    for (has_comment, expected) in [
        (true, CommentDone::Updated),
        (false, CommentDone::None("the pull request is closed")),
    ] {
        for is_merged in [true, false] {
            let store = Store::default();
            if has_comment {
                let kept = store.clone();
                let open = Server::start(move |_, request: &Request| kept.react(request)).await;
                let written = publish(&open, &FakeClock::default()).await;
                assert!(written.is_ok(), "{written:?}");
            }
            let mut closed = pull("closed");
            closed["merged"] = is_merged.into();
            let kept = store.clone();
            let server = Server::start(move |_, request: &Request| {
                if request.method == "GET" && request.path.ends_with("/pulls/5") {
                    json(200, &closed.to_string())
                } else {
                    kept.react(request)
                }
            })
            .await;
            let later = Measured {
                run: 8,
                ..measured()
            };
            let written = publish_for(&server, &FakeClock::default(), &later)
                .await
                .expect("the check is published");
            assert_eq!(written.comment, expected, "merged: {is_merged}");
            let comments = store.comments.lock().expect("sound");
            assert_eq!(comments.len(), usize::from(has_comment));
            let checks = store.checks.lock().expect("sound");
            assert_eq!(checks.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_comment_on_a_deleted_pull_request_is_no_fault() {
    let store = Store::default();
    let kept = store.clone();
    let server = Server::start(move |_, request: &Request| {
        if request.path.ends_with("/pulls/5") {
            json(404, "{}")
        } else {
            kept.react(request)
        }
    })
    .await;
    let written = publish(&server, &FakeClock::default()).await;
    let expected = Written {
        check: CheckDone::Created,
        comment: CommentDone::None("the pull request is gone"),
    };
    assert_eq!(written, Ok(expected));
}

#[tokio::test]
async fn a_renamed_repository_stops_the_first_read_with_its_new_address() {
    for status in [301, 302, 307, 308] {
        let there = "https://api.github.com/repositories/1";
        let server =
            Server::start(move |_, _| with(status, &format!("location: {there}\r\n"), "")).await;
        let clock = FakeClock::default();
        let event = Event {
            run: 7,
            attempt: 1,
            repository: 1,
        };
        let found = find(&client(&server, &clock), &settings(), &event).await;
        let Err(Fault::Moved { request, location }) = found else {
            panic!("{status}: {found:?}");
        };
        assert_eq!(
            (request.as_str(), location.as_str()),
            ("GET /repos/o/r", there)
        );
        assert_eq!(server.count("GET"), 1, "{status}");
    }
}

/// The list still has the artifact, and what it says of it is all there is.
#[tokio::test]
async fn an_artifact_that_is_gone_when_it_is_asked_for_has_expired() {
    for (status, requests) in [(404, 2), (410, 1)] {
        let server = Server::start(move |_, request: &Request| {
            if request.path.ends_with("/zip") {
                json(status, &words("Artifact has expired"))
            } else {
                json(
                    200,
                    r#"{"artifacts": [{"id": 11, "name": "gate-runs-1", "size_in_bytes": 3}]}"#,
                )
            }
        })
        .await;
        let clock = FakeClock::default();
        let fetched = fetch(&client(&server, &clock), &settings(), &measured()).await;
        assert_eq!(fetched, Ok(Fetched::Expired), "{status}");
        let asked = server.requests.lock().expect("sound");
        let asked = asked
            .iter()
            .filter(|request| request.path.ends_with("/zip"));
        assert_eq!(asked.count(), requests, "{status}");
    }
}

#[tokio::test]
async fn a_conflict_that_stays_is_given_up_after_three_writes() {
    for (refused, comments) in [("/comments", 3), ("/check-runs", 0)] {
        let store = Store::default();
        let server = Server::start(move |_, request: &Request| {
            if request.method == "POST" && request.path.ends_with(refused) {
                json(409, &words("Conflict"))
            } else {
                store.react(request)
            }
        })
        .await;
        let written = publish(&server, &FakeClock::default()).await;
        assert!(
            matches!(written, Err(Fault::NoAnswer { .. })),
            "{refused}: {written:?}"
        );
        let requests = server.requests.lock().expect("sound");
        let posted = |end: &str| {
            let posts = requests.iter().filter(|request| request.method == "POST");
            posts.filter(|post| post.path.ends_with(end)).count()
        };
        assert_eq!(posted(refused), 3, "{refused}");
        assert_eq!(posted("/comments"), comments, "{refused}");
    }
}

#[tokio::test]
async fn an_older_run_creates_no_comment_beside_the_check_of_a_newer_one() {
    let store = Store::default();
    let kept = store.clone();
    let server = Server::start(move |_, request: &Request| kept.react(request)).await;
    let clock = FakeClock::default();
    let newer = Measured {
        run: 8,
        ..measured()
    };
    let written = publish_for(&server, &clock, &newer).await;
    assert!(written.is_ok(), "{written:?}");
    // As a run leaves it that passed, and had nothing to comment.
    store.comments.lock().expect("sound").clear();
    let expected = Written {
        check: CheckDone::Kept,
        comment: CommentDone::Kept,
    };
    assert_eq!(publish(&server, &clock).await, Ok(expected));
    let comments = store.comments.lock().expect("sound");
    assert!(comments.is_empty(), "{comments:?}");
}
