//! Writes the run document so that a reader sees all of it or none of it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use gate_schema::defect::Problem;
use gate_schema::run::Run;
use tempfile::NamedTempFile;

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// The path cannot be written.
    #[error("cannot write {}: {source}\n  hint: --out names a file in an existing, writable directory", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path cannot be written any more, and another could.
    #[error("cannot write {}: {source}\n  hint: what was measured is kept in {}", path.display(), kept.display())]
    Elsewhere {
        /// Where it should be.
        path: PathBuf,
        /// Why it is not.
        source: io::Error,
        /// Where it is.
        kept: PathBuf,
    },
    /// The document breaks its own format: a defect of this program or of a scenario.
    #[error("the run is not valid: {}", show(problems))]
    Invalid {
        /// What is wrong, where.
        problems: Vec<Problem>,
    },
}

/// A place for the document that was proven writable.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    directory: PathBuf,
}

impl Destination {
    /// Checks that a file can be created at `path`, before hours are spent on measuring.
    ///
    /// # Errors
    /// [`EmitError::Io`].
    pub fn check(path: &Path) -> Result<Self, EmitError> {
        let failed = |source| EmitError::Io {
            path: path.to_owned(),
            source,
        };
        if path.is_dir() || path.file_name().is_none() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        // An empty parent means the current directory, which cannot be opened by its empty name.
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        NamedTempFile::new_in(&directory).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            directory,
        })
    }

    /// Validates the run and puts it at the destination, in one step: a temporary file in the same
    /// directory, flushed to disk, then renamed. Where that fails, it is kept among the temporary files of
    /// the system: hours may be in it, and a disk that is full now was not when they began.
    ///
    /// # Errors
    /// See [`EmitError`]. The destination is then as it was.
    pub fn write(&self, run: &Run) -> Result<(), EmitError> {
        run.validate()
            .map_err(|problems| EmitError::Invalid { problems })?;
        let Err(source) = self.try_replace(|file| write_run(run, file)) else {
            return Ok(());
        };
        let path = self.path.clone();
        Err(match keep(|file| write_run(run, file)) {
            Ok(kept) => EmitError::Elsewhere { path, source, kept },
            Err(_) => EmitError::Io { path, source },
        })
    }

    /// Puts a finished file at the destination, in one step.
    ///
    /// # Errors
    /// [`EmitError::Io`]. The destination is then as it was.
    pub fn write_bytes(&self, bytes: &[u8]) -> Result<(), EmitError> {
        let written = self.try_replace(|file| file.write_all(bytes));
        written.map_err(|source| EmitError::Io {
            path: self.path.clone(),
            source,
        })
    }

    fn try_replace(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let file = finished(NamedTempFile::new_in(&self.directory)?, write)?;
        file.persist(&self.path).map_err(|error| error.error)?;
        File::open(&self.directory)?.sync_all()
    }
}

fn write_run(run: &Run, file: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *file, run)?;
    writeln!(file)
}

/// Leaves a finished file among the temporary ones of the system.
fn keep(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<PathBuf> {
    let mut named = tempfile::Builder::new();
    let file = named.prefix("bench-").suffix(".json").tempfile()?;
    let (_, path) = finished(file, write)?.keep().map_err(|error| error.error)?;
    Ok(path)
}

/// The file with all that `write` writes, on disk.
fn finished(
    mut file: NamedTempFile,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    let mut buffered = BufWriter::new(&mut file);
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    file.as_file().sync_all()?;
    make_readable(file.as_file())?;
    Ok(file)
}

/// Temporary files are private; a document is not.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> io::Result<()> {
    Ok(())
}

fn show(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|p| format!("{} at {}", p.defect, p.pointer))
        .collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::SystemTime;

    use gate_schema::run::{Environment, Failure, Source};

    use super::*;
    use crate::document::{Parts, manifest, scenario_id};
    use crate::fake::FakeScenario;
    use crate::tier::Tier;

    #[test]
    fn a_place_that_cannot_be_written_is_refused_early() {
        let root = tempfile::tempdir().expect("a directory");
        let check = |path: &Path| Destination::check(path).is_ok();
        assert!(check(&root.path().join("out.json")));
        assert!(!check(&root.path().join("missing/out.json")));
        assert!(!check(root.path()));
        assert!(!check(Path::new("/proc/out.json")));
        assert_eq!(
            fs::read_dir(root.path()).expect("is there").count(),
            0,
            "checking leaves nothing"
        );
    }

    #[test]
    fn what_cannot_be_written_where_it_should_be_is_kept_elsewhere() {
        let scenario = FakeScenario::named("fake/one");
        let run = Run::from(Parts {
            id: "run".into(),
            created: SystemTime::UNIX_EPOCH,
            source: Source::default(),
            environment: Environment::default(),
            manifest: manifest(&[&scenario], Tier::Tiny),
            sessions: vec![],
            failures: vec![Failure {
                scenario: scenario_id(&scenario),
                session: None,
                pair: None,
                how: "interrupted".into(),
                stderr: vec![],
            }],
        });
        let root = tempfile::tempdir().expect("a directory");
        let directory = root.path().join("removed");
        fs::create_dir(&directory).expect("is writable");
        let destination = Destination::check(&directory.join("out.json")).expect("is writable");
        fs::remove_dir(&directory).expect("is empty");
        let kept = match destination.write(&run) {
            Err(EmitError::Elsewhere { kept, .. }) => kept,
            other => panic!("{other:?}"),
        };
        let text = fs::read(&kept).expect("is there");
        fs::remove_file(&kept).expect("is there");
        assert_eq!(serde_json::from_slice::<Run>(&text).expect("is whole"), run);
    }
}
