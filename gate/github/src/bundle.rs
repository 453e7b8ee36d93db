//! The bytes of an artifact into run documents. Every byte was written by a pull request's own code:
//! nothing is believed, nothing touches a disk, nothing of it is repeated in a message.

use gate_schema::id::ScenarioId;
use gate_schema::profile::{About, Stacks};
use gate_schema::run::Run;

mod document;
mod json;
mod profile;
mod zip;

use zip::Kind;

/// Sizes above which an artifact is a mistake or an attack.
pub mod limits {
    /// Bytes of the zip file.
    pub const ZIP_BYTES: usize = 2 << 20;
    /// Bytes of all its entries together.
    pub const INFLATED_BYTES: usize = 16 << 20;
    /// Bytes an entry may grow by, per byte.
    pub const RATIO: usize = 100;
    /// Entries: four documents, and two profiles of each scenario that has some.
    pub const ENTRIES: usize = 4 + 2 * PROFILES;
    /// Bytes of one run document.
    pub const JSON_BYTES: usize = 8 << 20;
    /// Levels of a run document.
    pub const JSON_DEPTH: usize = 16;
    /// Scenarios in one run document.
    pub const SCENARIOS: usize = 2_000;
    /// Repetitions of one scenario in one run document.
    pub const REPETITIONS: usize = 10_000;
    /// Bytes of one value of the environment.
    pub const ENVIRONMENT_BYTES: usize = 160;
    /// Scenarios with profiles: as many as `gate check` takes profiles of.
    pub const PROFILES: usize = 5;
    /// Bytes of one stored profile, packed.
    pub const PROFILE_BYTES: usize = 128 << 10;
    /// Bytes of one stored profile, unpacked.
    pub const PROFILE_TEXT_BYTES: usize = 4 << 20;
    /// Stacks in one profile.
    pub const PROFILE_STACKS: usize = 200_000;
    /// Characters of a frame's name; the rest is cut off.
    pub const FRAME_CHARS: usize = 300;
}

/// What an artifact holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The run of the base.
    pub baseline: Run,
    /// The run of the head.
    pub candidate: Run,
    /// The baseline measured against itself, where that was done.
    pub canary: Option<Run>,
    /// What was profiled, each scenario once.
    pub profiles: Vec<Profiled>,
    /// The first rule that another profile broke.
    pub refused: Option<Rejected>,
    /// Whether a verdict lies beside the runs, of which nothing is read: a measurement that was stopped came to none.
    pub has_verdict: bool,
}

/// The profiles of one scenario: both sides, each of the commit of its run.
#[derive(Clone, Debug, PartialEq)]
pub struct Profiled {
    /// Of the base.
    pub baseline: Profile,
    /// Of the head.
    pub candidate: Profile,
}

impl Profiled {
    /// The scenario, which both runs declare.
    #[must_use]
    pub fn scenario(&self) -> &ScenarioId {
        &self.candidate.about.scenario
    }
}

/// One stored profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// What it says it is of.
    pub about: About,
    /// Never empty; names are bounded, and from outside: escape before showing.
    pub stacks: Stacks,
}

/// Why an artifact is not believed: a rule and where it was broken, and nothing of what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The rule.
    pub rule: Rule,
    /// Byte of the file that broke it.
    pub offset: usize,
}

/// The rules an artifact has to keep, by their published ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Exactly one artifact of the expected name, of this run and commit.
    Artifact,
    /// Its bytes have the digest GitHub gives.
    Digest,
    /// The zip file is within its size.
    ZipSize,
    /// It is a plain zip file: no gaps, no comment, no second volume, no zip64.
    ZipForm,
    /// It has few entries.
    ZipEntries,
    /// Their names are on the list, each once.
    ZipName,
    /// They are plain files: no links, no directories, no encryption.
    ZipKind,
    /// They inflate to what they declare, within the cap and the ratio.
    ZipInflate,
    /// Both runs are there.
    Incomplete,
    /// A document is within its size.
    JsonSize,
    /// It is UTF-8 and JSON, with numbers JSON can hold.
    JsonSyntax,
    /// It is not nested deeply.
    JsonDepth,
    /// No key stands twice.
    JsonDuplicate,
    /// It is a run: known version, known fields, values in range.
    Document,
    /// It has few scenarios and repetitions.
    DocumentSize,
    /// Names keep to their alphabet and differ by more than case.
    Name,
    /// The candidate was built from the commit of the run, without changes.
    Source,
    /// The baseline was built from a commit that the head and the branch it goes to have in common.
    Base,
    /// A run of a pull request is no baseline.
    Provenance,
    /// Its distributions decode to what they declare.
    Histogram,
    /// A profile is within its size, packed and unpacked.
    ProfileSize,
    /// It is a stored profile as gate writes it.
    ProfileForm,
    /// It is of a scenario of the runs and of the commit of its side, once for each side.
    ProfileOf,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 23] = [
        Self::Artifact,
        Self::Digest,
        Self::ZipSize,
        Self::ZipForm,
        Self::ZipEntries,
        Self::ZipName,
        Self::ZipKind,
        Self::ZipInflate,
        Self::Incomplete,
        Self::JsonSize,
        Self::JsonSyntax,
        Self::JsonDepth,
        Self::JsonDuplicate,
        Self::Document,
        Self::DocumentSize,
        Self::Name,
        Self::Source,
        Self::Base,
        Self::Provenance,
        Self::Histogram,
        Self::ProfileSize,
        Self::ProfileForm,
        Self::ProfileOf,
    ];

    /// The id, as check, comment and log name it.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Artifact => "artifact",
            Self::Digest => "digest",
            Self::ZipSize => "zip-size",
            Self::ZipForm => "zip-form",
            Self::ZipEntries => "zip-entries",
            Self::ZipName => "zip-name",
            Self::ZipKind => "zip-kind",
            Self::ZipInflate => "zip-inflate",
            Self::Incomplete => "incomplete",
            Self::JsonSize => "json-size",
            Self::JsonSyntax => "json-syntax",
            Self::JsonDepth => "json-depth",
            Self::JsonDuplicate => "json-duplicate",
            Self::Document => "document",
            Self::DocumentSize => "document-size",
            Self::Name => "name",
            Self::Source => "source",
            Self::Base => "base",
            Self::Provenance => "provenance",
            Self::Histogram => "histogram",
            Self::ProfileSize => "profile-size",
            Self::ProfileForm => "profile-form",
            Self::ProfileOf => "profile-of",
        }
    }
}

/// Reads the zip file of a run for `head`, the commit the API tells.
///
/// # Errors
/// The first rule broken.
pub fn read(bytes: &[u8], head: &str) -> Result<Bundle, Rejected> {
    let entries = zip::read(bytes)?;
    let run = |kind: Kind| {
        let text = entries.get(&kind);
        text.map(|text| document::read(text)).transpose()
    };
    let incomplete = Rejected {
        rule: Rule::Incomplete,
        offset: 0,
    };
    let baseline = run(Kind::Baseline)?.ok_or(incomplete)?;
    let candidate = run(Kind::Candidate)?.ok_or(incomplete)?;
    document::is_of(&candidate, head)?;
    document::is_base(&baseline, head)?;
    let (profiles, refused) = profile::read(&entries, &baseline, &candidate);
    Ok(Bundle {
        canary: run(Kind::Canary)?,
        baseline,
        candidate,
        profiles,
        refused,
        has_verdict: entries.contains_key(&Kind::Verdict),
    })
}

#[cfg(test)]
mod tests;
