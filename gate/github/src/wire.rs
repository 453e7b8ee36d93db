//! What is read of GitHub's answers, and no more: octocrab's own models fail on a deleted user, on a
//! missing branch, on a field that an old server lacks.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Repository {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) default_branch: Option<String>,
    #[serde(default)]
    pub(crate) owner: Option<User>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct User {
    #[serde(default)]
    pub(crate) login: Option<String>,
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Workflow {
    pub(crate) id: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) workflow_id: u64,
    pub(crate) head_sha: String,
    pub(crate) event: String,
    #[serde(default)]
    pub(crate) head_branch: Option<String>,
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) conclusion: Option<String>,
    #[serde(default)]
    pub(crate) run_attempt: Option<u64>,
    pub(crate) repository: Repository,
    /// Gone with a deleted fork.
    #[serde(default)]
    pub(crate) head_repository: Option<Repository>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    pub(crate) state: String,
    pub(crate) head: Side,
    pub(crate) base: Side,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Side {
    pub(crate) sha: String,
    #[serde(rename = "ref")]
    pub(crate) name: String,
    /// Gone with a deleted fork.
    #[serde(default)]
    pub(crate) repo: Option<Repository>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ChangedFile {
    pub(crate) filename: String,
    #[serde(default)]
    pub(crate) previous_filename: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Comparison {
    /// How the second commit stands to the first: `ahead`, `behind`, `identical` or `diverged`.
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) files: Option<Vec<ChangedFile>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Artifacts {
    #[serde(default)]
    pub(crate) artifacts: Vec<Artifact>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Artifact {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) size_in_bytes: u64,
    #[serde(default)]
    pub(crate) expired: bool,
    /// `sha256:` and hexadecimal digits; old servers have none.
    #[serde(default)]
    pub(crate) digest: Option<String>,
    #[serde(default)]
    pub(crate) workflow_run: Option<ArtifactRun>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ArtifactRun {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) head_sha: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) body: Option<String>,
    /// A deleted account leaves none.
    #[serde(default)]
    pub(crate) user: Option<User>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CheckRuns {
    #[serde(default)]
    pub(crate) check_runs: Vec<CheckRun>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CheckRun {
    pub(crate) id: u64,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) external_id: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub(crate) app: Option<App>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct App {
    #[serde(default)]
    pub(crate) slug: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Issue {
    pub(crate) number: u64,
    /// `open` or `closed`.
    #[serde(default)]
    pub(crate) state: Option<String>,
    #[serde(default)]
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) body: Option<String>,
    /// A deleted account leaves none.
    #[serde(default)]
    pub(crate) user: Option<User>,
    /// Pull requests are issues, too.
    #[serde(default)]
    pub(crate) pull_request: Option<serde_json::Value>,
}
