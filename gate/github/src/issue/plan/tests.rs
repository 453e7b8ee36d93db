//! What a night writes, given the issues that are there.

use serde_json::json;

use super::*;
use crate::issue::{Gone, Standing};

const BOT: &str = "github-actions[bot]";
const KEY: &str = "nightly demo/search latency";

/// The night of November `day`.
fn night(day: u32) -> String {
    format!("2026-11-{day:02}T03:17:00Z")
}

/// Slower since the night of November 17.
fn standing() -> Standing {
    Standing {
        key: KEY.into(),
        title: "slower".into(),
        body: "by a tenth".into(),
        finding: None,
        is_new: false,
        may_open: true,
        bad: night(17),
    }
}

fn gone(key: &str, since: u32) -> Gone {
    Gone {
        key: key.into(),
        since: night(since),
    }
}

/// Issue 4, which was told of the steps of November 19.
#[derive(Clone)]
struct There {
    login: &'static str,
    state: &'static str,
    key: &'static str,
    green: u32,
    night: u32,
}

const THERE: There = There {
    login: BOT,
    state: "open",
    key: KEY,
    green: 0,
    night: 19,
};

fn body(there: &There) -> String {
    let mark = Mark {
        key: digest(there.key),
        green: there.green,
        night: night(there.night),
        text: digest("slower\nby a tenth"),
        seen: night(19),
    };
    format!("{}\nby a tenth", mark.line())
}

fn issue(there: &There) -> Issue {
    let kind = if there.login.ends_with("[bot]") {
        "Bot"
    } else {
        "User"
    };
    let user = json!({"login": there.login, "type": kind});
    let issue = json!({
        "number": 4, "state": there.state, "title": "slower", "body": body(there), "user": user,
    });
    serde_json::from_value(issue).expect("sound")
}

/// What the night of November 20 does.
fn done(there: &[There], standing: &[Standing], gone: &[Gone]) -> Vec<(Option<u64>, IssueDone)> {
    let issues: Vec<Issue> = there.iter().map(issue).collect();
    let now = night(20);
    let nightly = Nightly {
        label: "perf-regression",
        night: &now,
        standing,
        gone,
    };
    let plans = plan(&issues, BOT, &nightly);
    plans.iter().map(|plan| (plan.number, plan.done)).collect()
}

#[test]
fn what_stands_has_one_issue() {
    let closed = There {
        state: "closed",
        ..THERE
    };
    let since = |day| Standing {
        bad: night(day),
        ..standing()
    };
    let opened = [(None, IssueDone::Opened)];
    let updated = [(Some(4), IssueDone::Updated)];
    let reopened = [(Some(4), IssueDone::Reopened)];
    for (name, there, standing, expected) in [
        (
            "no issue yet, whenever it began",
            vec![],
            standing(),
            &opened[..],
        ),
        ("still there", vec![THERE], standing(), &[]),
        (
            "back after a night without",
            vec![There { green: 1, ..THERE }],
            standing(),
            &updated,
        ),
        (
            "said something else",
            vec![THERE],
            Standing {
                body: "by a fifth".into(),
                ..standing()
            },
            &updated,
        ),
        (
            "another step while the issue is open",
            vec![THERE],
            Standing {
                body: "by a fifth".into(),
                ..since(20)
            },
            &updated,
        ),
        ("closed by a person", vec![closed.clone()], standing(), &[]),
        (
            "closed by a person after two nights without",
            vec![There {
                green: 2,
                ..closed.clone()
            }],
            standing(),
            &[],
        ),
        (
            "closed by a person, and another step since",
            vec![closed.clone()],
            since(20),
            &opened,
        ),
        (
            "closed by us, and still there",
            vec![There {
                green: 3,
                ..closed.clone()
            }],
            standing(),
            &reopened,
        ),
        (
            "closed by us, and another step since",
            vec![There {
                green: 3,
                ..closed.clone()
            }],
            since(20),
            &opened,
        ),
        (
            "closed by us and by a person",
            vec![
                There {
                    green: 3,
                    ..closed.clone()
                },
                closed.clone(),
            ],
            standing(),
            &[],
        ),
        (
            "closed by us later than this night",
            vec![There {
                green: 3,
                night: 21,
                ..closed
            }],
            standing(),
            &[],
        ),
        (
            "a mark that a person copied",
            vec![There {
                login: "ann",
                ..THERE
            }],
            standing(),
            &opened,
        ),
        (
            "another thing",
            vec![There {
                key: "other",
                ..THERE
            }],
            standing(),
            &opened,
        ),
    ] {
        assert_eq!(done(&there, &[standing], &[]), expected, "{name}");
    }
}

