//! Changes, margins and headroom: percent of the baseline, points of a ratio, or the unit itself.

use gate_schema::report::{BudgetCheck, Effect, Scale};
use gate_schema::unit::{Direction, Unit};

use super::{Notation, differs, number};
use crate::escape::Target;

/// An effect in two parts, so that a column can align the estimates: `+7.3%` and `[+5.1, +9.4]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// The estimate with its unit; empty without an effect.
    pub(crate) estimate: String,
    /// The interval in the same unit; empty when the noise is not known.
    pub(crate) interval: String,
}

/// A worsening that would be found only beyond so much is not measured at all; digits would pretend that it is.
const TENFOLD: f64 = 10.0;

/// How a change is written.
struct Measure {
    factor: f64,
    suffix: &'static str,
    decimals: usize,
}

impl Measure {
    /// Decimals by the largest number shown together, so that a column lines up.
    fn of(scale: Scale, unit: Unit, largest: f64, target: Target) -> Self {
        let hundredths = |suffix| {
            let decimals = match largest.abs() * 100.0 {
                size if size >= 100.0 => 0,
                size if size >= 0.1 || size == 0.0 => 1,
                _ => 2,
            };
            Self {
                factor: 0.01,
                suffix,
                decimals,
            }
        };
        match (scale, unit) {
            (Scale::Relative, _) => hundredths("%"),
            (Scale::Absolute, Unit::Ratio) => hundredths(" pt"),
            (Scale::Absolute, _) => {
                let Notation { factor, suffix } = Notation::of(largest, unit, target);
                Self {
                    factor,
                    suffix,
                    decimals: Notation { factor, suffix }.decimals(largest, unit),
                }
            }
        }
    }

    fn signed(&self, value: f64) -> String {
        let text = number(value / self.factor, self.decimals);
        let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
        if is_zero || text.starts_with(['-', '?']) {
            text
        } else {
            format!("+{text}")
        }
    }

    /// Without a sign, and without decimals that say nothing: `3%`, `2.5%`.
    fn plain(&self, value: f64) -> String {
        let text = number(value.abs() / self.factor, self.decimals);
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        format!("{text}{}", self.suffix)
    }
}

/// The effect with its interval, for example `+7.3%` and `[+5.1, +9.4]`.
///
/// An end of the interval that would read as the margin although it is not gets one decimal more.
pub(crate) fn change(effect: &Effect, unit: Unit, direction: Direction, target: Target) -> Change {
    let ends = effect
        .interval
        .map(|interval| [interval.low, interval.high]);
    let numbers = ends.iter().flatten().chain([&effect.estimate]);
    let largest = numbers
        .clone()
        .fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let mut measure = Measure::of(effect.scale, unit, largest, target);
    if let Some(limit) = effect.margin.map(|margin| margin * direction.sign()) {
        let misleads =
            |&value: &f64| differs(value, limit) && measure.signed(value) == measure.signed(limit);
        if numbers.clone().any(misleads) {
            measure.decimals += 1;
        }
    }
    let interval =
        ends.map(|[low, high]| format!("[{}, {}]", measure.signed(low), measure.signed(high)));
    Change {
        estimate: format!("{}{}", measure.signed(effect.estimate), measure.suffix),
        interval: interval.unwrap_or_default(),
    }
}

/// The margin with the sign that is worse: `+3%` for a latency, `-0.5 pt` for recall. `None` when
/// the effect was not judged.
pub(crate) fn margin(
    effect: &Effect,
    unit: Unit,
    direction: Direction,
    target: Target,
) -> Option<String> {
    let sign = if direction == Direction::Lower {
        '+'
    } else {
        '-'
    };
    Some(format!(
        "{sign}{}",
        magnitude(effect.margin?, effect.scale, unit, target)
    ))
}

/// The size of a change on `scale`, without its sign: `7.3%`, `0.5 pt`.
pub(crate) fn magnitude(value: f64, scale: Scale, unit: Unit, target: Target) -> String {
    let mut measure = Measure::of(scale, unit, value, target);
    // Margins are written by people, who may well mean 0.25%.
    let is_percent = scale == Scale::Relative || unit == Unit::Ratio;
    if is_percent && value.abs() < 0.01 {
        measure.decimals = 2;
    }
    measure.plain(value)
}

/// The smallest worsening that would be found: `7.3%`, `0.5 pt`, `over 1000%`.
pub(crate) fn detectable(value: f64, scale: Scale, unit: Unit, target: Target) -> String {
    match scale {
        Scale::Relative if value > TENFOLD => relative_detectable(value),
        _ => magnitude(value, scale, unit, target),
    }
}

/// The same of a relative one, to as many digits as other percentages.
pub(crate) fn relative_detectable(fraction: f64) -> String {
    match fraction > TENFOLD {
        true => format!("over {}", percent(TENFOLD)),
        false => percent(fraction),
    }
}

/// A fraction as percent without a sign: `8.3%`, `12%`.
pub(crate) fn percent(fraction: f64) -> String {
    let decimals = if fraction.abs() < 0.0995 { 1 } else { 0 };
    Measure {
        factor: 0.01,
        suffix: "%",
        decimals,
    }
    .plain(fraction)
}

/// A relative change alone: `+1.4%`.
pub(crate) fn signed_percent(fraction: f64) -> String {
    let measure = Measure::of(Scale::Relative, Unit::Ratio, fraction, Target::Ascii);
    format!("{}{}", measure.signed(fraction), measure.suffix)
}

/// The distance to a limit: `12% left`, `8.3% over`. `None` when the limit is zero, which has no
/// fractions.
pub(crate) fn headroom(check: &BudgetCheck) -> Option<String> {
    let fraction = check.headroom;
    let side = if fraction < 0.0 { "over" } else { "left" };
    (fraction.is_finite() && check.budget.limit != 0.0)
        .then(|| format!("{} {side}", percent(fraction)))
}

