//! Which run this is about, and which pull request it belongs to.

use crate::Settings;
use crate::client::{Client, encoded};
use crate::event::Event;
use crate::fault::Fault;
use crate::wire::{ChangedFile, Pull, Repository, Run, Workflow};

/// Pages of pull requests of one branch; one branch has one per base.
const PULL_PAGES: usize = 3;

/// Files that GitHub lists of a pull request; it leaves out what is beyond, without a word.
const MOST_FILES: usize = 3_000;

/// Pages of changed files looked at: all that GitHub lists.
const FILE_PAGES: usize = MOST_FILES / 100;

/// What there is to publish for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, and that is fine.
    Nothing(&'static str),
    /// A measuring run.
    Measured(Measured),
}

/// A measuring run as the API tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The run.
    pub run: u64,
    /// Its attempt, from 1.
    pub attempt: u64,
    /// The commit it ran for, 40 hexadecimal digits.
    pub head: String,
    /// How it ended.
    pub conclusion: Conclusion,
    /// Where to publish.
    pub target: Target,
    /// The branch that the commit is to be merged into, where that is known.
    pub base: Option<String>,
}

/// How a measuring run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Every job was fine.
    Success,
    /// A job was not; what it measured may be there all the same.
    Failure,
    /// Someone or a newer push stopped it.
    Cancelled,
    /// It took too long, or waited too long for a runner.
    TimedOut,
    /// A maintainer has to approve it first.
    ActionRequired,
    /// Anything else, also what this version does not know.
    Other,
}

/// Where to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A pull request and its head.
    Pull(PullRequest),
    /// The commit alone.
    Commit(&'static str),
}

/// The pull request of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Whether its code comes from another repository.
    pub is_fork: bool,
    /// Whether it may change files that decide about verdicts, which does not count before it is merged.
    pub edits_policy: bool,
}

impl Conclusion {
    fn parse(text: Option<&str>) -> Self {
        match text {
            Some("success") => Self::Success,
            Some("failure") => Self::Failure,
            Some("cancelled") => Self::Cancelled,
            Some("timed_out") => Self::TimedOut,
            Some("action_required") => Self::ActionRequired,
            _ => Self::Other,
        }
    }
}

/// Confirms the run that an event claims, and finds its pull request.
///
/// # Errors
/// When GitHub does not say.
pub async fn find(client: &Client<'_>, settings: &Settings, event: &Event) -> Result<Found, Fault> {
    let repository = format!("/repos/{}", settings.repository);
    let here: Repository = client.get(&repository).await?;
    if here.id != event.repository {
        return Ok(Found::Nothing("the event is about another repository"));
    }
    let file = encoded(&settings.workflow);
    let workflow: Workflow = client
        .get(&format!("{repository}/actions/workflows/{file}"))
        .await?;
    let run: Run = client
        .get(&format!("{repository}/actions/runs/{}", event.run))
        .await?;
    if let Err(why) = confirm(&run, event, &here, &workflow) {
        return Ok(Found::Nothing(why));
    }
    let mut base = queued_for(&run).map(str::to_owned);
    let target = match head_of(&run) {
        Err(why) => Target::Commit(why),
        Ok(head) => {
            let path = format!("{repository}/pulls?state=open&head={head}");
            let pulls = client
                .list(&path, PULL_PAGES, |pulls: Vec<Pull>| pulls)
                .await?;
            match resolve(&pulls.items, &run, &here) {
                Err(why) => Target::Commit(why),
                Ok(pull) => {
                    base = Some(pull.base.name.clone());
                    Target::Pull(PullRequest {
                        number: pull.number,
                        is_fork: pull.head.repo.as_ref().map(|repo| repo.id) != Some(here.id),
                        edits_policy: edits_policy(client, settings, pull.number).await?,
                    })
                }
            }
        }
    };
    Ok(Found::Measured(Measured {
        run: run.id,
        attempt: run.run_attempt.unwrap_or(1),
        conclusion: Conclusion::parse(run.conclusion.as_deref()),
        head: run.head_sha,
        target,
        base,
    }))
}

