//! Drifts that are the machine's doing rather than the code's: those of one commit, and those of most timings at once.

use std::collections::{BTreeMap, BTreeSet};

use gate_schema::id::ScenarioId;
use gate_schema::trend::{Drift, Suspect, Way};

use super::found::{FEWEST_TOGETHER, TOGETHER};
use super::{Entry, Series, drift};

/// Standard errors by which a timing crept along with another one. It need not be told by itself: margins differ.
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
    let sign = match way {
        Way::Worse => 1.0,
        Way::Better => -1.0,
    };
    // The statistics of one distribution creep together whatever the cause: a scenario counts once.
    let mut scenarios: BTreeMap<&ScenarioId, (usize, usize)> = BTreeMap::new();
    for row in series.iter().filter(|row| row.axis.unit.is_timing()) {
        let start = row.nights.partition_point(|night| *night < first);
        if let Some(crept) = drift::measured(&row.values[start..]) {
            let (along, all) = scenarios.entry(&row.scenario).or_default();
            *along += usize::from(sign * (crept.to - crept.from) > 0.0 && crept.score > ALONG);
            *all += 1;
        }
    }
    let along = scenarios.values().filter(|(along, all)| 2 * along >= *all);
    let along = along.count();
    along >= FEWEST_TOGETHER && along as f64 > TOGETHER * scenarios.len() as f64
}
