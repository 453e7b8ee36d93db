//! Folded stacks: `outermost;...;innermost count`, one per line.

use gate_schema::profile::{Stacks, StacksBuilder};

use super::name::harmless;
use super::{ProfileError, ProfileFault, whole};

/// Most frames of one stack, which is what perf can be set to record. Beyond it a line is no stack.
pub(super) const MAX_FRAMES: usize = 1 << 16;

/// Most frames of all stacks: a text of the largest size with names of sixteen characters. Shorter names
/// than that would need some gigabytes in memory.
pub(super) const MAX_FRAMES_OF_ALL: usize = 32 << 20;

/// Reads folded stacks. Blank lines and lines that start with `#` are skipped, as other tools do.
pub(super) fn parse(text: &str) -> Result<Stacks, ProfileError> {
    let mut builder = StacksBuilder::default();
    let mut names = Vec::new();
    if frames(text) > MAX_FRAMES_OF_ALL {
        return Err(whole(ProfileFault::TooManyFrames));
    }
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |fault| ProfileError::at(at + 1, line, fault);
        let (stack, count) = split(line).map_err(wrong)?;
        if frames(stack) > MAX_FRAMES {
            return Err(wrong(ProfileFault::TooDeep));
        }
        names.clear();
        names.extend(stack.split(';').map(harmless));
        let frames = names.iter().map(|name| name.as_ref());
        builder
            .add(frames, count)
            .map_err(|_| wrong(ProfileFault::Count))?;
    }
    Ok(builder.build())
}

/// Frames of one stack; of several, without one of each.
fn frames(text: &str) -> usize {
    text.bytes().filter(|b| *b == b';').count() + 1
}

/// The stack of a line and its count.
fn split(line: &str) -> Result<(&str, u64), ProfileFault> {
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let Some((stack, count)) = line.rsplit_once([' ', '\t']) else {
        return Err(if is_number(line) {
            ProfileFault::NoStack
        } else {
            ProfileFault::NoCount
        });
    };
    if !is_number(count) {
        return Err(ProfileFault::NoCount);
    }
    let count = count.parse().map_err(|_| ProfileFault::Count)?;
    Ok((stack, count))
}
