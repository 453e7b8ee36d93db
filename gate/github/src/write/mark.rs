//! The mark that tells our comment and our check run from all others, and which run they speak for.

use sha2::{Digest, Sha256};

use crate::find::Measured;

/// Version of the mark. A reader of another version leaves what it does not know alone.
const VERSION: &str = "gate:v1";

/// Hexadecimal digits of the digest of a text.
const DIGITS: usize = 16;

/// Which run a text speaks for, and which text it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Run and attempt: the order in which texts replace each other.
    pub(super) run: (u64, u64),
    /// The commit.
    pub(super) head: String,
    /// The beginning of the digest of the text, so that a text that is there already is recognised.
    pub(super) text: String,
}

impl Mark {
    pub(super) fn new(measured: &Measured, text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            run: (measured.run, measured.attempt),
            head: measured.head.clone(),
            text: text[..DIGITS].to_owned(),
        }
    }

    /// As an `external_id`.
    pub(super) fn id(&self) -> String {
        let (run, attempt) = self.run;
        format!(
            "{VERSION} run={run}.{attempt} head={} text={}",
            self.head, self.text
        )
    }

    /// As the first line of a comment, which nobody sees.
    pub(super) fn line(&self) -> String {
        format!("<!-- {} -->", self.id())
    }

    /// Reads an `external_id`.
    pub(super) fn of_id(id: &str) -> Option<Self> {
        let mut words = id.split(' ');
        if words.next() != Some(VERSION) {
            return None;
        }
        let mut value = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
        let (run, attempt) = value("run")?.split_once('.')?;
        Some(Self {
            run: (run.parse().ok()?, attempt.parse().ok()?),
            head: value("head")?.to_owned(),
            text: value("text")?.to_owned(),
        })
    }

    /// Reads the first line of a comment.
    pub(super) fn of_comment(body: &str) -> Option<Self> {
        let line = body.lines().next()?.trim_end();
        Self::of_id(line.strip_prefix("<!-- ")?.strip_suffix(" -->")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::{Conclusion, Target};

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let measured = Measured {
            run: 19_283_746,
            attempt: 2,
            head: "4f2c9e1".into(),
            conclusion: Conclusion::Success,
            target: Target::Commit(""),
            base: None,
        };
        let mark = Mark::new(&measured, "text");
        assert_eq!(
            mark.line(),
            "<!-- gate:v1 run=19283746.2 head=4f2c9e1 text=982d9e3eb996f559 -->"
        );
        assert_eq!(
            Mark::of_comment(&format!("{}\n### FAIL", mark.line())),
            Some(mark.clone())
        );
        assert_eq!(
            Mark::of_comment(&format!("{}\r\n### FAIL", mark.line())),
            Some(mark.clone())
        );
        assert_eq!(Mark::of_id(&mark.id()), Some(mark));
        for other in [
            "",
            "<!-- gate:v2 run=1.1 head=a text=b -->",
            "<!-- gate:v1 run=1 head=a text=b -->",
            "<!-- gate:v1 run=1.x head=a text=b -->",
            "> <!-- gate:v1 run=1.1 head=a text=b -->",
            "hello\n<!-- gate:v1 run=1.1 head=a text=b -->",
        ] {
            assert_eq!(Mark::of_comment(other), None, "{other:?}");
        }
    }
}