#[test]
fn what_may_not_be_opened_is_held() {
    let closed = There {
        state: "closed",
        ..THERE
    };
    let held = Standing {
        body: "by a fifth".into(),
        may_open: false,
        ..standing()
    };
    for (name, there, expected) in [
        ("no issue yet", vec![], &[(None, IssueDone::Held)][..]),
        (
            "an open one says it",
            vec![THERE],
            &[(Some(4), IssueDone::Updated)],
        ),
        ("closed by a person", vec![closed.clone()], &[]),
        (
            "closed by us, and back",
            vec![There { green: 3, ..closed }],
            &[(Some(4), IssueDone::Held)],
        ),
    ] {
        assert_eq!(
            done(&there, std::slice::from_ref(&held), &[]),
            expected,
            "{name}"
        );
    }
}

#[test]
fn only_nights_that_tell_it_gone_close_an_issue() {
    let green = |nights| There {
        green: nights,
        ..THERE
    };
    let closed = [(Some(4), IssueDone::Closed)];
    let [first, second] = [1, 2].map(|nights| [(Some(4), IssueDone::Green(nights))]);
    for (name, there, gone, expected) in [
        ("a night without", THERE, gone(KEY, 1), &first[..]),
        ("the second", green(1), gone(KEY, 1), &second),
        ("the third", green(2), gone(KEY, 1), &closed),
        (
            "the same night again",
            There {
                night: 20,
                ..green(1)
            },
            gone(KEY, 1),
            &[],
        ),
        (
            "a night that was overtaken",
            There { night: 21, ..THERE },
            gone(KEY, 1),
            &[],
        ),
        ("not looked at", green(2), gone("other", 1), &[]),
        ("on another machine since", green(2), gone(KEY, 20), &[]),
        (
            "closed already",
            There {
                state: "closed",
                ..green(2)
            },
            gone(KEY, 1),
            &[],
        ),
        (
            "of a person",
            There {
                login: "ann",
                ..green(2)
            },
            gone(KEY, 1),
            &[],
        ),
    ] {
        assert_eq!(done(&[there], &[], &[gone]), expected, "{name}");
    }
}

#[test]
fn what_was_found_out_stays_until_the_step_is_another_one() {
    let tonight = There { night: 20, ..THERE };
    let found = |there: &There, finding: &str| {
        let mut issue = issue(there);
        issue.body = Some(format!("{}\n{FINDING}\n{finding}\n", body(there)));
        issue
    };
    let standing = |is_new, finding: Option<&str>, body: &str| Standing {
        body: body.into(),
        finding: finding.map(str::to_owned),
        is_new,
        ..standing()
    };
    let hostile = format!("to `a`: `x {FINDING} @b`");
    let now = night(20);
    let plans = |issue: Issue, standing: Standing| {
        let nightly = Nightly {
            label: "perf-regression",
            night: &now,
            standing: &[standing],
            gone: &[],
        };
        plan(&[issue], BOT, &nightly)
    };
    for (name, issue, standing, expected) in [
        (
            "found out tonight",
            issue(&tonight),
            standing(true, Some("to `a`"), "by a tenth"),
            "by a tenth\n<!-- gate-finding -->\nto `a`\n",
        ),
        (
            "told again on the same night",
            found(&tonight, "to `a`"),
            standing(true, None, "by a fifth"),
            "by a fifth\n<!-- gate-finding -->\nto `a`\n",
        ),
        (
            "a later night",
            found(&THERE, "to `a`"),
            standing(false, None, "by a fifth"),
            "by a fifth\n<!-- gate-finding -->\nto `a`\n",
        ),
        (
            "found out anew",
            found(&THERE, "to `a`"),
            standing(false, Some("to `b`"), "by a fifth"),
            "by a fifth\n<!-- gate-finding -->\nto `b`\n",
        ),
        (
            "another step",
            found(&THERE, "to `a`"),
            standing(true, None, "by a fifth"),
            "by a fifth",
        ),
        (
            "a finding that quotes the line before one",
            found(&THERE, &hostile),
            standing(false, None, "by a fifth"),
            "by a fifth\n<!-- gate-finding -->\nto `a`: `x <!-- gate-finding --> @b`\n",
        ),
    ] {
        let plans = plans(issue, standing);
        let text = plans.first().and_then(|plan| plan.body.split_once('\n'));
        assert_eq!(text.map(|(_, text)| text), Some(expected), "{name}");
    }
    let mut there = issue(&THERE);
    let first = plans(there.clone(), standing(false, Some("to `a`"), "by a tenth"));
    there.body = Some(first[0].body.clone());
    let again = plans(there, standing(false, None, "by a tenth"));
    assert_eq!(again, [], "a night that says the same needs no write");
}

#[test]
fn a_mark_is_read_as_it_was_written() {
    let text = body(&There { green: 2, ..THERE });
    let mark = Mark::read(&text).expect("a mark");
    assert_eq!((mark.green, mark.night), (2, night(19)));
    assert_eq!(mark.seen, night(19));
    assert_eq!(Mark::read(&format!("> {text}")), None);
    assert_eq!(Mark::read(""), None);
}
