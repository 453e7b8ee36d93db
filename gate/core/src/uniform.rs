//! What all scenarios show together: a slowdown of everything that is too small for any single row.

use std::collections::BTreeMap;

use gate_schema::id::MetricName;
use gate_schema::policy::{Policy, RowMode};
use gate_schema::report::{Interval, Scale, Uniform, Verdict};
use gate_schema::unit::{Direction, Unit};

use crate::estimate::{median, t_above, t_quantile};
use crate::evidence::INTERVAL;
use crate::paired::MAX_PAIRED_FREEDOM;
use crate::row::Draft;

/// Fewest scenarios that are called "everything".
pub const MIN_UNIFORM_SCENARIOS: usize = 10;

/// Smallest slowdown of everything that is named, as a fraction. Half of the 1 % that must be found,
/// and above what the layout of a build moves a mean of many scenarios by.
pub const UNIFORM_MARGIN: f64 = 0.005;

/// Share of the false-discovery level that the test of everything may spend, all metrics together,
/// so that a whole gate keeps its level.
pub const UNIFORM_SHARE: f64 = 0.1;

/// One row's part in the test.
struct Member {
    worse: f64,
    error: f64,
    freedom: f64,
    unit: Unit,
    direction: Direction,
}

/// Tests each judged metric that enough scenarios measured in pairs. Worst first; empty when there
/// are too few scenarios. On an unsteady machine nothing is claimed.
pub(crate) fn test(drafts: &[Draft<'_>], policy: &Policy, is_unsteady: bool) -> Vec<Uniform> {
    let mut kinds: BTreeMap<&MetricName, Vec<Member>> = BTreeMap::new();
    for draft in drafts {
        if let Some(member) = member(draft) {
            kinds.entry(&draft.metric.name).or_default().push(member);
        }
    }
    kinds.retain(|_, members| members.len() >= MIN_UNIFORM_SCENARIOS);
    let level = policy.false_discovery * UNIFORM_SHARE / kinds.len().max(1) as f64;
    let mut tests: Vec<Uniform> = kinds
        .into_iter()
        .map(|(metric, members)| {
            let mut test = of_metric(metric, &members);
            let worse = test.estimate * members[0].direction.sign();
            if !is_unsteady && test.p_value <= level && worse >= UNIFORM_MARGIN {
                test.verdict = Verdict::Regressed;
            }
            // Against a release every row has a drift budget, of which this margin is a small part.
            test.gating = policy.uniform != RowMode::Report && !policy.is_drift;
            test
        })
        .collect();
    tests.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
    tests
}

fn member(draft: &Draft<'_>) -> Option<Member> {
    if !draft.is_gating() || draft.stages().is_empty() {
        return None;
    }
    let sides = draft.sides.as_ref()?;
    let comparison = &draft.compared.as_ref()?.comparison;
    // What moved by its margin, either way, speaks for itself and not for everything.
    if comparison.worse.abs() >= sides.margin? {
        return None;
    }
    let evidence = comparison.evidence?;
    (sides.axis.scale() == Scale::Relative).then_some(Member {
        worse: comparison.worse,
        error: evidence.error,
        freedom: evidence.freedom,
        unit: draft.metric.unit(),
        direction: draft.metric.direction(),
    })
}

/// The weighted mean change. Quiet scenarios say more, but how quiet one is is itself an estimate, so
/// weights are damped by the median variance: no scenario counts for more than twice the typical one.
fn of_metric(metric: &MetricName, members: &[Member]) -> Uniform {
    let variances: Vec<f64> = members.iter().map(|m| m.error * m.error).collect();
    let typical = median(&variances).unwrap_or(1.0);
    let weights: Vec<f64> = variances.iter().map(|v| 1.0 / (v + typical)).collect();
    let sum: f64 = weights.iter().sum();
    let weighted = |value: fn(&Member) -> f64| -> f64 {
        let terms = members.iter().zip(&weights).map(|(m, w)| w * value(m));
        terms.sum::<f64>() / sum
    };
    let worse = weighted(|m| m.worse);
    let terms = members.iter().zip(&weights);
    let error = terms
        .map(|(m, w)| (w * m.error).powi(2))
        .sum::<f64>()
        .sqrt()
        / sum;
    let freedom: f64 = members.iter().map(|m| m.freedom).sum();
    let freedom = freedom.min(MAX_PAIRED_FREEDOM);
    let half = t_quantile(INTERVAL, freedom) * error;
    let change = |worse: f64| (members[0].direction.sign() * worse).exp_m1();
    let ends = [change(worse - half), change(worse + half)];
    Uniform {
        metric: metric.clone(),
        unit: members[0].unit,
        direction: members[0].direction,
        scenarios: members.len(),
        estimate: change(worse),
        interval: Interval {
            low: ends[0].min(ends[1]),
            high: ends[0].max(ends[1]),
        },
        margin: UNIFORM_MARGIN,
        p_value: t_above(worse / error, freedom),
        verdict: Verdict::Pass,
        gating: false,
    }
}
