//! Where one side spends its time.

use gate_schema::profile::Profiler;
use gate_schema::report::{CandidateProfile, Hotspot};

use super::change::ProfileSide;
use super::normal::{OTHER, normalise};
use super::share::{Counted, Frames};

/// Share of the own time from which a frame is a hotspot.
const HOTSPOT: f64 = 0.1;

/// How `candidate` spends its time. `None` when it has no samples.
#[must_use]
pub fn alone(candidate: &ProfileSide, profiler: Profiler) -> Option<CandidateProfile> {
    (!candidate.stacks.is_empty()).then(|| CandidateProfile {
        profiler,
        candidate: candidate.summary(),
        hotspots: hotspots(candidate),
    })
}

/// The frames with more than 10 % of the own time, largest first; of all stacks, whatever the other side of
/// a comparison has kept of its own.
pub(super) fn hotspots(side: &ProfileSide) -> Vec<Hotspot> {
    let stacks = normalise(side.stacks);
    let frames = Frames::of([&stacks, &stacks]);
    let counted = Counted::of(&stacks, &frames);
    let mut hotspots: Vec<Hotspot> = (0..frames.len())
        .filter(|&frame| frames.names[frame] != OTHER)
        .map(|frame| (frame, counted.own[frame] / counted.samples))
        .filter(|&(_, own)| own > HOTSPOT)
        .map(|(frame, own)| Hotspot {
            name: frames.names[frame].to_owned(),
            share: counted.share(frame, side.time_per_operation),
            standard_error: (own * (1.0 - own) / counted.samples).sqrt(),
        })
        .collect();
    hotspots.sort_by(|a, b| b.share.own.total_cmp(&a.share.own));
    hotspots
}
