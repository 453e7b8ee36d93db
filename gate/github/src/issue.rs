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
    /// Whether an issue is opened where there is none. One that a person closed is not opened again.
    pub is_new: bool,
}

/// What a night says.
pub struct Nightly<'a> {
    /// The label of its issues.
    pub label: &'a str,
    /// When the night was, RFC 3339 in UTC.
    pub night: &'a str,
    /// What stands.
    pub standing: &'a [Standing],
}

/// What became of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueDone {
    /// It is new.
    Opened,
    /// It says something else now.
    Updated,
    /// One more night without it.
    Green(u32),
    /// It is closed.
    Closed,
}

/// Brings the issues up to date; tells what was written, by title.
///
/// # Errors
/// When GitHub does not take it. What was written by then stays, and the next call goes on from there.
pub async fn keep(
    client: &Client<'_>,
    settings: &Settings,
    nightly: &Nightly<'_>,
) -> Result<Vec<(String, IssueDone)>, Fault> {
    let issues = format!("/repos/{}/issues", settings.repository);
    let list = format!("{issues}?state=open&labels={}", encoded(nightly.label));
    let mut told: Vec<(String, IssueDone)> = Vec::new();
    for _ in 0..ROUNDS {
        let listed = client.list(&list, PAGES, |page: Vec<Issue>| page).await?;
        let mut is_sure = true;
        for one in plan(&listed.items, &settings.author, nightly) {
            // What is not listed may be there all the same.
            if one.done == IssueDone::Opened && !listed.is_complete {
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
            if one.done == IssueDone::Closed {
                body["state"] = json!("closed");
                body["state_reason"] = json!("completed");
            }
            (Method::PATCH, format!("{issues}/{number}"), body)
        }
    }
}
