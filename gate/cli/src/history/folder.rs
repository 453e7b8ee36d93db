//! A folder of runs. Writers need no lock: a file gets its name when it is whole, and names do not collide.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Added, Entry, broken};
use crate::diagnostic::Diagnostic;
use crate::document::{make_folder, write};

pub(super) fn add(folder: &Path, entry: &Entry, keep: usize) -> Result<Added, Vec<Diagnostic>> {
    let path = folder.join(&entry.name);
    if path.exists() {
        return Ok(Added::Known);
    }
    make_folder(&path)?;
    let newer = list(folder)?.into_iter().filter(|there| *there > path);
    if newer.count() >= keep {
        return Ok(Added::TooOld);
    }
    write(&path, entry.text.as_bytes())?;
    let all = list(folder)?;
    let (gone, stay) = all.split_at(all.len().saturating_sub(keep));
    for path in gone {
        match std::fs::remove_file(path) {
            // Another writer was faster.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                let hint = "check the permissions of the folder";
                return Err(broken(format!("cannot remove: {error}"), path, hint));
            }
            Ok(()) => {}
        }
    }
    Ok(Added::New(stay.len()))
}

/// Runs of `folder`, oldest first. Files of other names are nobody's business.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let hint = "`gate record RUN --history STORE` adds the first run";
    let failed = |error: std::io::Error| broken(format!("no history: {error}"), folder, hint);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        names.extend(name.into_string().ok().filter(|name| is_ours(name)));
    }
    names.sort_unstable();
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// `20261120T031700Z-0123456789abcdef.json`.
fn is_ours(name: &str) -> bool {
    let parts = name
        .strip_suffix(".json")
        .and_then(|name| name.split_once('-'));
    parts.is_some_and(|(time, digest)| {
        time.starts_with(|c: char| c.is_ascii_digit())
            && time.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !digest.is_empty()
            && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn only_files_of_runs_are_runs() {
        for (name, expected) in [
            ("20261120T031700Z-0123456789abcdef.json", true),
            ("README.md", false),
            ("gate.json", false),
            (".tmp1234-ab.json", false),
            ("20261120T031700Z-.json", false),
            ("20261120T031700Z-xyz.json", false),
            ("20261120T031700Z-ab.json.part", false),
        ] {
            assert_eq!(is_ours(name), expected, "{name}");
        }
    }
}
