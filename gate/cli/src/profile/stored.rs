//! Profiles that were taken earlier: of a run by `bench profile`, and those that are kept beside a baseline.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gate_core::evaluate::Side;
use gate_core::profile::{alone, bounded, compare, time_per_operation};
use gate_import::profile::Profile;
use gate_schema::code::Code;
use gate_schema::id::ScenarioId;
use gate_schema::profile::{About, EXTENSION, Stacks, TimePerOperation, encode};
use gate_schema::report::{Profiles, Report, ScenarioProfile};
use gate_schema::run::Run;

use super::files::{File, draw};
use super::{MOST_SCENARIOS, Taken, regressed};
use crate::commands::flame::read;
use crate::diagnostic::{Diagnostic, Place, printable};
use crate::document::{make_folder, unreadable, write_all};
use crate::measure::kept::remove;
use crate::terminal;

/// Where profiles of a run come from.
const MISSING: &str = "`bench profile --out DIR` writes one file per scenario";

/// Share of a profile's samples below which a stack is not kept: so there are at most a thousand stacks per
/// scenario in the repository, and none that a reader would look for is gone.
const BELOW: f64 = 0.001;

/// Stored profiles by their scenario.
type Stored = BTreeMap<ScenarioId, (About, Stacks)>;

/// Where the profiles of the baseline `path` are kept: `profiles/main/` beside `main.json`.
fn folder(path: &Path) -> PathBuf {
    let name = path.file_stem().unwrap_or_default();
    path.with_file_name("profiles").join(name)
}

/// The stored profiles in `folder`, which are of what `run` measured.
fn of_run(folder: &Path, run: &Run) -> Result<Stored, Vec<Diagnostic>> {
    let failed = |error: std::io::Error| vec![unreadable(folder, &error, MISSING)];
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(failed)?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.is_file() && path.to_string_lossy().ends_with(EXTENSION));
    paths.sort();
    let (mut stored, mut problems) = (Stored::new(), Vec::new());
    for path in paths {
        match read(&path).and_then(|profile| checked(&path, profile, run)) {
            Ok((about, stacks)) => {
                stored.insert(about.scenario.clone(), (about, stacks));
            }
            Err(found) => problems.extend(found),
        }
    }
    if stored.is_empty() && problems.is_empty() {
        let place = Place::File(folder.to_owned());
        let message = "no stored profile here";
        problems.push(Diagnostic::new(Code::Profile, message, place, MISSING));
    }
    if problems.is_empty() {
        Ok(stored)
    } else {
        Err(problems)
    }
}

/// A profile that says what it is of, and is of this run as far as both say.
fn checked(path: &Path, profile: Profile, run: &Run) -> Result<(About, Stacks), Vec<Diagnostic>> {
    let refuse = |message: String, hint: &str| {
        let place = Place::File(path.to_owned());
        vec![Diagnostic::new(Code::Profile, message, place, hint)]
    };
    let Some(head) = profile.head else {
        return Err(refuse(
            "the profile does not say which scenario it is of".to_owned(),
            MISSING,
        ));
    };
    match (&head.about.commit, &run.source.commit) {
        (Some(of), Some(measured)) if of != measured => Err(refuse(
            format!("a profile of commit {of}, and the run is of {measured}"),
            "take profiles and run of one build",
        )),
        _ => Ok((head.about, profile.stacks)),
    }
}

/// The profiles in `from`, which are of the promoted `run`, as they are kept beside its baseline.
///
/// # Errors
/// What cannot be read, or is of something else.
pub(crate) fn keep(from: &Path, run: &Run, baseline: &Path) -> Result<Kept, Vec<Diagnostic>> {
    let folder = folder(baseline);
    let files = of_run(from, run)?.into_values().map(|(about, stacks)| {
        let below = about.other_below.unwrap_or_default().max(BELOW);
        let name = format!("{}.{EXTENSION}", about.scenario.as_str().replace('/', "."));
        let bounded = bounded(&stacks, below);
        let about = About {
            other_below: Some(below),
            ..about
        };
        (folder.join(name), encode(about, &bounded))
    });
    Ok(Kept {
        files: files.collect(),
        folder,
    })
}

/// Profiles that are about to be kept.
pub(crate) struct Kept {
    folder: PathBuf,
    files: Vec<File>,
}

