//! A stored profile, format `gate.profile/1`: where the time of one scenario went.
//!
//! A file is zstd over text. Its first line is `# ` and the [`Head`] as JSON; every other line is one
//! folded stack, `outermost;...;innermost count`. So `zstdcat` gives what other tools read: to them
//! the first line is a comment.

use std::fmt;
use std::io::Read;

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::id::{Digest, Name, ScenarioId};

mod stacks;
pub use stacks::{FrameId, Stacks, StacksBuilder, TooManySamples};

/// The format this version reads and writes.
pub const FORMAT: &str = "gate.profile/1";

/// Ending of the name of a stored profile.
pub const EXTENSION: &str = "folded.zst";

/// Largest text of a profile, in bytes: fifty times a profile of every function of a large engine.
/// What unpacks to more is refused before it fills the memory.
pub const MAX_TEXT_BYTES: usize = 512 << 20;

/// First bytes of a zstd frame (RFC 8878, section 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What a profile is of, and how it was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct About {
    /// The scenario that was executed.
    pub scenario: ScenarioId,
    /// Commit of the build, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What took the samples.
    pub profiler: Profiler,
    /// Time between two samples of one thread, in nanoseconds; absent when samples are not of time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_ns: Option<f64>,
    /// Operations executed while samples were taken, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<u64>,
    /// Time of one operation as measured without a profiler, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_per_operation: Option<TimePerOperation>,
    /// Of stacks below this share of the samples only the function was kept whose own time they are, as
    /// `[other];function`; absent when all were kept whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_below: Option<f64>,
}

/// What took the samples, and why that and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Profiler {
    /// The tool: `perf`, `in-process`.
    pub tool: Name,
    /// What a sample counts: `cpu-clock`, `cycles`.
    pub event: Name,
    /// Why this one, as people read it: `no hardware counters here`.
    pub reason: String,
}

/// How long one operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct TimePerOperation {
    /// The estimate, in nanoseconds; above zero.
    pub ns: f64,
    /// Its standard error, in nanoseconds; zero when unknown.
    #[serde(default)]
    pub standard_error_ns: f64,
}

/// The first line of a stored profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Head {
    /// Always [`FORMAT`].
    pub format: String,
    /// What the profile is of.
    pub about: About,
    /// Samples in all stacks.
    pub samples: u64,
    /// Digest of all lines after the first.
    pub digest: Digest,
}

/// The stored form of `stacks`. The same arguments give the same bytes.
#[must_use]
pub fn encode(about: About, stacks: &Stacks) -> Vec<u8> {
    let folded = stacks.to_folded();
    let head = Head {
        format: FORMAT.to_owned(),
        about,
        samples: stacks.samples(),
        digest: digest(&folded),
    };
    // Strings, finite numbers and nothing else: there is no way for this to fail but a NaN, which
    // JSON writes as null and `decode` then refuses.
    let head = serde_json::to_string(&head).unwrap_or_default();
    let text = format!("# {head}\n{folded}");
    compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
}

/// Whether `bytes` are packed with zstd.
#[must_use]
pub fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&ZSTD_MAGIC)
}

/// The text of a packed file and, where the first line is one, its head; the text is then without it.
///
/// The folded lines are not looked at beyond their digest.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode(bytes: &[u8]) -> Result<(Option<Head>, String), DecodeError> {
    decode_within(bytes, MAX_TEXT_BYTES)
}

/// [`decode`] of a text of at most `most` bytes, for files of strangers.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode_within(bytes: &[u8], most: usize) -> Result<(Option<Head>, String), DecodeError> {
    let text = unpack(bytes, most)?;
    let Some(rest) = text.strip_prefix("# {") else {
        return Ok((None, text));
    };
    let (line, folded) = rest.split_once('\n').unwrap_or((rest, ""));
    let head: Head = serde_json::from_str(&format!("{{{line}"))
        .map_err(|error| DecodeError::Head(error.to_string()))?;
    if head.format != FORMAT {
        return Err(DecodeError::Format(head.format));
    }
    if let Some(what) = unsound(&head.about) {
        return Err(DecodeError::Head(what.to_owned()));
    }
    if digest(folded) != head.digest {
        return Err(DecodeError::Changed);
    }
    Ok((Some(head), folded.to_owned()))
}

fn unpack(bytes: &[u8], most: usize) -> Result<String, DecodeError> {
    let packed = |why: &dyn fmt::Display| DecodeError::Packed(why.to_string());
    let mut left = bytes;
    let mut text = Vec::new();
    // A file may be several frames: `cat a.zst b.zst`.
    while !left.is_empty() {
        let decoder = StreamingDecoder::new(&mut left).map_err(|error| packed(&error))?;
        let room = (most - text.len()) as u64 + 1;
        decoder
            .take(room)
            .read_to_end(&mut text)
            .map_err(|error| packed(&error))?;
        if text.len() > most {
            return Err(DecodeError::TooLarge(most));
        }
    }
    String::from_utf8(text).map_err(|error| DecodeError::Utf8(error.utf8_error().valid_up_to()))
}

fn unsound(about: &About) -> Option<&'static str> {
    let is_time = |ns: f64| ns.is_finite() && ns > 0.0;
    let is_error = |ns: f64| ns.is_finite() && ns >= 0.0;
    if about.period_ns.is_some_and(|ns| !is_time(ns)) {
        return Some("period_ns is not a time");
    }
    let time = about.time_per_operation;
    if time.is_some_and(|time| !is_time(time.ns) || !is_error(time.standard_error_ns)) {
        return Some("time_per_operation is not a time");
    }
    let is_share = |share: f64| (0.0..1.0).contains(&share);
    if about.other_below.is_some_and(|share| !is_share(share)) {
        return Some("other_below is not a share");
    }
    None
}

fn digest(folded: &str) -> Digest {
    Digest::from_bytes(&Sha256::digest(folded.as_bytes()).into())
}

/// Why a packed profile cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Not zstd, or cut off; carries the decoder's words.
    Packed(String),
    /// Unpacks to more bytes than this.
    TooLarge(usize),
    /// Not UTF-8; carries the byte at which it ends being that.
    Utf8(usize),
    /// The first line is not a head; carries what is wrong with it.
    Head(String),
    /// Of another format; carries it.
    Format(String),
    /// The stacks are not those that the digest is of.
    Changed,
}

impl DecodeError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Packed(_) => "the file is cut off or damaged; take the profile again",
            Self::TooLarge(_) => "sample for a shorter time, or at a lower rate",
            Self::Utf8(_) => "write the stacks as UTF-8",
            Self::Head(_) | Self::Changed => {
                "the file was edited; take the profile again, or remove its first line"
            }
            Self::Format(_) => "use the gate release that wrote it, or a later one",
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packed(why) => write!(f, "does not unpack: {why}"),
            Self::TooLarge(most) => write!(f, "unpacks to more than {} MiB", most >> 20),
            Self::Utf8(at) => write!(f, "not UTF-8 from byte {at} of the unpacked text"),
            Self::Head(why) => write!(f, "the first line does not describe a profile: {why}"),
            Self::Format(found) => {
                write!(f, "unsupported profile format `{}`", found.escape_debug())
            }
            Self::Changed => f.write_str("the stacks do not have the digest of the first line"),
        }
    }
}

impl std::error::Error for DecodeError {}

#[cfg(test)]
mod tests;
