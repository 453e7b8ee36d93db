//! The first line of an issue of ours, which nobody sees: what it is about, and how long that has been gone.

use sha2::{Digest, Sha256};

/// Version of the mark.
const VERSION: &str = "gate-night:v2";

/// What an issue is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Digest of the key.
    pub(super) key: String,
    /// Nights without it.
    pub(super) green: u32,
    /// The night that was counted last.
    pub(super) night: String,
    /// Digest of title and text.
    pub(super) text: String,
    /// The night whose steps it was last told of. What stands since a later one is something else.
    pub(super) seen: String,
}

/// The beginning of a digest.
pub(super) fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Mark {
    pub(super) fn line(&self) -> String {
        let Self {
            key,
            green,
            night,
            text,
            seen,
        } = self;
        format!("<!-- {VERSION} key={key} green={green} night={night} text={text} seen={seen} -->")
    }

    pub(super) fn read(body: &str) -> Option<Self> {
        let line = body.lines().next()?.trim_end();
        let mut words = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?.split(' ');
        if words.next() != Some(VERSION) {
            return None;
        }
        let mut value = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
        Some(Self {
            key: value("key")?.to_owned(),
            green: value("green")?.parse().ok()?,
            night: value("night")?.to_owned(),
            text: value("text")?.to_owned(),
            seen: value("seen")?.to_owned(),
        })
    }
}
