//! What grew where something regressed, from the profiles that the measuring run left beside its runs.

use gate_core::profile::compare;
use gate_github::bundle::{Profile, Profiled, Rejected, limits};
use gate_render::Figure;
use gate_schema::id::ScenarioId;
use gate_schema::profile::About;
use gate_schema::report::{Profiles, Report, ScenarioProfile};

use crate::measure::runs::Seen;
use crate::page::in_memory;
use crate::profile::{MOST_SCENARIOS, Taken, observed_time, pictures, regressed};

/// As many profiles as a check takes are looked at.
const _: () = assert!(MOST_SCENARIOS == limits::PROFILES);

/// Why a regressed scenario has no profile here.
const LEFT_OUT: &str = "the measuring run kept none; its log says why";

/// Notes in `report` what grew in each scenario that regressed by the verdict reached here, or why that
/// is not known. Times come from the runs that were judged, never from the profiles. With `draws`, returns
/// pictures of the same.
pub(super) fn note(
    report: &mut Report,
    mut profiled: Vec<Profiled>,
    refused: Option<Rejected>,
    runs: [&Seen; 2],
    draws: bool,
) -> Vec<Figure> {
    let (mut missing, mut figures) = (0, Vec::new());
    for scenario in regressed(report) {
        let found = profiled.iter().position(|of| *of.scenario() == scenario);
        let taken = found.map(|at| taken(profiled.swap_remove(at), &scenario, runs));
        let profiles = match taken.as_ref().and_then(grew) {
            Some(profiles) => profiles,
            // A check profiles so many of the worst, and says nothing of the others either.
            None if missing == MOST_SCENARIOS => continue,
            None => {
                missing += 1;
                absent(refused)
            }
        };
        if let (true, Some([baseline, candidate]), Profiles::Compared(_)) =
            (draws, &taken, &profiles)
        {
            figures.extend(in_memory(&scenario, pictures(baseline, candidate)));
        }
        report.profiles.push(ScenarioProfile { scenario, profiles });
    }
    figures
}

fn grew([baseline, candidate]: &[Taken; 2]) -> Option<Profiles> {
    let profiler = candidate.about.profiler.clone();
    let change = compare(&baseline.side(), &candidate.side(), profiler)?;
    Some(Profiles::Compared(Box::new(change)))
}

/// Both profiles of a scenario, with the times of the runs that were judged.
fn taken(profiled: Profiled, scenario: &ScenarioId, runs: [&Seen; 2]) -> [Taken; 2] {
    let [baseline, candidate] = runs;
    let sides = [
        (profiled.baseline, baseline),
        (profiled.candidate, candidate),
    ];
    sides.map(|(Profile { about, stacks }, seen)| {
        // Of a whole command `gate check` stores no time, as its shares are not those of an operation.
        let stored = about.time_per_operation;
        let time_per_operation = stored.and(observed_time(seen, scenario));
        Taken {
            stacks,
            about: About {
                time_per_operation,
                ..about
            },
        }
    })
}

fn absent(refused: Option<Rejected>) -> Profiles {
    Profiles::Absent {
        reason: match refused {
            None => LEFT_OUT.to_owned(),
            Some(rejected) => format!(
                "a profile of the measuring run breaks rule {}",
                rejected.rule.id()
            ),
        },
        command: None,
    }
}
