//! Two work trees of one repository, built and measured at one and the same path.
//!
//! A path is part of a program: of its debug information and panic messages, of the hashes in its
//! symbol names and so of its layout, of its arguments and so of where its stack starts. Two trees
//! side by side differ in all of that before the first line of code does. So each side, when it is its
//! turn, is renamed into the slot, and nothing it can see tells which one it is.
//!
//! Trees stand outside the repository, where no parent directory brings settings of build tools along.

mod between;
mod cache;
mod fork;
mod side;
mod snapshot;

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gate_schema::code::Code;

use crate::diagnostic::{Diagnostic, Place};
use crate::git::{self, Failure};
use crate::process::{self, Ending, shell_word};
use crate::room::{self, Room};
use crate::signal::Interrupt;
pub(crate) use between::between;
pub(crate) use fork::fork;
pub(crate) use side::{Commit, Side, Wanted};

/// Time for fetching submodules: as long as a network takes.
const SUBMODULES_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Fetches what `.gitmodules` names. All of them are made active for this one command, because
/// `--init` would write into the settings that the work trees share with the user's repository.
const SUBMODULES: &str = "git -c submodule.active=. submodule update --recursive";

/// A repository that nobody else measures at the moment, and up to two trees of it.
///
/// Dropping it removes the trees. What a killed `gate` left behind is removed by the next one.
pub(crate) struct Checkout {
    /// Top of the user's work tree.
    top: PathBuf,
    cache: PathBuf,
    interrupt: Interrupt,
    base: Tree,
    candidate: Tree,
    /// The side in the slot.
    inside: Option<Side>,
    /// Held until the process ends, however it ends.
    lock: File,
}

#[derive(Default)]
struct Tree {
    commit: Option<String>,
    is_checked_out: bool,
}

/// Top of the work tree around `directory`.
pub(crate) fn top(directory: &Path) -> Result<PathBuf, Vec<Diagnostic>> {
    git::path(git::git(directory).args(["rev-parse", "--show-toplevel"]))
        .and_then(|top| Ok(std::fs::canonicalize(top)?))
        .map_err(|failure| {
            let place = Place::File(directory.to_owned());
            let hint = "start it inside the work tree of a git repository";
            vec![failure.diagnostic("no git repository here", place, hint)]
        })
}

impl Checkout {
    /// Finds the repository around `directory` and keeps others from measuring it. `cache` is where
    /// trees and builds go instead of the user's cache directory.
    pub(crate) fn open(
        directory: &Path,
        cache: Option<&Path>,
        interrupt: &Interrupt,
    ) -> Result<Self, Vec<Diagnostic>> {
        let top = top(directory)?;
        let cache = cache::directory(cache, &top, |name| std::env::var_os(name))?;
        let lock = cache::lock(&cache)?;
        // Without notes a command outlives a killed `gate`, as it does on systems that give none.
        interrupt.note_in(lock.try_clone().ok());
        let checkout = Self {
            top,
            cache,
            interrupt: interrupt.clone(),
            base: Tree::default(),
            candidate: Tree::default(),
            inside: None,
            lock,
        };
        checkout.clear()?;
        Ok(checkout)
    }

    /// Top of the user's work tree, where the policy file is looked for.
    pub(crate) fn top(&self) -> &Path {
        &self.top
    }

    /// The directory that outlives this check.
    pub(crate) fn build_cache(&self) -> PathBuf {
        self.cache.join("build")
    }

    /// Where measured runs are kept when nobody says.
    pub(crate) fn runs(&self) -> PathBuf {
        self.cache.join("runs")
    }

    /// Decides which commit a side is. A snapshot of the work tree is taken now, not when it is
    /// entered. Neither the user's index nor the user's work tree is touched.
    pub(crate) fn resolve(
        &mut self,
        side: Side,
        wanted: Wanted<'_>,
    ) -> Result<Commit, Vec<Diagnostic>> {
        let commit = match wanted {
            Wanted::Revision(revision) => {
                let id = git::resolve(&self.top, revision, Place::Flag(side.flag()))?;
                Commit {
                    head: id.clone(),
                    id,
                    is_dirty: false,
                }
            }
            Wanted::WorkTree => {
                snapshot::take(&self.top, &self.cache.join("index")).map_err(|failure| {
                    self.refused("cannot take a snapshot of the work tree", &failure)
                })?
            }
        };
        self.tree(side).commit = Some(commit.id.clone());
        Ok(commit)
    }

    /// Puts a side into the slot and returns the slot's path, always the same.
    ///
    /// A tree is checked out when it is first entered and not before: what a build tool finds in a
    /// cache shared by the sides is then older than the sources, and no build of the other side is
    /// taken for one of these.
    pub(crate) fn enter(&mut self, side: Side) -> Result<PathBuf, Vec<Diagnostic>> {
        self.interrupt.check()?;
        let slot = self.cache.join("side");
        if self.inside != Some(side) {
            let parked = self.cache.join(side.name());
            if let Some(other) = self.inside.take() {
                rename(&slot, &self.cache.join(other.name()))?;
            }
            if !self.tree(side).is_checked_out {
                self.check_out(side, &parked)?;
            }
            rename(&parked, &slot)?;
            self.inside = Some(side);
        }
        if !self.tree(side).is_checked_out {
            // In the slot, because a submodule notes down where its work tree is.
            self.fetch_submodules(&slot)?;
            self.tree(side).is_checked_out = true;
        }
        Ok(slot)
    }

