//! Recordings of real gates: a file that grows by one record per gate and is continued, not redone.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use gate_schema::report::{Outcome, Verdict};
use serde::{Deserialize, Serialize};

use crate::real::case::{Case, Plant};

/// The format of a recording of real gates.
pub const FORMAT: &str = "gate.proof-real/1";

/// All gates of one setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Always [`FORMAT`].
    pub format: String,
    /// What all gates have in common.
    pub settings: Settings,
    /// Oldest first.
    pub gates: Vec<GateRecord>,
}

/// What all gates of a recording have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Time for measuring, as `gate check --budget` takes it.
    pub budget: String,
    /// The scenarios, as `gate check --only` takes them; all of them when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Nodes that vector search looks at under `recall-1`.
    pub expansion: u32,
    /// Seed of the neighbour.
    pub seed: u64,
    /// Digest of the program that both sides run.
    pub bench: String,
    /// Digest of the gate.
    pub gate: String,
    /// Digest of the policy, the calibrations and the waivers, as the repository has them; in early
    /// recordings of the policy alone.
    pub policy: String,
}

/// What became of one gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateRecord {
    /// What was planted.
    pub case: Case,
    /// The glob of the scenarios that it was planted in, the others being spared; absent where it was planted
    /// wherever it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plant_only: Option<String>,
    /// Whether a neighbour ran beside.
    pub neighbour: bool,
    /// When it started, RFC 3339 in UTC.
    pub started: String,
    /// How long it took, from start to end of the process.
    pub seconds: f64,
    /// How the process ended; -1 when a signal killed it.
    pub exit_code: i32,
    /// Why it is not a gate as it should be: it ended without a verdict, left something that cannot be
    /// read, or lost its neighbour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// What it said; absent when that cannot be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// What other rules say about the repetitions of the first session; empty unless asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<RivalVerdict>,
}

impl GateRecord {
    /// What was planted, and where.
    #[must_use]
    pub fn plant(&self) -> Plant<'_> {
        Plant::new(self.case, self.plant_only.as_deref())
    }

    /// Whether it is not a gate as it should be. Such a gate counts, or those that crash would be the ones
    /// that nobody hears of.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken.is_some() || self.said.is_none()
    }
}

/// What a gate said and what that took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The outcome.
    pub outcome: Outcome,
    /// Gating rows that fail the gate, worst first.
    pub failed: Vec<FailedRow>,
    /// Gating findings about all scenarios together that fail the gate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uniform: Vec<UniformFinding>,
    /// Gating rows.
    pub rows: usize,
    /// Of them, shown to be within margin and budget, or better.
    pub passed: usize,
    /// Of them, inconclusive or incomparable.
    pub undecided: usize,
    /// Calibration sessions the machine is known by.
    pub calibration_sessions: usize,
    /// Pairs measured, over all scenarios and sessions of both builds.
    pub pairs: usize,
    /// Processes started.
    pub starts: Starts,
    /// Whether the baseline was measured against itself, and differed.
    pub canaries: Canaries,
}

/// A row that fails its gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedRow {
    /// The scenario.
    pub scenario: String,
    /// The judged metric.
    pub metric: String,
    /// Regressed, over budget or missing.
    pub verdict: Verdict,
    /// The change, a fraction or for ratios a difference; positive means larger, not worse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f64>,
}

/// A change of all scenarios together that fails its gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UniformFinding {
    /// The judged metric.
    pub metric: String,
    /// The mean change, a fraction; positive means larger, not worse.
    pub estimate: f64,
}

/// Processes started to measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Starts {
    /// To warm up; what they measured was dropped.
    pub warm_up: usize,
    /// Of the first session.
    pub first: usize,
    /// Of all later sessions, with those of the canaries.
    pub again: usize,
}

impl Starts {
    /// All of them.
    #[must_use]
    pub fn all(self) -> usize {
        self.warm_up + self.first + self.again
    }
}

/// Whether the baseline was measured against itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Canaries {
    /// It was not.
    NotMeasured,
    /// It was, and agreed with itself.
    Quiet,
    /// It was, and differed from itself.
    Fired,
}

/// What another tool's rule made of the same repetitions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RivalVerdict {
    /// The rule.
    pub rule: String,
    /// Rows it fails. The gate fails with any.
    pub failed: usize,
    /// Of them, those that the plant is meant to move; absent from early recordings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<usize>,
    /// Rows it looked at.
    pub rows: usize,
}

impl Recording {
    /// The recording in `path` to be continued, or an empty one where there is no such file.
    ///
    /// # Errors
    /// A file that is not a recording, or one of other settings: they must not be mixed.
    pub fn resume(path: &Path, settings: Settings) -> Result<Self, String> {
        let wrong = |why: String| format!("{}: {why}", path.display());
        let new = Self {
            format: FORMAT.to_owned(),
            settings,
            gates: Vec::new(),
        };
        if !path.exists() {
            return Ok(new);
        }
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let old = Self::parse(&text).map_err(wrong)?;
        match difference(&old.settings, &new.settings) {
            None => Ok(old),
            Some(why) => Err(wrong(format!(
                "recorded with other settings: {why}; give another --out"
            ))),
        }
    }

    /// Reads a recording.
    ///
    /// # Errors
    /// Text that is none, or of another format.
    pub fn parse(text: &str) -> Result<Self, String> {
        let recording: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if recording.format == FORMAT {
            Ok(recording)
        } else {
            Err(format!(
                "expected format {FORMAT}, found {}",
                recording.format
            ))
        }
    }

    /// The plant to run next, so that each of `plants` gets `gates` under this condition: the one with
    /// the fewest, the first of them. `None` when all have enough.
    #[must_use]
    pub fn next<'p>(
        &self,
        plants: &[Plant<'p>],
        gates: usize,
        neighbour: bool,
    ) -> Option<Plant<'p>> {
        let mut counts: BTreeMap<Plant<'_>, usize> = BTreeMap::new();
        for gate in self.gates.iter().filter(|gate| gate.neighbour == neighbour) {
            *counts.entry(gate.plant()).or_default() += 1;
        }
        let count = |plant: &Plant<'p>| counts.get(plant).copied().unwrap_or(0);
        let next = plants.iter().copied().min_by_key(count)?;
        (count(&next) < gates).then_some(next)
    }

    /// Replaces `path`, whole or not at all.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            Ok::<(), std::io::Error>(())
        };
        write().map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// The first setting that differs, as people read it.
fn difference(old: &Settings, new: &Settings) -> Option<String> {
    let fields = |s: &Settings| {
        [
            ("budget", s.budget.clone()),
            ("only", s.only.join(" ")),
            ("expansion", s.expansion.to_string()),
            ("seed", s.seed.to_string()),
            ("bench", s.bench.clone()),
            ("gate", s.gate.clone()),
            ("policy", s.policy.clone()),
        ]
    };
    let pairs = fields(old).into_iter().zip(fields(new));
    let mut different = pairs.filter(|(old, new)| old != new);
    different
        .next()
        .map(|((name, old), (_, new))| format!("{name} was {old} and is {new}"))
}

#[cfg(test)]
mod tests;
