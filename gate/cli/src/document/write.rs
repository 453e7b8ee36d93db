//! Writing a file whole or not at all: temporary file beside it, fsync, rename.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gate_schema::code::Code;
use tempfile::NamedTempFile;

use crate::diagnostic::{Diagnostic, Place};
use crate::room;

/// Writes `bytes` to `path`. On any error the file is as it was.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Vec<Diagnostic>> {
    write_all(&[(path, bytes)])
}

/// Writes all files or none: every one is complete on disk before the first is renamed.
pub(crate) fn write_all(files: &[(&Path, &[u8])]) -> Result<(), Vec<Diagnostic>> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| vec![unwritable(&path, &error)]
    };
    let mut staged = Vec::new();
    for (path, bytes) in files {
        staged.extend(stage(path, bytes).map_err(failed(path))?);
    }
    for (file, path) in staged {
        put(file, &path).map_err(failed(&path))?;
    }
    Ok(())
}

/// Writes a temporary file beside `path`; `None` for a device or a pipe, which is written at once:
/// it cannot be replaced by a regular file of its name.
fn stage(path: &Path, bytes: &[u8]) -> io::Result<Option<(NamedTempFile, PathBuf)>> {
    if is_special(path) {
        OpenOptions::new()
            .write(true)
            .open(path)?
            .write_all(bytes)?;
        return Ok(None);
    }
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let (mut file, path) = beside(path)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(Some((file, path)))
}

/// A device or a pipe.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

/// A temporary file, and the path it is meant for.
fn beside(path: &Path) -> io::Result<(NamedTempFile, PathBuf)> {
    // Renaming onto a symbolic link would replace the link, so write beside what it points at.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // The mode of a fresh file, before the process's umask; the default of temporary files is 600.
    let mode = Permissions::from_mode(0o666);
    let file = tempfile::Builder::new()
        .permissions(mode)
        .tempfile_in(directory(&path))
        .map_err(without_path)?;
    Ok((file, path))
}

/// An error of `tempfile` without its path: that names a file nobody has heard of.
fn without_path(error: io::Error) -> io::Error {
    match error.to_string().rsplit_once(" at path ") {
        Some((cause, _)) => io::Error::new(error.kind(), cause),
        None => error,
    }
}

fn put(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.persist(path).map_err(|error| error.error)?;
    // The rename itself lives in the directory.
    File::open(directory(path))?.sync_all()
}

/// Refuses outputs that could not be written or that would overwrite an input, before any work. Leaves
/// nothing behind.
pub(crate) fn check_outputs(outputs: &[PathBuf], inputs: &[&Path]) -> Result<(), Vec<Diagnostic>> {
    let problems: Vec<Diagnostic> = outputs
        .iter()
        .filter_map(|output| {
            if inputs.iter().any(|input| same_file(input, output)) {
                let place = Place::File(output.clone());
                return Some(Diagnostic::new(
                    Code::Overwrite,
                    "the output is also an input",
                    place,
                    "name another file",
                ));
            }
            let error = if output.is_dir() {
                io::ErrorKind::IsADirectory.into()
            } else {
                probe(output).err()?
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

/// Finds out whether a file can be written, the way it will be.
fn probe(path: &Path) -> io::Result<()> {
    // What is written to a device or a pipe cannot be taken back.
    if is_special(path) {
        return Ok(());
    }
    std::fs::metadata(directory(path))?;
    beside(path).map(drop)
}

/// Whether two paths name one existing file, or are equal.
pub(crate) fn same_file(a: &Path, b: &Path) -> bool {
    let real = |path| std::fs::canonicalize(path).ok();
    a == b || real(a).is_some_and(|a| real(b).is_some_and(|b| a == b))
}

/// Makes the folder of a file that is about to be written.
pub(crate) fn make_folder(path: &Path) -> Result<(), Vec<Diagnostic>> {
    std::fs::create_dir_all(directory(path)).map_err(|error| vec![unwritable(path, &error)])
}

fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => room::hint(directory(path)),
        _ => "check that the directory exists, is writable and has space; nothing was half-written"
            .to_owned(),
    };
    Diagnostic::new(
        Code::Unwritable,
        format!("cannot write: {error}"),
        Place::File(path.to_owned()),
        hint,
    )
}
