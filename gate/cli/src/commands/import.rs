//! `gate import`: another tool's output becomes a run document.

use std::path::{Path, PathBuf};

use gate_import::criterion::{self, BenchmarkFiles};
use gate_import::{ImportError, Origin, flat};
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::run::{AnomalyKind, Environment, Run, Source};

use crate::args::{Import, Tool};
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{check_outputs, unreadable, write};
use crate::provenance;
use crate::terminal;

/// Deepest folder below the given one that is searched; criterion nests group, function and value.
const MAX_DEPTH: usize = 8;

/// Where measurements of criterion come from.
const NO_CRITERION: &str = "run `cargo bench` first and name its target/criterion";

pub(crate) fn run(arguments: &Import) -> Result<ExitCode, Vec<Diagnostic>> {
    let inputs: Vec<&Path> = arguments.inputs.iter().map(PathBuf::as_path).collect();
    let read: Vec<&Path> = inputs
        .iter()
        .copied()
        .chain(arguments.environment.as_deref())
        .collect();
    check_outputs(std::slice::from_ref(&arguments.out), &read)?;
    let origin = origin(arguments)?;
    let run = match arguments.from {
        Tool::Criterion => from_criterion(&inputs, &origin)?,
        Tool::Flat => from_flat(&inputs, &origin)?,
    };
    run.validate().map_err(|problems| {
        problems
            .iter()
            .map(|p| Diagnostic::of_problem(&arguments.out, p))
            .collect::<Vec<_>>()
    })?;
    let mut text = serde_json::to_vec(&run).map_err(|error| {
        let place = Place::File(arguments.out.clone());
        vec![Diagnostic::new(
            Code::Unwritable,
            format!("cannot be written as JSON: {error}"),
            place,
            "measure again",
        )]
    })?;
    text.push(b'\n');
    write(&arguments.out, &text)?;
    if run.environment.fingerprint.is_empty() {
        terminal::talk(
            "note: the machine is unknown, so timings will be Incomparable; give --environment FILE (`bench env` prints one)\n",
        );
    }
    if run.has(AnomalyKind::ClockStepped) {
        terminal::talk(
            "note: times below zero are left out: the clock was set back while they were measured\n",
        );
    }
    if run.has(AnomalyKind::ClockCoarse) {
        terminal::talk(
            "note: times of zero are left out: the clock is too coarse; measure more work at once\n",
        );
    }
    let scenarios = run.manifest.scenarios.len();
    terminal::answer(&format!(
        "wrote {}: {scenarios} scenarios\n",
        arguments.out.display()
    ))?;
    Ok(ExitCode::Pass)
}

fn origin(arguments: &Import) -> Result<Origin, Vec<Diagnostic>> {
    let environment = match &arguments.environment {
        None => Environment {
            tool: "gate import".into(),
            ..Environment::default()
        },
        Some(path) => {
            let bytes = std::fs::read(path)
                .map_err(|error| vec![unreadable(path, &error, "write it with `bench env`")])?;
            serde_json::from_slice(&bytes).map_err(|error| {
                let place = Place::File(path.clone());
                vec![Diagnostic::new(
                    Code::Import,
                    format!("not an environment: {error}"),
                    place,
                    "write it with `bench env`",
                )]
            })?
        }
    };
    let now = provenance::now();
    Ok(Origin {
        id: format!("import-{}", provenance::unique()),
        created: now.clone(),
        session_start: now,
        source: Source::default(),
        environment,
    })
}

fn from_criterion(folders: &[&Path], origin: &Origin) -> Result<Run, Vec<Diagnostic>> {
    let repetitions: Vec<Vec<BenchmarkFiles>> = folders
        .iter()
        .map(|folder| {
            let mut found = Vec::new();
            collect(folder, 0, &mut found)?;
            if found.is_empty() {
                let place = Place::File((*folder).to_owned());
                return Err(vec![Diagnostic::new(
                    Code::Import,
                    "no criterion measurements here",
                    place,
                    NO_CRITERION,
                )]);
            }
            Ok(found)
        })
        .collect::<Result<_, _>>()?;
    criterion::to_run(&repetitions, origin).map_err(|error| vec![explain(&error)])
}

/// Collects every `new/` folder in name order, so that the same files give the same document.
fn collect(
    folder: &Path,
    depth: usize,
    found: &mut Vec<BenchmarkFiles>,
) -> Result<(), Vec<Diagnostic>> {
    let fail = |path: &Path, error: &std::io::Error| vec![unreadable(path, error, NO_CRITERION)];
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect())
        .map_err(|error| fail(folder, &error))?;
    entries.sort();
    for path in entries.into_iter().filter(|path| path.is_dir()) {
        if path.file_name().is_some_and(|name| name == "new")
            && path.join("benchmark.json").exists()
        {
            let read = |name: &str| {
                let file = path.join(name);
                std::fs::read(&file).map_err(|error| fail(&file, &error))
            };
            let (benchmark, sample) = (read("benchmark.json")?, read("sample.json")?);
            found.push(BenchmarkFiles {
                folder: path.display().to_string(),
                benchmark,
                sample,
            });
        } else if depth < MAX_DEPTH && !path.is_symlink() {
            collect(&path, depth + 1, found)?;
        }
    }
    Ok(())
}

fn from_flat(files: &[&Path], origin: &Origin) -> Result<Run, Vec<Diagnostic>> {
    let [file] = files else {
        let hint = "put all repetitions into one file, as a list of objects";
        return Err(vec![Diagnostic::new(
            Code::Import,
            "flat takes one file",
            Place::Flag("INPUTS"),
            hint,
        )]);
    };
    let bytes = std::fs::read(file).map_err(|error| {
        let missing = "check the path; it is a JSON file that your benchmark writes";
        vec![unreadable(file, &error, missing)]
    })?;
    flat::to_run(&file.display().to_string(), &bytes, origin).map_err(|error| vec![explain(&error)])
}

fn explain(error: &ImportError) -> Diagnostic {
    let place = error.location().map_or(Place::Flag("INPUTS"), |location| {
        match location.split_once('#') {
            Some((file, pointer)) => Place::Pointer(file.into(), pointer.to_owned()),
            None => Place::File(location.into()),
        }
    });
    Diagnostic::new(Code::Import, error.to_string(), place, error.hint())
}
