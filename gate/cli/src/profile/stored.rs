//! Profiles that were taken earlier: of a run by `bench profile`, and those that are kept beside a baseline.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use gate_core::evaluate::Side;
use gate_core::profile::{alone, bounded, compare, has_owners, normalise, time_per_operation};
use gate_import::profile::Profile;
use gate_schema::code::Code;
use gate_schema::id::ScenarioId;
use gate_schema::profile::{About, EXTENSION, Stacks, TimePerOperation, encode};
use gate_schema::report::{Profiles, Report, ScenarioProfile};
use gate_schema::run::Run;

use super::files::{File, draw, is_drawn};
use super::{MOST_SCENARIOS, Taken, absent, regressed};
use crate::commands::flame::read;
use crate::diagnostic::{Diagnostic, Place, Span, printable};
use crate::document::{make_folder, unreadable, write_all};
use crate::terminal;

/// Where profiles of a run come from.
const MISSING: &str = "`bench profile --out DIR` writes one file per scenario";

/// Share of a profile's samples below which of a stack only the function is kept whose time it is: so there are
/// at most a thousand stacks per scenario in the repository and one for each function, and none that a reader
/// would look for is gone.
const BELOW: f64 = 0.001;

/// Why profiles are of no use that were kept before small stacks kept the function whose time they are.
const OLD: &str = "an earlier gate kept it, without the functions of small stacks";

/// Stored profiles by their scenario.
type Stored = BTreeMap<ScenarioId, (About, Stacks)>;

/// Where the profiles of the baseline `path` are kept: `profiles/main/` beside `main.json`.
fn folder(path: &Path) -> PathBuf {
    let name = path.file_stem().unwrap_or_default();
    path.with_file_name("profiles").join(name)
}

/// The stored profiles in `folder`, which are of what `run` measured, and what is wrong with the others.
fn of_run(folder: &Path, run: &Run) -> (Stored, Vec<Diagnostic>) {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) => return (Stored::new(), vec![unreadable(folder, &error, MISSING)]),
    };
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.is_file() && path.to_string_lossy().ends_with(EXTENSION));
    paths.retain(|path| !is_drawn(path));
    paths.sort();
    let (mut stored, mut problems) = (Stored::new(), Vec::new());
    for path in paths {
        let profile = read(&path).and_then(|profile| checked(&path, profile, run));
        match profile.map(|(about, stacks)| (stored.entry(about.scenario.clone()), about, stacks)) {
            Ok((Entry::Vacant(free), about, stacks)) => {
                free.insert((about, stacks));
            }
            Ok((Entry::Occupied(_), about, _)) => problems.push(Diagnostic::new(
                Code::Profile,
                format!("a second profile of {}", about.scenario),
                Place::File(path),
                "keep one profile of each scenario in the folder",
            )),
            Err(found) => problems.extend(found),
        }
    }
    if stored.is_empty() && problems.is_empty() {
        let place = Place::File(folder.to_owned());
        let message = "no stored profile here";
        problems.push(Diagnostic::new(Code::Profile, message, place, MISSING));
    }
    (stored, problems)
}

