//! The bytes of an artifact into run documents. Every byte was written by a pull request's own code:
//! nothing is believed, nothing touches a disk, nothing of it is repeated in a message.

use gate_schema::run::Run;

mod document;
mod json;
mod zip;

/// Sizes above which an artifact is a mistake or an attack.
pub mod limits {
    /// Bytes of the zip file.
    pub const ZIP_BYTES: usize = 2 << 20;
    /// Bytes of all its entries together.
    pub const INFLATED_BYTES: usize = 16 << 20;
    /// Bytes an entry may grow by, per byte.
    pub const RATIO: usize = 100;
    /// Entries.
    pub const ENTRIES: usize = 8;
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
    /// A run of a pull request is no baseline.
    Provenance,
    /// Its distributions decode to what they declare.
    Histogram,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 19] = [
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
        Self::Provenance,
        Self::Histogram,
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
            Self::Provenance => "provenance",
            Self::Histogram => "histogram",
        }
    }
}

/// Reads the zip file of a run for `head`, the commit the API tells.
///
/// # Errors
/// The first rule broken.
pub fn read(bytes: &[u8], head: &str) -> Result<Bundle, Rejected> {
    let entries = zip::read(bytes)?;
    let run = |name: &str| {
        entries
            .get(name)
            .map(|text| document::read(text))
            .transpose()
    };
    let incomplete = Rejected {
        rule: Rule::Incomplete,
        offset: 0,
    };
    let baseline = run("baseline.json")?.ok_or(incomplete)?;
    let candidate = run("candidate.json")?.ok_or(incomplete)?;
    document::is_of(&candidate, head)?;
    Ok(Bundle {
        baseline,
        candidate,
        canary: run("canary.json")?,
    })
}

#[cfg(test)]
mod tests;
