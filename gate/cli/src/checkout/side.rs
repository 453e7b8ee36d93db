//! Which two builds are compared.

/// One of the two builds that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// What it is compared with.
    Base,
    /// What is judged.
    Candidate,
}

impl Side {
    /// Its name in paths and variables: of one length for both, so that no path and no environment
    /// has another size on one side.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Candidate => "cand",
        }
    }

    /// The argument that chooses its revision.
    pub(super) fn flag(self) -> &'static str {
        match self {
            Self::Base => "--base",
            Self::Candidate => "--candidate",
        }
    }
}

/// Which state of the project a side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    /// A commit, by anything `git rev-parse` understands.
    Revision(&'a str),
    /// The work tree as it is, with uncommitted changes and untracked files that are not ignored.
    WorkTree,
}

impl<'a> Wanted<'a> {
    /// `worktree` is the work tree. A branch of that name is `refs/heads/worktree`.
    pub(crate) fn new(text: &'a str) -> Self {
        match text {
            "worktree" => Self::WorkTree,
            revision => Self::Revision(revision),
        }
    }
}

/// The state of the project that a side was resolved to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Its full id.
    pub(crate) id: String,
    /// The commit people know it by: itself, or what a snapshot of the work tree stands on.
    pub(crate) head: String,
    /// Whether it holds changes that nobody has committed; no branch has this commit then.
    pub(crate) is_dirty: bool,
}
