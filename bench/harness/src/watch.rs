//! Figures that are watched while a scenario is measured, such as memory.
//!
//! What is seen becomes two metrics: the series itself, which is shown, and the slope of the figure over
//! the work that was done, which is judged. A slope over time would follow the speed of the machine.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gate_schema::run::Series;

use crate::slope::Slope;

/// Most points that are kept. When there are more, every second one is forgotten and half as many are
/// kept from then on.
const MAX_POINTS: usize = 512;

/// A figure that is looked at again and again, by any thread.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    start: Option<Instant>,
    points: Vec<Point>,
    /// Of how many looks one is kept.
    stride: usize,
    looks: usize,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    at: Duration,
    work: f64,
    value: f64,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            start: None,
            points: Vec::with_capacity(MAX_POINTS),
            stride: 1,
            looks: 0,
        }
    }
}

impl Watch {
    /// Keeps `value`, seen now, after so much `work`.
    pub fn see(&self, work: f64, value: f64) {
        let mut seen = self.seen();
        let at = seen.start.get_or_insert_with(Instant::now).elapsed();
        seen.keep(Point { at, work, value });
    }

    /// The figure over the seconds since it was first looked at; `None` when it never was.
    #[must_use]
    pub fn series(&self) -> Option<Series> {
        let seen = self.seen();
        let series: Vec<(f64, f64)> = seen
            .points
            .iter()
            .map(|point| (point.at.as_secs_f64(), point.value))
            .collect();
        (!series.is_empty()).then_some(Series { series })
    }

    /// What the figure grew by per unit of work; `None` when it was looked at too rarely.
    #[must_use]
    pub fn growth(&self) -> Option<Slope> {
        Slope::of(&self.by_work())
    }

    /// The figure over the work that was done; empty when it was never looked at.
    #[must_use]
    pub fn by_work(&self) -> Vec<(f64, f64)> {
        let seen = self.seen();
        let points = seen.points.iter();
        points.map(|point| (point.work, point.value)).collect()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Whole whatever happened elsewhere: keeping a point does not panic.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn keep(&mut self, point: Point) {
        self.looks += 1;
        if !(self.looks - 1).is_multiple_of(self.stride) {
            return;
        }
        if self.points.len() == MAX_POINTS {
            let mut number = 0;
            self.points.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.stride *= 2;
        }
        self.points.push(point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_bounded_and_spread_over_everything() {
        let watch = Watch::default();
        for look in 0..100_000 {
            watch.see(f64::from(look), 3.0 * f64::from(look));
        }
        let series = watch.series().expect("was seen").series;
        assert!(
            (MAX_POINTS / 2..=MAX_POINTS).contains(&series.len()),
            "{}",
            series.len()
        );
        assert!(series.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let (first, last) = (series[0].1, series[series.len() - 1].1);
        assert!(first < 1.0 && last > 299_000.0, "{first} to {last}");
        let growth = watch.growth().expect("was seen often");
        assert!((growth.per_unit - 3.0).abs() < 1e-9, "{growth:?}");
    }

    #[test]
    fn what_was_never_seen_has_neither() {
        let watch = Watch::default();
        assert_eq!((watch.series(), watch.growth()), (None, None));
    }
}
