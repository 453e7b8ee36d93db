//! Samples per frame of one side.

use std::collections::BTreeMap;

use gate_schema::profile::{Stacks, TimePerOperation};
use gate_schema::report::FrameShare;

use super::runtime::{is_runtime, owner};

/// The frames of both sides, by a number that means the same frame on each.
pub(super) struct Frames<'a> {
    pub(super) names: Vec<&'a str>,
    pub(super) is_runtime: Vec<bool>,
    numbers: BTreeMap<&'a str, usize>,
}

impl<'a> Frames<'a> {
    pub(super) fn of(sides: [&'a Stacks; 2]) -> Self {
        let mut names: Vec<&str> = sides
            .iter()
            .flat_map(|stacks| stacks.names())
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names.dedup();
        Self {
            is_runtime: names.iter().map(|name| is_runtime(name)).collect(),
            numbers: names
                .iter()
                .enumerate()
                .map(|(at, &name)| (name, at))
                .collect(),
            names,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}

/// One stack in numbers.
pub(super) struct Stack {
    /// Outermost first.
    pub(super) frames: Vec<usize>,
    /// Position of the frame whose own time it is.
    pub(super) owner: usize,
    pub(super) samples: u64,
}

impl Stack {
    /// The frame whose own time it is.
    pub(super) fn owned_by(&self) -> usize {
        self.frames[self.owner]
    }

    /// Each frame once, however often it recurses.
    pub(super) fn distinct(&self) -> Vec<usize> {
        let mut frames = self.frames.clone();
        frames.sort_unstable();
        frames.dedup();
        frames
    }
}

/// The samples of one side.
pub(super) struct Counted {
    pub(super) stacks: Vec<Stack>,
    pub(super) samples: f64,
    /// Samples of the own time of each frame.
    pub(super) own: Vec<f64>,
    /// Samples of the total time of each frame; a recursive stack counts once.
    pub(super) total: Vec<f64>,
}

impl Counted {
    pub(super) fn of(stacks: &Stacks, frames: &Frames) -> Self {
        let number: Vec<usize> = stacks
            .names()
            .iter()
            .map(|name| frames.numbers[name.as_str()])
            .collect();
        let mut counted = Self {
            stacks: Vec::with_capacity(stacks.len()),
            samples: stacks.samples() as f64,
            own: vec![0.0; frames.len()],
            total: vec![0.0; frames.len()],
        };
        for (ids, samples) in stacks.iter() {
            let ids: Vec<usize> = ids.iter().map(|id| number[id.index()]).collect();
            let owner = owner(|at| frames.is_runtime[ids[at]], ids.len());
            let stack = Stack {
                frames: ids,
                owner,
                samples,
            };
            counted.own[stack.owned_by()] += samples as f64;
            for frame in stack.distinct() {
                counted.total[frame] += samples as f64;
            }
            counted.stacks.push(stack);
        }
        counted
    }

    /// How much of the time of one operation is the frame's.
    pub(super) fn share(&self, frame: usize, time: Option<TimePerOperation>) -> FrameShare {
        let [own, total] = [&self.own, &self.total].map(|n| n[frame] / self.samples);
        let ns = time.map(|time| time.ns);
        FrameShare {
            own,
            total,
            own_ns: ns.map(|ns| ns * own),
            total_ns: ns.map(|ns| ns * total),
        }
    }
}
