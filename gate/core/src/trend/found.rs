//! Steps and drifts of all rows, and what may be behind them.

use std::collections::BTreeSet;

use gate_schema::trend::{Drift, Step, Suspect, Way};

use super::{Entry, Series, step};

/// Scenarios that moved before "everything moved" can be said.
pub(super) const FEWEST_TOGETHER: usize = 5;

/// Share of the scenarios with timings that moves when the machine does.
pub(super) const TOGETHER: f64 = 0.5;

/// Runs by which steps of one cause are dated apart.
const NEAR: usize = 2;

/// What was found in all rows.
pub(super) struct Found {
    /// Rows with enough runs.
    pub(super) told: usize,
    pub(super) untold: usize,
    pub(super) steps: Vec<Step>,
    pub(super) drifts: Vec<Drift>,
}

/// The last step of one row.
struct Last<'a> {
    series: &'a Series,
    step: step::Step,
}

impl Last<'_> {
    /// The run that shows it first.
    fn onset(&self) -> usize {
        self.series.nights[self.step.onset]
    }

    fn way(&self) -> Way {
        way(self.step.from, self.step.to)
    }
}

fn way(from: f64, to: f64) -> Way {
    if to > from { Way::Worse } else { Way::Better }
}

impl Found {
    pub(super) fn of(series: &[Series], entries: &[&Entry]) -> Self {
        let limit = if series.len() < step::MANY {
            step::LIMIT_FEW
        } else {
            step::LIMIT_MANY
        };
        let newest = entries.len().saturating_sub(1);
        let mut found = Self {
            told: 0,
            untold: 0,
            steps: Vec::new(),
            drifts: Vec::new(),
        };
        let mut last = Vec::new();
        for row in series {
            let level = crate::estimate::median(&row.values).unwrap_or(0.0);
            let smallest = row.axis.part(step::MIN_SIZE, level);
            let step = step::steps(&row.values, limit, smallest).pop();
            let since = step.map_or(0, |step| step.onset);
            let is_told = row.values.len() - since >= step::fewest();
            // A step that the newest run showed is told, however few runs there are since.
            let is_new = step.is_some_and(|step| row.nights[step.found] == newest);
            if is_told || is_new {
                found.told += 1;
            } else {
                found.untold += 1;
            }
            found.drifts.extend(row.crept(since).map(|crept| Drift {
                scenario: row.scenario.clone(),
                metric: row.metric.clone(),
                way: way(crept.from, crept.to),
                suspect: Suspect::Code,
                score: crept.score,
                from: row.axis.quantity(crept.from),
                to: row.axis.quantity(crept.to),
                since: entries[row.nights[since + crept.since]].night.clone(),
            }));
            last.extend(step.map(|step| Last { series: row, step }));
        }
        let timed = series.iter().filter(|row| row.axis.unit.is_timing());
        let timings = timed
            .map(|row| &row.scenario)
            .collect::<BTreeSet<_>>()
            .len();
        for one in &last {
            let row = one.series;
            let good = row.nights[one.step.onset - 1];
            let night = |at: usize| entries[at].night.clone();
            found.steps.push(Step {
                scenario: row.scenario.clone(),
                metric: row.metric.clone(),
                way: one.way(),
                suspect: suspect(one, &last, timings, entries),
                is_new: row.nights[one.step.found] == newest,
                score: one.step.score,
                from: row.axis.quantity(one.step.from),
                to: row.axis.quantity(one.step.to),
                good: night(good),
                bad: night(one.onset()),
            });
        }
        let size = |from: f64, to: f64| (to / from - 1.0).abs();
        found.steps.sort_by(|a, b| {
            let rank = |step: &Step| (!step.is_new, step.way);
            let sizes = [b, a].map(|step| size(step.from.value, step.to.value));
            rank(a).cmp(&rank(b)).then(sizes[0].total_cmp(&sizes[1]))
        });
        found.drifts.sort_by(|a, b| {
            let sizes = [b, a].map(|drift| size(drift.from.value, drift.to.value));
            a.way.cmp(&b.way).then(sizes[0].total_cmp(&sizes[1]))
        });
        found
    }
}

/// What may be behind a step.
fn suspect(one: &Last<'_>, all: &[Last<'_>], timings: usize, entries: &[&Entry]) -> Suspect {
    let row = one.series;
    let commit = |at: usize| entries[at].night.commit.as_ref();
    let good = commit(row.nights[one.step.onset - 1]);
    if good.is_some() && good == commit(one.onset()) {
        return Suspect::SameCommit;
    }
    let together = all.iter().filter(|other| {
        other.series.axis.unit.is_timing()
            && other.way() == one.way()
            && other.onset().abs_diff(one.onset()) <= NEAR
    });
    // The statistics of one distribution move together whatever the cause.
    let together = together.map(|other| &other.series.scenario);
    let together = together.collect::<BTreeSet<_>>().len();
    let is_everything = row.axis.unit.is_timing()
        && together >= FEWEST_TOGETHER
        && together as f64 > TOGETHER * timings as f64;
    if is_everything {
        Suspect::Everything
    } else {
        Suspect::Code
    }
}
