//! Every way an answer can go wrong, and what is there afterwards.

use std::time::Duration;

use gate_github::base::Base;
use gate_github::bundle::Rule;
use gate_github::client::Client;
use gate_github::clock::Deadlines;
use gate_github::event::Event;
use gate_github::write::Written;
use gate_github::{Fault, Fetched, fetch, find};

use crate::publisher::{client, measured, publish, settings};
use crate::server::{Reaction, Request, Server, json, with};
use crate::store::{HEAD, Store};
use crate::time::FakeClock;

/// Cuts an answer short of what it promised.
fn truncated(reaction: Reaction) -> Reaction {
    match reaction {
        Reaction::Bytes(mut bytes) => {
            bytes.truncate(bytes.len() - 1);
            Reaction::Bytes(bytes)
        }
        other => other,
    }
}

/// The first write to the comments goes wrong, before or after it was applied.
async fn after_one_fault(
    is_applied: bool,
    wrong: impl Fn(Reaction) -> Reaction + Send + Sync + 'static,
    clock: &FakeClock,
) -> (Store, Result<Written, Fault>) {
    let store = Store::default();
    let kept = store.clone();
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let server = Server::start(move |_, request: &Request| {
        let is_write = request.method == "POST" && request.path.ends_with("/comments");
        if is_write && is_first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            wrong(if is_applied {
                kept.react(request)
            } else {
                json(500, "")
            })
        } else {
            kept.react(request)
        }
    })
    .await;
    let written = publish(&server, clock).await;
    (store, written)
}

#[tokio::test]
async fn a_write_of_unknown_outcome_leaves_one_comment() {
    type Wrong = fn(Reaction) -> Reaction;
    let answered: [(&str, bool, Wrong); 7] = [
        ("502 after the write was applied", true, |_| {
            with(502, "", "<html>Bad Gateway</html>")
        }),
        ("502 before", false, |_| {
            with(502, "", "<html>Bad Gateway</html>")
        }),
        ("409 conflict", false, |_| json(409, "{}")),
        ("reset after", true, |_| Reaction::Reset),
        ("reset before", false, |_| Reaction::Reset),
        ("body cut off on 201", true, truncated),
        ("truncated JSON on 201", true, |_| {
            with(201, "", "{\"id\": 1, \"bo")
        }),
    ];
    let silent: [(&str, bool, Wrong); 2] = [
        ("silence after", true, |_| Reaction::Hang(Vec::new())),
        ("head, then silence", true, |_| {
            Reaction::Hang(b"HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\n{".to_vec())
        }),
    ];
    let answered = answered.map(|case| (case, FakeClock::default()));
    let silent = silent.map(|case| (case, FakeClock::impatient()));
    for ((name, is_applied, wrong), clock) in answered.into_iter().chain(silent) {
        let (store, written) = after_one_fault(is_applied, wrong, &clock).await;
        assert!(written.is_ok(), "{name}: {written:?}");
        assert_eq!(store.comments.lock().expect("sound").len(), 1, "{name}");
        assert_eq!(store.checks.lock().expect("sound").len(), 1, "{name}");
    }
}

/// Another publisher creates its comment while ours is on the way.
async fn beside_another_publisher(
    other_run: u64,
    is_first: bool,
) -> (Store, Result<Written, Fault>) {
    let store = Store::default();
    let kept = store.clone();
    let server = Server::start(move |_, request: &Request| {
        let is_creation = request.method == "POST" && request.path.ends_with("/comments");
        let body = format!(
            r#"{{"body": "<!-- gate:v1 run={other_run}.1 head={HEAD} text=0000000000000000 -->\nother"}}"#
        );
        let other = Request { body, ..request.clone() };
        if is_creation && is_first {
            kept.react(&other);
        }
        let reaction = kept.react(request);
        if is_creation && !is_first {
            kept.react(&other);
        }
        reaction
    })
    .await;
    let written = publish(&server, &FakeClock::default()).await;
    (store, written)
}

