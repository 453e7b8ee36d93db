//! JSON without surprises: UTF-8, no deep nesting, no key twice. What the types of a run cannot see.

use std::collections::HashSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::limits::{JSON_BYTES, JSON_DEPTH};
use super::{Rejected, Rule};

/// Marks of our own errors among those of the parser.
const TOO_DEEP: &str = "gate: too deep";
const TWICE: &str = "gate: twice";

/// Checks the form of a document.
pub(super) fn check(bytes: &[u8]) -> Result<(), Rejected> {
    if bytes.len() > JSON_BYTES {
        return Err(Rejected {
            rule: Rule::JsonSize,
            offset: JSON_BYTES,
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Rejected {
        rule: Rule::JsonSyntax,
        offset: error.valid_up_to(),
    })?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let walked = Level(JSON_DEPTH)
        .deserialize(&mut parser)
        .and_then(|()| parser.end());
    walked.map_err(|error| {
        let said = error.to_string();
        let rule = match said {
            said if said.starts_with(TOO_DEEP) => Rule::JsonDepth,
            said if said.starts_with(TWICE) => Rule::JsonDuplicate,
            _ => Rule::JsonSyntax,
        };
        Rejected {
            rule,
            offset: offset(bytes, error.line(), error.column()),
        }
    })
}

/// The byte at a line and column of the parser, both from 1.
pub(super) fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let newlines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let start = match line {
        0 | 1 => 0,
        line => newlines.map(|(at, _)| at + 1).nth(line - 2).unwrap_or(0),
    };
    (start + column.saturating_sub(1)).min(bytes.len())
}

/// A value that may hold this many more levels.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn below<E: Error>(self) -> Result<Self, E> {
        self.0
            .checked_sub(1)
            .map(Self)
            .ok_or_else(|| E::custom(TOO_DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let below = self.below()?;
        while items.next_element_seed(below)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let below = self.below()?;
        let mut seen = HashSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            if !seen.insert(key) {
                return Err(A::Error::custom(TWICE));
            }
            fields.next_value_seed(below)?;
        }
        Ok(())
    }
}
