//! The policy file: found, read, checked, every mistake reported at once.

mod fields;
mod parse;

use std::path::{Path, PathBuf};

use gate_schema::code::Code;
use gate_schema::policy::Policy;

use crate::diagnostic::{Diagnostic, Place};

/// The commented default policy: what `gate init` writes, equal to [`Policy::default`] by test.
pub(crate) const DEFAULT: &str = include_str!("policy/default.toml");

/// Name of the policy file beside a baseline.
const FILE_NAME: &str = "gate.toml";

/// A policy and where it came from.
pub(crate) struct Loaded {
    pub(crate) policy: Policy,
    /// `None` for the built-in policy.
    pub(crate) path: Option<PathBuf>,
}

/// Reads the given file, else the one beside the baseline, else takes the built-in policy.
pub(crate) fn load(given: Option<&Path>, baseline: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    let beside = || Some(baseline.with_file_name(FILE_NAME)).filter(|path| path.exists());
    let Some(path) = given.map(Path::to_owned).or_else(beside) else {
        return Ok(Loaded {
            policy: Policy::default(),
            path: None,
        });
    };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let place = Place::File(path.clone());
        let hint = "check the path; `gate init FILE` writes a commented policy";
        vec![Diagnostic::new(
            Code::Unreadable,
            format!("cannot read the policy: {error}"),
            place,
            hint,
        )]
    })?;
    let policy = parse::policy(&path, &text)?;
    Ok(Loaded {
        policy,
        path: Some(path),
    })
}

#[cfg(test)]
mod tests;
