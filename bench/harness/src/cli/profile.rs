//! `bench profile`: stores where the time of each scenario goes.

use std::fs;
use std::path::Path;

use gate_schema::exit::ExitCode;
use gate_schema::profile::{EXTENSION, decode};

use super::answer;
use super::args::{ProfileArgs, Selected};
use crate::error::BenchError;
use crate::scenario::Scenario;
use crate::talk::say;

pub(super) fn profile(suite: &[&dyn Scenario], args: &ProfileArgs) -> Result<ExitCode, BenchError> {
    let Selected { scenarios, plants } = args.selection.select_here(suite)?;
    fs::create_dir_all(&args.out).map_err(|source| BenchError::Folder {
        path: args.out.clone(),
        source,
    })?;
    let children = args.selection.children(&plants)?;
    let mut outcome = ExitCode::Pass;
    for scenario in scenarios {
        let id = scenario.id();
        children.prepare(scenario)?;
        let path = args.out.join(file_name(id));
        let observation = children.repeat_into(scenario, Some(&path))?;
        let problem = observation.unprofiled.or_else(|| {
            let wrong = observation.wrong_answer?;
            Some(format!("taken, but of wrong answers: {wrong}"))
        });
        match problem {
            None => {
                answer(&format!("{id}: {}\n", told(&path)))?;
            }
            Some(why) => {
                say(format_args!("error: profile of {id}: {why}"));
                outcome = ExitCode::Fail;
            }
        }
    }
    Ok(outcome)
}

/// `text/search/or2` is stored in `text.search.or2.folded.zst`.
fn file_name(id: &str) -> String {
    format!("{}.{EXTENSION}", id.replace('/', "."))
}

/// What is in a profile that was just written.
fn told(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let Ok((Some(head), _)) = decode(&bytes) else {
        return format!("{} cannot be read back", path.display());
    };
    let profiler = &head.about.profiler;
    format!(
        "{} samples of {} operations by {} ({}; {}) -> {}",
        head.samples,
        head.about.operations.unwrap_or_default(),
        profiler.tool,
        profiler.event,
        profiler.reason,
        path.display()
    )
}
