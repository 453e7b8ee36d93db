//! Numbers of rows as people write them: `10M`.

use std::fmt;
use std::str::FromStr;

/// Suffixes and what they stand for, largest first.
const SUFFIXES: [(char, u64); 3] = [('B', 1_000_000_000), ('M', 1_000_000), ('K', 1_000)];

/// A number of rows, at least one and as many as usearch can number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u64);

/// Why a text is no number of rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CountError {
    #[error("expected a number such as 250000, 10M, 1.5M or 1B")]
    NotANumber,
    #[error("expected a whole number of vectors, at least 1")]
    NotWhole,
    #[error(
        "an index numbers its rows with 32 bits and holds at most {} of them",
        u32::MAX
    )]
    TooMany,
}

impl FromStr for Count {
    type Err = CountError;

    fn from_str(text: &str) -> Result<Self, CountError> {
        let (number, factor) = SUFFIXES
            .iter()
            .find_map(|(suffix, factor)| {
                let ends = |c: char| c.eq_ignore_ascii_case(suffix);
                Some((text.strip_suffix(ends)?, *factor))
            })
            .unwrap_or((text, 1));
        let is_decimal = number.chars().all(|c| c.is_ascii_digit() || c == '.');
        if !is_decimal || !number.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(CountError::NotANumber);
        }
        let number: f64 = number.parse().map_err(|_| CountError::NotANumber)?;
        let rows = (number * factor as f64).round();
        if rows < 1.0 || (rows / factor as f64 - number).abs() > 1e-9 {
            return Err(CountError::NotWhole);
        }
        if rows > f64::from(u32::MAX) {
            return Err(CountError::TooMany);
        }
        Ok(Self(rows as u64))
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = SUFFIXES
            .iter()
            .find(|(_, factor)| self.0.is_multiple_of(*factor));
        match exact {
            Some((suffix, factor)) => write!(f, "{}{suffix}", self.0 / factor),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_read_and_nonsense_is_refused() {
        use CountError::{NotANumber, NotWhole, TooMany};
        for (text, expected) in [
            ("1", Ok(1)),
            ("250000", Ok(250_000)),
            ("10K", Ok(10_000)),
            ("10m", Ok(10_000_000)),
            ("1.5M", Ok(1_500_000)),
            ("1B", Ok(1_000_000_000)),
            ("4294967295", Ok(4_294_967_295)),
            ("4.3B", Err(TooMany)),
            ("5B", Err(TooMany)),
            ("0", Err(NotWhole)),
            ("0.5", Err(NotWhole)),
            ("1.00005K", Err(NotWhole)),
            ("", Err(NotANumber)),
            ("M", Err(NotANumber)),
            ("-1M", Err(NotANumber)),
            ("1e6", Err(NotANumber)),
            ("ten", Err(NotANumber)),
            ("1.2.3", Err(NotANumber)),
            ("10MB", Err(NotANumber)),
            ("inf", Err(NotANumber)),
        ] {
            assert_eq!(text.parse(), expected.map(Count), "{text:?}");
        }
    }

    #[test]
    fn numbers_are_shown_as_they_are_written() {
        for (number, expected) in [
            (1, "1"),
            (2_500, "2500"),
            (50_000, "50K"),
            (10_000_000, "10M"),
        ] {
            assert_eq!(Count(number).to_string(), expected);
        }
    }
}
