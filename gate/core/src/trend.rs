//! What the runs of a history show: steps and drift, row by row, and what may be behind them.
//!
//! A point of a series is a run: the mean of its sessions, on a scale where larger is worse. Only runs of the newest
//! run's tier are looked at, only workloads and metrics declared as they are now, and timings only of runs with its
//! fingerprint, so that another machine is never a step.

use std::collections::{BTreeMap, BTreeSet};

use gate_schema::exit::ExitCode;
use gate_schema::id::{MetricName, Name, ScenarioId};
use gate_schema::policy::Policy;
use gate_schema::quantity::Quantity;
use gate_schema::run::{Environment, Run};
use gate_schema::trend::{FORMAT, MachineChange, Night, Trend, Way};
use gate_schema::unit::Unit;

use crate::comparable::{environment_differences, is_same_workload};
use crate::estimate::{Location, estimate, mean};
use crate::observe::{Observed, ObservedMetric};
use crate::rules::UnitMismatch;
use crate::sides::shift;

pub mod drift;
mod found;
mod held;
mod host;
pub mod improved;
pub mod step;

use found::Found;
use held::Held;

/// One run of a history, observed.
pub struct Entry {
    night: Night,
    tier: Option<Name>,
    environment: Environment,
    observed: Vec<Observed>,
}

impl Entry {
    /// What a trend needs of a run.
    #[must_use]
    pub fn new(run: &Run, observed: Vec<Observed>) -> Self {
        Self {
            night: Night {
                created: run.created.clone(),
                commit: run.source.commit.clone(),
            },
            tier: run.manifest.tier.clone(),
            environment: run.environment.clone(),
            observed,
        }
    }
}

/// What the history shows, oldest run first; `None` when it is empty. `promoted` is the promoted baseline and the name
/// of its file. Of the policy count margins, and the fingerprint fields that may differ.
///
/// # Errors
/// A margin or budget that does not fit the unit of a row.
pub fn trend(
    history: &[Entry],
    policy: &Policy,
    promoted: Option<(&str, &Entry)>,
) -> Result<Option<Trend>, UnitMismatch> {
    let ignored = &policy.ignore_environment;
    let Some(newest) = history.last() else {
        return Ok(None);
    };
    let entries: Vec<&Entry> = history.iter().filter(|e| e.tier == newest.tier).collect();
    let is_alike = |entry: &&Entry| held::is_alike(entry, newest, ignored);
    let alike: Vec<bool> = entries.iter().map(is_alike).collect();
    let mut series = series(&entries, &alike);
    held::hold(
        &mut series,
        newest,
        policy,
        promoted.map(|(_, entry)| entry),
    )?;
    let mut found = Found::of(&series, &entries);
    host::suspect(&mut found.drifts, &series, &entries);
    let promoted = promoted.map(|(baseline, _)| {
        improved::promoted(baseline, &series, &found.steps, entries.len() - 1)
    });
    let is_red = found
        .steps
        .iter()
        .any(|step| step.is_new && step.way == Way::Worse)
        || found.drifts.iter().any(|drift| drift.way == Way::Worse);
    let exit_code = match (is_red, found.told) {
        (true, _) => ExitCode::Fail,
        (false, 0) => ExitCode::Undecided,
        (false, _) => ExitCode::Pass,
    };
    Ok(Some(Trend {
        format: FORMAT.to_owned(),
        exit_code,
        tier: newest.tier.clone(),
        runs: entries.len(),
        alike: alike.iter().filter(|is_alike| **is_alike).count(),
        newest: newest.night.clone(),
        told: found.told,
        untold: found.rows.len() - found.told,
        needed: step::fewest(),
        steps: found.steps,
        drifts: found.drifts,
        promoted,
        machines: machines(&entries, ignored),
        rows: found.rows,
    }))
}

/// The runs that were measured under other conditions than the one before.
fn machines(entries: &[&Entry], ignored: &BTreeSet<String>) -> Vec<MachineChange> {
    let changes = entries.windows(2).map(|two| MachineChange {
        night: two[1].night.clone(),
        fields: environment_differences(&two[0].environment, &two[1].environment, ignored),
    });
    changes.filter(|change| !change.fields.is_empty()).collect()
}

/// One row over the runs that measured it.
struct Series {
    scenario: ScenarioId,
    metric: MetricName,
    axis: Axis,
    /// Indices of the runs.
    nights: Vec<usize>,
    /// Their values on the axis.
    values: Vec<f64>,
    held: Held,
}

