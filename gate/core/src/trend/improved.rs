//! Rows that have been better than the promoted baseline for so long that it should be promoted anew: until then they
//! can get worse by as much and nobody sees it.

use std::collections::BTreeSet;

use gate_schema::id::ScenarioId;
use gate_schema::trend::{Improvement, Promoted, Step, Way};

use super::Series;
use crate::estimate::mean;

/// Newest runs that must all be better by the margin.
pub const NIGHTS: usize = 7;

/// How rows stand to the promoted level. `newest` is the index of the newest run; a row whose last step was the
/// machine's doing is not listed, and neither is a scenario where another row paid for it.
pub(super) fn promoted(
    baseline: &str,
    series: &[Series],
    steps: &[Step],
    newest: usize,
) -> Promoted {
    let told: Vec<Told<'_>> = series
        .iter()
        .filter(|row| row.nights.last() == Some(&newest))
        .filter_map(Told::of)
        .collect();
    let worse: BTreeSet<&ScenarioId> = told
        .iter()
        .filter(|told| told.is_worse())
        .map(|told| &told.row.scenario)
        .collect();
    let is_listed = |told: &&Told<'_>| {
        let row = told.row;
        let is_of_machine = steps.iter().any(|step| {
            (&step.scenario, &step.metric, step.way) == (&row.scenario, &row.metric, Way::Better)
                && !step.suspect.is_code()
        });
        told.is_better() && !is_of_machine && !worse.contains(&row.scenario)
    };
    let mut listed: Vec<&Told<'_>> = told.iter().filter(is_listed).collect();
    listed.sort_by(|a, b| b.gain().total_cmp(&a.gain()));
    let improvement = |told: &Told<'_>| Improvement {
        scenario: told.row.scenario.clone(),
        metric: told.row.metric.clone(),
        from: told.row.axis.quantity(told.level),
        to: told.row.axis.quantity(mean(told.newest)),
    };
    Promoted {
        baseline: baseline.to_owned(),
        rows: series
            .iter()
            .filter(|row| row.held.promoted.is_some())
            .count(),
        nights: NIGHTS,
        improvements: listed.into_iter().map(improvement).collect(),
    }
}

/// A row that is judged, long enough, and its promoted level.
struct Told<'a> {
    row: &'a Series,
    newest: &'a [f64],
    level: f64,
    tolerated: f64,
}

impl<'a> Told<'a> {
    fn of(row: &'a Series) -> Option<Self> {
        let start = row.values.len().checked_sub(NIGHTS)?;
        Some(Self {
            row,
            newest: &row.values[start..],
            level: row.held.promoted?,
            tolerated: row.held.tolerated?,
        })
    }

    fn is_better(&self) -> bool {
        let is_better = |value: &f64| self.level - value >= self.tolerated;
        self.row.held.decides && self.newest.iter().all(is_better)
    }

    fn is_worse(&self) -> bool {
        mean(self.newest) - self.level >= self.tolerated
    }

    /// How much better, in margins.
    fn gain(&self) -> f64 {
        (self.level - mean(self.newest)) / self.tolerated
    }
}
