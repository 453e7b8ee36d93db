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

/// Creates or updates the check run, which remembers that `comments` were created for this commit: a comment
/// that someone deletes takes its own memory with it.
pub(super) async fn upsert(
    client: &Client<'_>,
    settings: &Settings,
    measured: &Measured,
    text: &CheckText,
    comments: impl Fn(u64) -> u64,
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
        let before = *known.get_or_insert_with(|| created(&listed.items, settings));
        let id = format!("{} {COMMENTS}{}", mark.id(), comments(before));
        let (method, path, done) = match plan(&listed.items, settings, &mark, &id) {
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

fn plan(runs: &[CheckRun], settings: &Settings, ours: &Mark, our_id: &str) -> Plan {
    match marked(runs, settings).max_by_key(|(mark, run)| (mark.run, run.id)) {
        None => Plan::Create,
        Some((_, run)) if run.external_id.as_deref() == Some(our_id) => Plan::Unchanged,
        Some((mark, _)) if mark.run > ours.run => Plan::Kept,
        Some((_, run)) => Plan::Update(run.id),
    }
}

/// Check runs that are ours: a mark any App can copy, an App none can. The login of an App is its slug and
/// `[bot]`.
fn marked<'r>(
    runs: &'r [CheckRun],
    settings: &'r Settings,
) -> impl Iterator<Item = (Mark, &'r CheckRun)> {
    let slug = settings.author.strip_suffix("[bot]");
    let app = |run: &'r CheckRun| run.app.as_ref()?.slug.as_deref();
    let ours = runs
        .iter()
        .filter(move |run| run.name == settings.check && slug.is_some() && app(run) == slug);
    ours.filter_map(|run| Some((Mark::of_id(run.external_id.as_deref()?)?, run)))
}

/// How many comments were created for the commit of these check runs.
fn created(runs: &[CheckRun], settings: &Settings) -> u64 {
    let count = |run: &CheckRun| {
        run.external_id
            .as_ref()?
            .rsplit_once(COMMENTS)?
            .1
            .parse()
            .ok()
    };
    marked(runs, settings)
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
    use crate::wire::App;

    fn mark(run: u64, attempt: u64, text: &str) -> Mark {
        Mark {
            run: (run, attempt),
            head: "aa".into(),
            text: text.into(),
        }
    }

    fn run(id: u64, external_id: Option<String>) -> CheckRun {
        by("github-actions", id, external_id)
    }

    fn by(app: &str, id: u64, external_id: Option<String>) -> CheckRun {
        CheckRun {
            id,
            name: "gate".into(),
            external_id,
            app: Some(App {
                slug: Some(app.into()),
            }),
        }
    }

    fn settings() -> Settings {
        Settings {
            repository: "o/r".into(),
            workflow: "gate.yml".into(),
            artifact: "gate-runs".into(),
            author: "github-actions[bot]".into(),
            check: "gate".into(),
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
                "a mark copied by another App",
                vec![by("evil", 1, Some(mark(99, 1, "x").id()))],
                Plan::Create,
            ),
            (
                "of an unknown App",
                vec![CheckRun {
                    app: None,
                    ..marked(1, 99, 1, "x")
                }],
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
            assert_eq!(plan(&runs, &settings(), &ours, &our_id), expected, "{name}");
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
                "of another App",
                vec![by(
                    "evil",
                    1,
                    Some(format!("{} comments=9", mark(7, 1, "x").id())),
                )],
                0,
            ),
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
            assert_eq!(created(&runs, &settings()), expected, "{name}");
        }
    }
}
