//! The figures over time of both sides, for plots.

use std::collections::{BTreeMap, HashMap, HashSet};

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::report::{Course, Row, Series, Verdict};
use gate_schema::run::{DeclaredMetric, Kind};

use crate::observe::Observed;

/// Series kept in a report: one takes up to three kilobytes, and nobody looks at more.
pub const MOST_SERIES: usize = 300;

/// Both sides, baseline first, of the series of every scenario of `rows`, which stand worst first. The
/// baseline of a scenario with a row that could not be compared is left out, lest the eye compare it.
pub(crate) fn series(rows: &[Row], sides: [&[Observed]; 2]) -> Vec<Series> {
    let [in_baseline, in_candidate] = sides.map(by_scenario);
    let is_incomparable = |row: &&Row| row.verdict == Verdict::Incomparable;
    let incomparable = rows.iter().filter(is_incomparable);
    let incomparable: HashSet<&ScenarioId> = incomparable.map(|row| &row.scenario).collect();
    let mut seen = HashSet::new();
    let worst_first = rows.iter().map(|row| &row.scenario);
    let worst_first = worst_first.filter(|scenario| seen.insert(*scenario));
    let all = worst_first.flat_map(|scenario| {
        let baseline = in_baseline.get(scenario).copied();
        let baseline = baseline.filter(|_| !incomparable.contains(scenario));
        of_scenario(baseline, in_candidate.get(scenario).copied())
    });
    all.take(MOST_SERIES).collect()
}

fn by_scenario(observed: &[Observed]) -> HashMap<&ScenarioId, &Observed> {
    let named = observed.iter().map(|o| (&o.declared.scenario, o));
    named.collect()
}

/// The series of one scenario, by name. Where the baseline declares one otherwise, the candidate's is shown alone.
fn of_scenario(baseline: Option<&Observed>, candidate: Option<&Observed>) -> Vec<Series> {
    let [in_baseline, in_candidate] = [baseline, candidate].map(courses);
    let mut declared: BTreeMap<&MetricName, &DeclaredMetric> = BTreeMap::new();
    for (&name, &(metric, _)) in in_baseline.iter().chain(&in_candidate) {
        declared.insert(name, metric);
    }
    let both = |(name, metric): (&MetricName, &DeclaredMetric)| {
        let course = |side: &Courses<'_>| {
            let (_, course) = side
                .get(&name)
                .filter(|(declared, _)| *declared == metric)?;
            Some((*course).clone())
        };
        Some(Series {
            scenario: baseline.or(candidate)?.declared.scenario.clone(),
            metric: name.clone(),
            unit: metric.unit,
            direction: metric.direction,
            baseline: course(&in_baseline),
            candidate: course(&in_candidate),
        })
    };
    declared.into_iter().filter_map(both).collect()
}

/// What one side shows over time, with how it is declared.
type Courses<'a> = BTreeMap<&'a MetricName, (&'a DeclaredMetric, &'a Course)>;

fn courses(observed: Option<&Observed>) -> Courses<'_> {
    let Some(Observed {
        declared, courses, ..
    }) = observed
    else {
        return Courses::new();
    };
    let series = declared.metrics.iter().filter(|m| m.kind == Kind::Series);
    let known = series.filter_map(|m| Some((&m.name, (m, courses.get(&m.name)?))));
    known.collect()
}
