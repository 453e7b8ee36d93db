//! Folded stacks: one line per stack, frames joined by `;`, a space, a count.

use super::limits::{FOLDED_BYTES, FOLDED_LINES, FRAME_CHARS};
use super::{Rejected, Rule};

/// Stacks of one profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// Frames from the root, and how often they were seen.
    pub stacks: Vec<(Vec<String>, u64)>,
    /// All counts together.
    pub total: u64,
}

/// Reads one file.
pub(super) fn read(bytes: &[u8]) -> Result<Folded, Rejected> {
    let broken = |offset| Rejected {
        rule: Rule::Folded,
        offset,
    };
    if bytes.len() > FOLDED_BYTES {
        return Err(broken(FOLDED_BYTES));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| broken(error.valid_up_to()))?;
    let mut folded = Folded {
        stacks: Vec::new(),
        total: 0,
    };
    let mut offset = 0;
    for (number, line) in text.lines().enumerate() {
        let here = broken(offset);
        offset += line.len() + 1;
        let (stack, count) = line.rsplit_once(' ').ok_or(here)?;
        let is_count = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
        let count: u64 = count.parse().ok().filter(|_| is_count).ok_or(here)?;
        let frames: Vec<String> = stack.split(';').map(str::to_owned).collect();
        let is_sound = |frame: &String| {
            !frame.is_empty()
                && frame.chars().count() <= FRAME_CHARS
                && !frame.chars().any(char::is_control)
        };
        if number >= FOLDED_LINES || !frames.iter().all(is_sound) {
            return Err(here);
        }
        folded.total = folded.total.checked_add(count).ok_or(here)?;
        folded.stacks.push((frames, count));
    }
    Ok(folded)
}
