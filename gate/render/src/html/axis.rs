//! Axes: where a number stands in a drawing, and which numbers are written along it.

use gate_schema::unit::Unit;

use crate::escape::Target;
use crate::quantity;

/// Most ticks of a logarithmic axis that stand at 1, 2 and 5 of a decade; more get one per decade.
const MOST_TICKS: usize = 9;

/// A straight axis from `low` to `high`, drawn between two coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// `None` when the ends are no two numbers in ascending order.
    pub(super) fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Option<Self> {
        let is_sound = low.is_finite() && high.is_finite() && high - low > 0.0;
        let is_sound = is_sound && (high - low).is_finite();
        is_sound.then_some(Self {
            low,
            high,
            from,
            to,
        })
    }

    /// Where `value` stands; outside of the axis, at its end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }

    pub(super) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Round numbers along the axis, zero among them where it is on it: five to ten of them.
    pub(super) fn round_numbers(&self) -> Vec<f64> {
        let rough = (self.high - self.low) / 5.0;
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0].map(|digit| digit * decade);
        let step = step.into_iter().rfind(|step| *step <= rough);
        let step = step.unwrap_or(decade);
        let (first, last) = ((self.low / step).ceil(), (self.high / step).floor());
        let count = (last - first).max(0.0) as usize;
        (0..=count.min(20))
            .map(|at| (first + at as f64) * step)
            .collect()
    }
}

/// Fewest numbers that say how long an axis is.
const FEWEST_TICKS: usize = 2;

/// Most ticks of an axis that is too short for those: their numbers are longer.
const MOST_SHORT: usize = 6;

/// Round numbers between `low` and `high`, both positive, for a logarithmic axis. Where it is too short for
/// those, numbers of a straight axis.
pub(super) fn decades(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let with = |digits: &[f64]| -> Vec<f64> {
        let all = (first..=last)
            .flat_map(|decade| digits.iter().map(move |digit| digit * 10_f64.powi(decade)));
        all.filter(|tick| (low..=high).contains(tick)).collect()
    };
    let ticks = with(&[1.0, 2.0, 5.0]);
    if ticks.len() > MOST_TICKS {
        return with(&[1.0]);
    }
    match Axis::new((low, high), (0.0, 1.0)) {
        Some(axis) if ticks.len() < FEWEST_TICKS => {
            let numbers = axis.round_numbers();
            let every = numbers.len().div_ceil(MOST_SHORT).max(1);
            numbers.into_iter().step_by(every).collect()
        }
        _ => ticks,
    }
}

/// A round number with its unit: `20 µs`, `1 ms`.
pub(super) fn tick(value: f64, unit: Unit) -> String {
    let [text] = quantity::levels([Some(value)], unit, None, Target::Unicode);
    let text = text.unwrap_or_default();
    let digits = text.find(|c: char| c != '.' && !c.is_ascii_digit());
    let (number, suffix) = text.split_at(digits.unwrap_or(text.len()));
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    };
    format!("{number}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(decades(3e3, 3e5), [5e3, 1e4, 2e4, 5e4, 1e5, 2e5]);
        assert_eq!(decades(1.0, 1e7).len(), 8);
        let short = [2.2e4, 2.6e4, 3e4, 3.4e4, 3.8e4, 4.2e4];
        assert_eq!(decades(2.2e4, 4.5e4), short);
        assert_eq!(decades(5.2e4, 9e4), [5.5e4, 6.5e4, 7.5e4, 8.5e4]);
        let near = |(low, high): (f64, f64)| {
            let axis = Axis::new((low, high), (0.0, 1.0)).expect("sound");
            axis.round_numbers().len()
        };
        for ends in [
            (0.0, 1.0),
            (-0.03, 0.128),
            (-1e9, 7e9),
            (0.0, 9.99),
            (-0.2, 0.0),
        ] {
            assert!((3..=11).contains(&near(ends)), "{ends:?}: {}", near(ends));
        }
        for (value, unit, expected) in [
            (2e4, Unit::Nanoseconds, "20 \u{b5}s"),
            (1e6, Unit::Nanoseconds, "1 ms"),
            (100.0, Unit::Nanoseconds, "100 ns"),
            (0.5, Unit::Nanoseconds, "0.5 ns"),
            (5_000.0, Unit::PerSecond, "5k/s"),
            (20.0, Unit::Count, "20"),
        ] {
            assert_eq!(tick(value, unit), expected);
        }
    }

    #[test]
    fn an_axis_without_extent_is_none() {
        for ends in [
            (1.0, 1.0),
            (2.0, 1.0),
            (f64::NAN, 1.0),
            (0.0, f64::INFINITY),
        ] {
            assert!(Axis::new(ends, (0.0, 1.0)).is_none(), "{ends:?}");
        }
        let axis = Axis::new((0.0, 10.0), (100.0, 200.0)).expect("sound");
        for (value, expected) in [(-5.0, 100.0), (0.0, 100.0), (5.0, 150.0), (20.0, 200.0)] {
            assert!((axis.place(value) - expected).abs() < 1e-9, "{value}");
        }
    }
}
