//! `gate flame`: one or two profiles in, one SVG out.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use gate_core::profile::{alike, normalise};
use gate_import::profile::{Profile, ProfileError};
use gate_render::FlameSide;
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::profile::{MAX_TEXT_BYTES, Stacks};

use crate::args::Flame;
use crate::diagnostic::{Diagnostic, Place, Span};
use crate::document::{check_outputs, unreadable, write};
use crate::terminal;

/// Where a profile comes from.
const MISSING: &str = "check the path; `bench profile` writes profiles, and `perf script > FILE` prints what perf recorded";

pub(crate) fn run(arguments: &Flame) -> Result<ExitCode, Vec<Diagnostic>> {
    let inputs: Vec<&Path> = arguments.profiles.iter().map(PathBuf::as_path).collect();
    check_outputs(std::slice::from_ref(&arguments.out), &inputs)?;
    let mut profiles = Vec::new();
    let mut problems = Vec::new();
    for path in inputs {
        match read(path) {
            Ok(profile) => profiles.push(profile),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let stacks: Vec<Stacks> = match profiles.as_slice() {
        [baseline, candidate] => alike([baseline, candidate].map(given)).into(),
        profiles => {
            let stacks = profiles.iter().map(|profile| normalise(&profile.stacks));
            stacks.collect()
        }
    };
    let sides: Vec<FlameSide> = profiles
        .iter()
        .zip(&stacks)
        .map(|(profile, stacks)| FlameSide {
            stacks,
            about: profile.head.as_ref().map(|head| &head.about),
        })
        .collect();
    let title = arguments.title.as_deref();
    let drawn = match sides.as_slice() {
        [baseline, candidate, ..] => {
            gate_render::differential_flamegraph(baseline, candidate, title)
        }
        [side] => gate_render::flamegraph(side, title),
        [] => Err(gate_render::NoSamples),
    };
    let svg = drawn.map_err(|error| {
        let place = Place::Flag("PROFILE");
        let hint = "take the profile again, for longer";
        vec![Diagnostic::new(
            Code::Profile,
            error.to_string(),
            place,
            hint,
        )]
    })?;
    write(&arguments.out, svg.as_bytes())?;
    let samples: Vec<String> = stacks.iter().map(|s| s.samples().to_string()).collect();
    terminal::answer(&format!(
        "wrote {}: {} samples\n",
        arguments.out.display(),
        samples.join(" -> ")
    ))?;
    Ok(ExitCode::Pass)
}

/// The stacks, and the share below which they were joined.
fn given(profile: &Profile) -> (&Stacks, Option<f64>) {
    let head = profile.head.as_ref();
    (
        &profile.stacks,
        head.and_then(|head| head.about.other_below),
    )
}

/// Reads one profile of whatever kind.
pub(crate) fn read(path: &Path) -> Result<Profile, Vec<Diagnostic>> {
    let mut bytes = Vec::new();
    // One byte more than is read tells that there is more, whatever the size of the file claims.
    let most = MAX_TEXT_BYTES as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|error| vec![unreadable(path, &error, MISSING)])?;
    gate_import::profile::read(&bytes).map_err(|error| vec![explain(path, &error)])
}

fn explain(path: &Path, error: &ProfileError) -> Diagnostic {
    let place = match error.line {
        None => Place::File(path.to_owned()),
        Some(line) => Place::Span(Span {
            path: path.to_owned(),
            line,
            column: 1,
            length: 1,
            text: error.text.clone(),
            caret: 1,
        }),
    };
    Diagnostic::new(Code::Profile, error.to_string(), place, error.hint())
}