#[tokio::test]
async fn two_publishers_at_once_leave_one_comment() {
    for (name, other_run, is_first, survivor) in [
        ("an older one came first", 6, true, "run=7.1"),
        ("an older one came second", 6, false, "run=7.1"),
        ("a newer one came first", 8, true, "run=8.1"),
    ] {
        let (store, written) = beside_another_publisher(other_run, is_first).await;
        assert!(written.is_ok(), "{name}: {written:?}");
        let comments = store.comments.lock().expect("sound");
        assert_eq!(comments.len(), 1, "{name}: {comments:?}");
        assert!(
            comments[0].to_string().contains(survivor),
            "{name}: {comments:?}"
        );
    }
}

#[tokio::test]
async fn a_merge_of_two_comments_whose_answer_is_lost_is_looked_at_again() {
    let store = Store::default();
    let kept = store.clone();
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let server = Server::start(move |_, request: &Request| {
        if request.method == "POST" && request.path.ends_with("/comments") {
            let body = format!(r#"{{"body": "<!-- gate:v1 run=6.1 head={HEAD} text=00 -->"}}"#);
            kept.react(&Request {
                body,
                ..request.clone()
            });
        }
        let is_merge = request.method == "PATCH" && request.path.contains("/comments/");
        if is_merge && is_first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Reaction::Reset;
        }
        kept.react(request)
    })
    .await;
    publish(&server, &FakeClock::default())
        .await
        .expect("published");
    let comments = store.comments.lock().expect("sound");
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].to_string().contains("run=7.1"), "{comments:?}");
}

