//! The directory in which a check keeps what it measured.

use std::io;
use std::path::{Path, PathBuf};

use gate_schema::code::Code;
use gate_schema::report::Report;
use gate_schema::run::Run;

use super::runs::Runs;
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{check_outputs, write_all};

/// Everything a check may write there.
const FILES: [&str; 4] = [
    "baseline.json",
    "candidate.json",
    "canary.json",
    "verdict.json",
];

/// Where the measured runs are kept.
pub(crate) struct Kept {
    pub(crate) directory: PathBuf,
}

/// Removes a file that may not be there.
pub(crate) fn remove(path: &Path) -> Result<(), Vec<Diagnostic>> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(vec![Diagnostic::new(
            Code::Unwritable,
            format!("cannot remove what an earlier check left: {error}"),
            Place::File(path.to_owned()),
            "remove it by hand: it is not about the runs beside it",
        )]),
        _ => Ok(()),
    }
}

impl Kept {
    /// Makes the directory and sees that its files can be written and are none of `inputs`, before
    /// anything is measured.
    pub(crate) fn new(directory: PathBuf, inputs: &[&Path]) -> Result<Self, Vec<Diagnostic>> {
        std::fs::create_dir_all(&directory).map_err(|error| {
            let message = format!("cannot create the directory of runs: {error}");
            let place = Place::File(directory.clone());
            let hint = "name another with --runs DIR";
            vec![Diagnostic::new(Code::Unwritable, message, place, hint)]
        })?;
        check_outputs(&FILES.map(|name| directory.join(name)), inputs)?;
        Ok(Self { directory })
    }

    /// Writes the runs, and the report if it came to one, all or none. Then what an earlier check left
    /// goes.
    pub(crate) fn write(
        &self,
        runs: &Runs,
        report: Option<&Report>,
    ) -> Result<(), Vec<Diagnostic>> {
        let json = |run: &Run| serde_json::to_vec(run).expect("plain fields and text keys");
        let contents = [
            Some(json(&runs.baseline.run)),
            Some(json(&runs.candidate.run)),
            runs.canary.as_ref().map(|canary| json(&canary.run)),
            report.map(|report| gate_render::json(report).into_bytes()),
        ];
        let files: Vec<(PathBuf, Vec<u8>)> = FILES
            .iter()
            .zip(contents)
            .filter_map(|(name, bytes)| Some((self.directory.join(name), bytes?)))
            .collect();
        let files: Vec<(&Path, &[u8])> = files
            .iter()
            .map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
            .collect();
        write_all(&files)?;
        for path in FILES.map(|name| self.directory.join(name)) {
            if files.iter().all(|(written, _)| *written != path) {
                remove(&path)?;
            }
        }
        Ok(())
    }
}
