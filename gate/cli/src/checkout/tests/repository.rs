//! A repository to be measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::checkout::Checkout;
use crate::diagnostic::Diagnostic;
use crate::process::without_git;
use crate::signal::Interrupt;

/// A repository with one commit, and a cache directory beside it.
pub(super) struct Repository(pub(super) TempDir);

impl Repository {
    pub(super) fn new() -> Self {
        let repository = Self(TempDir::new().expect("a temporary folder"));
        std::fs::create_dir(repository.top()).expect("writable");
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
            .write("kept", "1\n")
            .write("gone", "1\n")
            .write("staged", "1\n");
        repository.write(".gitignore", "ignored\n");
        repository.commit("first");
        repository
    }

    pub(super) fn top(&self) -> PathBuf {
        self.0.path().join("my repository")
    }

    pub(super) fn cache(&self) -> PathBuf {
        self.0.path().join("cache")
    }

    pub(super) fn write(&self, name: &str, content: &str) -> &Self {
        std::fs::write(self.top().join(name), content).expect("writable");
        self
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        git(&self.top(), arguments)
    }

    pub(super) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(super) fn open(&self) -> Result<Checkout, Vec<Diagnostic>> {
        Checkout::open(&self.top(), Some(&self.cache()), &Interrupt::default())
    }

    /// Everything of the user's that must not change.
    pub(super) fn state(&self) -> [String; 5] {
        let index = std::fs::read(self.top().join(".git/index")).expect("readable");
        [
            self.git(&["status", "--porcelain", "--ignored"]),
            self.git(&["worktree", "list", "--porcelain"]),
            self.git(&["for-each-ref"]),
            self.git(&["config", "--local", "--list"]),
            format!("{index:?}"),
        ]
    }
}

/// What git prints, without the user's settings.
pub(super) fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    let output = without_git(&mut git)
        .arg("-C")
        .arg(directory)
        .args(["-c", "user.name=a", "-c", "user.email=a@localhost"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        // So that asking for the status does not refresh the index.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .output()
        .expect("git runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}