impl Kept {
    /// Writes them in place of those of an earlier promotion, and says so.
    pub(crate) fn write(&self) -> Result<String, Vec<Diagnostic>> {
        let left = std::fs::read_dir(&self.folder).into_iter().flatten();
        for path in left.flatten().map(|entry| entry.path()) {
            let is_ours = path.to_string_lossy().ends_with(EXTENSION);
            if is_ours && self.files.iter().all(|(file, _)| *file != path) {
                remove(&path)?;
            }
        }
        if let Some((first, _)) = self.files.first() {
            make_folder(first)?;
        }
        let files = self.files.iter();
        let files: Vec<(&Path, &[u8])> = files
            .map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
            .collect();
        write_all(&files)?;
        let (count, folder) = (files.len(), self.folder.display());
        let profiles = if count == 1 { "profile" } else { "profiles" };
        Ok(format!("kept {count} {profiles} in {folder}\n"))
    }
}

/// Both runs of a comparison, and where the baseline was read from.
pub(crate) struct Compared<'a> {
    pub(crate) baseline: Side<'a>,
    pub(crate) candidate: Side<'a>,
    pub(crate) path: &'a Path,
}

/// Notes in `report` where the candidate spends its time, from the profiles in `folder`; of what
/// regressed also what grew, where profiles were kept beside the baseline. Returns the files to write.
///
/// # Errors
/// Profiles of the candidate that cannot be read, or are of something else.
pub(crate) fn note(
    report: &mut Report,
    folder: &Path,
    compared: &Compared<'_>,
) -> Result<Vec<File>, Vec<Diagnostic>> {
    let candidates = of_run(folder, compared.candidate.run)?;
    let kept = kept(compared);
    let worse = regressed(report);
    let mut files = Vec::new();
    let mut drawn = 0;
    for (scenario, (about, stacks)) in candidates {
        if report.rows.iter().all(|row| row.scenario != scenario) {
            terminal::talk(&format!(
                "note: the profile of {scenario} is left out: it was not measured\n"
            ));
            continue;
        }
        let candidate = taken(about, stacks, compared.candidate);
        let baseline = kept.get(&scenario).filter(|_| worse.contains(&scenario));
        let baseline =
            baseline.map(|(about, stacks)| taken(about.clone(), stacks.clone(), compared.baseline));
        let profiler = candidate.about.profiler.clone();
        let profiles = match baseline {
            None => alone(&candidate.side(), profiler)
                .map(|profile| Profiles::Candidate(Box::new(profile))),
            Some(baseline) => {
                let change = compare(&baseline.side(), &candidate.side(), profiler);
                change.map(|mut change| {
                    if drawn < MOST_SCENARIOS {
                        change.files = draw(&baseline, &candidate, drawn, &mut files);
                        drawn += 1;
                    }
                    Profiles::Compared(Box::new(change))
                })
            }
        };
        // A profile that was read has samples.
        let profiles = profiles.into_iter();
        report
            .profiles
            .extend(profiles.map(|profiles| ScenarioProfile {
                scenario: scenario.clone(),
                profiles,
            }));
    }
    Ok(files)
}

/// The profiles beside the baseline; none, and why, where they cannot be read or are of another promotion.
fn kept(compared: &Compared<'_>) -> Stored {
    beside(compared.path, compared.baseline.run).unwrap_or_else(|why| {
        terminal::talk(&format!("note: {why}\n"));
        Stored::new()
    })
}

/// The profiles beside the baseline at `path`, which are of its `run`; or why they are of no use.
fn beside(path: &Path, run: &Run) -> Result<Stored, String> {
    let folder = folder(path);
    if !folder.exists() {
        return Ok(Stored::new());
    }
    of_run(&folder, run).map_err(|problems| {
        // Profiles of one promotion are all wrong in the same way.
        let message = problems.first().map_or("", |problem| &problem.message);
        format!("{} is not used: {}", folder.display(), printable(message))
    })
}

/// What becomes of profiles that an earlier promotion left beside the baseline at `path`, if they are of
/// another build than the `run` that was promoted now.
pub(crate) fn outdated(path: &Path, run: &Run) -> Option<String> {
    let why = beside(path, run).err()?;
    Some(format!("{why}; promote with --profiles, or remove it"))
}

fn taken(about: About, stacks: Stacks, side: Side<'_>) -> Taken {
    let mut observed = side.observed.iter();
    let observed = observed.find(|observed| observed.declared.scenario == about.scenario);
    let time: Option<TimePerOperation> = observed.and_then(time_per_operation);
    Taken {
        stacks,
        about: About {
            time_per_operation: time.or(about.time_per_operation),
            ..about
        },
    }
}
