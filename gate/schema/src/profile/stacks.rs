//! Folded stacks in memory.

use std::collections::HashMap;
use std::fmt::{self, Write};

/// A frame of a [`Stacks`]: an index into its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(u32);

impl FrameId {
    /// The position in [`Stacks::names`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Stacks and how many samples found each: sorted, every stack once, never zero samples, never empty.
///
/// Two of them are equal exactly when they hold the same stacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stacks {
    /// Sorted, each once.
    names: Vec<String>,
    /// Frames of all stacks, outermost first.
    frames: Vec<FrameId>,
    /// End in `frames` of each stack, and its samples.
    stacks: Vec<(usize, u64)>,
    samples: u64,
}

/// More samples than 64 bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManySamples;

impl fmt::Display for TooManySamples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more samples than 64 bits count")
    }
}

impl std::error::Error for TooManySamples {}

impl Stacks {
    /// Samples in all stacks.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Whether there is no stack.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stacks.is_empty()
    }

    /// Number of different stacks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stacks.len()
    }

    /// Names of the frames, sorted, by [`FrameId::index`].
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The name of a frame of these stacks.
    ///
    /// # Panics
    /// On a frame of other stacks.
    #[must_use]
    pub fn name(&self, frame: FrameId) -> &str {
        &self.names[frame.index()]
    }

    /// Each stack, outermost frame first, with its samples; sorted by the names of its frames.
    pub fn iter(&self) -> impl Iterator<Item = (&[FrameId], u64)> {
        let mut start = 0;
        self.stacks.iter().map(move |&(end, samples)| {
            let frames = &self.frames[start..end];
            start = end;
            (frames, samples)
        })
    }

    /// One line per stack: `outermost;...;innermost count`.
    #[must_use]
    pub fn to_folded(&self) -> String {
        let mut text = String::new();
        for (frames, samples) in self.iter() {
            for (at, &frame) in frames.iter().enumerate() {
                if at > 0 {
                    text.push(';');
                }
                text.push_str(self.name(frame));
            }
            // Writing to a String cannot fail.
            let _ = writeln!(text, " {samples}");
        }
        text
    }
}

/// Collects stacks in any order.
#[derive(Debug, Default)]
pub struct StacksBuilder {
    ids: HashMap<String, FrameId>,
    frames: Vec<FrameId>,
    stacks: Vec<(usize, u64)>,
    samples: u64,
}

impl StacksBuilder {
    /// Adds a stack, outermost frame first. No frames or no samples add nothing.
    ///
    /// # Errors
    /// [`TooManySamples`] when the sum of all overflows; nothing was added then.
    pub fn add<'a>(
        &mut self,
        frames: impl IntoIterator<Item = &'a str>,
        samples: u64,
    ) -> Result<(), TooManySamples> {
        let sum = self.samples.checked_add(samples).ok_or(TooManySamples)?;
        if samples == 0 {
            return Ok(());
        }
        let start = self.frames.len();
        for name in frames {
            let id = match self.ids.get(name) {
                Some(&id) => id,
                None => {
                    // A text of 4 billion names does not fit into the limits of a profile.
                    let id = FrameId(u32::try_from(self.ids.len()).map_err(|_| TooManySamples)?);
                    self.ids.insert(name.to_owned(), id);
                    id
                }
            };
            self.frames.push(id);
        }
        if self.frames.len() > start {
            self.stacks.push((self.frames.len(), samples));
            self.samples = sum;
        }
        Ok(())
    }

    /// The stacks, sorted and joined.
    #[must_use]
    pub fn build(self) -> Stacks {
        let mut names: Vec<(String, FrameId)> = self.ids.into_iter().collect();
        names.sort_unstable();
        let mut renamed = vec![FrameId(0); names.len()];
        for (at, (_, old)) in names.iter().enumerate() {
            renamed[old.index()] = FrameId(at as u32);
        }
        let frames: Vec<FrameId> = self.frames.iter().map(|id| renamed[id.index()]).collect();
        let mut start = 0;
        let mut sorted: Vec<(&[FrameId], u64)> = self
            .stacks
            .iter()
            .map(|&(end, samples)| {
                let stack = &frames[start..end];
                start = end;
                (stack, samples)
            })
            .collect();
        sorted.sort_unstable();
        let mut joined = Stacks {
            names: names.into_iter().map(|(name, _)| name).collect(),
            frames: Vec::with_capacity(frames.len()),
            stacks: Vec::with_capacity(sorted.len()),
            samples: self.samples,
        };
        let mut last: &[FrameId] = &[];
        for (stack, samples) in sorted {
            match joined.stacks.last_mut() {
                Some((_, sum)) if last == stack => *sum += samples,
                _ => {
                    joined.frames.extend_from_slice(stack);
                    joined.stacks.push((joined.frames.len(), samples));
                    last = stack;
                }
            }
        }
        joined
    }
}