    /// Takes the tree of a side away, so that another commit can be chosen for it. The next one is checked out
    /// when it is entered, after all that was built so far.
    pub(crate) fn leave(&mut self, side: Side) -> Result<(), Vec<Diagnostic>> {
        let parked = self.cache.join(side.name());
        if self.inside == Some(side) {
            rename(&self.cache.join("side"), &parked)?;
            self.inside = None;
        }
        *self.tree(side) = Tree::default();
        remove(&parked)?;
        self.forget(|tree| tree == parked)
    }

    fn tree(&mut self, side: Side) -> &mut Tree {
        match side {
            Side::Base => &mut self.base,
            Side::Candidate => &mut self.candidate,
        }
    }

    fn check_out(&mut self, side: Side, parked: &Path) -> Result<(), Vec<Diagnostic>> {
        let Some(commit) = self.tree(side).commit.clone() else {
            let hint = "choose one first";
            return Err(vec![Diagnostic::new(
                Code::Revision,
                "no revision was chosen",
                Place::Flag(side.flag()),
                hint,
            )]);
        };
        // Locked, so that the user's `git worktree prune` does not take a tree in the slot for a lost
        // one. Forced, because both sides may be the same commit.
        git::read(
            git::git(&self.top)
                .args([
                    "worktree", "add", "--quiet", "--detach", "--force", "--lock",
                ])
                .arg(parked)
                .arg(&commit),
        )
        .map_err(|failure| self.refused(&format!("cannot check out {commit}"), &failure))?;
        Ok(())
    }

    fn fetch_submodules(&self, slot: &Path) -> Result<(), Vec<Diagnostic>> {
        if !slot.join(".gitmodules").exists() {
            return Ok(());
        }
        let finished = process::run(
            &process::Command {
                line: SUBMODULES,
                directory: slot,
                environment: &[("GIT_TERMINAL_PROMPT".into(), "0".into())],
                timeout: SUBMODULES_TIMEOUT,
                stdout: None,
                log: None,
            },
            &self.interrupt,
        );
        let failure = match finished {
            Ending::Ended(_) => return Ok(()),
            Ending::Interrupted => return self.interrupt.check(),
            Ending::Failed { how, tail } => Failure { how, tail },
            Ending::TimedOut { tail, .. } => Failure {
                how: "no end in time".to_owned(),
                tail,
            },
        };
        Err(self.refused("cannot fetch the submodules", &failure))
    }

    /// Removes whatever trees are there, and what git notes about them. The lock and the build cache
    /// stay.
    fn clear(&self) -> Result<(), Vec<Diagnostic>> {
        for name in ["side", Side::Base.name(), Side::Candidate.name()] {
            remove(&self.cache.join(name))?;
        }
        for name in ["index", "index.lock"] {
            // Left by a killed snapshot; git says so itself if it cannot go on.
            let _ = std::fs::remove_file(self.cache.join(name));
        }
        self.forget(|tree| tree.starts_with(&self.cache))
    }

    /// Lets git forget the work trees that `is_gone`.
    fn forget(&self, is_gone: impl Fn(&Path) -> bool) -> Result<(), Vec<Diagnostic>> {
        let fail = |failure| self.refused("cannot remove work trees", &failure);
        let list = git::read(git::git(&self.top).args(["worktree", "list", "--porcelain"]));
        for line in list.map_err(fail)?.split(|&b| b == b'\n') {
            let path = line
                .strip_prefix(b"worktree ")
                .map(std::ffi::OsStr::from_bytes);
            if let Some(path) = path.filter(|path| is_gone(Path::new(path))) {
                let mut remove = git::git(&self.top);
                // Forced twice, because they are locked.
                remove
                    .args(["worktree", "remove", "--force", "--force"])
                    .arg(path);
                git::read(&mut remove).map_err(fail)?;
            }
        }
        Ok(())
    }

    /// What git refused, unless it was interrupted, as a signal from the terminal reaches git, too, or had no room:
    /// trees go to the cache, a snapshot to the repository.
    fn refused(&self, message: &str, failure: &Failure) -> Vec<Diagnostic> {
        if let Err(interrupted) = self.interrupt.check() {
            return interrupted;
        }
        let builds = self.build_cache();
        let rooms = [&builds, &self.top].map(|directory| Room::of(directory));
        if let Some(at) = room::full(&rooms, failure.said()) {
            let what = failure.told(message);
            return vec![room::diagnostic(&what, &rooms, at, &builds).quoting(&failure.tail)];
        }
        let hint = "git's own words are above; nothing of the repository was changed";
        vec![failure.diagnostic(message, Place::File(self.top.clone()), hint)]
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        // What cannot be removed now is removed, or complained about, at the next start.
        let _ = self.clear();
        self.interrupt.note_in(None);
        // Closing the file is not enough: a process that is just being started still has a copy of it.
        let _ = self.lock.unlock();
    }
}

/// Removes a tree that may not be there.
fn remove(path: &Path) -> Result<(), Vec<Diagnostic>> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let word = shell_word(&path.to_string_lossy());
            let hint = format!("chmod -R u+w {word} && rm -rf {word}");
            Err(vec![cache::unwritable(path, &error, hint)])
        }
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Vec<Diagnostic>> {
    std::fs::rename(from, to).map_err(|error| {
        let hint = "nothing but gate may work in its cache directory";
        vec![cache::unwritable(to, &error, hint)]
    })
}

#[cfg(test)]
mod tests;
