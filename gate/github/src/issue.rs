//! Issues of the night: one per thing that stands, kept up to date, closed when it has been gone for a while.

use http::Method;
use serde_json::{Value, json};

use crate::Settings;
use crate::client::{Client, Sent, encoded};
use crate::fault::Fault;
use crate::wire::Issue;

mod mark;
mod plan;

use plan::{Plan, plan};

/// Nights without it before an issue is closed.
pub const GREEN_NIGHTS: u32 = 3;

/// Pages of open issues of one label looked at.
const PAGES: usize = 10;

/// Pages of closed ones. They are listed newest first.
const CLOSED_PAGES: usize = 3;

/// Rounds of reading and writing before this gives up.
const ROUNDS: u32 = 4;

/// Something that stands, and the issue that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What tells it from everything else.
    pub key: String,
    /// One line of plain text.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// What was found out about it, one line of Markdown. It is kept on later nights, until something new is found
    /// out or the thing itself is new again.
    pub finding: Option<String>,
    /// Whether the night showed it first.
    pub is_new: bool,
    /// Whether an issue may be opened for it, or opened again. One that is open says it in any case.
    pub may_open: bool,
    /// When the first run with it was made, RFC 3339 in UTC; the last of these where it is several things. An issue
    /// is opened where none was told of that night.
    pub bad: String,
}

/// Something of which the night can tell that it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// As that of what stood.
    pub key: String,
    /// The oldest run that this is told from, RFC 3339 in UTC. What stood before is not known to be gone.
    pub since: String,
}

/// What a night says.
pub struct Nightly<'a> {
    /// The label of its issues.
    pub label: &'a str,
    /// When the night was, RFC 3339 in UTC.
    pub night: &'a str,
    /// What stands.
    pub standing: &'a [Standing],
    /// What does not. What is neither was not looked at, and its issue stays as it is.
    pub gone: &'a [Gone],
}

/// What became of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueDone {
    /// It is new.
    Opened,
    /// It was closed because the thing was gone, which is back.
    Reopened,
    /// No open issue says it, and none may be opened.
    Held,
    /// It says something else now.
    Updated,
    /// One more night without it.
    Green(u32),
    /// It is closed.
    Closed,
}

/// Brings the issues up to date; tells what was written or held back, by title.
///
/// # Errors
/// When GitHub does not take it. What was written by then stays, and the next call goes on from there.
pub async fn keep(
    client: &Client<'_>,
    settings: &Settings,
    nightly: &Nightly<'_>,
) -> Result<Vec<(String, IssueDone)>, Fault> {
    let issues = format!("/repos/{}/issues", settings.repository);
    let list = |state: &str| format!("{issues}?state={state}&labels={}", encoded(nightly.label));
    let mut told: Vec<(String, IssueDone)> = Vec::new();
    for _ in 0..ROUNDS {
        let page = |page: Vec<Issue>| page;
        let open = client.list(&list("open"), PAGES, page).await?;
        let mut listed = open.items;
        if !nightly.standing.is_empty() {
            let closed = client.list(&list("closed"), CLOSED_PAGES, page).await?;
            listed.extend(closed.items);
        }
        let mut is_sure = true;
        for one in plan(&listed, &settings.author, nightly) {
            if one.done == IssueDone::Held {
                let held = (one.title, one.done);
                if !told.contains(&held) {
                    told.push(held);
                }
                continue;
            }
            // What is not listed may be there all the same.
            if one.done == IssueDone::Opened && !open.is_complete {
                client.tell(format!(
                    "too many open issues of the label to open one: {}",
                    one.title
                ));
                continue;
            }
            let (method, path, body) = request(&issues, nightly.label, &one);
            is_sure &= client.write(method, &path, &body).await? == Sent::Applied;
            let done = (one.title, one.done);
            if !told.contains(&done) {
                told.push(done);
            }
        }
        // A write of unknown outcome is looked at again.
        if is_sure || client.is_dry() {
            return Ok(told);
        }
    }
    Err(Fault::NoAnswer {
        request: "issue".to_owned(),
        why: "its outcome stayed unknown".to_owned(),
    })
}

fn request(issues: &str, label: &str, one: &Plan) -> (Method, String, Value) {
    let mut body = json!({ "title": one.title, "body": one.body });
    match one.number {
        None => {
            body["labels"] = json!([label]);
            (Method::POST, issues.to_owned(), body)
        }
        Some(number) => {
            if let Some((state, reason)) = match one.done {
                IssueDone::Closed => Some(("closed", "completed")),
                IssueDone::Reopened => Some(("open", "reopened")),
                _ => None,
            } {
                body["state"] = json!(state);
                body["state_reason"] = json!(reason);
            }
            (Method::PATCH, format!("{issues}/{number}"), body)
        }
    }
}
