//! From two profiles to the frames that grew and shrank.

use std::collections::BTreeMap;

use gate_schema::profile::{Profiler, Stacks, TimePerOperation};
use gate_schema::report::{
    FrameChange, FrameShare, FrameTime, ProfileChange, ProfileFiles, ProfiledSide,
};

use super::hot::hotspots;
use super::normal::{OTHER, alike, has_owners};
use super::scale::{Counts, Pair, Scale, inflation};
use super::share::{Counted, Frames, Stack};

/// Chance that any frame is named although none changed.
const FALSE_NAMES: f64 = 0.01;

/// Smallest change worth naming, as a fraction of the baseline's time per operation. With enough samples
/// everything differs; no margin of a timing is as small.
const LEAST_CHANGE: f64 = 0.01;

/// Part of a frame's change that functions under it must leave unexplained for the frame itself to be
/// named as a whole.
const UNEXPLAINED: f64 = 0.5;

/// How close to the largest unexplained change a frame must come to stand for all of it; callers of
/// that frame come as close, so of those that do the smallest is named.
const STANDS_FOR: f64 = 0.8;

/// Most frames listed per direction.
const LISTED: usize = 20;

/// One side's profile.
#[derive(Clone, Copy, Debug)]
pub struct ProfileSide<'a> {
    /// The samples.
    pub stacks: &'a Stacks,
    /// Time of one operation, measured without a profiler; unknown where other tools took the profile.
    pub time_per_operation: Option<TimePerOperation>,
    /// Time between two samples of one thread, in nanoseconds, when known.
    pub period_ns: Option<f64>,
    /// Stacks below this share were joined when it was stored; the other side is then treated alike.
    pub other_below: Option<f64>,
}

impl ProfileSide<'_> {
    pub(super) fn summary(&self) -> ProfiledSide {
        ProfiledSide {
            samples: self.stacks.samples(),
            period_ns: self.period_ns,
            time_per_operation: self.time_per_operation,
        }
    }
}

/// What changed from `baseline` to `candidate`, with no files yet. `None` when a side has no samples, or
/// samples of which nobody knows whose time they are ([`has_owners`]).
///
/// A frame is named, that is [`FrameChange::beyond_noise`], when its time per operation changed by at
/// least 1 % of the baseline's, and by more than sampling explains, corrected for the number of frames
/// (Bonferroni, 1 % for all together). Own times are named first; a frame is named as a whole only when
/// no named function under it explains at least half of its change, and never where small stacks were joined
/// when a side was stored: those hide who called, and chance decides which stacks are small.
#[must_use]
pub fn compare(
    baseline: &ProfileSide,
    candidate: &ProfileSide,
    profiler: Profiler,
) -> Option<ProfileChange> {
    let sides = [baseline, candidate];
    let is_of_use = |side: &&ProfileSide| !side.stacks.is_empty() && has_owners(side.stacks);
    if !sides.iter().all(is_of_use) {
        return None;
    }
    let stacks = alike(sides.map(|side| (side.stacks, side.other_below)));
    let comparison = Comparison::of(&stacks, baseline, candidate);
    let [grew, shrank] = [1.0, -1.0].map(|sign| comparison.changed(sign));
    Some(ProfileChange {
        profiler,
        baseline: baseline.summary(),
        candidate: candidate.summary(),
        grew,
        shrank,
        hotspots: hotspots(candidate),
        files: ProfileFiles::default(),
    })
}

struct Comparison<'a> {
    frames: Frames<'a>,
    sides: [Counted; 2],
    times: [Option<TimePerOperation>; 2],
    scale: Scale,
    inflation: f64,
    /// Largest p-value of a change that is named.
    named_up_to: f64,
}

