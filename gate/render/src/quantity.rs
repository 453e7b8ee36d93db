//! Numbers for people. The only place where a fraction becomes a percent.
//!
//! Levels have three significant digits, and more where fewer would hide which side of a limit they
//! are on. Sizes are decimal: 10 GB are 10^10 bytes.

use gate_schema::quantity::Quantity;
use gate_schema::unit::Unit;

use crate::escape::Target;

mod change;
pub(crate) use change::{
    Change, change, detectable, headroom, least_to_most, magnitude, margin, percent,
    relative_detectable, signed_percent,
};

/// How the numbers of one row are written: one scale, so that they can be compared by eye.
#[derive(Clone, Copy, Debug)]
struct Notation {
    factor: f64,
    suffix: &'static str,
}

/// Factor and suffix of each step of a unit, smallest first.
fn steps(unit: Unit, target: Target) -> &'static [(f64, &'static str)] {
    match unit {
        Unit::Nanoseconds if target.is_unicode() => {
            &[(1.0, " ns"), (1e3, " \u{b5}s"), (1e6, " ms"), (1e9, " s")]
        }
        Unit::Nanoseconds => &[(1.0, " ns"), (1e3, " us"), (1e6, " ms"), (1e9, " s")],
        Unit::Bytes => &[
            (1.0, " B"),
            (1e3, " kB"),
            (1e6, " MB"),
            (1e9, " GB"),
            (1e12, " TB"),
        ],
        Unit::PerSecond => &[(1.0, "/s"), (1e3, "k/s"), (1e6, "M/s"), (1e9, "G/s")],
        Unit::Ratio => &[(1.0, "")],
        // Counts are exact more often than not: they stay whole up to six digits.
        Unit::Count => &[(1.0, ""), (1e6, "M"), (1e9, "G"), (1e12, "T")],
    }
}

impl Notation {
    /// The notation in which `value` has the fewest digits before the point.
    fn of(value: f64, unit: Unit, target: Target) -> Self {
        let most_digits = if unit == Unit::Count { 6 } else { 3 };
        let steps = steps(unit, target);
        let fits = |&&(factor, _): &&(f64, &str)| exponent(value / factor) < most_digits;
        let (factor, suffix) = *steps.iter().find(fits).unwrap_or(&steps[steps.len() - 1]);
        Self { factor, suffix }
    }

    /// Decimals that give `value` three significant digits.
    fn decimals(self, value: f64, unit: Unit) -> usize {
        let scaled = value / self.factor;
        let decimals = usize::try_from(2 - exponent(scaled)).unwrap_or(0).min(9);
        match unit {
            Unit::Ratio => decimals.clamp(3, 9),
            Unit::Count if self.suffix.is_empty() && scaled.fract() == 0.0 => 0,
            Unit::Nanoseconds | Unit::Bytes if scaled == 0.0 => 0,
            _ => decimals,
        }
    }

    fn write(self, value: f64, decimals: usize) -> String {
        match number(value / self.factor, decimals).as_str() {
            UNKNOWN => UNKNOWN.to_owned(),
            number => format!("{number}{}", self.suffix),
        }
    }
}

/// Decimal exponent of `value` once rounded to three significant digits; 0 for zero.
fn exponent(value: f64) -> i32 {
    let text = format!("{:.2e}", value.abs());
    text.split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or(0)
}

/// Shown for NaN and infinity. They cannot come through the door of the schema, and are the one
/// thing a reader must not take for a measurement.
const UNKNOWN: &str = "?";

/// A number without the sign of a negative zero.
fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return UNKNOWN.to_owned();
    }
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|b| matches!(b, b'0' | b'.')) => rest.to_owned(),
        _ => text,
    }
}

/// A quantity for people, in ASCII and three significant digits: `14.2 us`, `12.4 kB`, `6.20k/s`.
#[must_use]
pub fn quantity(quantity: &Quantity) -> String {
    let [text] = levels([Some(quantity.value)], quantity.unit, None, Target::Ascii);
    text.unwrap_or_default()
}

