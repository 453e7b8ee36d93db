//! What was built: the commit and the lock file. What cannot be told is left out.

use std::fs;
use std::path::Path;
use std::process::Command;

use gate_schema::id::Digest;
use gate_schema::run::Source;

use crate::plant::Plant;
use crate::recipe::digest;

/// Describes the work tree that contains `directory`, and what was planted in this run.
#[must_use]
pub fn source(directory: &Path, plants: &[Plant]) -> Source {
    let line = |arguments: &[&str]| git(directory, arguments).filter(|line| !line.is_empty());
    Source {
        repository: line(&["config", "--get", "remote.origin.url"])
            .filter(|address| !is_local(address))
            .map(|address| without_credentials(&address)),
        commit: line(&["rev-parse", "--verify", "--quiet", "HEAD"]),
        // Empty on a detached head.
        branch: line(&["branch", "--show-current"]),
        dirty: git(directory, &["status", "--porcelain"]).map(|changes| !changes.is_empty()),
        lockfile: lockfile(directory),
        // Known to whoever starts two builds with different settings.
        settings: Vec::new(),
        planted: plants.iter().map(|plant| plant.text().to_owned()).collect(),
    }
}

/// What git answers, trimmed; `None` without git, outside a work tree, or when the answer is no.
fn git(directory: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Whether an address is a path of this machine, which means nothing to a reader elsewhere.
fn is_local(address: &str) -> bool {
    let scheme_or_host = address
        .split_once([':', '/'])
        .map_or("", |(before, _)| before);
    address.starts_with("file:") || matches!(scheme_or_host, "" | "." | "..")
}

/// An address without the user name and token that automation puts into it: run documents are
/// published.
fn without_credentials(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.find('/').unwrap_or(rest.len());
            let host = rest[..authority].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[host..])
        }
        None => address.to_owned(),
    }
}

/// The digest of the nearest `Cargo.lock` at or above `directory`.
fn lockfile(directory: &Path) -> Option<Digest> {
    let bytes = directory
        .ancestors()
        .find_map(|ancestor| fs::read(ancestor.join("Cargo.lock")).ok())?;
    Some(digest(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_reach_the_document() {
        for (address, expected) in [
            ("https://github.com/o/r.git", "https://github.com/o/r.git"),
            (
                "https://x-access-token:secret@github.com/o/r",
                "https://github.com/o/r",
            ),
            ("https://user:p@ss@host/o@r", "https://host/o@r"),
            ("ssh://git@host", "ssh://host"),
            ("git@github.com:o/r.git", "git@github.com:o/r.git"),
        ] {
            assert_eq!(without_credentials(address), expected);
        }
    }

    #[test]
    fn paths_of_this_machine_are_not_repositories() {
        for (address, expected) in [
            ("/srv/git/r", true),
            ("../r", true),
            ("./r", true),
            ("file:///srv/r", true),
            ("https://github.com/o/r", false),
            ("git@github.com:o/r.git", false),
        ] {
            assert_eq!(is_local(address), expected, "{address}");
        }
    }

    #[test]
    fn outside_a_work_tree_everything_is_absent() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(source(directory.path(), &[]), Source::default());
    }
}
