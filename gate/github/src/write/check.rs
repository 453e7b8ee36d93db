//! The check run: one per commit and name, found by its mark.

use http::Method;
use serde_json::{Value, json};

use super::mark::Mark;
use crate::Settings;
use crate::client::{Client, Sent, encoded};
use crate::fault::Fault;
use crate::find::Measured;
use crate::wire::{CheckRun, CheckRuns};

/// Pages of check runs of one name and commit looked at; ours is one.
const PAGES: usize = 3;

/// Writes of unknown outcome before this gives up.
const TRIES: u32 = 3;

/// Longest title, in characters.
const MAX_TITLE: usize = 255;

/// What a check run says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckText {
    /// Whether branch protection lets the pull request pass.
    pub verdict: Verdict,
    /// One line of plain text.
    pub title: String,
    /// Markdown, at most 65,535 characters.
    pub summary: String,
    /// Where the full report is.
    pub details_url: Option<String>,
}

/// Whether branch protection lets a pull request pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Success,
    /// It does not.
    Failure,
    /// It passes, and a reader sees that this is not a success.
    Neutral,
    /// It does not, until someone has looked.
    ActionRequired,
    /// It does not: the measurement was stopped.
    Cancelled,
    /// It does not: the measurement took too long.
    TimedOut,
}

impl Verdict {
    /// As GitHub writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Neutral => "neutral",
            Self::ActionRequired => "action_required",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
        }
    }
}

/// What became of the check run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDone {
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

/// What to do about the check runs that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    Create,
    Update(u64),
    Unchanged,
    Kept,
}

/// The word behind a mark that counts the comments created for the commit.
const COMMENTS: &str = "comments=";

/// Creates or updates the check run, and tells how many comments were created for this commit before.
/// The check run is where that is remembered: a comment that someone deletes takes its memory with it.
pub(super) async fn upsert(
    client: &Client<'_>,
    settings: &Settings,
    measured: &Measured,
    text: &CheckText,
    creates_comment: bool,
) -> Result<(CheckDone, u64), Fault> {
    let repository = format!("/repos/{}", settings.repository);
    let name = encoded(&settings.check);
    let head = &measured.head;
    let list = format!("{repository}/commits/{head}/check-runs?check_name={name}&filter=all");
    let said = format!(
        "{}\n{}\n{}",
        text.verdict.as_str(),
        text.title,
        text.summary
    );
    let mark = Mark::new(measured, &said);
    let mut written = None;
    let mut known = None;
    for _ in 0..TRIES {
        let listed = client
            .list(&list, PAGES, |page: CheckRuns| page.check_runs)
            .await?;
        let before = *known.get_or_insert_with(|| created(&listed.items, &settings.check));
        let id = format!(
            "{} {COMMENTS}{}",
            mark.id(),
            before + u64::from(creates_comment)
        );
        let (method, path, done) = match plan(&listed.items, &settings.check, &mark, &id) {
            Plan::Kept => return Ok((CheckDone::Kept, before)),
            Plan::Unchanged => return Ok((written.unwrap_or(CheckDone::Unchanged), before)),
            Plan::Update(id) => (
                Method::PATCH,
                format!("{repository}/check-runs/{id}"),
                CheckDone::Updated,
            ),
            Plan::Create => (
                Method::POST,
                format!("{repository}/check-runs"),
                CheckDone::Created,
            ),
        };
        let body = body(settings, measured, text, &id);
        match client.write(method, &path, &body).await? {
            Sent::Applied => return Ok((done, before)),
            Sent::Unknown => written = Some(done),
        }
    }
    Err(Fault::NoAnswer {
        request: "check run".to_owned(),
        why: "its outcome stayed unknown".to_owned(),
    })
}

