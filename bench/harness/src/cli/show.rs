//! `bench layers` and `bench series`: what a run document holds, for people.

use std::fs;
use std::path::Path;

use gate_schema::exit::ExitCode;
use gate_schema::run::Run;

use super::answer;
use super::args::DocumentArgs;
use crate::error::BenchError;
use crate::layers::layers;
use crate::scenario::Scenario;
use crate::series::series;

pub(super) fn show_layers(
    suite: &[&dyn Scenario],
    args: &DocumentArgs,
) -> Result<ExitCode, BenchError> {
    answer(&layers(suite, &read(&args.document)?))
}

pub(super) fn show_series(args: &DocumentArgs) -> Result<ExitCode, BenchError> {
    answer(&series(&read(&args.document)?))
}

fn read(path: &Path) -> Result<Run, BenchError> {
    let unreadable = |why: String| BenchError::Document {
        path: path.to_owned(),
        why,
    };
    let text = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let run: Run = serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    run.validate().map_err(|problems| {
        let first = problems.first();
        let first = first.map(|problem| format!("{} at {}", problem.defect, problem.pointer));
        unreadable(first.unwrap_or_default())
    })?;
    Ok(run)
}
