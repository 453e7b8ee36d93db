//! A branch of runs, which has no other files and touches no work tree.
//!
//! Writers need no lock: a push that is not on top of what is there is refused by the server, and then the run is
//! put on top of that, and pushed again. Commits are never replaced, so that nothing that was pushed is lost.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::{Added, Entry, broken, folder};
use crate::checkout;
use crate::diagnostic::Diagnostic;
use crate::git::{self, Failure};

/// Tries to push before it is given up.
const TRIES: u32 = 10;

/// Failed pushes in a row that nobody else's push explains, before it is given up.
const PATIENCE: u32 = 3;

/// Longest wait before the next try.
const MOST_WAIT: Duration = Duration::from_secs(2);

/// A branch of runs.
pub(crate) struct Branch {
    /// Where the repository is.
    top: PathBuf,
    /// Where the branch is: a remote, or this repository itself.
    remote: &'static str,
    /// Full name.
    reference: String,
}

impl Branch {
    pub(super) fn new(name: &str) -> Result<Self, Vec<Diagnostic>> {
        let top = checkout::top(Path::new("."))?;
        let reference = format!("refs/heads/{name}");
        git::read(git::git(&top).args(["check-ref-format", &reference])).map_err(|_| {
            let hint = "write it as branch:NAME";
            broken(format!("no name of a branch: `{name}`"), &top, hint)
        })?;
        let has_origin = git::read(git::git(&top).args(["remote", "get-url", "origin"])).is_ok();
        Ok(Self {
            remote: if has_origin { "origin" } else { "." },
            top,
            reference,
        })
    }

    pub(super) fn add(&self, entry: &Entry, keep: usize) -> Result<Added, Vec<Diagnostic>> {
        let mut in_vain = 0;
        let mut pushed_on = None;
        for tries in 0..TRIES {
            let tip = self.tip()?;
            let copy = self.copy_of(tip.as_deref())?;
            let added = folder::add(&runs(&copy), entry, keep)?;
            if added == Added::Known {
                // A push whose answer was lost has put it there, or it was there before.
                let all = folder::list(&runs(&copy))?.len();
                return Ok(if tries == 0 {
                    Added::Known
                } else {
                    Added::New(all)
                });
            }
            if added == Added::TooOld {
                return Ok(added);
            }
            let commit = self.commit(&copy, tip.as_deref(), &entry.name)?;
            let refspec = format!("{commit}:{}", self.reference);
            let mut push = git::git(&self.top);
            push.args(["push", "--quiet", "--no-verify", self.remote, &refspec]);
            let Err(failure) = git::read(&mut push) else {
                return Ok(added);
            };
            in_vain = if pushed_on.as_ref() == Some(&tip) {
                in_vain + 1
            } else {
                1
            };
            if in_vain >= PATIENCE || tries + 1 == TRIES {
                let hint = "git's own words are above; the history is as it was";
                return Err(refused(&failure, "cannot push the run", &self.top, hint));
            }
            pushed_on = Some(tip);
            std::thread::sleep(wait(tries));
        }
        let hint = "start it again: others push at the same time";
        Err(broken("cannot push the run", &self.top, hint))
    }

    /// The files of the branch in a folder of their own.
    pub(super) fn copy(&self) -> Result<TempDir, Vec<Diagnostic>> {
        let tip = self.tip()?;
        if tip.is_none() {
            let hint = "`gate record RUN --history branch:NAME` makes it";
            let name = self.reference.trim_start_matches("refs/heads/");
            return Err(broken(format!("no branch `{name}`"), &self.top, hint));
        }
        self.copy_of(tip.as_deref())
    }

