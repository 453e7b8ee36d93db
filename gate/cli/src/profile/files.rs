//! The files of profiles: drawn, named, and written beside each copy of the report.

use std::path::{Path, PathBuf};

use gate_core::profile::{alike, normalise};
use gate_render::{FlameSide, differential_flamegraph, flamegraph};
use gate_schema::id::ScenarioId;
use gate_schema::profile::{EXTENSION, encode};
use gate_schema::report::{ProfileFiles, RelativePath};

use super::{MOST_SCENARIOS, Taken};
use crate::diagnostic::{Diagnostic, printable};
use crate::document::{make_folder, write_all};
use crate::measure::kept::remove;

/// Folder of the files, beside the report.
const FOLDER: &str = "profiles";

/// Longest part of a file name that comes from a scenario's id.
const STEM_CHARS: usize = 120;

/// A file to write beside the report.
pub(crate) type File = (PathBuf, Vec<u8>);

/// What a scenario has files of.
#[derive(Clone, Copy)]
enum Kind {
    Differential,
    Candidate,
    BaselineStacks,
    CandidateStacks,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Differential,
        Self::Candidate,
        Self::BaselineStacks,
        Self::CandidateStacks,
    ];

    fn name(self, stem: &str) -> String {
        match self {
            Self::Differential => format!("{stem}.svg"),
            Self::Candidate => format!("{stem}.candidate.svg"),
            Self::BaselineStacks => format!("{stem}.baseline.{EXTENSION}"),
            Self::CandidateStacks => format!("{stem}.candidate.{EXTENSION}"),
        }
    }
}

/// Whether a file is one that [`draw`] left beside a report. Where that report lies in the folder above the
/// profiles of a run, both are in one folder.
pub(super) fn is_drawn(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = [Kind::BaselineStacks, Kind::CandidateStacks].map(|kind| kind.name(""));
    let number = name.split_once('-').map_or("", |(number, _)| number);
    !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && ends.iter().any(|end| name.ends_with(end.as_str()))
}

/// Adds the files of one scenario; the picture that cannot be drawn is left out.
pub(super) fn draw(
    baseline: &Taken,
    candidate: &Taken,
    number: usize,
    files: &mut Vec<File>,
) -> ProfileFiles {
    let stem = stem(&candidate.about.scenario, number);
    let mut add = |kind: Kind, bytes: Option<Vec<u8>>| {
        let path = RelativePath::new(&format!("{FOLDER}/{}", kind.name(&stem))).ok()?;
        files.push((PathBuf::from(path.as_str()), bytes?));
        Some(path)
    };
    let [differential, alone] =
        pictures(baseline, candidate).map(|svg| svg.map(String::into_bytes));
    let stored = |side: &Taken| Some(encode(side.about.clone(), &side.stacks));
    ProfileFiles {
        differential: add(Kind::Differential, differential),
        candidate: add(Kind::Candidate, alone),
        baseline_stacks: add(Kind::BaselineStacks, stored(baseline)),
        candidate_stacks: add(Kind::CandidateStacks, stored(candidate)),
    }
}

/// The pictures of one scenario: what changed, then the candidate alone; `None` where there is nothing to draw.
pub(crate) fn pictures(baseline: &Taken, candidate: &Taken) -> [Option<String>; 2] {
    let stacks = alike([baseline, candidate].map(|side| (&side.stacks, side.about.other_below)));
    let whole = normalise(&candidate.stacks);
    let [from, to] =
        [(baseline, &stacks[0]), (candidate, &stacks[1])].map(|(side, stacks)| FlameSide {
            stacks,
            about: Some(&side.about),
        });
    let alone = FlameSide {
        stacks: &whole,
        about: to.about,
    };
    [
        differential_flamegraph(&from, &to, None).ok(),
        flamegraph(&alone, None).ok(),
    ]
}

