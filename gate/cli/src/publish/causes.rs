//! What grew where something regressed, from the profiles that the measuring run left beside its runs.

use gate_core::profile::{ProfileSide, compare};
use gate_github::bundle::{Profile, Profiled, Rejected, limits};
use gate_schema::id::ScenarioId;
use gate_schema::profile::TimePerOperation;
use gate_schema::report::{Profiles, Report, ScenarioProfile};

use crate::measure::runs::Seen;
use crate::profile::{MOST_SCENARIOS, observed_time, regressed};

/// As many profiles as a check takes are looked at.
const _: () = assert!(MOST_SCENARIOS == limits::PROFILES);

/// Why a regressed scenario has no profile here.
const LEFT_OUT: &str = "the measuring run kept none; its log says why";

/// Notes in `report` what grew in each scenario that regressed by the verdict reached here, or why that
/// is not known. Times come from the runs that were judged, never from the profiles.
pub(super) fn note(
    report: &mut Report,
    profiled: &[Profiled],
    refused: Option<Rejected>,
    runs: [&Seen; 2],
) {
    let mut missing = 0;
    for scenario in regressed(report) {
        let found = profiled.iter().find(|of| *of.scenario() == scenario);
        let profiles = match found.and_then(|profiled| grew(profiled, &scenario, runs)) {
            Some(profiles) => profiles,
            // A check profiles so many of the worst, and says nothing of the others either.
            None if missing == MOST_SCENARIOS => continue,
            None => {
                missing += 1;
                absent(refused)
            }
        };
        report.profiles.push(ScenarioProfile { scenario, profiles });
    }
}

fn grew(profiled: &Profiled, scenario: &ScenarioId, runs: [&Seen; 2]) -> Option<Profiles> {
    let sides = [
        (&profiled.baseline, runs[0]),
        (&profiled.candidate, runs[1]),
    ];
    let [baseline, candidate] = sides.map(|(profile, seen)| side(profile, scenario, seen));
    let profiler = profiled.candidate.about.profiler.clone();
    let change = compare(&baseline, &candidate, profiler)?;
    Some(Profiles::Compared(Box::new(change)))
}

fn side<'a>(profile: &'a Profile, scenario: &ScenarioId, seen: &Seen) -> ProfileSide<'a> {
    // Of a whole command `gate check` stores no time, as its shares are not those of an operation.
    let stored: Option<TimePerOperation> = profile.about.time_per_operation;
    ProfileSide {
        stacks: &profile.stacks,
        time_per_operation: stored.and(observed_time(seen, scenario)),
        period_ns: profile.about.period_ns,
        other_below: profile.about.other_below,
    }
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