impl<'a> Comparison<'a> {
    fn of(stacks: &'a [Stacks; 2], baseline: &ProfileSide, candidate: &ProfileSide) -> Self {
        let frames = Frames::of([&stacks[0], &stacks[1]]);
        let sides = [0, 1].map(|side| Counted::of(&stacks[side], &frames));
        let times = [baseline.time_per_operation, candidate.time_per_operation];
        let counts = |side: usize| Counts {
            of: &sides[side].own,
            samples: sides[side].samples,
        };
        let scale = match times {
            [Some(baseline), Some(candidate)] => Scale::of_times(baseline, candidate),
            _ => Scale::of_counts(&counts(0), &counts(1)),
        };
        let owns = (0..frames.len()).map(|frame| pair(&sides, frame, FrameTime::Own));
        let inflation = inflation(owns, scale);
        let owners = (0..frames.len())
            .filter(|&frame| sides[0].own[frame] + sides[1].own[frame] > 0.0)
            .count();
        Self {
            // Each owner is tested for its own time, and each frame as a whole.
            named_up_to: FALSE_NAMES / (owners + frames.len()) as f64,
            frames,
            sides,
            times,
            scale,
            inflation,
        }
    }

    fn is_beyond_noise(&self, pair: Pair) -> bool {
        pair.change(self.scale).abs() >= LEAST_CHANGE
            && pair.p_value(self.scale, self.inflation) <= self.named_up_to
    }

    /// Frames whose change has the sign of `sign`, as they are listed.
    fn changed(&self, sign: f64) -> Vec<FrameChange> {
        let mut own: Vec<(usize, f64, bool)> = (0..self.frames.len())
            .filter(|&frame| self.frames.names[frame] != OTHER)
            .filter_map(|frame| {
                let pair = pair(&self.sides, frame, FrameTime::Own);
                let change = pair.change(self.scale) * sign;
                (change >= LEAST_CHANGE).then(|| (frame, change, self.is_beyond_noise(pair)))
            })
            .collect();
        own.sort_by(|a, b| (b.2, b.1).partial_cmp(&(a.2, a.1)).unwrap_or(a.0.cmp(&b.0)));
        let named: Vec<usize> = own
            .iter()
            .filter(|(_, _, beyond_noise)| *beyond_noise)
            .map(|&(frame, ..)| frame)
            .collect();
        let mut listed: Vec<FrameChange> = own
            .iter()
            .take(LISTED)
            .map(|&(frame, _, beyond_noise)| self.frame(frame, FrameTime::Own, sign, beyond_noise))
            .collect();
        let whole = if self.is_joined() {
            None
        } else {
            self.unexplained(&named, sign)
        };
        if let Some(whole) = whole {
            let whole = self.frame(whole, FrameTime::Total, sign, true);
            let at = listed.iter().take_while(|frame| {
                frame.beyond_noise && frame.change * sign >= whole.change * sign
            });
            listed.insert(at.count(), whole);
        }
        listed
    }

    /// The smallest frame that stands for the change which the own times of `named` leave unexplained.
    fn unexplained(&self, named: &[usize], sign: f64) -> Option<usize> {
        // Of two profiles that have nothing in common, every frame is named.
        let mut is_named = vec![false; self.frames.len()];
        named.iter().for_each(|&frame| is_named[frame] = true);
        let rest: [Vec<f64>; 2] = [0, 1].map(|side| {
            let mut rest = self.sides[side].total.clone();
            for stack in &self.sides[side].stacks {
                if is_named[stack.owned_by()] {
                    for frame in stack.distinct() {
                        rest[frame] -= stack.samples as f64;
                    }
                }
            }
            rest
        });
        let candidates: Vec<(usize, f64)> = (0..self.frames.len())
            .filter(|&frame| self.frames.names[frame] != OTHER && !is_named[frame])
            .filter_map(|frame| {
                let whole = pair(&self.sides, frame, FrameTime::Total);
                let left = Pair {
                    baseline: (rest[0][frame], whole.baseline.1),
                    candidate: (rest[1][frame], whole.candidate.1),
                };
                let change = left.change(self.scale) * sign;
                let needed = UNEXPLAINED * whole.change(self.scale) * sign;
                let is_sure = self.is_beyond_noise(whole) && self.is_beyond_noise(left);
                (change >= LEAST_CHANGE.max(needed) && is_sure).then_some((frame, change))
            })
            .collect();
        let largest = candidates
            .iter()
            .map(|&(_, change)| change)
            .fold(0.0, f64::max);
        let total = |frame: usize| self.sides[0].total[frame] + self.sides[1].total[frame];
        candidates
            .into_iter()
            .filter(|&(_, change)| change >= STANDS_FOR * largest)
            .map(|(frame, _)| frame)
            .min_by(|&a, &b| total(a).total_cmp(&total(b)))
    }

