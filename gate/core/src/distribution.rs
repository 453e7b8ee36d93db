//! The distributions behind the rows, for plots.

use std::collections::HashMap;

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::report::{Distribution, Distributions, Quantiles, Row};
use gate_schema::run::DeclaredMetric;

use crate::observe::{Observed, RANKS};

/// Distributions kept in a report: one takes about a kilobyte, and nobody looks at more.
pub const MOST_DISTRIBUTIONS: usize = 1_000;

/// A metric of a scenario.
type Key<'a> = (&'a ScenarioId, &'a MetricName);

/// Both sides, baseline first, of the distributions behind `rows`, which stand worst first; `None`
/// without any. A side that no row shows, such as another machine's, is left out, lest the eye compare it.
pub(crate) fn distributions(rows: &[Row], sides: [&[Observed]; 2]) -> Option<Distributions> {
    let declared: HashMap<Key<'_>, &DeclaredMetric> =
        sides.into_iter().flat_map(of_judged).collect();
    let [in_baseline, in_candidate] = sides.map(quantiles);
    let mut shown: HashMap<Key<'_>, [bool; 2]> = HashMap::new();
    let mut worst_first = Vec::new();
    for row in rows {
        let Some(declared) = declared.get(&(&row.scenario, &row.metric)) else {
            continue;
        };
        let key = (&row.scenario, &declared.name);
        let [baseline, candidate] = shown.entry(key).or_insert_with(|| {
            worst_first.push((key, declared.unit));
            [false; 2]
        });
        *baseline |= row.baseline.is_some();
        *candidate |= row.candidate.is_some();
    }
    let metrics = worst_first.into_iter().filter_map(|(key, unit)| {
        let [baseline, candidate] = shown.get(&key).copied().unwrap_or_default();
        let baseline = in_baseline.get(&key).filter(|_| baseline);
        let candidate = in_candidate.get(&key).filter(|_| candidate);
        (baseline.is_some() || candidate.is_some()).then(|| Distribution {
            scenario: key.0.clone(),
            metric: key.1.clone(),
            unit,
            baseline: baseline.copied().cloned(),
            candidate: candidate.copied().cloned(),
        })
    });
    let metrics: Vec<Distribution> = metrics.take(MOST_DISTRIBUTIONS).collect();
    (!metrics.is_empty()).then(|| Distributions {
        ranks: RANKS.to_vec(),
        metrics,
    })
}

/// The declared metric behind each judged one whose distribution is known.
fn of_judged(observed: &[Observed]) -> impl Iterator<Item = (Key<'_>, &DeclaredMetric)> {
    let known = observed.iter().filter(|o| !o.quantiles.is_empty());
    known.flat_map(|o| {
        let metrics = o.metrics.iter();
        let known = metrics.filter(|m| o.quantiles.contains_key(&m.declared.name));
        known.map(|m| ((&o.declared.scenario, &m.name), &m.declared))
    })
}

fn quantiles(observed: &[Observed]) -> HashMap<Key<'_>, &Quantiles> {
    let known = observed.iter().flat_map(|o| {
        let scenario = &o.declared.scenario;
        let metrics = o.quantiles.iter();
        metrics.map(move |(metric, quantiles)| ((scenario, metric), quantiles))
    });
    known.collect()
}
