//! Where trees and builds of a repository are kept, and the lock on it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use gate_schema::code::Code;
use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Place};
use crate::process;

/// Bytes of the digest in a directory name: few repositories share a name, none shares these too.
const DIGEST_BYTES: usize = 6;

/// The cache directory of the repository at `top`, made if need be. `given` wins over `GATE_CACHE`,
/// that over `XDG_CACHE_HOME`, that over `~/.cache`.
pub(super) fn directory(
    given: Option<&Path>,
    top: &Path,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, Vec<Diagnostic>> {
    let Some(root) = root(given, variable) else {
        return Err(vec![Diagnostic::new(
            Code::Unwritable,
            "no cache directory: HOME is not set",
            Place::Flag("--cache"),
            "name one with --cache DIR",
        )]);
    };
    let directory = root.join(name(top));
    make(&directory, top).map_err(|error| {
        let hint = "name a directory outside of the repository with --cache DIR";
        vec![unwritable(&directory, &error, hint)]
    })
}

fn make(directory: &Path, top: &Path) -> io::Result<PathBuf> {
    let wanted = std::path::absolute(directory)?;
    let existing = wanted
        .ancestors()
        .find_map(|path| std::fs::canonicalize(path).ok());
    if existing.is_some_and(|path| path.starts_with(top)) {
        // Build tools look for settings and workspaces in parent directories.
        return Err(io::Error::other("it is inside the repository"));
    }
    std::fs::create_dir_all(wanted.join("build"))?;
    std::fs::canonicalize(wanted)
}

fn root(given: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    // The XDG specification wants relative paths ignored.
    let absolute = |path: &PathBuf| path.is_absolute();
    given
        .map(Path::to_owned)
        .or_else(|| set("GATE_CACHE"))
        .or_else(|| Some(set("XDG_CACHE_HOME").filter(absolute)?.join("gate")))
        .or_else(|| Some(set("HOME")?.join(".cache/gate")))
}

/// The repository's own name, for people, and a digest of its path. No character of it needs quoting
/// in a build script.
fn name(top: &Path) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '-'
        }
    };
    let own = top.file_name().unwrap_or_default().to_string_lossy();
    let digest = Sha256::digest(top.as_os_str().as_bytes());
    let digest: String = digest[..DIGEST_BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{}-{digest}", own.chars().map(plain).collect::<String>())
}

/// Takes the lock of a cache directory; it holds as long as the file is open. Its first line says who
/// has it, the others what runs: what was left running by a process that was killed is ended.
pub(super) fn lock(cache: &Path) -> Result<File, Vec<Diagnostic>> {
    let path = cache.join("lock");
    let failed = |error: &io::Error| {
        vec![unwritable(
            &path,
            error,
            "name another cache directory with --cache DIR",
        )]
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| failed(&error))?;
    let taken = file.try_lock();
    let mut text = String::new();
    // Who it was is a courtesy, and what it left running is known only if it wrote that.
    let _ = file.read_to_string(&mut text);
    match taken {
        Ok(()) => process::end_orphans(&text),
        Err(TryLockError::Error(error)) => return Err(failed(&error)),
        Err(TryLockError::WouldBlock) => {
            let owner = text.lines().next().unwrap_or_default();
            return Err(vec![Diagnostic::new(
                Code::Busy,
                format!(
                    "this repository is being measured by process {}",
                    owner.trim()
                ),
                Place::File(path),
                "wait for it to end; two at once would measure each other",
            )]);
        }
    }
    file.set_len(0)
        .and_then(|()| file.write_all_at(format!("{}\n", std::process::id()).as_bytes(), 0))
        .map_err(|error| failed(&error))?;
    Ok(file)
}

pub(super) fn unwritable(path: &Path, error: &io::Error, hint: impl Into<String>) -> Diagnostic {
    let message = format!("cannot write: {error}");
    Diagnostic::new(
        Code::Unwritable,
        message,
        Place::File(path.to_owned()),
        hint,
    )
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    use super::{name, root};

    #[test]
    fn the_nearest_setting_names_the_cache() {
        type Case<'a> = (Option<&'a str>, &'a [(&'a str, &'a str)], Option<&'a str>);
        let home = ("HOME", "/h");
        let cases: [Case<'_>; 6] = [
            (Some("given"), &[("GATE_CACHE", "/g"), home], Some("given")),
            (
                None,
                &[("GATE_CACHE", "/g"), ("XDG_CACHE_HOME", "/x")],
                Some("/g"),
            ),
            (
                None,
                &[("GATE_CACHE", ""), ("XDG_CACHE_HOME", "/x"), home],
                Some("/x/gate"),
            ),
            (
                None,
                &[("XDG_CACHE_HOME", "x"), home],
                Some("/h/.cache/gate"),
            ),
            (None, &[home], Some("/h/.cache/gate")),
            (None, &[], None),
        ];
        for (given, variables, expected) in cases {
            let variable = |name: &str| {
                let (_, value) = variables.iter().find(|(n, _)| *n == name)?;
                Some(OsString::from(value))
            };
            let found = root(given.map(Path::new), variable);
            assert_eq!(
                found,
                expected.map(PathBuf::from),
                "{given:?} {variables:?}"
            );
        }
    }

    #[test]
    fn a_name_needs_no_quoting() {
        // First digits of `printf '/a/my repo;x' | sha256sum`.
        assert_eq!(name(Path::new("/a/my repo;x")), "my-repo-x-8b869a16a999");
        assert_ne!(name(Path::new("/a/x")), name(Path::new("/b/x")));
    }
}
