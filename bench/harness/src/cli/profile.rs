//! `bench profile`: stores where the time of each scenario goes.

use std::fs;
use std::path::Path;

use gate_schema::exit::ExitCode;
use gate_schema::profile::{EXTENSION, decode};

use super::answer;
use super::args::{ProfileArgs, Selected};
use super::fit::{FEWER, fit};
use super::ready::Preparing;
use crate::error::BenchError;
use crate::prepare::audit;
use crate::scenario::Scenario;
use crate::talk::say;

pub(super) fn profile(suite: &[&dyn Scenario], args: &ProfileArgs) -> Result<ExitCode, BenchError> {
    let Selected { scenarios, plants } = args.selection.select_here(suite)?;
    fs::create_dir_all(&args.out).map_err(|source| BenchError::Folder {
        path: args.out.clone(),
        source,
    })?;
    let children = args.selection.children(&plants)?;
    let (tier, cache) = (args.selection.setup.tier, args.selection.setup.cache());
    let _hold = cache.hold()?;
    audit(&scenarios, tier, &cache, &|| false)?;
    fit(&scenarios, tier, &cache).all_or(FEWER)?;
    let mut preparing = Preparing::new(&children, tier, &cache);
    let mut outcome = ExitCode::Pass;
    for scenario in scenarios {
        let id = scenario.id();
        let path = args.out.join(file_name(id));
        // One that crashes says nothing about the others.
        let problem = match preparing.repeat(scenario, Some(&path)) {
            Ok(observation) => observation.unprofiled.or_else(|| {
                let wrong = observation.wrong_answer?;
                Some(format!("taken, but of wrong answers: {wrong}"))
            }),
            Err(error) => Some(error.to_string()),
        };
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
