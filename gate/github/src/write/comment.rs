//! The comment: one per pull request, found by its mark and its author.

use http::Method;
use serde_json::{Value, json};

use super::mark::Mark;
use crate::Settings;
use crate::client::{Client, Listed, Sent};
use crate::fault::Fault;
use crate::find::Measured;
use crate::wire::Comment;

/// Bytes of a comment: GitHub takes 65,536 characters, and does not say what a character is.
pub const MAX_COMMENT_BYTES: usize = 60_000;

/// Pages of comments looked at, a hundred comments each.
const PAGES: usize = 50;

/// Rounds of reading and writing before this gives up: two creations of unknown outcome, a comment that
/// was deleted meanwhile, a text that had to be shortened, and rounds to look.
const ROUNDS: u32 = 7;

/// Creations of unknown outcome.
const CREATIONS: u32 = 3;

/// Whether there should be a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Yes.
    Create,
    /// Only where there is one already, which must not say what is no longer true.
    Update,
    /// No, not even that.
    Never,
}

/// What a comment says.
pub struct CommentText<'a> {
    /// Whether to say it.
    pub wish: Wish,
    /// The text within so many bytes.
    pub body: &'a dyn Fn(usize) -> String,
}

/// What became of the comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentDone {
    /// It is new.
    Created,
    /// It was there and says something else now.
    Updated,
    /// It said so already.
    Unchanged,
    /// A newer run has spoken.
    Kept,
    /// There is none.
    None(&'static str),
}

/// What to do about the comments that are there.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Plan {
    Create,
    /// Change the first, delete the others.
    Update(u64, Vec<u64>),
    /// It is there; delete the others.
    Unchanged(Vec<u64>),
    /// A newer run has spoken; delete what older ones said after it.
    Kept(Vec<u64>),
}

/// The comments of a pull request.
pub(super) type Comments = Listed<Comment>;

/// Reads the comments of pull request `number`.
pub(super) async fn survey(
    client: &Client<'_>,
    settings: &Settings,
    number: u64,
) -> Result<Comments, Fault> {
    let list = format!("/repos/{}/issues/{number}/comments", settings.repository);
    client
        .list(&list, PAGES, |comments: Vec<Comment>| comments)
        .await
}

/// Whether there would be a new comment.
pub(super) fn would_create(
    comments: &Comments,
    settings: &Settings,
    measured: &Measured,
    may_create: bool,
    text: &CommentText<'_>,
) -> bool {
    let (mark, _) = compose(measured, text, MAX_COMMENT_BYTES);
    silent(text, may_create, comments.is_complete).is_none()
        && plan(&comments.items, &settings.author, &mark) == Plan::Create
}

/// Creates or updates the comment of pull request `number`, which has these `comments`.
pub(super) async fn upsert(
    client: &Client<'_>,
    settings: &Settings,
    measured: &Measured,
    number: u64,
    may_create: bool,
    text: &CommentText<'_>,
    comments: Comments,
) -> Result<CommentDone, Fault> {
    let repository = format!("/repos/{}", settings.repository);
    let list = format!("{repository}/issues/{number}/comments");
    let mut comments = Some(comments);
    let mut most = MAX_COMMENT_BYTES;
    let mut creations = 0;
    let mut written = None;
    let mut refused = None;
    let mut is_taken = false;
    for _ in 0..ROUNDS {
        let (mark, body) = compose(measured, text, most);
        if refused.as_ref() == Some(&body) {
            return Ok(CommentDone::None("GitHub takes no comment that long"));
        }
        let listed = match comments.take() {
            Some(known) => known,
            None => survey(client, settings, number).await?,
        };
        let plan = plan(&listed.items, &settings.author, &mark);
        let sent = match &plan {
            Plan::Kept(extra) => {
                delete(client, &repository, extra).await?;
                return Ok(CommentDone::Kept);
            }
            Plan::Unchanged(extra) => {
                delete(client, &repository, extra).await?;
                return Ok(written.unwrap_or(CommentDone::Unchanged));
            }
            Plan::Update(id, extra) => {
                let path = format!("{repository}/issues/comments/{id}");
                let sent = client.write(Method::PATCH, &path, &body).await;
                if sent == Ok(Sent::Applied) {
                    delete(client, &repository, extra).await?;
                    return Ok(CommentDone::Updated);
                }
                written = Some(CommentDone::Updated);
                sent
            }
            // It was taken, and is not listed yet.
            Plan::Create if is_taken => return Ok(CommentDone::Created),
            Plan::Create if written == Some(CommentDone::Created) && creations >= CREATIONS => {
                return Err(unknown());
            }
            Plan::Create => {
                if let Some(why) = silent(text, may_create, listed.is_complete) {
                    return Ok(CommentDone::None(why));
                }
                creations += 1;
                let sent = client.write(Method::POST, &list, &body).await;
                if client.is_dry() {
                    return sent.map(|_| CommentDone::Created);
                }
                // The next round looks in any case: another publisher may have created one at the same moment.
                is_taken = sent == Ok(Sent::Applied);
                written = Some(CommentDone::Created);
                sent
            }
        };
        match (sent, &plan) {
            (Ok(_), _) => {}
            // Deleted meanwhile: the next round creates it.
            (Err(Fault::Missing { .. }), Plan::Update(..)) => written = None,
            (Err(Fault::Missing { .. }), _) => {
                return Ok(CommentDone::None("the pull request is gone"));
            }
            (Err(Fault::ReadOnly(why)), _) => {
                client.tell(why);
                return Ok(CommentDone::None("the conversation is locked"));
            }
            (
                Err(Fault::Refused {
                    status: 422, words, ..
                }),
                _,
            ) => {
                written = None;
                client.tell(words.clone());
                if !is_too_long(&words) {
                    return Ok(CommentDone::None("GitHub takes no comment there"));
                }
                most = length(&body) / 2;
                refused = Some(body);
            }
            (Err(fault), _) => return Err(fault),
        }
    }
    Err(unknown())
}

