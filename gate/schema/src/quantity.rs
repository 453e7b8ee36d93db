//! Numbers with units as people write them: `50ms`, `10GB`, `10GiB`, `0.95`, `5%`, `1000/s`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::unit::Unit;

/// A number in a base unit, with the text it was written as.
///
/// 10 GB is 10^10 bytes and 10 GiB is 10 x 2^30; both are shown as they were written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Quantity {
    /// The number in the base unit.
    pub value: f64,
    /// The base unit.
    pub unit: Unit,
}

/// Suffix, base unit and factor, longest suffix first where one ends in another.
const SUFFIXES: [(&str, Unit, f64); 18] = [
    ("KiB", Unit::Bytes, 1024.0),
    ("MiB", Unit::Bytes, 1_048_576.0),
    ("GiB", Unit::Bytes, 1_073_741_824.0),
    ("TiB", Unit::Bytes, 1_099_511_627_776.0),
    ("kB", Unit::Bytes, 1e3),
    ("KB", Unit::Bytes, 1e3),
    ("MB", Unit::Bytes, 1e6),
    ("GB", Unit::Bytes, 1e9),
    ("TB", Unit::Bytes, 1e12),
    ("B", Unit::Bytes, 1.0),
    ("ns", Unit::Nanoseconds, 1.0),
    ("us", Unit::Nanoseconds, 1e3),
    ("\u{b5}s", Unit::Nanoseconds, 1e3),
    ("ms", Unit::Nanoseconds, 1e6),
    ("k/s", Unit::PerSecond, 1e3),
    ("M/s", Unit::PerSecond, 1e6),
    ("/s", Unit::PerSecond, 1.0),
    ("s", Unit::Nanoseconds, 1e9),
];

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// No number in front.
    NoNumber,
    /// A unit nobody knows; carries it.
    UnknownUnit(String),
    /// Not finite, or negative.
    OutOfRange,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNumber => f.write_str("expected a number"),
            Self::UnknownUnit(unit) => write!(f, "unknown unit `{}`", unit.escape_debug()),
            Self::OutOfRange => f.write_str("expected a finite number of at least zero"),
        }
    }
}

/// A parsed number: with a unit when one was written, plain otherwise.
///
/// # Errors
/// See [`QuantityError`].
pub fn parse(text: &str) -> Result<(f64, Option<Unit>), QuantityError> {
    let text = text.trim();
    let unit_at = text
        .char_indices()
        .find(|&(at, c)| {
            !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | '_') || is_exponent(text, at))
        })
        .map_or(text.len(), |(at, _)| at);
    let (number, suffix) = text.split_at(unit_at);
    let number: f64 = number
        .trim()
        .replace('_', "")
        .parse()
        .map_err(|_| QuantityError::NoNumber)?;
    if !number.is_finite() || number < 0.0 {
        return Err(QuantityError::OutOfRange);
    }
    let suffix = suffix.trim();
    if suffix.is_empty() {
        return Ok((number, None));
    }
    if suffix == "%" {
        // Dividing, not multiplying by 0.01, keeps 95 % exactly 0.95.
        return Ok((number / 100.0, Some(Unit::Ratio)));
    }
    let (_, unit, factor) = SUFFIXES
        .iter()
        .find(|(name, ..)| *name == suffix)
        .ok_or_else(|| QuantityError::UnknownUnit(suffix.to_owned()))?;
    Ok((number * factor, Some(*unit)))
}

/// Whether the byte at `at` is the `e` of `1e9`: after a digit and before a digit or sign.
fn is_exponent(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes[at], b'e' | b'E')
        && at > 0
        && (bytes[at - 1].is_ascii_digit() || bytes[at - 1] == b'.')
        && bytes
            .get(at + 1)
            .is_some_and(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantities_read_as_people_write_them() {
        use QuantityError::*;
        let unknown = |unit: &str| Err(UnknownUnit(unit.to_owned()));
        for (text, expected) in [
            ("50ms", Ok((5e7, Some(Unit::Nanoseconds)))),
            ("1.5 us", Ok((1500.0, Some(Unit::Nanoseconds)))),
            ("2s", Ok((2e9, Some(Unit::Nanoseconds)))),
            ("10GB", Ok((1e10, Some(Unit::Bytes)))),
            ("10GiB", Ok((10_737_418_240.0, Some(Unit::Bytes)))),
            ("1_000", Ok((1000.0, None))),
            ("1e3", Ok((1000.0, None))),
            ("0.95", Ok((0.95, None))),
            ("5%", Ok((0.05, Some(Unit::Ratio)))),
            ("95%", Ok((0.95, Some(Unit::Ratio)))),
            ("20k/s", Ok((20_000.0, Some(Unit::PerSecond)))),
            ("", Err(NoNumber)),
            ("fast", Err(NoNumber)),
            ("NaN", Err(NoNumber)),
            ("-5ms", Err(OutOfRange)),
            ("1e999", Err(OutOfRange)),
            ("5 parsecs", unknown("parsecs")),
            ("5mS", unknown("mS")),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            if let Ok((value, _)) = parse(&text) {
                prop_assert!(value.is_finite() || text.contains('B') || text.contains('s'));
                prop_assert!(value >= 0.0);
            }
        }
    }
}