#[tokio::test]
async fn a_body_that_was_refused_is_not_sent_again() {
    let store = Store::default();
    let server = Server::start(move |_, request: &Request| {
        if request.method == "POST" && request.path.ends_with("/comments") {
            json(422, r#"{"message": "body is too long"}"#)
        } else {
            store.react(request)
        }
    })
    .await;
    let written = publish(&server, &FakeClock::default())
        .await
        .expect("published");
    assert!(
        matches!(written.comment, gate_github::write::CommentDone::None(_)),
        "{written:?}"
    );
    let requests = server.requests.lock().expect("sound");
    let sent = requests
        .iter()
        .filter(|request| request.method == "POST" && request.path.ends_with("/comments"));
    assert_eq!(sent.count(), 1);
}

#[tokio::test]
async fn only_comments_that_were_created_are_counted() {
    let store = Store::default();
    for (status, expected) in [(403, "comments=0"), (403, "comments=0"), (0, "comments=1")] {
        let kept = store.clone();
        let server = Server::start(move |_, request: &Request| {
            let is_creation = request.method == "POST" && request.path.ends_with("/comments");
            if is_creation && status != 0 {
                json(status, r#"{"message": "Resource not accessible"}"#)
            } else {
                kept.react(request)
            }
        })
        .await;
        let written = publish(&server, &FakeClock::default()).await;
        assert_eq!(written.is_err(), status != 0, "{written:?}");
        let checks = store.checks.lock().expect("sound");
        let id = checks[0]["external_id"].as_str().expect("marked");
        assert!(id.ends_with(expected), "{id}");
    }
}

#[tokio::test]
async fn a_server_that_never_ends_is_left_at_the_deadline() {
    type React = fn() -> Reaction;
    let in_time = "no complete answer in time";
    let cases: [(&str, React, FakeClock, &str); 3] = [
        (
            "silent",
            || Reaction::Hang(Vec::new()),
            FakeClock::impatient(),
            in_time,
        ),
        (
            "slow drip",
            || {
                Reaction::Drip(
                    format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(1 << 20)).into_bytes(),
                )
            },
            FakeClock::impatient(),
            in_time,
        ),
        (
            "endless",
            || Reaction::Endless,
            FakeClock::default(),
            "larger",
        ),
    ];
    for (name, react, clock, why) in cases {
        let server = Server::start(move |_, _| react()).await;
        let event = Event {
            run: 7,
            attempt: 1,
            repository: 1,
        };
        let found = find(&client(&server, &clock), &settings(), &event).await;
        let fault = found.expect_err(name).to_string();
        assert!(fault.contains(why), "{name}: {fault}");
        assert!(server.count("GET") <= 5, "{name}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_and_never_without_bound() {
    let slow = "retry-after: 7\r\n";
    let until = format!(
        "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: {}\r\n",
        1_700_000_030
    );
    let hour = "retry-after: 3600\r\n";
    let secondary = r#"{"message": "You have exceeded a secondary rate limit."}"#;
    for (name, status, headers, body, waits) in [
        ("429 with retry-after", 429, slow, "{}", Some(7)),
        ("403 with retry-after", 403, slow, "{}", Some(7)),
        ("403 with a reset", 403, until.as_str(), "{}", Some(30)),
        (
            "403 secondary without headers",
            403,
            "",
            secondary,
            Some(60),
        ),
        ("429 without headers", 429, "", "", Some(60)),
        ("an hour", 429, hour, "{}", None),
    ] {
        let store = Store::default();
        let (headers, body) = (headers.to_owned(), body.to_owned());
        let server = Server::start(move |before, request: &Request| match before {
            0 => with(status, &headers, &body),
            _ => store.react(request),
        })
        .await;
        let clock = FakeClock::default();
        let written = publish(&server, &clock).await;
        let slept = clock.slept.borrow().first().copied();
        match waits {
            Some(seconds) => {
                assert!(written.is_ok(), "{name}: {written:?}");
                assert_eq!(slept, Some(Duration::from_secs(seconds)), "{name}");
            }
            None => {
                assert_eq!(
                    written,
                    Err(Fault::Deferred(Duration::from_secs(3600))),
                    "{name}"
                );
                assert_eq!(slept, None, "{name}");
            }
        }
    }
}

/// Looks for a run on a server, for so long.
async fn found_within(
    server: &Server,
    clock: &FakeClock,
    total: Duration,
) -> Result<gate_github::find::Found, Fault> {
    let base = Base::parse(&server.url).expect("loopback");
    let deadlines = Deadlines {
        total,
        ..clock.deadlines
    };
    let client = Client::new(&base, "secret", clock, deadlines).expect("certificates");
    let event = Event {
        run: 7,
        attempt: 1,
        repository: 1,
    };
    find(&client, &settings(), &event).await
}

#[tokio::test]
async fn waiting_ends_with_the_time_of_the_command() {
    let server = Server::start(|_, _| with(429, "retry-after: 100\r\n", "{}")).await;
    let clock = FakeClock::default();
    let found = found_within(&server, &clock, Duration::from_secs(150)).await;
    assert_eq!(found, Err(Fault::Deferred(Duration::from_secs(100))));
    assert_eq!(*clock.slept.borrow(), [Duration::from_secs(100)]);
}

#[tokio::test]
async fn a_server_that_fails_until_the_time_is_over_asks_for_no_wait() {
    let server = Server::start(|_, _| json(502, "")).await;
    let found = found_within(&server, &FakeClock::default(), Duration::from_secs(2)).await;
    let why = "the time for all requests is over".to_owned();
    let request = "GET /repos/o/r".to_owned();
    assert_eq!(found, Err(Fault::NoAnswer { request, why }));
}

#[tokio::test]
async fn writes_are_a_second_apart() {
    let store = Store::default();
    let server = Server::start(move |_, request: &Request| store.react(request)).await;
    let clock = FakeClock::default();
    publish(&server, &clock).await.expect("published");
    assert_eq!(server.count("POST"), 2);
    assert_eq!(*clock.slept.borrow(), [Duration::from_secs(1)]);
}

#[tokio::test]
async fn ten_thousand_comments_are_paged_with_bounds_and_nothing_is_created() {
    let store = Store::default();
    let page: Vec<_> = (0..100)
        .map(|id| serde_json::json!({"id": id, "body": "x", "user": null}))
        .collect();
    let page = serde_json::json!(page).to_string();
    let server = Server::start(move |_, request: &Request| {
        if request.method == "GET" && request.path.contains("/comments") {
            with(
                200,
                "link: <https://api.github.com/x?page=2>; rel=\"next\"\r\n",
                &page,
            )
        } else {
            store.react(request)
        }
    })
    .await;
    let written = publish(&server, &FakeClock::default())
        .await
        .expect("the check is published");
    assert!(
        matches!(written.comment, gate_github::write::CommentDone::None(why) if why.contains("too long")),
        "{written:?}"
    );
    let requests = server.requests.lock().expect("sound");
    let pages = requests
        .iter()
        .filter(|request| request.path.contains("/comments"))
        .count();
    assert_eq!(pages, 50);
    assert!(
        requests
            .iter()
            .all(|request| request.head.contains("secret")),
        "every page is authenticated"
    );
}

#[tokio::test]
async fn an_enterprise_server_keeps_its_path() {
    let server = Server::start(|_, _| json(404, "{}")).await;
    let clock = FakeClock::default();
    let base = Base::parse(&format!("{}/api/v3", server.url)).expect("loopback");
    let client = Client::new(&base, "secret", &clock, clock.deadlines).expect("certificates");
    let event = Event {
        run: 7,
        attempt: 1,
        repository: 1,
    };
    let found = find(&client, &settings(), &event).await;
    assert!(
        matches!(found, Err(Fault::Missing { status: 404, .. })),
        "{found:?}"
    );
    let requests = server.requests.lock().expect("sound");
    let paths: Vec<&str> = requests
        .iter()
        .map(|request| request.path.as_str())
        .collect();
    assert_eq!(paths, ["/api/v3/repos/o/r"; 2], "once more after a 404");
}

/// An API whose artifact is at `blob`.
async fn api(blob: String) -> Server {
    Server::start(move |_, request: &Request| {
        if request.path.ends_with("/zip") {
            with(302, &format!("location: {blob}\r\n"), "")
        } else {
            json(
                200,
                r#"{"artifacts": [{"id": 11, "name": "gate-runs-1", "size_in_bytes": 3}]}"#,
            )
        }
    })
    .await
}

#[tokio::test]
async fn an_artifact_is_fetched_without_the_token_and_under_a_cap() {
    type React = fn(usize) -> Reaction;
    type Holds = fn(&Fetched) -> bool;
    let expired = |fetched: &Fetched| *fetched == Fetched::Expired;
    let whole =
        |fetched: &Fetched| matches!(fetched, Fetched::Bytes { bytes, .. } if bytes == b"abc");
    let too_large = |fetched: &Fetched| matches!(fetched, Fetched::Rejected(rejected) if rejected.rule == Rule::ZipSize);
    let cases: [(&str, React, Holds); 5] = [
        ("whole", |_| json(200, "abc"), whole),
        (
            "cut off once",
            |before| {
                if before == 0 {
                    truncated(json(200, "abc"))
                } else {
                    json(200, "abc")
                }
            },
            whole,
        ),
        ("410 with bytes", |_| json(410, "abc"), expired),
        ("404", |_| json(404, "<Error/>"), expired),
        ("without end", |_| Reaction::Endless, too_large),
    ];
    for (name, react, is_expected) in cases {
        let blob = Server::start(move |before, _| react(before)).await;
        let server = api(format!("{}/a.zip?sig=x", blob.url)).await;
        let clock = FakeClock::default();
        let fetched = fetch(&client(&server, &clock), &settings(), &measured()).await;
        let fetched = fetched.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(is_expected(&fetched), "{name}: {fetched:?}");
        let requests = blob.requests.lock().expect("sound");
        assert!(
            requests
                .iter()
                .all(|request| !request.head.contains("secret")),
            "{name}"
        );
        assert!(
            requests
                .iter()
                .all(|request| request.path == "/a.zip?sig=x"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_artifact_is_not_fetched_in_the_clear() {
    let server = api("http://blob.example/a.zip".to_owned()).await;
    let clock = FakeClock::default();
    let fetched = fetch(&client(&server, &clock), &settings(), &measured()).await;
    assert!(matches!(fetched, Err(Fault::Address(_))), "{fetched:?}");
}
