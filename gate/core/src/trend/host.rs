//! What is the machine's doing rather than the code's: drifts of one commit, and what most timings do at once.

use std::collections::{BTreeMap, BTreeSet};

use gate_schema::id::ScenarioId;
use gate_schema::trend::{Drift, Suspect, Way};

use super::{Entry, Series, drift, step};

/// Scenarios that moved before "everything moved" can be said.
const FEWEST_TOGETHER: usize = 5;

/// Share of the scenarios with timings that moves when the machine does.
const TOGETHER: f64 = 0.5;

/// Standard errors by which a timing went along with another one. It need not be told by itself: margins differ, and
/// steps are found some nights sooner or later.
const ALONG: f64 = 2.0;

/// Says of each drift what may be behind it.
pub(super) fn suspect(drifts: &mut [Drift], series: &[Series], entries: &[&Entry]) {
    for one in drifts {
        let is_first = |entry: &&Entry| entry.night == one.since;
        let Some(first) = entries.iter().position(is_first) else {
            continue;
        };
        one.suspect = if is_one_commit(&entries[first..]) {
            Suspect::SameCommit
        } else if one.from.unit.is_timing() && have_most_crept(first, one.way, series) {
            Suspect::Everything
        } else {
            Suspect::Code
        };
    }
}

fn is_one_commit(entries: &[&Entry]) -> bool {
    let commits: BTreeSet<Option<&String>> = entries
        .iter()
        .map(|entry| entry.night.commit.as_ref())
        .collect();
    commits.len() == 1 && !commits.contains(&None)
}

/// Whether the timings of most scenarios crept that way since the run `first`.
fn have_most_crept(first: usize, way: Way, series: &[Series]) -> bool {
    most(series, |row| {
        let start = row.nights.partition_point(|night| *night < first);
        let crept = drift::measured(&row.values[start..])?;
        Some(sign(way) * (crept.to - crept.from) > 0.0 && crept.score > ALONG)
    })
}

/// Whether the timings of most scenarios moved that way, from the run `onset` to the run `found`.
pub(super) fn have_most_moved(onset: usize, found: usize, way: Way, series: &[Series]) -> bool {
    most(series, |row| {
        let at = |night: usize| row.nights.partition_point(|there| *there < night);
        let points = at(onset)..at(found + 1);
        let rise = step::rise(&row.values, points, row.smallest(step::MIN_SIZE))?;
        Some(sign(way) * rise > ALONG)
    })
}

fn sign(way: Way) -> f64 {
    match way {
        Way::Worse => 1.0,
        Way::Better => -1.0,
    }
}

/// Whether the timings of most scenarios went along. `None` for a row with too few points does not count.
fn most(series: &[Series], went_along: impl Fn(&Series) -> Option<bool>) -> bool {
    // The statistics of one distribution move together whatever the cause: a scenario counts once.
    let mut scenarios: BTreeMap<&ScenarioId, (usize, usize)> = BTreeMap::new();
    for row in series.iter().filter(|row| row.axis.unit.is_timing()) {
        if let Some(went_along) = went_along(row) {
            let (along, all) = scenarios.entry(&row.scenario).or_default();
            *along += usize::from(went_along);
            *all += 1;
        }
    }
    let along = scenarios.values().filter(|(along, all)| 2 * along >= *all);
    let along = along.count();
    along >= FEWEST_TOGETHER && along as f64 > TOGETHER * scenarios.len() as f64
}
