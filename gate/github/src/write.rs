//! One check run and one comment, upserted: found by marker and author, never doubled, never replaced by
//! what an older run has to say.

use crate::Settings;
use crate::client::Client;
use crate::fault::Fault;
use crate::find::{Measured, Target};
use crate::wire::Pull;

mod check;
mod comment;
mod mark;

pub use check::{CheckDone, CheckText, Verdict};
pub use comment::{CommentDone, CommentText, MAX_COMMENT_BYTES, Wish};

/// What is to be said.
pub struct Texts<'a> {
    /// In the check run.
    pub check: CheckText,
    /// In the comment.
    pub comment: CommentText<'a>,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// In the check run.
    pub check: CheckDone,
    /// In the comment.
    pub comment: CommentDone,
}

/// Comments created for one commit: who deletes it twice does not want it.
const MOST_CREATED: u64 = 2;

/// What may be done about the comment of a pull request, just before writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    /// Anything.
    All,
    /// A conversation that is over gets no new comment.
    Update,
    /// Nothing.
    None(&'static str),
}

/// Writes check run and comment.
///
/// # Errors
/// When GitHub does not take one of them; the check run is tried first.
pub async fn write(
    client: &Client<'_>,
    settings: &Settings,
    measured: &Measured,
    texts: &Texts<'_>,
) -> Result<Written, Fault> {
    let place = match &measured.target {
        Target::Commit(why) => Err(*why),
        Target::Pull(_) if texts.comment.wish == Wish::Never => Err("none is wanted"),
        Target::Pull(pull) => {
            let path = format!("/repos/{}/pulls/{}", settings.repository, pull.number);
            match client.get::<Pull>(&path).await {
                Ok(now) => match allowed(&now, measured) {
                    Allowed::None(why) => Err(why),
                    allowed => Ok((pull.number, allowed)),
                },
                Err(Fault::Missing { .. }) => Err("the pull request is gone"),
                Err(fault) => return Err(fault),
            }
        }
    };
    // A conversation that cannot be read is no reason to leave the check run out.
    let surveyed = match place {
        Err(why) => Err(why),
        Ok((number, allowed)) => Ok((
            number,
            allowed == Allowed::All,
            comment::survey(client, settings, number).await,
        )),
    };
    let creates = match &surveyed {
        Ok((_, may_create, Ok(comments))) => {
            comment::would_create(comments, settings, measured, *may_create, &texts.comment)
        }
        _ => false,
    };
    // Counted beforehand: a creation whose answer is lost has happened more often than not.
    let count = |before| before + u64::from(creates);
    let check = check::upsert(client, settings, measured, &texts.check, count).await;
    let (check, created) = match check {
        Err(Fault::ReadOnly(why)) => {
            client.tell(why);
            return Ok(Written {
                check: CheckDone::None("the repository is archived"),
                comment: CommentDone::None("the repository is archived"),
            });
        }
        check => check?,
    };
    let comment = match surveyed {
        Err(why) => CommentDone::None(why),
        // A newer run that had nothing to comment has spoken all the same.
        Ok(_) if check == CheckDone::Kept => CommentDone::Kept,
        Ok(_) if creates && created >= MOST_CREATED => {
            uncount(client, settings, measured, texts, created).await;
            CommentDone::None("it was deleted twice for this commit")
        }
        Ok((number, may_create, comments)) => {
            let text = &texts.comment;
            let comment = comment::upsert(
                client, settings, measured, number, may_create, text, comments?,
            )
            .await;
            if creates && comment != Ok(CommentDone::Created) {
                uncount(client, settings, measured, texts, created).await;
            }
            comment?
        }
    };
    Ok(Written { check, comment })
}

/// Takes a comment that was counted and not created out of the count again.
async fn uncount(
    client: &Client<'_>,
    settings: &Settings,
    measured: &Measured,
    texts: &Texts<'_>,
    created: u64,
) {
    let count = |_| created;
    if let Err(fault) = check::upsert(client, settings, measured, &texts.check, count).await {
        client.tell(format!("the count of comments stays too high: {fault}"));
    }
}

/// What the state of the pull request allows.
fn allowed(now: &Pull, measured: &Measured) -> Allowed {
    if now.head.sha != measured.head {
        Allowed::None("the pull request has a newer head, whose own run will publish")
    } else if now.state != "open" {
        Allowed::Update
    } else {
        Allowed::All
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::find::Conclusion;

    #[test]
    fn the_state_just_before_writing_decides() {
        let measured = Measured {
            run: 1,
            attempt: 1,
            head: "aa".into(),
            conclusion: Conclusion::Success,
            target: Target::Commit(""),
            base: None,
        };
        let newer = "the pull request has a newer head, whose own run will publish";
        for (name, state, head, expected) in [
            ("open", "open", "aa", Allowed::All),
            (
                "closed or merged during publish",
                "closed",
                "aa",
                Allowed::Update,
            ),
            (
                "force-pushed during publish",
                "open",
                "bb",
                Allowed::None(newer),
            ),
        ] {
            let pull = json!({
                "number": 5, "state": state, "head": {"sha": head, "ref": "x", "repo": null},
                "base": {"sha": "00", "ref": "main", "repo": {"id": 1}},
            });
            let pull: Pull = serde_json::from_value(pull).expect("sound");
            assert_eq!(allowed(&pull, &measured), expected, "{name}");
        }
    }
}
