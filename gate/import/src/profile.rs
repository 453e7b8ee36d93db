//! Profiles: stored ones, folded stacks of other tools, and what `perf script` prints.
//!
//! Whatever is read becomes stacks with harmless names: demangled, without the hashes that differ
//! from build to build, on one line, of bounded length.

use std::fmt;

use gate_schema::profile::{DecodeError, Head, MAX_TEXT_BYTES, Stacks, decode, is_packed};

mod folded;
mod name;
mod perf;

/// Longest part of a line that is quoted, in characters.
const QUOTED: usize = 100;

/// A profile as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// What it is of; only stored profiles say.
    pub head: Option<Head>,
    /// The samples; never empty.
    pub stacks: Stacks,
    /// The period that all samples of a `perf script` share: for `cpu-clock`, nanoseconds.
    pub period: Option<u64>,
}

/// Reads a stored profile, folded stacks, folded stacks under zstd, or the output of `perf script`;
/// the bytes say which.
///
/// # Errors
/// The first problem, with its line.
pub fn read(bytes: &[u8]) -> Result<Profile, ProfileError> {
    if is_packed(bytes) {
        let (head, text) = decode(bytes).map_err(|error| whole(ProfileFault::Packed(error)))?;
        return of_text(&text, head);
    }
    if bytes.len() > MAX_TEXT_BYTES {
        return Err(whole(ProfileFault::TooLarge));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let line = bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
        let start = bytes[..at]
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let end = bytes.len().min(start + QUOTED);
        let text = String::from_utf8_lossy(&bytes[start..end]);
        let text = text.lines().next().unwrap_or_default();
        ProfileError::at(line, text, ProfileFault::NotUtf8)
    })?;
    of_text(text, None)
}

fn of_text(text: &str, head: Option<Head>) -> Result<Profile, ProfileError> {
    let (stacks, period) = if head.is_none() && perf::is_script(text) {
        perf::parse(text)?
    } else {
        (folded::parse(text)?, None)
    };
    if stacks.is_empty() {
        return Err(whole(ProfileFault::Empty));
    }
    if let Some(head) = head
        .as_ref()
        .filter(|head| head.samples != stacks.samples())
    {
        return Err(whole(ProfileFault::Samples {
            declared: head.samples,
            found: stacks.samples(),
        }));
    }
    Ok(Profile {
        head,
        stacks,
        period,
    })
}

fn whole(fault: ProfileFault) -> ProfileError {
    ProfileError {
        line: None,
        text: String::new(),
        fault,
    }
}

/// Why a profile cannot be read. [`fmt::Display`] says what is wrong, [`ProfileError::hint`] what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileError {
    /// The line, counted from 1; absent when the whole file is at fault.
    pub line: Option<usize>,
    /// The beginning of that line. From outside: escape before showing.
    pub text: String,
    /// What is wrong there.
    pub fault: ProfileFault,
}

/// One kind of mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileFault {
    /// No stack at all.
    Empty,
    /// Larger than [`MAX_TEXT_BYTES`].
    TooLarge,
    /// Not UTF-8.
    NotUtf8,
    /// Damaged under zstd.
    Packed(DecodeError),
    /// A line without a count at its end.
    NoCount,
    /// A count that is not a whole number of 64 bits, or a sum that is more than that.
    Count,
    /// A stack of more frames than perf can be set to record.
    TooDeep,
    /// More frames in all stacks than fit into memory.
    TooManyFrames,
    /// A count without a stack.
    NoStack,
    /// Another number of samples than the head says.
    Samples {
        /// What the head says.
        declared: u64,
        /// What the stacks add up to.
        found: u64,
    },
    /// A `perf script` that ends within a line.
    CutOff,
    /// A `perf script` without call graphs or with fields that are not understood.
    NoStacks,
}

impl ProfileError {
    fn at(line: usize, text: &str, fault: ProfileFault) -> Self {
        Self {
            line: Some(line),
            text: text.chars().take(QUOTED).collect(),
            fault,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match &self.fault {
            ProfileFault::Empty => {
                "nothing was sampled; run the workload for longer, or check that the profiler may sample it".into()
            }
            ProfileFault::TooLarge => DecodeError::TooLarge(MAX_TEXT_BYTES).hint().into(),
            ProfileFault::Packed(error) => error.hint().into(),
            ProfileFault::NotUtf8 => {
                "expected folded stacks, a stored profile, or the output of `perf script`, not perf.data itself".into()
            }
            ProfileFault::NoCount | ProfileFault::NoStack => {
                "every line is `outermost;...;innermost count`; if this is the last line, the file was cut off".into()
            }
            ProfileFault::TooDeep => "cut stacks off, as `perf record` does by itself".into(),
            ProfileFault::TooManyFrames => DecodeError::TooLarge(MAX_TEXT_BYTES).hint().into(),
            ProfileFault::Count => format!("counts are whole numbers of samples, at most {} together", u64::MAX),
            ProfileFault::Samples { .. } => "the file was edited; take the profile again".into(),
            ProfileFault::CutOff => "the file was cut off; run `perf script` again".into(),
            ProfileFault::NoStacks => "record with `perf record -g` and print with plain `perf script`".into(),
        }
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            ProfileFault::Empty => f.write_str("the profile has no samples"),
            ProfileFault::TooLarge => {
                write!(f, "the profile is larger than {} MiB", MAX_TEXT_BYTES >> 20)
            }
            ProfileFault::NotUtf8 => f.write_str("not UTF-8"),
            ProfileFault::Packed(error) => error.fmt(f),
            ProfileFault::NoCount => f.write_str("a stack without a count"),
            ProfileFault::Count => f.write_str("not a count of samples, or too many together"),
            ProfileFault::TooDeep => {
                write!(f, "a stack of more than {} frames", folded::MAX_FRAMES)
            }
            ProfileFault::TooManyFrames => {
                write!(
                    f,
                    "more than {} frames in all stacks",
                    folded::MAX_FRAMES_OF_ALL
                )
            }
            ProfileFault::NoStack => f.write_str("a count without a stack"),
            ProfileFault::Samples { declared, found } => {
                write!(f, "{found} samples, but the head says {declared}")
            }
            ProfileFault::CutOff => f.write_str("the last line is cut off"),
            ProfileFault::NoStacks => f.write_str("events without call stacks"),
        }
    }
}

impl std::error::Error for ProfileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            ProfileFault::Packed(error) => Some(error),
            _ => None,
        }
    }
}
