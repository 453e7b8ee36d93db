//! The commits between two revisions, as the first parents of merges tell them.

use std::path::Path;

use gate_schema::bisect::Revision;
use gate_schema::code::Code;

use crate::diagnostic::{Diagnostic, Place};
use crate::git;

/// The good revision, and the first-parent commits after it up to and with the bad one, oldest first and never
/// empty.
pub(crate) fn between(
    top: &Path,
    good: &str,
    bad: &str,
) -> Result<(Revision, Vec<Revision>), Vec<Diagnostic>> {
    let good = git::resolve(top, good, Place::Flag("--good"))?;
    let bad = git::resolve(top, bad, Place::Flag("--bad"))?;
    let is_ancestor = git::read(git::git(top).args(["merge-base", "--is-ancestor", &good, &bad]));
    if is_ancestor.is_err() || good == bad {
        let message = format!("{good} is no ancestor of {bad}, so nothing lies between");
        let hint = "name an older --good; in a shallow clone first `git fetch --unshallow`";
        let place = Place::Flag("--good");
        return Err(vec![Diagnostic::new(Code::Revision, message, place, hint)]);
    }
    let list = |arguments: &[&str]| -> Result<Vec<Revision>, Vec<Diagnostic>> {
        let mut log = git::git(top);
        log.args(["log", "--no-show-signature", "--first-parent", "--reverse"]);
        log.args(["--format=%H %s"]).args(arguments);
        let listed = git::read(&mut log).map_err(|failure| {
            let hint = "see what `git log` says";
            vec![failure.diagnostic("cannot list commits", Place::Flag("--good"), hint)]
        })?;
        let listed = String::from_utf8_lossy(&listed);
        let revision = |line: &str| {
            let (commit, subject) = line.split_once(' ').unwrap_or((line, ""));
            Revision {
                commit: commit.to_owned(),
                subject: subject.to_owned(),
            }
        };
        Ok(listed.lines().map(revision).collect())
    };
    let commits = list(&[&format!("{good}..{bad}")])?;
    let good = list(&["--no-walk", &good])?.pop().unwrap_or(Revision {
        commit: good,
        subject: String::new(),
    });
    Ok((good, commits))
}