    /// The newest commit of the branch, fetched.
    fn tip(&self) -> Result<Option<String>, Vec<Diagnostic>> {
        let hint = "git's own words are above; is the remote `origin` there, and may it be read?";
        let fail = |failure: Failure| refused(&failure, "cannot read the branch", &self.top, hint);
        let mut list = git::git(&self.top);
        list.args(["ls-remote", self.remote, &self.reference]);
        let listed = git::word(&mut list).map_err(fail)?;
        let mut exact = listed.lines().filter_map(|line| line.split_once('\t'));
        let Some((tip, _)) = exact.find(|(_, name)| *name == self.reference) else {
            return Ok(None);
        };
        if self.remote != "." {
            let mut fetch = git::git(&self.top);
            fetch.args([
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                self.remote,
            ]);
            git::read(fetch.arg(&self.reference)).map_err(fail)?;
        }
        Ok(Some(tip.to_owned()))
    }

    fn copy_of(&self, tip: Option<&str>) -> Result<TempDir, Vec<Diagnostic>> {
        let no_folder = |error| {
            let hint = "check that the folder for temporary files has space";
            broken(
                format!("no temporary folder: {error}"),
                &std::env::temp_dir(),
                hint,
            )
        };
        let copy = TempDir::new().map_err(no_folder)?;
        std::fs::create_dir(runs(&copy)).map_err(no_folder)?;
        if let Some(tip) = tip {
            let mut read = self.beside(&copy)?;
            self.done(read.args(["read-tree", tip]))?;
            let mut check_out = self.beside(&copy)?;
            self.done(check_out.args(["checkout-index", "--all", "--force"]))?;
        }
        Ok(copy)
    }

    /// The files of `copy` as a commit on top of `tip`.
    fn commit(
        &self,
        copy: &TempDir,
        tip: Option<&str>,
        name: &str,
    ) -> Result<String, Vec<Diagnostic>> {
        let mut add = self.beside(copy)?;
        self.done(add.args(["add", "--all", "--force", "--", "."]))?;
        let mut write = self.beside(copy)?;
        let tree = self.done(write.arg("write-tree"))?;
        let mut commit = self.beside(copy)?;
        for (name, value) in [("NAME", "gate"), ("EMAIL", "gate@users.noreply.github.com")] {
            commit.env(format!("GIT_AUTHOR_{name}"), value);
            commit.env(format!("GIT_COMMITTER_{name}"), value);
        }
        commit.args(["commit-tree", &tree, "-m", &format!("record {name}")]);
        self.done(commit.args(tip.iter().flat_map(|tip| ["-p", tip])))
    }

    /// git on the objects of this repository and on the files and the index of `copy` alone.
    fn beside(&self, copy: &TempDir) -> Result<Command, Vec<Diagnostic>> {
        let mut ask = git::git(&self.top);
        ask.args(["rev-parse", "--absolute-git-dir"]);
        let own = self.done(&mut ask)?;
        let mut git = git::git(&runs(copy));
        git.args(["-c", "core.autocrlf=false", "-c", "core.symlinks=false"])
            .arg("--git-dir")
            .arg(own)
            .arg("--work-tree")
            .arg(runs(copy))
            .env("GIT_INDEX_FILE", copy.path().join("index"));
        Ok(git)
    }

    fn done(&self, git: &mut Command) -> Result<String, Vec<Diagnostic>> {
        let hint = "git's own words are above; nothing of the repository was changed";
        let fail = |failure: Failure| refused(&failure, "git failed", &self.top, hint);
        git::word(git).map_err(fail)
    }
}

/// The files of a copy of the branch. Its index lies beside them.
pub(super) fn runs(copy: &TempDir) -> PathBuf {
    copy.path().join("runs")
}

/// A random wait, longer with every try, so that two writers do not meet again and again.
fn wait(tries: u32) -> Duration {
    let most = Duration::from_millis(100 << tries.min(8)).min(MOST_WAIT);
    // The keys of a hasher are random; that is all the randomness this needs.
    let random = RandomState::new().hash_one(tries) >> 32;
    most.mul_f64(random as f64 / f64::from(u32::MAX))
}

fn refused(failure: &Failure, message: &str, place: &Path, hint: &str) -> Vec<Diagnostic> {
    let message = if failure.tail.is_empty() {
        format!("{message}: {}", failure.how)
    } else {
        message.to_owned()
    };
    let problems = broken(message, place, hint);
    problems
        .into_iter()
        .map(|problem| problem.quoting(&failure.tail))
        .collect()
}
