//! The calibration of a machine: `noise/` beside the baseline, one file per fingerprint.

use std::path::{Path, PathBuf};

use gate_schema::code::Code;
use gate_schema::id::{Digest, Name};
use gate_schema::noise::Noise;
use gate_schema::run::Environment;
use sha2::{Digest as _, Sha256};

use crate::diagnostic::{Diagnostic, Place};
use crate::document::{check_outputs, make_folder, write};
use crate::policy::Loaded;

/// Directory of calibrations beside a baseline, whatever policy is used.
pub(crate) const DIRECTORY: &str = "noise";

/// Hexadecimal digits of a fingerprint in a file name.
const DIGITS: usize = 12;

/// The fields of an environment that must be equal for its calibration to hold.
pub(crate) fn fingerprint(
    loaded: &Loaded,
    environment: &Environment,
) -> std::collections::BTreeMap<Name, String> {
    let ignored = &loaded.policy.ignore_environment;
    let fields = environment.fingerprint.iter();
    fields
        .filter(|(name, _)| !ignored.contains(name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The calibration file of this environment. `None` for an environment that says nothing.
pub(crate) fn path(loaded: &Loaded, baseline: &Path, environment: &Environment) -> Option<PathBuf> {
    let fields = fingerprint(loaded, environment);
    if fields.is_empty() {
        return None;
    }
    let text: String = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    let digest = Digest::from_bytes(&Sha256::digest(text.as_bytes()).into());
    let digits = digest
        .as_str()
        .trim_start_matches("sha256:")
        .get(..DIGITS)?;
    let folder = baseline.with_file_name(DIRECTORY);
    Some(folder.join(format!("{digits}.json")))
}

/// What is known about the noise of this environment, if it was calibrated: beside the baseline, else beside
/// the policy, which is what kept runs are compared with.
pub(crate) fn beside(
    loaded: &Loaded,
    baseline: &Path,
    environment: &Environment,
) -> Result<Option<Noise>, Vec<Diagnostic>> {
    let neighbours = std::iter::once(baseline).chain(loaded.path.as_deref());
    let mut paths = neighbours.filter_map(|neighbour| path(loaded, neighbour, environment));
    match paths.find(|path| path.exists()) {
        Some(path) => read(&path).map(Some),
        None => Ok(None),
    }
}

/// All calibrations beside the baseline, sorted by name.
pub(crate) fn all(baseline: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(baseline.with_file_name(DIRECTORY));
    let paths = entries.into_iter().flatten().filter_map(Result::ok);
    let mut paths: Vec<PathBuf> = paths.map(|entry| entry.path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    paths
}

/// Sees that the calibration can be written, before hours are spent on it. Makes no folder: there may be
/// nothing to keep in it.
pub(crate) fn check_output(path: &Path) -> Result<(), Vec<Diagnostic>> {
    let file = path.file_name().unwrap_or_default();
    let there = path.ancestors().skip(1).find(|folder| folder.exists());
    check_outputs(&[there.unwrap_or(path).join(file)], &[])
}

/// Writes a calibration, and its directory if need be: one row per line, so that adding sessions is a
/// readable change.
pub(crate) fn write_new(path: &Path, noise: &Noise) -> Result<(), Vec<Diagnostic>> {
    make_folder(path)?;
    write(path, text(noise).as_bytes())
}

fn text(noise: &Noise) -> String {
    let value = |json: serde_json::Result<String>| json.expect("plain fields and text keys");
    let rows: Vec<String> = noise
        .rows
        .iter()
        .map(|r| value(serde_json::to_string(r)))
        .collect();
    format!(
        "{{\n\"format\": {},\n\"created\": {},\n\"fingerprint\": {},\n\"rows\": [\n{}\n]\n}}\n",
        value(serde_json::to_string(&noise.format)),
        value(serde_json::to_string(&noise.created)),
        value(serde_json::to_string(&noise.fingerprint)),
        rows.join(",\n"),
    )
}

/// What to do about a calibration that cannot be used.
const HINT: &str = "restore it, or remove it and run `gate calibrate` again";

/// Reads and checks a calibration.
pub(crate) fn read(path: &Path) -> Result<Noise, Vec<Diagnostic>> {
    let bytes = std::fs::read(path).map_err(|error| {
        let message = format!("cannot read the calibration: {error}");
        vec![Diagnostic::new(
            Code::Unreadable,
            message,
            Place::File(path.to_owned()),
            HINT,
        )]
    })?;
    parse(path, &bytes)
}

/// Checks a calibration that stands in `path`.
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Noise, Vec<Diagnostic>> {
    let noise: Noise = serde_json::from_slice(bytes).map_err(|error| {
        let message = format!("not a calibration: {error}");
        vec![Diagnostic::new(
            Code::Syntax,
            message,
            Place::File(path.to_owned()),
            HINT,
        )]
    })?;
    match noise.validate() {
        Ok(()) => Ok(noise),
        Err(problem) => Err(vec![Diagnostic::of_problem(path, &problem)]),
    }
}
