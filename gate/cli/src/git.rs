//! Asking git.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use gate_schema::code::Code;

use crate::diagnostic::{Diagnostic, Place};
use crate::process;

/// Settings of the user that would change more than the trees asked for.
const SETTINGS: [&str; 6] = [
    // Hooks belong to the user's own work, a checkout of ours is none of it.
    "core.hooksPath=/dev/null",
    // Both write files of their own for an index, also for a copy of one.
    "core.fsmonitor=false",
    "core.splitIndex=false",
    // Refuses some files in a snapshot that are in the work tree all the same.
    "core.safecrlf=false",
    // Would mark the user's repository as one that older gits cannot read.
    "worktree.useRelativePaths=false",
    "advice.addEmbeddedRepo=false",
];

/// Why git did not do it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) how: String,
    /// The last lines it printed.
    pub(crate) tail: Vec<String>,
}

impl Failure {
    pub(crate) fn diagnostic(&self, message: &str, place: Place, hint: &str) -> Diagnostic {
        Diagnostic::new(Code::Revision, self.told(message), place, hint).quoting(&self.tail)
    }

    /// `message`, and how it failed where git has no words of its own for that.
    pub(crate) fn told(&self, message: &str) -> String {
        if self.tail.is_empty() {
            format!("{message}: {}", self.how)
        } else {
            message.to_owned()
        }
    }

    /// All that was said of it.
    pub(crate) fn said(&self) -> impl Iterator<Item = &str> {
        let how = std::iter::once(self.how.as_str());
        self.tail.iter().map(String::as_str).chain(how)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            how: error.to_string(),
            tail: Vec::new(),
        }
    }
}

/// A git command in `directory`, deaf to the environment of a hook.
pub(crate) fn git(directory: &Path) -> Command {
    let mut git = Command::new("git");
    process::without_git(&mut git)
        .arg("-C")
        .arg(directory)
        .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
        .stdin(Stdio::null());
    git
}

/// Runs it; returns what it printed, without the last end of line.
pub(crate) fn read(git: &mut Command) -> Result<Vec<u8>, Failure> {
    let output = git.output().map_err(|error| Failure {
        how: format!("cannot start git: {error}"),
        tail: Vec::new(),
    })?;
    if !output.status.success() {
        return Err(Failure {
            how: output.status.to_string(),
            tail: process::lines(&output.stderr),
        });
    }
    let mut printed = output.stdout;
    printed.pop_if(|last| *last == b'\n');
    Ok(printed)
}

/// Runs it; returns the path it printed.
pub(crate) fn path(git: &mut Command) -> Result<PathBuf, Failure> {
    Ok(PathBuf::from(OsString::from_vec(read(git)?)))
}

/// Runs it; returns the id or word it printed.
pub(crate) fn word(git: &mut Command) -> Result<String, Failure> {
    String::from_utf8(read(git)?).map_err(|error| Failure {
        how: error.to_string(),
        tail: Vec::new(),
    })
}

/// The id of the commit that `revision` names, if there is one.
fn commit(top: &Path, revision: &str) -> Option<String> {
    // What starts with a dash would be an option.
    let is_name = !revision.is_empty() && !revision.starts_with('-');
    let commit = format!("{revision}^{{commit}}");
    let mut git = git(top);
    git.args(["rev-parse", "--verify", "--quiet"]).arg(commit);
    is_name.then(|| word(&mut git).ok()).flatten()
}

/// The id of the commit that `revision` names.
pub(crate) fn resolve(top: &Path, revision: &str, place: Place) -> Result<String, Vec<Diagnostic>> {
    commit(top, revision).ok_or_else(|| {
        let remote = format!("origin/{revision}");
        let hint = if commit(top, &remote).is_some() {
            format!("did you mean `{remote}`?")
        } else if is_shallow(top) {
            "this clone is shallow and may lack it: `git fetch --unshallow`".to_owned()
        } else {
            "name a commit, branch or tag that `git rev-parse` knows; `git fetch` brings new ones"
                .to_owned()
        };
        vec![Diagnostic::new(
            Code::Revision,
            format!("no commit `{revision}` in {}", top.display()),
            place,
            hint,
        )]
    })
}

/// Whether older commits were left out when this was cloned.
pub(crate) fn is_shallow(top: &Path) -> bool {
    let answer = word(git(top).args(["rev-parse", "--is-shallow-repository"]));
    answer.is_ok_and(|answer| answer == "true")
}

/// When the commit of this id was made.
pub(crate) fn committed(top: &Path, id: &str) -> Option<SystemTime> {
    let found = commit(top, id)?;
    let mut show = git(top);
    show.args(["show", "--no-patch", "--format=%ct"]).arg(found);
    let seconds: u64 = word(&mut show).ok()?.parse().ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Whether `id` is that of the commit that is checked out, or of one before it.
pub(crate) fn is_in_history(top: &Path, id: &str) -> bool {
    commit(top, id).is_some_and(|found| {
        let mut ask = git(top);
        ask.args(["merge-base", "--is-ancestor", &found, "HEAD"]);
        // The name of a branch is a revision, too.
        found.starts_with(id) && read(&mut ask).is_ok()
    })
}
