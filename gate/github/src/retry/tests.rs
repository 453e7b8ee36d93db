//! The table of retries, line by line.

use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn answer(status: u16) -> Answer {
    Answer {
        status,
        ..Answer::default()
    }
}

fn saying(status: u16, message: &str) -> Answer {
    Answer {
        body: format!(r#"{{"message": "{message}"}}"#).into_bytes(),
        ..answer(status)
    }
}

#[derive(Debug, PartialEq)]
enum Expected {
    Take,
    Jittered(u64),
    Wait(u64),
    Reconcile(u64),
    Stop(&'static str),
}

fn kind(next: Next) -> Expected {
    match next {
        Next::Take => Expected::Take,
        Next::Jittered(time) => Expected::Jittered(time.as_secs()),
        Next::Wait(time) => Expected::Wait(time.as_secs()),
        Next::Reconcile(time) => Expected::Reconcile(time.as_secs()),
        Next::Stop(fault) => Expected::Stop(match fault {
            Fault::Permission { .. } => "permission",
            Fault::Deferred(_) => "deferred",
            Fault::Moved { .. } => "moved",
            Fault::Missing { .. } => "missing",
            Fault::ReadOnly(_) => "read-only",
            Fault::Refused { .. } => "refused",
            Fault::NoAnswer { .. } => "no answer",
            Fault::TooLarge(_) => "too large",
            Fault::Address(_) => "address",
        }),
    }
}

#[test]
fn every_signal_has_its_line() {
    use Expected::*;
    use Kind::{Read, Write};
    let now = seconds(1_000_000);
    let not_sent = || Err(Lost::NotSent("refused".into()));
    let reset = || Err(Lost::Unknown("reset".into()));
    let retry_after = |s| Answer {
        retry_after: Some(seconds(s)),
        ..answer(429)
    };
    let exhausted = Answer {
        remaining: Some(0),
        reset: Some(now + seconds(40)),
        ..answer(403)
    };
    let exhausted_past = Answer {
        remaining: Some(0),
        reset: Some(seconds(5)),
        ..answer(403)
    };
    for (name, kind_of, tries, outcome, expected) in [
        ("good", Read, 1, Ok(answer(200)), Take),
        ("created", Write, 1, Ok(answer(201)), Take),
        ("no connection, read", Read, 1, not_sent(), Jittered(1)),
        ("no connection, read, 4th", Read, 4, not_sent(), Jittered(8)),
        (
            "no connection, read, 5th",
            Read,
            5,
            not_sent(),
            Stop("no answer"),
        ),
        ("no connection, write", Write, 2, not_sent(), Jittered(2)),
        (
            "no connection, write, 3rd",
            Write,
            3,
            not_sent(),
            Stop("no answer"),
        ),
        ("reset, read", Read, 3, reset(), Jittered(4)),
        ("reset, read, 5th", Read, 5, reset(), Stop("no answer")),
        ("reset, write", Write, 1, reset(), Reconcile(1)),
        ("502, read", Read, 1, Ok(answer(502)), Jittered(1)),
        ("502, write", Write, 2, Ok(answer(502)), Reconcile(2)),
        ("408, write", Write, 1, Ok(answer(408)), Reconcile(1)),
        ("429 with a time", Write, 1, Ok(retry_after(7)), Wait(7)),
        (
            "429 with a time, 3rd",
            Read,
            3,
            Ok(retry_after(7)),
            Stop("deferred"),
        ),
        ("429 without headers", Read, 1, Ok(answer(429)), Wait(60)),
        ("403 exhausted", Read, 1, Ok(exhausted), Wait(40)),
        (
            "403 exhausted, reset past",
            Read,
            1,
            Ok(exhausted_past),
            Wait(1),
        ),
        (
            "403 secondary",
            Write,
            1,
            Ok(saying(403, "You have exceeded a secondary rate limit")),
            Wait(60),
        ),
        (
            "403 secondary, 2nd",
            Write,
            2,
            Ok(saying(403, "You have exceeded a secondary rate limit")),
            Wait(120),
        ),
        (
            "403 otherwise",
            Write,
            1,
            Ok(saying(403, "Resource not accessible by integration")),
            Stop("permission"),
        ),
        (
            "401",
            Read,
            1,
            Ok(saying(401, "Bad credentials")),
            Stop("permission"),
        ),
        (
            "locked",
            Write,
            1,
            Ok(saying(
                403,
                "Unable to create comment because issue is locked.",
            )),
            Stop("read-only"),
        ),
        (
            "archived",
            Write,
            1,
            Ok(saying(403, "Repository was archived so is read-only.")),
            Stop("read-only"),
        ),
        ("404, read", Read, 1, Ok(answer(404)), Wait(2)),
        ("404, read, 2nd", Read, 2, Ok(answer(404)), Stop("missing")),
        ("404, write", Write, 1, Ok(answer(404)), Stop("missing")),
        ("410", Read, 1, Ok(answer(410)), Stop("missing")),
        ("409, write", Write, 1, Ok(answer(409)), Reconcile(1)),
        ("409, read", Read, 1, Ok(answer(409)), Stop("refused")),
        (
            "422",
            Write,
            1,
            Ok(saying(422, "Validation Failed")),
            Stop("refused"),
        ),
        ("301", Write, 1, Ok(answer(301)), Stop("moved")),
        ("307", Write, 1, Ok(answer(307)), Stop("moved")),
        ("308, read", Read, 1, Ok(answer(308)), Stop("moved")),
        ("too large", Read, 1, Err(Lost::TooLarge), Stop("too large")),
    ] {
        assert_eq!(
            kind(next(kind_of, tries, &outcome, now, "GET /x")),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_request_is_named_without_its_query() {
    assert_eq!(
        name(&http::Method::GET, "/repos/o/r/pulls?head=secret"),
        "GET /repos/o/r/pulls"
    );
}
