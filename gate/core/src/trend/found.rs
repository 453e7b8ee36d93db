//! Steps and drifts of all rows, and what may be behind them.

use std::collections::BTreeMap;

use gate_schema::trend::{Drift, Row, Step, Suspect, Way};

use super::{Entry, Series, host, step};

/// Runs by which a step may be dated off.
const NEAR: usize = 2;

/// What was found in all rows.
pub(super) struct Found {
    /// Rows that are told.
    pub(super) told: usize,
    pub(super) rows: Vec<Row>,
    pub(super) steps: Vec<Step>,
    pub(super) drifts: Vec<Drift>,
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
            rows: Vec::new(),
            steps: Vec::new(),
            drifts: Vec::new(),
        };
        let mut together = Together::default();
        for row in series {
            let night = |at: usize| entries[row.nights[at]].night.clone();
            let is_told = row.nights.last() == Some(&newest) && row.values.len() >= step::fewest();
            found.told += usize::from(is_told);
            found.rows.push(Row {
                scenario: row.scenario.clone(),
                metric: row.metric.clone(),
                since: is_told.then(|| night(0)),
            });
            let steps = step::steps(&row.values, limit, row.smallest(step::MIN_SIZE));
            if is_told {
                let since = steps.last().map_or(0, |step| step.onset);
                found.drifts.extend(row.crept(since).map(|crept| Drift {
                    scenario: row.scenario.clone(),
                    metric: row.metric.clone(),
                    way: way(crept.from, crept.to),
                    suspect: Suspect::Code,
                    score: crept.score,
                    from: row.axis.quantity(crept.from),
                    to: row.axis.quantity(crept.to),
                    since: night(since + crept.since),
                }));
            }
            for step in standing(&steps, &row.values) {
                let between = Between::of(row, step, entries);
                let suspect = if between.is_one_commit {
                    Suspect::SameCommit
                } else if row.axis.unit.is_timing() && together.moved(row, step, series) {
                    Suspect::Everything
                } else {
                    Suspect::Code
                };
                found.steps.push(Step {
                    scenario: row.scenario.clone(),
                    metric: row.metric.clone(),
                    way: way(step.from, step.to),
                    suspect,
                    is_new: row.nights[step.found] == newest,
                    score: step.score,
                    from: row.axis.quantity(step.from),
                    to: row.axis.quantity(step.to),
                    good: night(between.good),
                    bad: night(between.bad),
                });
            }
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

fn way(from: f64, to: f64) -> Way {
    if to > from { Way::Worse } else { Way::Better }
}

/// Of the steps of a row, oldest first, those that stand: the last one, and where that is one to the better, the last
/// one to the worse before it. What repairs a part leaves the rest.
fn standing<'s>(steps: &'s [step::Step], values: &[f64]) -> impl Iterator<Item = &'s step::Step> {
    let is = |step: &step::Step, which: Way| way(step.from, step.to) == which;
    let last = steps.last();
    let is_repair = last.is_some_and(|last| is(last, Way::Better));
    let mut newest_first = steps.iter().rev();
    let before = newest_first.find(|&step| is_repair && is(step, Way::Worse));
    let both = [last, before].into_iter().flatten();
    both.filter(move |step| step.stands(values))
}

/// The points of a row that what changed lies between.
struct Between {
    good: usize,
    bad: usize,
    is_one_commit: bool,
}

impl Between {
    /// The two points at the step, unless they are of one commit: then the nearest of another one, on either side, as
    /// far as the step may be dated off.
    fn of(row: &Series, step: &step::Step, entries: &[&Entry]) -> Self {
        let commit = |at: usize| entries[row.nights[at]].night.commit.as_ref();
        let (good, bad) = (step.onset - 1, step.onset);
        let is_another = |at: &usize| commit(*at) != commit(bad);
        if commit(bad).is_none() || is_another(&good) {
            return Self {
                good,
                bad,
                is_one_commit: false,
            };
        }
        let before = (good.saturating_sub(NEAR)..good).rev().find(is_another);
        let last = (bad + NEAR).min(row.nights.len() - 1);
        let since = (bad + 1..=last).find(is_another);
        Self {
            good: before.unwrap_or(good),
            bad: since.unwrap_or(bad),
            is_one_commit: before.is_none() && since.is_none(),
        }
    }
}

/// Whether the timings of most scenarios moved, by first and last run looked at and by way.
#[derive(Default)]
struct Together(BTreeMap<(usize, usize, Way), bool>);

impl Together {
    /// Whether they moved as `step` of `row` did, from its onset to when it was found. Later runs do not count, so
    /// that what is said of a step stays said.
    fn moved(&mut self, row: &Series, step: &step::Step, series: &[Series]) -> bool {
        let (onset, found) = (row.nights[step.onset], row.nights[step.found]);
        let way = way(step.from, step.to);
        let known = self.0.entry((onset, found, way));
        *known.or_insert_with(|| host::have_most_moved(onset, found, way, series))
    }
}