/// A name for the files of a scenario that no other has: `2-text.search.or2`.
fn stem(scenario: &ScenarioId, number: usize) -> String {
    let plain = |c: char| match c {
        '/' => '.',
        c if c.is_ascii_alphanumeric() || "_.-".contains(c) => c,
        _ => '_',
    };
    let plain: String = scenario
        .as_str()
        .chars()
        .map(plain)
        .take(STEM_CHARS)
        .collect();
    format!("{}-{plain}", number + 1)
}

/// The stem of files that a check wrote, from the name of one that it always writes: whatever else people
/// keep in such a folder is theirs.
fn stem_of(name: &str) -> Option<&str> {
    let ending = Kind::CandidateStacks.name("");
    let stem = name.strip_suffix(&ending)?;
    let (number, _) = stem.split_once('-')?;
    let is_ours = |number: usize| (1..=MOST_SCENARIOS).contains(&number);
    number.parse().is_ok_and(is_ours).then_some(stem)
}

/// Writes `files` below each of `directories`, where a report in that directory points at them, and removes
/// those that an earlier check left there. Returns what could not be: no verdict depends on these files, nor
/// does an exit code.
pub(crate) fn lay(directories: impl Iterator<Item = PathBuf>, files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for directory in directories {
        for problem in write_beside(&directory, files).err().into_iter().flatten() {
            let message = printable(&problem.message);
            let directory = directory.display();
            problems.push(format!("no profiles beside {directory}: {message}"));
        }
    }
    problems
}

fn write_beside(directory: &Path, files: &[File]) -> Result<(), Vec<Diagnostic>> {
    let folder = directory.join(FOLDER);
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        for kind in Kind::ALL {
            if let Some(stem) = stem_of(&name) {
                remove(&folder.join(kind.name(stem)))?;
            }
        }
    }
    let files: Vec<(PathBuf, &[u8])> = files
        .iter()
        .map(|(path, bytes)| (directory.join(path), bytes.as_slice()))
        .collect();
    if let Some((first, _)) = files.first() {
        make_folder(first)?;
    }
    let files: Vec<(&Path, &[u8])> = files
        .iter()
        .map(|(path, bytes)| (path.as_path(), *bytes))
        .collect();
    write_all(&files)
}

#[cfg(test)]
mod tests {
    use gate_schema::id::Name;

    use super::*;

    #[test]
    fn every_scenario_has_files_of_its_own() {
        for (id, expected) in [
            ("text/search/or2", "3-text.search.or2"),
            ("vector/k=10", "3-vector.k_10"),
            ("a:b", "3-a_b"),
        ] {
            let id = Name::new(id).expect("a name");
            assert_eq!(stem(&id, 2), expected);
            for kind in Kind::ALL {
                let path = format!("{FOLDER}/{}", kind.name(expected));
                assert!(RelativePath::new(&path).is_ok(), "{path}");
            }
            let stored = Kind::CandidateStacks.name(expected);
            assert_eq!(stem_of(&stored), Some(expected));
        }
    }

    #[test]
    fn what_an_earlier_check_left_goes_and_what_people_keep_stays() {
        let directory = tempfile::TempDir::new().expect("a temporary folder");
        let folder = directory.path().join(FOLDER);
        std::fs::create_dir(&folder).expect("writable");
        let ours = Kind::ALL.map(|kind| kind.name("5-text.search"));
        let theirs = [
            "6-text.candidate.folded.zst",
            "logo.svg",
            "1-logo.svg",
            "base.folded.zst",
            "of.candidate.folded.zst",
        ];
        for name in ours.iter().map(String::as_str).chain(theirs) {
            std::fs::write(folder.join(name), name).expect("writable");
        }
        let file = (PathBuf::from("profiles/1-new.svg"), b"new".to_vec());
        write_beside(directory.path(), &[file]).expect("writable");
        let entries = std::fs::read_dir(&folder).expect("readable");
        let mut left: Vec<String> = entries
            .map(|entry| entry.expect("readable").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        left.sort();
        let mut expected = [&theirs[..], &["1-new.svg"]].concat();
        expected.sort_unstable();
        assert_eq!(left, expected);
    }
}
