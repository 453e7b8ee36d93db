//! Why a row got worse: the frames that grew, as lines under the row.

use gate_schema::report::{
    FrameChange, FrameTime, ProfileChange, Profiles, RelativePath, Report, Row, ScenarioProfile,
};
use gate_schema::unit::Unit;

use crate::escape::Target;
use crate::quantity::{levels, percent};

/// Frames named per scenario. The rest is in the flamegraph.
const NAMED: usize = 3;

/// What profiles say about one scenario.
pub(crate) struct Cause {
    /// One line per frame that grew, or one that says why there is none.
    pub(crate) lines: Vec<String>,
    /// The picture, best first.
    pub(crate) picture: Option<RelativePath>,
}

/// The cause of `row`, where it is the first of `shown` that got worse of a profiled scenario: the other
/// metrics of the scenario have the same.
pub(crate) fn of_row(report: &Report, shown: &[&Row], row: &Row, target: Target) -> Option<Cause> {
    let profile = report
        .profiles
        .iter()
        .find(|profile| profile.scenario == row.scenario)?;
    let is_of_scenario = |other: &&&Row| other.scenario == row.scenario && other.verdict.is_worse();
    let first = shown.iter().find(is_of_scenario)?;
    if std::ptr::eq(*first, row) {
        of(profile, row, target)
    } else {
        None
    }
}

fn of(profile: &ScenarioProfile, row: &Row, target: Target) -> Option<Cause> {
    Some(match &profile.profiles {
        Profiles::Compared(change) => Cause {
            lines: grew(change, target),
            picture: change
                .files
                .differential
                .clone()
                .or_else(|| change.files.candidate.clone()),
        },
        // Hotspots explain no row; they have a place of their own.
        // What only reports is not compared, and needs no cause.
        Profiles::Candidate(_) if !row.gating => return None,
        Profiles::Candidate(_) => Cause {
            lines: vec!["what grew is not known: there is no profile of the baseline".to_owned()],
            picture: None,
        },
        Profiles::Absent { reason, command } => {
            let command = command
                .as_ref()
                .map(|command| format!("; to get one: {}", target.command(command)));
            Cause {
                lines: vec![format!(
                    "no profile: {}{}",
                    target.outside(reason),
                    command.unwrap_or_default()
                )],
                picture: None,
            }
        }
    })
}

fn grew(change: &ProfileChange, target: Target) -> Vec<String> {
    let named: Vec<String> = change
        .grew
        .iter()
        .filter(|frame| frame.beyond_noise)
        .take(NAMED)
        .map(|frame| line(frame, target))
        .collect();
    if named.is_empty() {
        return vec![format!(
            "no function grew beyond the noise of {} {} {} samples",
            change.baseline.samples,
            target.arrow(),
            change.candidate.samples
        )];
    }
    named
}

/// `grew: engine::score 1.56 us -> 3.43 us per operation (11% -> 23% of the time), in memcpy, called by
/// engine::search`.
fn line(frame: &FrameChange, target: Target) -> String {
    let arrow = target.arrow();
    let sides = [&frame.baseline, &frame.candidate];
    let ns = sides.map(|share| share.ns_of(frame.by));
    let [before, after] = sides.map(|share| percent(share.of(frame.by)));
    let shares = format!("{before} {arrow} {after} of the time");
    let size = match levels(ns, Unit::Nanoseconds, None, target) {
        [Some(before), Some(after)] => format!("{before} {arrow} {after} per operation ({shares})"),
        _ => shares,
    };
    let mut line = format!("grew: {} {size}", target.outside(&frame.name));
    if frame.by == FrameTime::Total {
        line.push_str(", with what it calls");
    }
    if let Some(through) = &frame.through {
        line.push_str(&format!(", in {}", target.outside(through)));
    }
    if let Some(caller) = &frame.caller {
        line.push_str(&format!(", called by {}", target.outside(caller)));
    }
    line
}