/// The smallest and the largest of several relative worsenings that would be found, as `4.2%` or `4.2% to 8.1%`.
pub(crate) fn least_to_most(sizes: impl Iterator<Item = f64> + Clone) -> Option<String> {
    let (least, most) = (
        sizes.clone().min_by(f64::total_cmp)?,
        sizes.max_by(f64::total_cmp)?,
    );
    let (least, most) = (relative_detectable(least), relative_detectable(most));
    Some(if least == most {
        least
    } else {
        format!("{least} to {most}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_schema::policy::{Budget, Operator};
    use gate_schema::report::{BudgetStatus, Interval};

    fn effect(
        scale: Scale,
        estimate: f64,
        ends: Option<(f64, f64)>,
        margin: Option<f64>,
    ) -> Effect {
        let interval = ends.map(|(low, high)| Interval { low, high });
        Effect {
            scale,
            estimate,
            interval,
            margin,
            p_value: None,
            test: None,
            rank: None,
            detectable: None,
            basis: None,
            agreeing: None,
            pairs_needed: None,
            stages: Vec::new(),
        }
    }

    #[test]
    fn changes_carry_sign_unit_and_interval() {
        use Scale::*;
        let all = |scale, unit, estimate, low, high, margin| {
            let effect = effect(scale, estimate, Some((low, high)), margin);
            let Change { estimate, interval } =
                change(&effect, unit, Direction::Lower, Target::Ascii);
            format!("{estimate} {interval}")
        };
        let time = Unit::Nanoseconds;
        assert_eq!(
            all(Relative, time, 0.073, 0.051, 0.094, None),
            "+7.3% [+5.1, +9.4]"
        );
        assert_eq!(
            all(Relative, time, -0.0001, -0.002, 0.001, None),
            "0.0% [-0.2, +0.1]"
        );
        assert_eq!(
            all(Relative, time, 0.0002, 0.0001, 0.0003, None),
            "+0.02% [+0.01, +0.03]"
        );
        assert_eq!(
            all(Relative, time, 2.5, 2.0, 3.0, None),
            "+250% [+200, +300]"
        );
        assert_eq!(
            all(Relative, time, 0.05, 0.0304, 0.07, Some(0.03)),
            "+5.00% [+3.04, +7.00]"
        );
        assert_eq!(
            all(Absolute, Unit::Ratio, -0.012, -0.015, -0.009, None),
            "-1.2 pt [-1.5, -0.9]"
        );
        assert_eq!(
            all(Absolute, Unit::Bytes, 1.2e6, -0.4e6, 2e6, None),
            "+1.20 MB [-0.40, +2.00]"
        );
        assert_eq!(
            all(Absolute, Unit::Count, 2.0, 2.0, 2.0, None),
            "+2 [+2, +2]"
        );
        let alone = change(
            &effect(Relative, 0.0, None, None),
            time,
            Direction::Lower,
            Target::Ascii,
        );
        assert_eq!(
            (alone.estimate.as_str(), alone.interval.as_str()),
            ("0.0%", "")
        );
    }

    #[test]
    fn margins_point_to_the_worse_side() {
        use Direction::*;
        for (scale, unit, direction, value, expected) in [
            (Scale::Relative, Unit::Nanoseconds, Lower, 0.03, "+3%"),
            (Scale::Relative, Unit::PerSecond, Higher, 0.025, "-2.5%"),
            (Scale::Relative, Unit::Bytes, Lower, 0.0025, "+0.25%"),
            (Scale::Relative, Unit::Bytes, Lower, 0.0, "+0%"),
            (Scale::Absolute, Unit::Ratio, Higher, 0.005, "-0.5 pt"),
            (Scale::Absolute, Unit::Bytes, Lower, 1e6, "+1 MB"),
        ] {
            let effect = effect(scale, 0.0, None, Some(value));
            assert_eq!(
                margin(&effect, unit, direction, Target::Ascii).as_deref(),
                Some(expected)
            );
        }
    }

    #[test]
    fn what_noise_hides_has_no_more_digits_than_it_deserves() {
        let found = |value, scale| detectable(value, scale, Unit::Nanoseconds, Target::Ascii);
        for (value, expected) in [
            (0.0036, "0.36%"),
            (0.131, "13.1%"),
            (10.0, "1000%"),
            (406.85, "over 1000%"),
        ] {
            assert_eq!(found(value, Scale::Relative), expected);
        }
        assert_eq!(found(2e9, Scale::Absolute), "2 s");
        let sizes = |sizes: &[f64]| least_to_most(sizes.iter().copied());
        assert_eq!(sizes(&[406.0, 0.03]).as_deref(), Some("3% to over 1000%"));
        assert_eq!(sizes(&[406.0, 14.18]).as_deref(), Some("over 1000%"));
    }

    #[test]
    fn headroom_says_which_side_of_the_limit() {
        for (limit, headroom, expected) in [
            (50.0, 0.12, Some("12% left")),
            (50.0, -0.083, Some("8.3% over")),
            (50.0, 0.0, Some("0% left")),
            (50.0, 0.0999, Some("10% left")),
            (50.0, f64::NAN, None),
            (50.0, f64::NEG_INFINITY, None),
            (0.0, 0.0, None),
            (0.0, -1.0, None),
        ] {
            let check = BudgetCheck {
                budget: Budget {
                    operator: Operator::AtMost,
                    limit,
                    unit: None,
                    text: String::new(),
                },
                status: BudgetStatus::Within,
                interval: None,
                headroom,
            };
            assert_eq!(super::headroom(&check).as_deref(), expected);
        }
    }
}
