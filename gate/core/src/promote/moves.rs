//! Levels that move when a baseline is replaced.

use std::collections::{BTreeMap, HashMap};

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::quantity::Quantity;
use gate_schema::run::Change;

use super::rounded;
use crate::budget::standing;
use crate::comparable::is_same_workload;
use crate::estimate::Location;
use crate::observe::{Observed, ObservedMetric};

/// Smallest relative move of a level that counts as one.
pub const LISTED_CHANGE: f64 = 0.01;

/// Most changes listed, unless more levels than that got worse.
pub const LISTED_CHANGES: usize = 20;

/// A time or rate that got better by this factor is suspicious: work rarely gets twice as fast, and a scenario that
/// no longer does its work often does.
pub const SUSPICIOUS: f64 = 2.0;

/// A level that moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// From where to where.
    pub change: Change,
    /// Whether it got worse.
    pub is_worse: bool,
    /// By which fraction of where it was, without sign; infinite from zero.
    by: f64,
}

impl Move {
    /// Whether it got so much faster that somebody should say why.
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        let (from, to) = (self.change.from.value, self.change.to.value);
        let is_fast = from.max(to) >= SUSPICIOUS * from.min(to);
        !self.is_worse && self.change.from.unit.is_timing() && is_fast
    }
}

/// Levels that moved the same way.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The largest move.
    pub largest: Change,
    /// How many more there are.
    pub more: usize,
}

impl Moved {
    /// The first of these is the largest; `None` if there is none.
    pub(crate) fn of<'a>(mut moves: impl Iterator<Item = &'a Move>) -> Option<Self> {
        let largest = moves.next()?.change.clone();
        let more = moves.count();
        Some(Self { largest, more })
    }
}

/// Levels that moved between two observed runs: the worse ones first, of each kind the largest first.
#[must_use]
pub fn moves(accepted: &[Observed], run: &[Observed]) -> Vec<Move> {
    let accepted: BTreeMap<&ScenarioId, &Observed> =
        accepted.iter().map(|o| (&o.declared.scenario, o)).collect();
    let mut moves: Vec<Move> = Vec::new();
    for observed in run {
        let scenario = &observed.declared.scenario;
        let Some(counterpart) = accepted
            .get(scenario)
            .filter(|o| is_same_workload(&o.declared, &observed.declared))
        else {
            continue;
        };
        let there: HashMap<&MetricName, &ObservedMetric> =
            counterpart.metrics.iter().map(|m| (&m.name, m)).collect();
        let moved = |metric: &ObservedMetric| {
            let was = there.get(&metric.name);
            let was = was.filter(|was| was.declared == metric.declared)?;
            moved(scenario, was, metric)
        };
        moves.extend(observed.metrics.iter().filter_map(moved));
    }
    moves.sort_by(|a, b| b.is_worse.cmp(&a.is_worse).then(b.by.total_cmp(&a.by)));
    moves
}

fn moved(scenario: &ScenarioId, was: &ObservedMetric, is: &ObservedMetric) -> Option<Move> {
    let level = |metric| standing(metric, Location::Trimmed).map(|standing| standing.value);
    let (from, to) = (level(was)?, level(is)?);
    let difference = to - from;
    let by = if difference == 0.0 {
        0.0
    } else {
        // From zero to anything is infinitely far.
        (difference / from).abs()
    };
    let quantity = |value| Quantity {
        value: rounded(value),
        unit: is.unit(),
    };
    (by >= LISTED_CHANGE).then(|| Move {
        change: Change {
            scenario: scenario.clone(),
            metric: is.name.clone(),
            from: quantity(from),
            to: quantity(to),
        },
        is_worse: is.direction().sign() * difference > 0.0,
        by,
    })
}

/// What a baseline keeps of them: every level that got worse, and of the better ones as many as there is room for.
#[must_use]
pub fn listed(moves: &[Move]) -> Vec<Change> {
    let worse = moves.iter().filter(|m| m.is_worse).count();
    let changes = moves.iter().map(|m| m.change.clone());
    changes.take(worse.max(LISTED_CHANGES)).collect()
}

#[cfg(test)]
mod tests {
    use gate_schema::unit::Unit;

    use super::*;

    fn change(from: f64, to: f64, unit: Unit, is_worse: bool) -> Move {
        let quantity = |value| Quantity { value, unit };
        Move {
            change: Change {
                scenario: ScenarioId::new("demo/search").expect("an id"),
                metric: MetricName::new("latency.p50").expect("a name"),
                from: quantity(from),
                to: quantity(to),
            },
            is_worse,
            by: (to / from - 1.0).abs(),
        }
    }

    #[test]
    fn twice_as_fast_is_suspicious() {
        for (name, from, to, unit, is_worse, expected) in [
            ("half the time", 10.0, 5.0, Unit::Nanoseconds, false, true),
            ("nearly", 10.0, 5.1, Unit::Nanoseconds, false, false),
            ("twice the rate", 10.0, 20.0, Unit::PerSecond, false, true),
            ("twice the time", 10.0, 20.0, Unit::Nanoseconds, true, false),
            ("half the bytes", 10.0, 5.0, Unit::Bytes, false, false),
        ] {
            let suspicious = change(from, to, unit, is_worse).is_suspicious();
            assert_eq!(suspicious, expected, "{name}");
        }
    }

    #[test]
    fn only_better_levels_are_cut() {
        let of = |worse: usize, better: usize| {
            let of = |n, is_worse| vec![change(10.0, 11.0, Unit::Count, is_worse); n];
            listed(&[of(worse, true), of(better, false)].concat()).len()
        };
        assert_eq!(of(2, 30), LISTED_CHANGES);
        assert_eq!(of(25, 30), 25);
        assert_eq!(of(1, 1), 2);
    }
}