impl Series {
    /// The distance on the axis that is `part` of the level.
    fn smallest(&self, part: f64) -> f64 {
        let level = crate::estimate::median(&self.values).unwrap_or(0.0);
        let part = self.axis.part(part, level);
        if self.axis.is_logarithmic {
            part
        } else {
            part.max(SMALLEST_RATIO)
        }
    }
}

/// Smallest distance of two ratios that is worth telling. A part of a ratio that is zero would be nothing.
const SMALLEST_RATIO: f64 = 0.001;

/// Where values are compared; larger is worse.
#[derive(Clone, Copy)]
struct Axis {
    unit: Unit,
    sign: f64,
    is_logarithmic: bool,
    /// Added before taking logarithms, so that counters may be zero.
    shift: f64,
}

impl Axis {
    fn new(metric: &ObservedMetric, values: &[f64]) -> Self {
        let is_logarithmic = metric.unit() != Unit::Ratio;
        Self {
            unit: metric.unit(),
            sign: metric.direction().sign(),
            is_logarithmic,
            shift: if is_logarithmic {
                shift(values.iter().copied())
            } else {
                0.0
            },
        }
    }

    fn place(self, value: f64) -> f64 {
        let placed = if self.is_logarithmic {
            (value + self.shift).ln()
        } else {
            value
        };
        self.sign * placed
    }

    fn quantity(self, placed: f64) -> Quantity {
        let value = self.sign * placed;
        let value = if self.is_logarithmic {
            value.exp() - self.shift
        } else {
            value
        };
        Quantity {
            value,
            unit: self.unit,
        }
    }

    /// The distance on this axis that is `part` of a level there.
    fn part(self, part: f64, level: f64) -> f64 {
        if self.is_logarithmic {
            part.ln_1p()
        } else {
            part * level.abs()
        }
    }
}

/// Every row of the newest run, over the runs that measured the same.
fn series(entries: &[&Entry], alike: &[bool]) -> Vec<Series> {
    let Some(newest) = entries.last() else {
        return Vec::new();
    };
    let by_scenario: Vec<BTreeMap<&ScenarioId, &Observed>> = entries
        .iter()
        .map(|entry| {
            entry
                .observed
                .iter()
                .map(|o| (&o.declared.scenario, o))
                .collect()
        })
        .collect();
    let rows = newest.observed.iter().flat_map(|scenario| {
        scenario
            .metrics
            .iter()
            .map(move |metric| (scenario, metric))
    });
    rows.map(|(scenario, metric)| {
        let is_timing = metric.unit().is_timing();
        let mut nights = Vec::new();
        let mut raw = Vec::new();
        for (at, there) in by_scenario.iter().enumerate() {
            let level = there
                .get(&scenario.declared.scenario)
                .filter(|_| alike[at] || !is_timing)
                .and_then(|there| same_row(there, scenario, metric))
                .and_then(level);
            nights.extend(level.map(|_| at));
            raw.extend(level);
        }
        let axis = Axis::new(metric, &raw);
        Series {
            scenario: scenario.declared.scenario.clone(),
            metric: metric.name.clone(),
            axis,
            nights,
            values: raw.into_iter().map(|value| axis.place(value)).collect(),
            held: Held::default(),
        }
    })
    .collect()
}

/// What another run says about a row, if that ended well: the same workload, and a metric that is declared as here.
/// What else is measured of the scenario, may be more or less.
fn same_row<'a>(
    there: &'a Observed,
    scenario: &Observed,
    metric: &ObservedMetric,
) -> Option<&'a ObservedMetric> {
    let is_same = is_same_workload(&there.declared, &scenario.declared);
    let is_sound = !there.wrong_answer && !there.has_failed;
    let mut metrics = there.metrics.iter();
    let found = metrics.find(|m| m.name == metric.name && m.declared == metric.declared);
    found.filter(|_| is_same && is_sound)
}

/// What one run says about a row: the mean of its sessions.
fn level(metric: &ObservedMetric) -> Option<f64> {
    let centres = metric
        .sessions
        .iter()
        .map(|s| estimate(s, Location::Trimmed).centre);
    let centres: Vec<f64> = centres.collect();
    (!centres.is_empty()).then(|| mean(&centres))
}

#[cfg(test)]
mod tests;