/// The same, all or none.
fn all_of_run(folder: &Path, run: &Run) -> Result<Stored, Vec<Diagnostic>> {
    match of_run(folder, run) {
        (stored, problems) if problems.is_empty() => Ok(stored),
        (_, problems) => Err(problems),
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
    let stored = all_of_run(from, run)?.into_values();
    let files = stored.map(|(about, stacks)| {
        let below = about.other_below.unwrap_or_default().max(BELOW);
        let name = file_name(&about.scenario);
        let bounded = bounded(&normalise(&stacks), below);
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

/// A name that no other scenario has: `a/x` is kept in `a.x.folded.zst`, and `a.x` in `a%2ex.folded.zst`.
fn file_name(scenario: &ScenarioId) -> String {
    // No name of a scenario has a percent sign.
    let name = scenario.as_str().replace('.', "%2e").replace('/', ".");
    format!("{name}.{EXTENSION}")
}

/// Profiles that are about to be kept.
pub(crate) struct Kept {
    folder: PathBuf,
    files: Vec<File>,
}

impl Kept {
    /// Writes the baseline and its profiles, all or none, and says where these are. Then those of an earlier
    /// promotion go.
    pub(crate) fn write_beside(&self, baseline: (&Path, &[u8])) -> Result<String, Vec<Diagnostic>> {
        if let Some((first, _)) = self.files.first() {
            make_folder(first)?;
        }
        let files = self.files.iter();
        let files = files.map(|(path, bytes)| (path.as_path(), bytes.as_slice()));
        // The baseline last: its profiles are of no use beside another, and are then left alone.
        let files: Vec<(&Path, &[u8])> = files.chain([baseline]).collect();
        write_all(&files)?;
        let (count, folder) = (self.files.len(), self.folder.display());
        let profiles = if count == 1 { "profile" } else { "profiles" };
        self.remove_others();
        Ok(format!("kept {count} {profiles} in {folder}\n"))
    }

    /// Removes the profiles of an earlier promotion, and names those that stay.
    fn remove_others(&self) {
        let left = std::fs::read_dir(&self.folder).into_iter().flatten();
        for path in left.flatten().map(|entry| entry.path()) {
            let is_ours = path.is_file() && path.to_string_lossy().ends_with(EXTENSION);
            let is_left = is_ours && self.files.iter().all(|(file, _)| *file != path);
            if is_left && let Err(error) = std::fs::remove_file(&path) {
                let path = path.display();
                terminal::talk(&format!(
                    "note: {path} is of an earlier promotion; remove it by hand: {error}\n"
                ));
            }
        }
    }
}

/// Both runs of a comparison, and where the baseline was read from.
pub(crate) struct Compared<'a> {
    pub(crate) baseline: Side<'a>,
    pub(crate) candidate: Side<'a>,
    pub(crate) path: &'a Path,
}

/// Notes in `report` where the candidate spends its time, from the profiles in `folder`; of what
/// regressed also what grew, where profiles were kept beside the baseline. Returns the files to write. The
/// verdict stands whatever the profiles are: those that are of no use are said to be.
pub(crate) fn note(report: &mut Report, folder: &Path, compared: &Compared<'_>) -> Vec<File> {
    let (candidates, problems) = of_run(folder, compared.candidate.run);
    problems.iter().for_each(told);
    let kept = kept(compared);
    let worse = regressed(report);
    let missing = worse.iter().filter(|id| !candidates.contains_key(*id));
    let why = match problems.first() {
        Some(problem) => format!("none of it can be used; {}", not_used(problem)),
        None => format!("none of it is in {}", folder.display()),
    };
    report
        .profiles
        .extend(missing.map(|scenario| ScenarioProfile {
            scenario: scenario.clone(),
            profiles: absent(why.clone()),
        }));
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
        let profiler = || candidate.about.profiler.clone();
        let compared = baseline.and_then(|baseline| {
            let mut change = compare(&baseline.side(), &candidate.side(), profiler())?;
            if drawn < MOST_SCENARIOS {
                change.files = draw(&baseline, &candidate, drawn, &mut files);
                drawn += 1;
            }
            Some(Profiles::Compared(Box::new(change)))
        });
        let alone = || alone(&candidate.side(), profiler()).map(Box::new);
        // A profile that was read has samples.
        let profiles = compared.or_else(|| alone().map(Profiles::Candidate));
        let profiles = profiles.map(|profiles| ScenarioProfile { scenario, profiles });
        report.profiles.extend(profiles);
    }
    files
}

/// Says of a profile that it is of no use, and what to do about it.
fn told(problem: &Diagnostic) {
    let (what, hint) = (not_used(problem), &problem.hint);
    terminal::talk(&format!("note: {what}; {hint}\n"));
}

/// `profiles/a.x.folded.zst is not used: does not unpack`.
fn not_used(problem: &Diagnostic) -> String {
    let message = printable(&problem.message);
    match &problem.place {
        Place::File(path) | Place::Pointer(path, _) => {
            format!("{} is not used: {message}", path.display())
        }
        Place::Span(Span { path, line, .. }) => {
            format!("{}:{line} is not used: {message}", path.display())
        }
        Place::Flag(flag) => format!("{flag} is not used: {message}"),
    }
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
    let not_used = |why: &str| format!("{} is not used: {}", folder.display(), printable(why));
    let stored = all_of_run(&folder, run).map_err(|problems| {
        // Profiles of one promotion are all wrong in the same way.
        not_used(problems.first().map_or("", |problem| &problem.message))
    })?;
    if stored.values().all(|(_, stacks)| has_owners(stacks)) {
        Ok(stored)
    } else {
        Err(not_used(OLD))
    }
}

/// What becomes of profiles that an earlier promotion left beside the baseline at `path`, if they are of
/// no use beside the `run` that was promoted now.
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
