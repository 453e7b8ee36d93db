//! Names that come from outside: scenario ids, metric names, environment fields, digests.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::defect::Defect;

/// Longest accepted name, in bytes. A table cell or a file name must still be able to show it.
pub const MAX_NAME_BYTES: usize = 120;

/// Longest accepted name of a distribution, in bytes: its statistics are called after it, the longest `.p99.9`.
pub const MAX_DISTRIBUTION_NAME_BYTES: usize = MAX_NAME_BYTES - ".p99.9".len();

/// A name in the restricted alphabet `A-Z a-z 0-9 _ . : / + - [ ] ( ) @ = ,`.
///
/// Never empty, at most [`MAX_NAME_BYTES`], does not start with `-` (it could be read as a flag) and
/// does not contain `://` (it could be read as a link). Names of at most 23
/// bytes live in place: a run has millions.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "SmolStr", into = "String")]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(with = "String")
)]
pub struct Name(SmolStr);

/// The name of a scenario: `area/operation/params`, for example `vector/search/k10`.
pub type ScenarioId = Name;

/// The name of a metric, for example `latency`, `recall@10` or, once judged, `latency.p99`.
pub type MetricName = Name;

impl Name {
    /// Checks the alphabet and the length.
    ///
    /// # Errors
    /// [`Defect::Name`] when a rule of the type is broken.
    pub fn new(text: &str) -> Result<Self, Defect> {
        if is_sound(text) {
            Ok(Self(text.into()))
        } else {
            Err(Defect::Name)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This name with `.suffix` appended, used for the statistics of a distribution.
    ///
    /// # Errors
    /// [`Defect::Name`] when the joined name is too long.
    pub fn with_suffix(&self, suffix: &str) -> Result<Self, Defect> {
        Self::new(&format!("{self}.{suffix}"))
    }
}

fn is_sound(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.:/+-[]()@=,".contains(&b);
    !text.is_empty()
        && text.len() <= MAX_NAME_BYTES
        && text.bytes().all(allowed)
        && !text.starts_with('-')
        && !text.contains("://")
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<SmolStr> for Name {
    type Error = Defect;
    fn try_from(text: SmolStr) -> Result<Self, Defect> {
        if is_sound(&text) {
            Ok(Self(text))
        } else {
            Err(Defect::Name)
        }
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.into()
    }
}

/// A SHA-256 digest, written `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(
    feature = "json-schema",
    derive(schemars::JsonSchema),
    schemars(with = "String")
)]
pub struct Digest(String);

impl Digest {
    /// Wraps the 32 bytes of a finished hash.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        use fmt::Write;
        let mut text = String::from("sha256:");
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// The digest as text, with its `sha256:` prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = Defect;
    fn try_from(text: String) -> Result<Self, Defect> {
        let hex = text.strip_prefix("sha256:").ok_or(Defect::Digest)?;
        let sound = hex.len() == 64
            && hex
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if sound {
            Ok(Self(text))
        } else {
            Err(Defect::Digest)
        }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_when_they_could_be_read_as_something_else() {
        for (text, accepted) in [
            ("vector/search/k10", true),
            ("recall@10", true),
            ("map[u32].get(hot)", true),
            (&"x".repeat(120) as &str, true),
            (&"x".repeat(121), false),
            ("", false),
            ("-flag", false),
            ("https://example.org", false),
            ("a b", false),
            ("a|b", false),
            ("a\nb", false),
            ("caf\u{e9}", false),
            ("right\u{202e}left", false),
        ] {
            assert_eq!(Name::new(text).is_ok(), accepted, "{text:?}");
        }
    }

    #[test]
    fn digests_are_sha256_in_lower_case() {
        let good = Digest::from_bytes(&[0xab; 32]);
        assert_eq!(Digest::try_from(good.to_string()), Ok(good.clone()));
        for text in ["", "sha256:", "md5:00", &good.to_string().to_uppercase()] {
            assert_eq!(
                Digest::try_from(text.to_owned()),
                Err(Defect::Digest),
                "{text:?}"
            );
        }
    }
}
