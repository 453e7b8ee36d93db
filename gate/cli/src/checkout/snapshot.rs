//! The work tree as it is, as a commit.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Command;

use super::side::Commit;
use crate::git::{Failure, git, path, read, word};

/// Who commits a snapshot, and when: the same files always give the same commit.
const AUTHORSHIP: [(&str, &str); 6] = [
    ("GIT_AUTHOR_NAME", "gate"),
    ("GIT_AUTHOR_EMAIL", "gate@localhost"),
    ("GIT_AUTHOR_DATE", "2000-01-01T00:00:00Z"),
    ("GIT_COMMITTER_NAME", "gate"),
    ("GIT_COMMITTER_EMAIL", "gate@localhost"),
    ("GIT_COMMITTER_DATE", "2000-01-01T00:00:00Z"),
];

/// Commits every file of the work tree at `top` that is not ignored, on top of HEAD, or returns HEAD
/// if that changes nothing.
///
/// Works on a copy of the index at `index`. What it adds to the repository are objects that nothing
/// refers to, which git collects in time.
pub(super) fn take(top: &Path, index: &Path) -> Result<Commit, Failure> {
    let head = word(git(top).args(["rev-parse", "--verify", "HEAD^{commit}"]))?;
    let committed = word(git(top).args(["rev-parse", "--verify", "HEAD^{tree}"]))?;
    // Relative to where it is asked, or absolute.
    let real = top.join(path(git(top).args(["rev-parse", "--git-path", "index"]))?);
    // The copy saves reading files that have not changed, and knows those left out of a sparse tree.
    copy(&real, index)?;
    let tree = write_tree(top, index);
    // Stale copies are overwritten, so nothing depends on this.
    let _ = std::fs::remove_file(index);
    let tree = tree?;
    if tree == committed {
        return Ok(Commit {
            id: head.clone(),
            head,
            is_dirty: false,
        });
    }
    let mut commit = git(top);
    commit
        .args(["commit-tree", "-m", "work tree", "-p", &head, &tree])
        .envs(AUTHORSHIP);
    Ok(Commit {
        id: word(&mut commit)?,
        head,
        is_dirty: true,
    })
}

fn write_tree(top: &Path, index: &Path) -> Result<String, Failure> {
    let on_copy = |arguments: &[&str]| -> Command {
        let mut git = git(top);
        git.args(arguments).env("GIT_INDEX_FILE", index);
        git
    };
    read(&mut on_copy(&["add", "--all"]))?;
    word(&mut on_copy(&["write-tree"]))
}

/// Copies an index; there is none before the first checkout.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let copied = std::fs::copy(from, to);
    match copied {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        copied => copied?,
    };
    // Git reads a file again when it may have changed after the index was written. A copy that looks
    // younger than the index would hide such a change.
    let written = std::fs::metadata(from)?.modified()?;
    File::options().write(true).open(to)?.set_modified(written)
}
