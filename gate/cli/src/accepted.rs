//! What the revision that a change leaves had accepted: its baselines, policies and calibrations.

use std::path::{Path, PathBuf};

use gate_core::looser::{Looser, looser};
use gate_core::observe::Observed;
use gate_schema::code::Code;
use gate_schema::noise::Noise;
use gate_schema::policy::Policy;

use crate::checkout;
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{parse_run, unreadable};
use crate::git;
use crate::noise;
use crate::policy;

/// What a comment in a policy starts with that says why less is guarded.
pub(crate) const WHY: &str = "# loosened:";

/// The files of one revision.
pub(crate) struct Accepted {
    top: PathBuf,
    commit: String,
}

impl Accepted {
    pub(crate) fn new(base: &str) -> Result<Self, Vec<Diagnostic>> {
        let top = checkout::top(Path::new("."))?;
        let commit = git::resolve(&top, base, Place::Flag("--base"))?;
        Ok(Self { top, commit })
    }

    /// What `path` was; `None` if it was not there.
    pub(crate) fn file(&self, path: &Path) -> Result<Option<Vec<u8>>, Vec<Diagnostic>> {
        let (Some(folder), Some(name)) = (self.folder(path), path.file_name()) else {
            return Err(vec![foreign(path)]);
        };
        self.blob(path, &folder.join(name))
    }

    fn blob(&self, path: &Path, inside: &Path) -> Result<Option<Vec<u8>>, Vec<Diagnostic>> {
        self.read(path, inside, &["cat-file", "blob"])
    }

    /// Baselines that were promoted beside `path` and are not there any more.
    pub(crate) fn gone(&self, path: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
        let mut gone = Vec::new();
        for (name, _) in self.beside(path, "", ".json")? {
            let file = path.with_file_name(name);
            if file.exists() {
                continue;
            }
            let bytes = self.file(&file)?.unwrap_or_default();
            if parse_run(&file, &bytes).is_ok_and(|run| run.provenance.is_some()) {
                gone.push(file);
            }
        }
        Ok(gone)
    }

    /// Policies beside the one in `path`, for `--policy`, as they were.
    pub(crate) fn policies(&self, path: &Path) -> Result<Vec<(PathBuf, Written)>, Vec<Diagnostic>> {
        let mut policies = Vec::new();
        for (name, inside) in self.beside(path, "", ".toml")? {
            if [policy::FILE_NAME, policy::WAIVERS].contains(&name.as_str()) {
                continue;
            }
            let file = path.with_file_name(name);
            let bytes = self.blob(&file, &inside)?.unwrap_or_default();
            // What was no policy judged nothing.
            if let Ok(before) = Written::new(&file, bytes) {
                policies.push((file, before));
            }
        }
        Ok(policies)
    }

    /// Calibrations beside `path`, as they were.
    pub(crate) fn calibrations(
        &self,
        path: &Path,
    ) -> Result<Vec<(PathBuf, Noise)>, Vec<Diagnostic>> {
        let mut calibrations = Vec::new();
        for (name, inside) in self.beside(path, noise::DIRECTORY, ".json")? {
            let file = path.with_file_name(noise::DIRECTORY).join(name);
            let bytes = self.blob(&file, &inside)?.unwrap_or_default();
            // What was no calibration told nothing.
            if let Ok(before) = noise::parse(&file, &bytes) {
                calibrations.push((file, before));
            }
        }
        Ok(calibrations)
    }

    /// Names that the revision has in `folder` beside `path`, and where in the repository they stand.
    fn beside(
        &self,
        path: &Path,
        folder: &str,
        ending: &str,
    ) -> Result<Vec<(String, PathBuf)>, Vec<Diagnostic>> {
        let Some(mut inside) = self.folder(path) else {
            return Err(vec![foreign(path)]);
        };
        if !folder.is_empty() {
            inside.push(folder);
        }
        let list = ["ls-tree", "-z", "--name-only"];
        let names = self.read(path, &inside, &list)?.unwrap_or_default();
        let names = String::from_utf8_lossy(&names);
        let names = names.split('\0').filter(|name| name.ends_with(ending));
        let names = names.map(|name| (name.to_owned(), inside.join(name)));
        Ok(names.collect())
    }

