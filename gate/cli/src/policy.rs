//! The policy file: found, read, checked, every mistake reported at once.

mod fields;
mod measure;
mod parse;
mod waivers;

use std::path::{Path, PathBuf};

use gate_schema::code::Code;
use gate_schema::policy::Policy;

use crate::diagnostic::{Diagnostic, Place};
pub(crate) use measure::Measure;

/// The commented default policy: what `gate init` writes, equal to [`Policy::default`] by test.
pub(crate) const DEFAULT: &str = include_str!("policy/default.toml");

/// The promoted baseline in a repository; policy, waivers and calibrations are looked for beside it.
pub(crate) const BASELINE: &str = "baselines/main.json";

/// Name of the policy file beside a baseline.
pub(crate) const FILE_NAME: &str = "gate.toml";

/// Name of the file of accepted regressions beside a baseline.
pub(crate) const WAIVERS: &str = "waivers.toml";

/// A policy and where it came from.
pub(crate) struct Loaded {
    pub(crate) policy: Policy,
    /// How the project is measured; `None` when the policy does not say.
    pub(crate) measure: Option<Measure>,
    /// `None` for the built-in policy.
    pub(crate) path: Option<PathBuf>,
    /// `None` when there are no waivers.
    pub(crate) waivers: Option<PathBuf>,
}

impl Loaded {
    /// The policy file as git names it in a checkout at `top`.
    pub(crate) fn path_below(&self, top: &Path) -> Option<String> {
        let absolute =
            |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let path = absolute(self.path.as_deref()?);
        let below = path.strip_prefix(absolute(top)).unwrap_or(&path);
        Some(below.display().to_string())
    }
}

/// Reads the given files, else those beside the baseline, else takes the built-in policy without
/// waivers. `today` is `YYYY-MM-DD`.
pub(crate) fn load(
    policy: Option<&Path>,
    waivers: Option<&Path>,
    baseline: &Path,
    today: &str,
) -> Result<Loaded, Vec<Diagnostic>> {
    let find = |given: Option<&Path>, name| {
        given
            .map(Path::to_owned)
            .or_else(|| Some(baseline.with_file_name(name)).filter(|path| path.exists()))
    };
    let (path, waivers) = (find(policy, FILE_NAME), find(waivers, WAIVERS));
    let (mut policy, measure) = match &path {
        Some(path) => parse::policy(path, &read(path)?)?,
        None => (Policy::default(), None),
    };
    if let Some(waivers) = &waivers {
        policy.waivers = waivers::waivers(waivers, &read(waivers)?, today)?;
    }
    Ok(Loaded {
        policy,
        measure,
        path,
        waivers,
    })
}

/// What `text`, written in `path`, means.
pub(crate) fn parse(path: &Path, text: &str) -> Result<(Policy, Option<Measure>), Vec<Diagnostic>> {
    parse::policy(path, text)
}

fn read(path: &Path) -> Result<String, Vec<Diagnostic>> {
    std::fs::read_to_string(path).map_err(|error| {
        let place = Place::File(path.to_owned());
        let hint = "check the path; `gate init FILE` writes a commented policy";
        vec![Diagnostic::new(
            Code::Unreadable,
            format!("cannot read the policy: {error}"),
            place,
            hint,
        )]
    })
}

#[cfg(test)]
mod tests;
