//! Where the time of a scenario went on both sides, and which frames made the difference.

use serde::{Deserialize, Serialize};

use crate::id::ScenarioId;
use crate::profile::{Profiler, TimePerOperation};

/// The profiles of one scenario, or why there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct ScenarioProfile {
    /// The scenario.
    pub scenario: ScenarioId,
    /// What its profiles show.
    pub profiles: Profiles,
}

/// What profiles show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Profiles {
    /// Both sides were profiled with the same work.
    Compared(Box<ProfileChange>),
    /// The candidate alone was profiled, or nothing of the scenario got worse.
    Candidate(Box<CandidateProfile>),
    /// There is nothing to show. No verdict depends on it.
    Absent {
        /// Why, as people read it: `perf is not installed`.
        reason: String,
        /// What would make it possible, as a command to paste.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<String>,
    },
}

/// How the time of one scenario is spent on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct ProfileChange {
    /// What took the samples of both sides.
    pub profiler: Profiler,
    /// The baseline's profile.
    pub baseline: ProfiledSide,
    /// The candidate's profile.
    pub candidate: ProfiledSide,
    /// Frames that take longer than before, by growth, largest first. Those within noise come after
    /// those beyond it.
    pub grew: Vec<FrameChange>,
    /// Frames that take less long than before, in the same order.
    pub shrank: Vec<FrameChange>,
    /// Frames with more than 10 % of the candidate's own time, largest first.
    pub hotspots: Vec<Hotspot>,
    /// The files drawn from the profiles.
    #[serde(default)]
    pub files: ProfileFiles,
}

/// How the time of one scenario is spent by the candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct CandidateProfile {
    /// What took the samples.
    pub profiler: Profiler,
    /// The profile.
    pub candidate: ProfiledSide,
    /// Frames with more than 10 % of the own time, largest first.
    pub hotspots: Vec<Hotspot>,
}

impl Profiles {
    /// Frames with more than 10 % of the candidate's own time, largest first.
    #[must_use]
    pub fn hotspots(&self) -> &[Hotspot] {
        match self {
            Self::Compared(change) => &change.hotspots,
            Self::Candidate(profile) => &profile.hotspots,
            Self::Absent { .. } => &[],
        }
    }
}

/// One side of a [`ProfileChange`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct ProfiledSide {
    /// Samples taken.
    pub samples: u64,
    /// Time between two samples of one thread, in nanoseconds, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_ns: Option<f64>,
    /// Time of one operation as measured without a profiler, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_per_operation: Option<TimePerOperation>,
}

/// One frame on both sides.
///
/// *Own* time is time in the function itself and in what it called of the runtime: libc, the
/// allocator, the standard library, the kernel. Every sample is the own time of exactly one frame.
/// *Total* time is with everything it called; a recursive stack counts once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct FrameChange {
    /// The function, demangled. From outside: escape before showing.
    pub name: String,
    /// Which time `change` is the change of.
    pub by: FrameTime,
    /// The baseline's share of the time.
    pub baseline: FrameShare,
    /// The candidate's share of the time.
    pub candidate: FrameShare,
    /// Time per operation gained or lost, as a fraction of the baseline's whole time per operation:
    /// +0.12 when the operation takes 12 % longer for this frame alone.
    pub change: f64,
    /// Standard error of `change`.
    pub standard_error: f64,
    /// Whether the change is larger than the noise of all frames together explains.
    pub beyond_noise: bool,
    /// The function that called it where most of the change is; absent when it has no caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// The function of the runtime in which most of the change is, such as `memcpy`; absent when it is
    /// in the frame itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// Own or total; see [`FrameChange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum FrameTime {
    /// The function itself and the runtime under it.
    Own,
    /// With everything it called: it grew as a whole, and no single function under it explains that.
    Total,
}

/// How much of one side's time is a frame's. Shares are fractions of all samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct FrameShare {
    /// Share of the own time.
    pub own: f64,
    /// Share of the total time.
    pub total: f64,
    /// Own time of one operation in nanoseconds, when the time of one operation is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_ns: Option<f64>,
    /// Total time of one operation in nanoseconds, when the time of one operation is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_ns: Option<f64>,
}

impl FrameShare {
    /// Share of one of the two times.
    #[must_use]
    pub fn of(&self, time: FrameTime) -> f64 {
        match time {
            FrameTime::Own => self.own,
            FrameTime::Total => self.total,
        }
    }

    /// Nanoseconds of one of the two times.
    #[must_use]
    pub fn ns_of(&self, time: FrameTime) -> Option<f64> {
        match time {
            FrameTime::Own => self.own_ns,
            FrameTime::Total => self.total_ns,
        }
    }
}

/// A frame with much of the candidate's time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Hotspot {
    /// The function, demangled. From outside: escape before showing.
    pub name: String,
    /// The candidate's share of the time.
    pub share: FrameShare,
    /// Standard error of the share of the own time.
    pub standard_error: f64,
}

/// Files beside the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct ProfileFiles {
    /// The differential flamegraph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differential: Option<RelativePath>,
    /// The candidate's flamegraph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<RelativePath>,
    /// The baseline's stored profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_stacks: Option<RelativePath>,
    /// The candidate's stored profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_stacks: Option<RelativePath>,
}

/// A path under the folder of the report, safe to link to: `A-Z a-z 0-9 _ . -` between slashes, no
/// part starting with a dot, at most 240 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(with = "String")
)]
pub struct RelativePath(String);

/// Not a [`RelativePath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRelative;

impl std::fmt::Display for NotRelative {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a path under the folder of the report")
    }
}

impl std::error::Error for NotRelative {}

impl RelativePath {
    /// Checks the alphabet and that the path stays below its folder.
    ///
    /// # Errors
    /// [`NotRelative`] when a rule of the type is broken.
    pub fn new(text: &str) -> Result<Self, NotRelative> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        let is_part = |part: &str| {
            !part.is_empty() && !part.starts_with(['.', '-']) && part.bytes().all(allowed)
        };
        if text.len() <= 240 && text.split('/').all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotRelative)
        }
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RelativePath {
    type Error = NotRelative;
    fn try_from(text: String) -> Result<Self, NotRelative> {
        Self::new(&text)
    }
}

impl From<RelativePath> for String {
    fn from(path: RelativePath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_report() {
        for (text, accepted) in [
            ("profiles/text.search.or2.svg", true),
            ("a.svg", true),
            ("", false),
            ("/etc/passwd", false),
            ("../a.svg", false),
            ("a/../b.svg", false),
            ("a//b.svg", false),
            ("javascript:alert(1)", false),
            ("a b.svg", false),
            ("-a.svg", false),
            (".hidden", false),
        ] {
            assert_eq!(RelativePath::new(text).is_ok(), accepted, "{text:?}");
        }
    }
}
