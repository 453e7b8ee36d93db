//! Where two revisions parted, and what changed since.

use std::path::Path;

use crate::diagnostic::{Diagnostic, Place};
use crate::git;

/// A candidate and the commit it started from.
pub(crate) struct Fork {
    /// The merge base.
    pub(crate) base: String,
    pub(crate) candidate: String,
    /// Paths below the top, sorted by git; of a renamed file both.
    pub(crate) changed: Vec<String>,
}

/// Finds it for two revisions of the repository at `top`.
pub(crate) fn fork(top: &Path, base: &str, candidate: &str) -> Result<Fork, Vec<Diagnostic>> {
    let base = git::resolve(top, base, Place::Flag("--base"))?;
    let candidate = git::resolve(top, candidate, Place::Flag("--candidate"))?;
    let parted = git::word(git::git(top).args(["merge-base", &base, &candidate]));
    let base = parted.map_err(|failure| {
        let message = format!("{base} and {candidate} have no commit in common");
        let hint = "fetch the whole history: `fetch-depth: 0` of actions/checkout";
        vec![failure.diagnostic(&message, Place::Flag("--base"), hint)]
    })?;
    let list = git::read(
        git::git(top)
            .args(["diff", "--name-only", "--no-renames", "-z"])
            .args([&base, &candidate]),
    );
    let list = list.map_err(|failure| {
        let (place, hint) = (Place::Flag("--base"), "see what `git diff` says");
        vec![failure.diagnostic("cannot tell what changed", place, hint)]
    })?;
    let changed = list
        .split(|&byte| byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect();
    Ok(Fork {
        base,
        candidate,
        changed,
    })
}