    fn frame(&self, frame: usize, by: FrameTime, sign: f64, beyond_noise: bool) -> FrameChange {
        let pair = pair(&self.sides, frame, by);
        let change = pair.change(self.scale);
        let (caller, through) = self.around(frame, by, sign);
        let name = |frame: usize| self.frames.names[frame].to_owned();
        FrameChange {
            name: name(frame),
            by,
            baseline: self.share(frame, 0),
            candidate: self.share(frame, 1),
            change,
            standard_error: pair.standard_error(self.scale) * self.inflation,
            beyond_noise,
            caller: caller.map(name),
            through: through.map(name),
        }
    }

    fn share(&self, frame: usize, side: usize) -> FrameShare {
        self.sides[side].share(frame, self.times[side])
    }

    fn is_joined(&self) -> bool {
        let mut stacks = self.sides.iter().flat_map(|side| &side.stacks);
        stacks.any(|stack| self.hides_callers(stack))
    }

    /// Whether only the owner was kept of this stack.
    fn hides_callers(&self, stack: &Stack) -> bool {
        self.frames.names[stack.frames[0]] == OTHER
    }

    /// The caller, and the frame of the runtime under `frame`, through which most of its change went, as far
    /// as stacks say.
    fn around(&self, frame: usize, by: FrameTime, sign: f64) -> (Option<usize>, Option<usize>) {
        let mut callers: BTreeMap<Option<usize>, f64> = BTreeMap::new();
        let mut leaves: BTreeMap<Option<usize>, f64> = BTreeMap::new();
        let weights = [
            -1.0 / self.sides[0].samples,
            self.scale.ratio / self.sides[1].samples,
        ];
        for (side, weight) in self.sides.iter().zip(weights) {
            for stack in &side.stacks {
                let at = position(stack, frame, by).filter(|_| !self.hides_callers(stack));
                let Some(at) = at else {
                    continue;
                };
                let gained = weight * sign * stack.samples as f64;
                let is_code = |&&above: &&usize| above != frame && !self.frames.is_runtime[above];
                let caller = stack.frames[1.min(at)..at]
                    .iter()
                    .rev()
                    .find(is_code)
                    .copied();
                *callers.entry(caller).or_default() += gained;
                let leaf = stack.frames.last().copied().filter(|&leaf| leaf != frame);
                *leaves.entry(leaf).or_default() += gained;
            }
        }
        let most = |of: BTreeMap<Option<usize>, f64>| {
            let most = of.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
            most.and_then(|(frame, _)| frame)
        };
        let through = match by {
            FrameTime::Own => most(leaves),
            FrameTime::Total => None,
        };
        (most(callers), through)
    }
}

/// Where `frame` stands in a stack whose time counts for it.
fn position(stack: &Stack, frame: usize, by: FrameTime) -> Option<usize> {
    match by {
        FrameTime::Own => (stack.owned_by() == frame).then_some(stack.owner),
        FrameTime::Total => stack.frames.iter().position(|&other| other == frame),
    }
}

fn pair(sides: &[Counted; 2], frame: usize, time: FrameTime) -> Pair {
    let of = |side: &Counted| {
        let counts = match time {
            FrameTime::Own => &side.own,
            FrameTime::Total => &side.total,
        };
        (counts[frame], side.samples)
    };
    Pair {
        baseline: of(&sides[0]),
        candidate: of(&sides[1]),
    }
}