fn unknown() -> Fault {
    Fault::NoAnswer {
        request: "comment".to_owned(),
        why: "its outcome stayed unknown".to_owned(),
    }
}

/// The text with its mark, within `most` bytes.
fn compose(measured: &Measured, text: &CommentText<'_>, most: usize) -> (Mark, Value) {
    let longest_mark = Mark::new(measured, "").line().len() + 1;
    let said = (text.body)(most.saturating_sub(longest_mark));
    let mark = Mark::new(measured, &said);
    let body = json!({ "body": format!("{}\n{said}", mark.line()) });
    (mark, body)
}

/// Bytes of a comment.
fn length(body: &Value) -> usize {
    body["body"].as_str().map_or(0, str::len)
}

/// Why nothing is said where there is no comment yet.
fn silent(text: &CommentText<'_>, may_create: bool, is_complete: bool) -> Option<&'static str> {
    if text.wish != Wish::Create {
        Some("there is nothing to tell")
    } else if !may_create {
        Some("the pull request is closed")
    } else if !is_complete {
        Some("the conversation is too long to be searched for an earlier comment")
    } else {
        None
    }
}

fn is_too_long(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    words.contains("too long") || words.contains("maximum") || words.contains("too_long")
}

/// Deletes comments of ours; one that is gone already is what was wanted.
async fn delete(client: &Client<'_>, repository: &str, extra: &[u64]) -> Result<(), Fault> {
    for id in extra {
        let path = format!("{repository}/issues/comments/{id}");
        match client.write(Method::DELETE, &path, &Value::Null).await {
            Ok(_) | Err(Fault::Missing { .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(())
}

/// The mark of a comment that is ours: a mark anyone can copy, an author nobody can.
fn mark_of(comment: &Comment, author: &str) -> Option<Mark> {
    let user = comment.user.as_ref()?;
    let is_ours = user.login.as_deref() == Some(author) && user.kind.as_deref() == Some("Bot");
    Mark::of_comment(comment.body.as_deref()?).filter(|_| is_ours)
}

fn plan(comments: &[Comment], author: &str, mark: &Mark) -> Plan {
    let mut ours: Vec<(u64, Mark)> = comments
        .iter()
        .filter_map(|comment| Some((comment.id, mark_of(comment, author)?)))
        .collect();
    ours.sort_by_key(|(id, _)| *id);
    let Some(((first, said), others)) = ours.split_first() else {
        return Plan::Create;
    };
    let extra = || others.iter().map(|(id, _)| *id).collect();
    if let Some(newer) = ours.iter().position(|(_, other)| other.run > mark.run) {
        // What stands before it the newer run takes care of: it changes the first and deletes the others.
        let after = ours[newer..]
            .iter()
            .filter(|(_, other)| other.run <= mark.run);
        Plan::Kept(after.map(|(id, _)| *id).collect())
    } else if said == mark {
        Plan::Unchanged(extra())
    } else {
        Plan::Update(*first, extra())
    }
}

#[cfg(test)]
mod tests;
