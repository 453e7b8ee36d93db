//! Where the time of a scenario goes: the frames that grew and the hotspots, worded for the page.

use gate_schema::profile::Profiler;
use gate_schema::report::{FrameChange, FrameShare, FrameTime, ProfileChange, Profiles};
use gate_schema::unit::Unit;
use serde::Serialize;

use crate::escape::Target;
use crate::quantity;

const TARGET: Target = Target::Unicode;

/// Frames that grew on the page; the flamegraph shows all.
const MOST_GREW: usize = 5;

/// What profiles show of one scenario, or why they show nothing.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Cause {
    Known {
        grew: Vec<Grew>,
        hotspots: Vec<Hot>,
        /// What took the samples, and how many.
        from: String,
    },
    Unknown {
        absent: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        command: Option<String>,
    },
}

/// A frame that takes longer than in the baseline.
#[derive(Serialize)]
pub(super) struct Grew {
    name: String,
    /// Per operation.
    change: String,
    baseline: String,
    candidate: String,
    remark: String,
}

/// A frame with much of the candidate's time.
#[derive(Serialize)]
pub(super) struct Hot {
    name: String,
    share: String,
    time: String,
}

impl Cause {
    pub(super) fn of(profiles: &Profiles) -> Self {
        match profiles {
            Profiles::Compared(change) => Self::Known {
                grew: beyond_noise(change).take(MOST_GREW).map(grew).collect(),
                hotspots: hot(profiles),
                from: from(change),
            },
            Profiles::Candidate(profile) => Self::Known {
                grew: Vec::new(),
                hotspots: hot(profiles),
                from: format!(
                    "{}: {} samples of the candidate, outside of what was timed",
                    taken_by(&profile.profiler),
                    profile.candidate.samples
                ),
            },
            Profiles::Absent { reason, command } => Self::Unknown {
                absent: TARGET.outside(reason),
                command: command.as_ref().map(|command| TARGET.outside(command)),
            },
        }
    }
}

/// Who moved within its own noise is not named.
fn beyond_noise(change: &ProfileChange) -> impl Iterator<Item = &FrameChange> {
    change.grew.iter().filter(|frame| frame.beyond_noise)
}

fn grew(frame: &FrameChange) -> Grew {
    let ns = |side: &FrameShare| side.ns_of(frame.by);
    let change = match (ns(&frame.baseline), ns(&frame.candidate)) {
        (Some(from), Some(to)) if to >= from => format!("+{}", time(to - from)),
        (Some(from), Some(to)) => format!("-{}", time(from - to)),
        _ => quantity::signed_percent(frame.change),
    };
    let mut remarks = Vec::new();
    if frame.by == FrameTime::Total {
        remarks.push("with all it calls".to_owned());
    }
    if let Some(through) = &frame.through {
        remarks.push(format!("through {}", TARGET.outside(through)));
    }
    if let Some(caller) = &frame.caller {
        remarks.push(format!("called by {}", TARGET.outside(caller)));
    }
    Grew {
        name: TARGET.outside(&frame.name),
        change,
        baseline: quantity::percent(frame.baseline.of(frame.by)),
        candidate: quantity::percent(frame.candidate.of(frame.by)),
        remark: remarks.join(", "),
    }
}

fn time(ns: f64) -> String {
    let [text] = quantity::levels([Some(ns)], Unit::Nanoseconds, None, TARGET);
    text.unwrap_or_default()
}

fn hot(profiles: &Profiles) -> Vec<Hot> {
    let hotspots = profiles.hotspots().iter().map(|hotspot| Hot {
        name: TARGET.outside(&hotspot.name),
        share: quantity::percent(hotspot.share.own),
        time: hotspot.share.own_ns.map(time).unwrap_or_default(),
    });
    hotspots.collect()
}

fn from(change: &ProfileChange) -> String {
    format!(
        "{}: {} samples of the baseline, {} of the candidate, outside of what was timed",
        taken_by(&change.profiler),
        change.baseline.samples,
        change.candidate.samples,
    )
}

fn taken_by(profiler: &Profiler) -> String {
    format!(
        "{} of {} ({})",
        TARGET.outside(profiler.tool.as_str()),
        TARGET.outside(profiler.event.as_str()),
        TARGET.outside(&profiler.reason),
    )
}