/// Levels of one row on one scale, with enough digits to tell each from `limit`.
///
/// Levels a thousand times apart get a scale each: digits nobody can count compare nothing.
pub(crate) fn levels<const N: usize>(
    values: [Option<f64>; N],
    unit: Unit,
    limit: Option<f64>,
    target: Target,
) -> [Option<String>; N] {
    let sizes = || values.iter().flatten().map(|value| value.abs());
    let largest = sizes().fold(0.0, f64::max);
    let smallest = sizes().filter(|&size| size > 0.0).fold(largest, f64::min);
    let is_common = largest < smallest * 1000.0;
    let is_close = largest < smallest * 10.0;
    let common = Notation::of(largest, unit, target);
    let most = sizes()
        .map(|size| common.decimals(size, unit))
        .max()
        .unwrap_or(0);
    values.map(|value| {
        let value = value?;
        let notation = if is_common {
            common
        } else {
            Notation::of(value, unit, target)
        };
        let mut decimals = if is_common && is_close {
            most
        } else {
            notation.decimals(value, unit)
        };
        if let Some(limit) = limit.filter(|&limit| differs(value, limit)) {
            while decimals < 9 && notation.write(value, decimals) == notation.write(limit, decimals)
            {
                decimals += 1;
            }
        }
        Some(notation.write(value, decimals))
    })
}

/// Whether two numbers are not exactly equal; a value at its limit is at its limit.
fn differs(value: f64, limit: f64) -> bool {
    (value - limit).abs() > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_three_significant_digits_and_a_unit() {
        use Unit::*;
        for (value, unit, expected) in [
            (1.0, Nanoseconds, "1.00 ns"),
            (999.4, Nanoseconds, "999 ns"),
            (999.6, Nanoseconds, "1.00 us"),
            (14_200.0, Nanoseconds, "14.2 us"),
            (1_234_567.0, Nanoseconds, "1.23 ms"),
            (9_996.0, Nanoseconds, "10.0 us"),
            (1.5e12, Nanoseconds, "1500 s"),
            (12_400.0, Bytes, "12.4 kB"),
            (1e10, Bytes, "10.0 GB"),
            (6_200.0, PerSecond, "6.20k/s"),
            (12.0, PerSecond, "12.0/s"),
            (0.983, Ratio, "0.983"),
            (1.0, Ratio, "1.000"),
            (0.0, Ratio, "0.000"),
            (0.000_12, Ratio, "0.000120"),
            (19.0, Count, "19"),
            (0.0, Count, "0"),
            (123_456.0, Count, "123456"),
            (12_345_678.0, Count, "12.3M"),
            (2.5, Count, "2.50"),
            (f64::NAN, Bytes, "?"),
            (f64::INFINITY, Bytes, "?"),
        ] {
            assert_eq!(
                quantity(&Quantity { value, unit }),
                expected,
                "{value} {unit}"
            );
        }
        let micro = levels([Some(1500.0)], Nanoseconds, None, Target::Unicode);
        assert_eq!(micro, [Some("1.50 \u{b5}s".to_owned())]);
    }

    #[test]
    fn levels_of_one_row_can_be_compared_by_eye() {
        use Unit::*;
        for (baseline, candidate, unit, expected) in [
            (950e3, 1.05e6, Nanoseconds, ["0.950 ms", "1.050 ms"]),
            (9_980.0, 10_100.0, Nanoseconds, ["9.98 us", "10.10 us"]),
            (14_200.0, 15_230.0, Nanoseconds, ["14.2 us", "15.2 us"]),
            (1e3, 50e3, Nanoseconds, ["1.00 us", "50.0 us"]),
            (1e3, 5e9, Nanoseconds, ["1.00 us", "5.00 s"]),
            (0.0, 7.0, Count, ["0", "7"]),
        ] {
            let found = levels([Some(baseline), Some(candidate)], unit, None, Target::Ascii);
            assert_eq!(found.map(Option::unwrap_or_default), expected);
        }
    }

    #[test]
    fn a_level_never_reads_as_its_limit() {
        for (value, limit, unit, expected) in [
            (0.9499, 0.95, Unit::Ratio, "0.9499"),
            (0.95, 0.95, Unit::Ratio, "0.950"),
            (50_010_000.0, 5e7, Unit::Nanoseconds, "50.01 ms"),
            (20.0, 20.0, Unit::Count, "20"),
        ] {
            assert_eq!(
                levels([Some(value)], unit, Some(limit), Target::Ascii),
                [Some(expected.to_owned())]
            );
        }
    }
}