/// Whether the run is one of the measuring workflow in this repository, and the newest attempt.
fn confirm(
    run: &Run,
    event: &Event,
    here: &Repository,
    workflow: &Workflow,
) -> Result<(), &'static str> {
    // A name proves nothing: any pull request can give a workflow of its own the same one.
    if run.workflow_id != workflow.id {
        return Err("the run is of another workflow");
    }
    if run.id != event.run || run.repository.id != here.id {
        return Err("the run is of another repository");
    }
    if !matches!(run.event.as_str(), "pull_request" | "merge_group") {
        return Err("the run was not set off by a pull request or a merge queue");
    }
    if run.head_sha.len() != 40 || !run.head_sha.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("the run has no commit");
    }
    if run.status.as_deref() != Some("completed") || run.run_attempt.unwrap_or(1) != event.attempt {
        return Err("the run has been started again; its newest attempt publishes");
    }
    Ok(())
}

/// The branch that a merge queue is of: GitHub names the branches of a queue after it.
fn queued_for(run: &Run) -> Option<&str> {
    let branch = run.head_branch.as_deref()?;
    let queued = branch.strip_prefix("gh-readonly-queue/")?;
    let (base, _) = queued.rsplit_once("/pr-")?;
    (run.event == "merge_group").then_some(base)
}

/// The `owner:branch` to look for, encoded.
fn head_of(run: &Run) -> Result<String, &'static str> {
    if run.event == "merge_group" {
        return Err("a merge queue has no pull request to comment on");
    }
    let owner = run
        .head_repository
        .as_ref()
        .and_then(|repo| repo.owner.as_ref());
    match (
        owner.and_then(|owner| owner.login.as_ref()),
        &run.head_branch,
    ) {
        (Some(owner), Some(branch)) => Ok(format!("{}:{}", encoded(owner), encoded(branch))),
        _ => Err("the fork or the branch is gone"),
    }
}

/// The pull request of a run: same commit, same repositories. A number that the pull request's own code
/// names is never asked for.
fn resolve<'p>(pulls: &'p [Pull], run: &Run, here: &Repository) -> Result<&'p Pull, &'static str> {
    let head_repository = run.head_repository.as_ref().map(|repo| repo.id);
    let is_ours = |pull: &&Pull| {
        pull.state == "open"
            && pull.head.sha == run.head_sha
            && head_repository.is_some()
            && pull.head.repo.as_ref().map(|repo| repo.id) == head_repository
            && pull.base.repo.as_ref().map(|repo| repo.id) == Some(here.id)
    };
    let matching: Vec<&Pull> = pulls.iter().filter(is_ours).collect();
    let default = here.default_branch.as_deref();
    let to_default = matching
        .iter()
        .filter(|pull| Some(pull.base.name.as_str()) == default);
    let to_default: Vec<&Pull> = to_default.copied().collect();
    match (&matching[..], &to_default[..]) {
        ([], _) => Err("no open pull request has this commit as its head"),
        ([one], _) | (_, [one]) => Ok(one),
        _ => Err("several pull requests have this commit as their head"),
    }
}

/// Whether a pull request may change anything under `baselines/`: it does, or has more files than are listed.
async fn edits_policy(
    client: &Client<'_>,
    settings: &Settings,
    number: u64,
) -> Result<bool, Fault> {
    let path = format!("/repos/{}/pulls/{number}/files", settings.repository);
    let files = client
        .list(&path, FILE_PAGES, |files: Vec<ChangedFile>| files)
        .await;
    let is_policy = |name: &String| name.starts_with("baselines/");
    match files {
        Ok(files) => Ok(files.items.len() >= MOST_FILES
            || files.items.iter().any(|file| {
                is_policy(&file.filename) || file.previous_filename.as_ref().is_some_and(is_policy)
            })),
        // A note that cannot be made is not worth a verdict.
        Err(Fault::Missing { .. } | Fault::Refused { .. } | Fault::NoAnswer { .. }) => Ok(false),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests;