    /// The folder of `path` in the repository.
    fn folder(&self, path: &Path) -> Option<PathBuf> {
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let real = std::fs::canonicalize(parent.unwrap_or(Path::new("."))).ok()?;
        real.strip_prefix(&self.top).ok().map(Path::to_owned)
    }

    /// What git says of `inside`; `None` if the revision has nothing of that name.
    fn read(
        &self,
        path: &Path,
        inside: &Path,
        verb: &[&str],
    ) -> Result<Option<Vec<u8>>, Vec<Diagnostic>> {
        let Some(inside) = inside.to_str() else {
            return Err(vec![foreign(path)]);
        };
        let object = format!("{}:{inside}", self.commit);
        let mut exists = git::git(&self.top);
        // By its name alone. What cannot be read, such as in a clone that left it out, was there all the same.
        exists.args(["rev-parse", "--verify", "--quiet", &object]);
        if git::read(&mut exists).is_err() {
            return Ok(None);
        }
        let mut show = git::git(&self.top);
        let shown = git::read(show.args(verb).arg(&object));
        shown.map(Some).map_err(|failure| {
            let (place, hint) = (Place::File(path.to_owned()), "see the words of git");
            vec![failure.diagnostic("cannot read what was accepted", place, hint)]
        })
    }
}

fn foreign(path: &Path) -> Diagnostic {
    let message = "not a file of this repository, so nothing was accepted before it";
    let place = Place::File(path.to_owned());
    Diagnostic::new(Code::Baseline, message, place, "leave --base out")
}

/// A policy as it was written.
pub(crate) struct Written {
    text: String,
    policy: Policy,
    ignore_paths: Option<Vec<String>>,
}

impl Written {
    /// Without a text, the built-in policy.
    pub(crate) fn new(path: &Path, text: Vec<u8>) -> Result<Self, Vec<Diagnostic>> {
        let text = String::from_utf8_lossy(&text).into_owned();
        let (policy, measure) = policy::parse(path, &text)?;
        Ok(Self {
            text,
            policy,
            ignore_paths: measure.map(|measure| measure.ignore_paths),
        })
    }

    /// Without a file, the built-in policy.
    pub(crate) fn read(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let text = match path.exists() {
            true => std::fs::read(path),
            false => Ok(Vec::new()),
        };
        let text = text.map_err(|error| vec![unreadable(path, &error, "restore it from git")])?;
        Self::new(path, text)
    }

    /// Settings that tolerate more than those of `before`, in words.
    pub(crate) fn looser(&self, before: &Self, rows: &[Observed]) -> Vec<String> {
        if self.text == before.text {
            return Vec::new();
        }
        let name = |looser: Looser| match looser.row {
            Some((scenario, metric)) => format!("{} of {scenario} {metric}", looser.setting),
            None => looser.setting.to_owned(),
        };
        let looser = looser(&before.policy, &self.policy, rows);
        let mut names: Vec<String> = looser.into_iter().map(name).collect();
        // Where nothing was measured before, nothing is left out.
        if let Some(before) = &before.ignore_paths {
            let mut now = self.ignore_paths.iter().flatten();
            if now.any(|glob| !before.contains(glob)) {
                names.push("ignore-paths".to_owned());
            }
        }
        names
    }

    /// Whether a line says why, which the other one does not have.
    pub(crate) fn says_why(&self, before: &Self) -> bool {
        let known: Vec<&str> = reasons(&before.text).collect();
        reasons(&self.text).any(|why| !known.contains(&why))
    }
}

fn reasons(text: &str) -> impl Iterator<Item = &str> {
    let lines = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix(WHY));
    lines.map(str::trim).filter(|why| !why.is_empty())
}
