//! Base units and directions: every number in a document has both.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::defect::Defect;

/// Largest magnitude of any measured number, in its base unit.
///
/// 10^18 ns are 31 years and 10^18 B are an exabyte: above it the producer has made a mistake.
pub const MAX_MAGNITUDE: f64 = 1e18;

/// The base unit of a metric. Documents carry base units only; scaling is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Unit {
    /// Nanoseconds.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Bytes.
    #[serde(rename = "B")]
    Bytes,
    /// Operations per second.
    #[serde(rename = "1/s")]
    PerSecond,
    /// A fraction from 0 to 1.
    #[serde(rename = "ratio")]
    Ratio,
    /// A number of things.
    #[serde(rename = "count")]
    Count,
}

impl Unit {
    /// The unit as documents write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "B",
            Self::PerSecond => "1/s",
            Self::Ratio => "ratio",
            Self::Count => "count",
        }
    }

    /// Whether numbers in this unit depend on how fast the machine was, so that two machines, or
    /// two states of one machine, cannot be compared.
    #[must_use]
    pub fn is_timing(self) -> bool {
        matches!(self, Self::Nanoseconds | Self::PerSecond)
    }

    /// Checks one measured number in this unit.
    ///
    /// # Errors
    /// NaN and infinity, negative numbers, magnitudes above [`MAX_MAGNITUDE`], ratios above 1, and a
    /// zero time, size or rate: nothing real takes no time or no memory, so zero there means "not
    /// measured", which is written by leaving the metric out.
    pub fn check(self, value: f64) -> Result<(), Defect> {
        if !value.is_finite() {
            Err(Defect::NotFinite)
        } else if value < 0.0 {
            Err(Defect::Negative)
        } else if value > MAX_MAGNITUDE {
            Err(Defect::TooLarge)
        } else if self == Self::Ratio && value > 1.0 {
            Err(Defect::RatioAboveOne)
        } else if value == 0.0 && !matches!(self, Self::Ratio | Self::Count) {
            Err(Defect::Zero)
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which way a metric gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Direction {
    /// Lower is better: latency, memory.
    Lower,
    /// Higher is better: throughput, recall.
    Higher,
}

impl Direction {
    /// +1 when larger numbers are worse, -1 otherwise, so that `sign * change` is always "worse".
    #[must_use]
    pub fn sign(self) -> f64 {
        match self {
            Self::Lower => 1.0,
            Self::Higher => -1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_numbers_are_refused_at_the_door() {
        use Unit::*;
        for (unit, value, expected) in [
            (Nanoseconds, 1.0, Ok(())),
            (Nanoseconds, 0.0, Err(Defect::Zero)),
            (Bytes, 0.0, Err(Defect::Zero)),
            (PerSecond, 0.0, Err(Defect::Zero)),
            (Count, 0.0, Ok(())),
            (Ratio, 0.0, Ok(())),
            (Ratio, 1.0, Ok(())),
            (Ratio, 1.000_001, Err(Defect::RatioAboveOne)),
            (Nanoseconds, -1.0, Err(Defect::Negative)),
            (Count, f64::NAN, Err(Defect::NotFinite)),
            (Count, f64::INFINITY, Err(Defect::NotFinite)),
            (Bytes, 1e18, Ok(())),
            (Bytes, 1.1e18, Err(Defect::TooLarge)),
        ] {
            assert_eq!(unit.check(value), expected, "{value} {unit}");
        }
    }
}
