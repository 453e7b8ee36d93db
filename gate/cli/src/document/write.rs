//! Writing a file whole or not at all: temporary file beside it, fsync, rename.

use std::fs::{File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gate_schema::code::Code;

use crate::diagnostic::{Diagnostic, Place};

/// Writes `bytes` to `path`. On any error the file is as it was.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Vec<Diagnostic>> {
    try_write(path, bytes).map_err(|error| vec![unwritable(path, &error)])
}

fn try_write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // A device or a pipe is written to, not replaced by a regular file of its name.
    if std::fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    if path.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    // Renaming onto a symbolic link would replace the link, so write beside what it points at.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = directory(&path);
    // The mode of a fresh file, before the process's umask; the default of temporary files is 600.
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    // The rename itself lives in the directory.
    File::open(directory)?.sync_all()
}

/// Refuses outputs that could not be written or that would overwrite an input, before any work.
pub(crate) fn check_outputs(outputs: &[PathBuf], inputs: &[&Path]) -> Result<(), Vec<Diagnostic>> {
    let same = |a: &Path, b: &Path| {
        a == b
            || std::fs::canonicalize(a)
                .is_ok_and(|a| std::fs::canonicalize(b).is_ok_and(|b| a == b))
    };
    let problems: Vec<Diagnostic> = outputs
        .iter()
        .filter_map(|output| {
            if inputs.iter().any(|input| same(input, output)) {
                let place = Place::File(output.clone());
                return Some(Diagnostic::new(
                    Code::Overwrite,
                    "the output is also an input",
                    place,
                    "name another file",
                ));
            }
            let error = if output.is_dir() {
                std::io::ErrorKind::IsADirectory.into()
            } else {
                std::fs::metadata(directory(output)).err()?
            };
            Some(unwritable(output, &error))
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Diagnostic {
    let hint =
        "check that the directory exists, is writable and has space; nothing was half-written";
    Diagnostic::new(
        Code::Unwritable,
        format!("cannot write: {error}"),
        Place::File(path.to_owned()),
        hint,
    )
}