fn plan(runs: &[CheckRun], name: &str, ours: &Mark, our_id: &str) -> Plan {
    match marked(runs, name).max_by_key(|(mark, run)| (mark.run, run.id)) {
        None => Plan::Create,
        Some((_, run)) if run.external_id.as_deref() == Some(our_id) => Plan::Unchanged,
        Some((mark, _)) if mark.run > ours.run => Plan::Kept,
        Some((_, run)) => Plan::Update(run.id),
    }
}

fn marked<'r>(runs: &'r [CheckRun], name: &str) -> impl Iterator<Item = (Mark, &'r CheckRun)> {
    let named = runs.iter().filter(move |run| run.name == name);
    named.filter_map(|run| Some((Mark::of_id(run.external_id.as_deref()?)?, run)))
}

/// How many comments were created for the commit of these check runs.
fn created(runs: &[CheckRun], name: &str) -> u64 {
    let count = |run: &CheckRun| {
        run.external_id
            .as_ref()?
            .rsplit_once(COMMENTS)?
            .1
            .parse()
            .ok()
    };
    marked(runs, name)
        .filter_map(|(_, run)| count(run))
        .max()
        .unwrap_or(0)
}

fn body(settings: &Settings, measured: &Measured, text: &CheckText, id: &str) -> Value {
    let title: String = text.title.chars().take(MAX_TITLE).collect();
    let mut body = json!({
        "name": settings.check,
        "head_sha": measured.head,
        "status": "completed",
        "conclusion": text.verdict.as_str(),
        "external_id": id,
        "output": {"title": title, "summary": text.summary},
    });
    if let Some(url) = &text.details_url {
        body["details_url"] = json!(url);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(run: u64, attempt: u64, text: &str) -> Mark {
        Mark {
            run: (run, attempt),
            head: "aa".into(),
            text: text.into(),
        }
    }

    fn run(id: u64, external_id: Option<String>) -> CheckRun {
        CheckRun {
            id,
            name: "gate".into(),
            external_id,
        }
    }

    #[test]
    fn the_newest_run_speaks_and_speaks_once() {
        let ours = mark(7, 2, "x");
        let marked = |id, run_id, attempt, text| {
            run(
                id,
                Some(format!("{} comments=1", mark(run_id, attempt, text).id())),
            )
        };
        let our_id = format!("{} comments=1", ours.id());
        for (name, runs, expected) in [
            ("none", vec![], Plan::Create),
            (
                "of others",
                vec![run(1, None), run(2, Some("gate:v9".into()))],
                Plan::Create,
            ),
            (
                "of another name",
                vec![CheckRun {
                    name: "x".into(),
                    ..marked(1, 7, 2, "x")
                }],
                Plan::Create,
            ),
            (
                "applied before the answer was lost",
                vec![marked(1, 7, 2, "x")],
                Plan::Unchanged,
            ),
            ("judged again", vec![marked(1, 7, 2, "y")], Plan::Update(1)),
            (
                "of an earlier attempt",
                vec![marked(1, 7, 1, "x")],
                Plan::Update(1),
            ),
            ("late older run", vec![marked(1, 8, 1, "x")], Plan::Kept),
            (
                "of both",
                vec![marked(1, 6, 1, "x"), marked(2, 8, 1, "x")],
                Plan::Kept,
            ),
        ] {
            assert_eq!(plan(&runs, "gate", &ours, &our_id), expected, "{name}");
        }
    }

    #[test]
    fn creations_are_counted_by_commit() {
        let counting =
            |id, count: &str| run(id, Some(format!("{} {count}", mark(7, id, "x").id())));
        for (name, runs, expected) in [
            ("none", vec![], 0),
            ("of others", vec![run(1, Some("comments=9".into()))], 0),
            (
                "two attempts",
                vec![counting(1, "comments=1"), counting(2, "comments=2")],
                2,
            ),
            (
                "no count",
                vec![counting(1, ""), counting(2, "comments=x")],
                0,
            ),
        ] {
            assert_eq!(created(&runs, "gate"), expected, "{name}");
        }
    }
}
