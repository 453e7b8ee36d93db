//! `bench layers`: what each layer of a run costs over the one below.

use std::fs;

use gate_schema::exit::ExitCode;
use gate_schema::run::Run;

use super::answer;
use super::args::LayersArgs;
use crate::error::BenchError;
use crate::layers::layers;
use crate::scenario::Scenario;

pub(super) fn show(suite: &[&dyn Scenario], args: &LayersArgs) -> Result<ExitCode, BenchError> {
    let unreadable = |why: String| BenchError::Document {
        path: args.document.clone(),
        why,
    };
    let text = fs::read(&args.document).map_err(|error| unreadable(error.to_string()))?;
    let run: Run = serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    run.validate().map_err(|problems| {
        let first = problems.first();
        let first = first.map(|problem| format!("{} at {}", problem.defect, problem.pointer));
        unreadable(first.unwrap_or_default())
    })?;
    answer(&layers(suite, &run))
}
