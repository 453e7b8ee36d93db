//! What can be wrong with a document, as data: the place, the defect, the way out.

use std::fmt;

use crate::id::{MAX_DISTRIBUTION_NAME_BYTES, MAX_NAME_BYTES};

/// One defect of a document. [`fmt::Display`] says what is wrong, [`Defect::hint`] what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defect {
    /// The name breaks the rules of [`crate::id::Name`].
    Name,
    /// A distribution whose statistics, called after it, would have names that are too long.
    DistributionName,
    /// Not a `sha256:` digest.
    Digest,
    /// NaN or infinity.
    NotFinite,
    /// Below zero.
    Negative,
    /// Zero where zero can only mean "not measured".
    Zero,
    /// Above [`crate::unit::MAX_MAGNITUDE`].
    TooLarge,
    /// A ratio above one.
    RatioAboveOne,
    /// The same id twice; carries the id.
    Duplicate(String),
    /// A scenario or metric that the manifest does not declare; carries its name.
    Undeclared(String),
    /// A metric whose value is of another kind than declared; carries the declared kind.
    Kind(&'static str),
    /// The histogram text does not decode; carries the reason.
    Histogram(&'static str),
    /// The histogram holds another number of samples than `count` says.
    HistogramCount {
        /// What the document claims.
        declared: u64,
        /// What the histogram holds.
        decoded: u64,
    },
    /// The exact sum cannot belong to the histogram; it must lie within its range.
    HistogramSum,
    /// More hits than trials, no trials, or more than [`crate::run::limits::TRIALS`].
    Proportion,
    /// A proportion declared in another unit than a ratio.
    ProportionUnit,
    /// Hits per query do not add up to `hits`, or one has more than its share of trials.
    PerQuery,
    /// Something that must not be empty is; carries what.
    Empty(&'static str),
    /// More entries than any real run has; carries the limit.
    TooMany(usize),
    /// Not an RFC 3339 time in UTC, such as `2026-11-20T08:00:00Z`.
    Time,
    /// Text with control characters, or too long to show.
    Text,
    /// A curve without the quality it is judged at, or another kind with one.
    At,
    /// Points of a series that go back in time.
    Order,
    /// Pair indices in a session that is not paired, or missing in one that is.
    Pairing,
    /// The `format` field names something else; carries what was found.
    Format(String),
}

impl Defect {
    /// What the author of the document can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Name => format!("use 1 to {MAX_NAME_BYTES} of A-Z a-z 0-9 _ . : / + - [ ] ( ) @ = , not starting with '-'"),
            Self::DistributionName => format!("use at most {MAX_DISTRIBUTION_NAME_BYTES} bytes: its statistics are called after it, such as `.p99.9`"),
            Self::Digest => "write sha256: and 64 lower-case hexadecimal digits".into(),
            Self::NotFinite => "leave the metric out when it was not measured; the manifest makes that visible".into(),
            Self::Zero => "leave the metric out when it was not measured; what can be zero is a count".into(),
            Self::Negative | Self::TooLarge | Self::RatioAboveOne => "check the unit: documents carry ns, B, 1/s, ratio (0 to 1) and count".into(),
            Self::Duplicate(_) => "give each scenario, metric and session one entry; repetitions go inside a session".into(),
            Self::Undeclared(_) => "declare it in /manifest/scenarios, with kind, unit and direction".into(),
            Self::Kind(kind) => format!("the manifest declares this metric as {kind}"),
            Self::Histogram(_) => "write HDR V2 compressed histograms with 1 to 4 significant digits, in base64".into(),
            Self::HistogramCount { .. } | Self::HistogramSum => "write count and sum from the same recorder as the histogram".into(),
            Self::Proportion => "hits must be at most trials, and trials 1 to 10^12".into(),
            Self::ProportionUnit => "declare it with \"unit\": \"ratio\"; its hits and trials are counts already".into(),
            Self::PerQuery => "give one number of hits per query; they must add up to hits".into(),
            Self::Empty(_) => "nothing measured is never a pass; run the benchmark again".into(),
            Self::TooMany(limit) => format!("split the run: the limit is {limit}"),
            Self::Time => "write UTC as 2026-11-20T08:00:00Z".into(),
            Self::Text => "use at most 400 printable characters".into(),
            Self::Pairing => "a session with mode \"paired\" has a pair index on every repetition, one with mode \"single\" on none".into(),
            Self::Order => "write the points of a series in the order of time, from the first on".into(),
            Self::At => "a metric of kind \"curve\" has `at`, a quality above 0 and up to 1; other kinds have none".into(),
            Self::Format(found) => format_hint(found),
        }
    }
}

fn format_hint(found: &str) -> String {
    let newer = found
        .strip_prefix("gate.run/")
        .and_then(|v| v.parse::<u32>().ok())
        .is_some_and(|v| v > 1);
    if newer {
        "this gate reads gate.run/1; use the gate release that wrote the document, or a later one"
            .into()
    } else {
        "the document must start with \"format\": \"gate.run/1\"; `gate import` converts other tools' output".into()
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("not a usable name"),
            Self::DistributionName => f.write_str("a name too long for a distribution"),
            Self::Digest => f.write_str("not a SHA-256 digest"),
            Self::NotFinite => f.write_str("not a finite number"),
            Self::Negative => f.write_str("a negative measurement"),
            Self::Zero => f.write_str("zero where nothing real is zero"),
            Self::TooLarge => f.write_str("larger than anything measurable (10^18)"),
            Self::RatioAboveOne => f.write_str("a ratio above 1"),
            Self::Duplicate(id) => write!(f, "`{id}` appears twice"),
            Self::Undeclared(name) => write!(f, "`{name}` is not in the manifest"),
            Self::Kind(_) => f.write_str("value of another kind than declared"),
            Self::Histogram(why) => write!(f, "histogram does not decode: {why}"),
            Self::HistogramCount { declared, decoded } => {
                write!(
                    f,
                    "histogram holds {decoded} samples but count says {declared}"
                )
            }
            Self::HistogramSum => f.write_str("sum does not fit the histogram"),
            Self::Proportion => f.write_str("not a proportion"),
            Self::ProportionUnit => f.write_str("a proportion that is no ratio"),
            Self::PerQuery => f.write_str("hits per query do not add up"),
            Self::Empty(what) => write!(f, "no {what}"),
            Self::TooMany(_) => f.write_str("too many entries"),
            Self::Time => f.write_str("not a UTC time"),
            Self::Text => f.write_str("not showable text"),
            Self::Order => f.write_str("points that go back in time"),
            Self::At => f.write_str("`at` does not fit the kind of the metric"),
            Self::Pairing => f.write_str("pair indices do not fit the session's mode"),
            Self::Format(found) => {
                write!(f, "unsupported document format `{}`", found.escape_debug())
            }
        }
    }
}

impl std::error::Error for Defect {}

/// A defect and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer (RFC 6901) into the document.
    pub pointer: String,
    /// What is wrong there.
    pub defect: Defect,
}
