//! Which comment is ours, and what becomes of it.

use serde_json::json;

use super::*;

const BOT: &str = "github-actions[bot]";

fn mark(run: u64, attempt: u64, text: &str) -> Mark {
    Mark {
        run: (run, attempt),
        head: "aa".into(),
        text: text.into(),
    }
}

fn comment(id: u64, login: Option<&str>, kind: &str, body: &str) -> Comment {
    let user = login.map(|login| json!({"login": login, "type": kind, "id": 1}));
    let comment = json!({"id": id, "body": body, "user": user, "reactions": {}});
    serde_json::from_value(comment).expect("sound")
}

fn ours(id: u64, mark: &Mark) -> Comment {
    comment(id, Some(BOT), "Bot", &format!("{}\n### PASS", mark.line()))
}

#[test]
fn one_comment_stays_whatever_was_there() {
    let mine = mark(7, 2, "x");
    let line = mine.line();
    for (name, comments, expected) in [
        ("none", vec![], Plan::Create),
        (
            "of people",
            vec![comment(1, Some("ann"), "User", "nice")],
            Plan::Create,
        ),
        (
            "forged marker by another user",
            vec![comment(1, Some("ann"), "User", &line)],
            Plan::Create,
        ),
        (
            "forged marker by another bot",
            vec![comment(1, Some("evil[bot]"), "Bot", &line)],
            Plan::Create,
        ),
        (
            "a user with the name of the bot",
            vec![comment(1, Some(BOT), "User", &line)],
            Plan::Create,
        ),
        ("null user", vec![comment(1, None, "", &line)], Plan::Create),
        (
            "marker quoted by the bot",
            vec![comment(1, Some(BOT), "Bot", &format!("> {line}"))],
            Plan::Create,
        ),
        (
            "of an older head",
            vec![ours(1, &mark(6, 1, "y"))],
            Plan::Update(1, vec![]),
        ),
        (
            "re-run attempt",
            vec![ours(1, &mark(7, 1, "x"))],
            Plan::Update(1, vec![]),
        ),
        (
            "judged again",
            vec![ours(1, &mark(7, 2, "y"))],
            Plan::Update(1, vec![]),
        ),
        (
            "late older run",
            vec![ours(1, &mark(8, 1, "y"))],
            Plan::Kept(vec![]),
        ),
        (
            "applied before the answer was lost",
            vec![ours(1, &mine)],
            Plan::Unchanged(vec![]),
        ),
        (
            "two publishers at once",
            vec![ours(2, &mine), ours(1, &mine)],
            Plan::Unchanged(vec![2]),
        ),
        (
            "ours came second",
            vec![ours(1, &mark(6, 1, "y")), ours(2, &mine)],
            Plan::Update(1, vec![2]),
        ),
        (
            "a newer one came second",
            vec![ours(1, &mine), ours(2, &mark(8, 1, "y"))],
            Plan::Kept(vec![]),
        ),
        (
            "ours came after a newer one",
            vec![ours(1, &mark(8, 1, "y")), ours(2, &mine)],
            Plan::Kept(vec![2]),
        ),
    ] {
        assert_eq!(plan(&comments, BOT, &mine), expected, "{name}");
    }
}

#[test]
fn nothing_is_said_where_it_would_disturb() {
    let body = |_: usize| String::new();
    let text = |wish| CommentText { wish, body: &body };
    for (name, text, may_create, is_complete, is_silent) in [
        ("red", text(Wish::Create), true, true, false),
        ("green and no comment", text(Wish::Update), true, true, true),
        ("closed meanwhile", text(Wish::Create), false, true, true),
        (
            "too many comments to be sure",
            text(Wish::Create),
            true,
            false,
            true,
        ),
    ] {
        assert_eq!(
            silent(&text, may_create, is_complete).is_some(),
            is_silent,
            "{name}"
        );
    }
}

#[test]
fn a_comment_keeps_its_limit_with_its_mark() {
    use crate::find::{Conclusion, Target};
    let measured = Measured {
        run: u64::MAX,
        attempt: 1,
        head: "a".repeat(40),
        conclusion: Conclusion::Success,
        target: Target::Commit(""),
        base: None,
    };
    let body = |most: usize| "x".repeat(most);
    let text = CommentText {
        wish: Wish::Create,
        body: &body,
    };
    let (mark, value) = compose(&measured, &text, 1000);
    let said = value["body"].as_str().expect("text");
    assert_eq!(said.len(), 1000);
    assert_eq!(Mark::of_comment(said), Some(mark));
}
