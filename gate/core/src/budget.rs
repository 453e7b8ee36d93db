//! Absolute limits, judged on the interval of the candidate alone.

use gate_schema::policy::{Budget, Operator};
use gate_schema::report::{BudgetCheck, BudgetStatus, Interval};

use crate::estimate::{Location, estimate, t_quantile};
use crate::observe::ObservedMetric;
use crate::stored::INTERVAL;

/// The candidate's level with its interval, in the metric's own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// The level.
    pub value: f64,
    /// Its interval; `None` when a single repetition says nothing about its own noise.
    pub interval: Option<Interval>,
}

/// Where a metric stands, from all its repetitions together. `None` without any.
///
/// Times, sizes and rates are averaged as logarithms, because their noise is multiplicative. A
/// proportion is a mean over queries, and the queries are a sample too: its interval is the wider of
/// what repetitions and what queries show.
#[must_use]
pub fn standing(metric: &ObservedMetric) -> Option<Standing> {
    let values: Vec<f64> = metric.sessions.iter().flatten().copied().collect();
    if values.is_empty() {
        return None;
    }
    let logarithmic = !metric.is_quality() && values.iter().all(|&v| v > 0.0);
    let scale = |v: f64| if logarithmic { v.ln() } else { v };
    let unscale = |v: f64| if logarithmic { v.exp() } else { v };
    let scaled: Vec<f64> = values.iter().map(|&v| scale(v)).collect();
    let over_repetitions = estimate(&scaled, Location::Trimmed);
    let half_width = |variance: f64, n: usize, freedom: f64| {
        t_quantile(INTERVAL, freedom) * (variance / n as f64).sqrt()
    };
    let mut half = (over_repetitions.freedom > 0.0).then(|| {
        half_width(
            over_repetitions.variance,
            over_repetitions.n,
            over_repetitions.freedom,
        )
    });
    if let Some(queries) = metric
        .queries
        .as_deref()
        .filter(|queries| queries.len() > 1)
    {
        let over_queries = estimate(queries, Location::Plain);
        let from_queries = half_width(over_queries.variance, over_queries.n, over_queries.freedom);
        half = Some(half.map_or(from_queries, |h| h.max(from_queries)));
    }
    let bounded = |v: f64| {
        if metric.is_quality() {
            v.clamp(0.0, 1.0)
        } else {
            v
        }
    };
    let centre = over_repetitions.centre;
    let identical = over_repetitions.variance == 0.0;
    // exp(ln(x)) is not x to the last bit, and an exact count must be shown as itself.
    let value = if identical {
        values[0]
    } else {
        unscale(centre)
    };
    Some(Standing {
        value,
        interval: half.map(|half| {
            if half == 0.0 {
                Interval {
                    low: value,
                    high: value,
                }
            } else {
                Interval {
                    low: bounded(unscale(centre - half)),
                    high: bounded(unscale(centre + half)),
                }
            }
        }),
    })
}

/// Holds a standing against a budget.
#[must_use]
pub fn check(standing: &Standing, budget: &Budget) -> BudgetCheck {
    let holds = |value: f64| budget.operator.holds(value, budget.limit);
    let ends = standing.interval.unwrap_or(Interval {
        low: standing.value,
        high: standing.value,
    });
    let status = match (holds(ends.low), holds(ends.high)) {
        (true, true) => BudgetStatus::Within,
        (false, false) => BudgetStatus::Over,
        _ => BudgetStatus::AtLimit,
    };
    let distance = match budget.operator {
        Operator::Below | Operator::AtMost => budget.limit - standing.value,
        Operator::AtLeast | Operator::Above => standing.value - budget.limit,
    };
    let headroom = if budget.limit > 0.0 {
        distance / budget.limit
    } else {
        0.0
    };
    BudgetCheck {
        budget: budget.clone(),
        status,
        interval: standing.interval,
        headroom,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BudgetStatus::*;
    use Operator::*;

    #[test]
    fn budgets_are_judged_on_the_whole_interval() {
        for (name, operator, limit, value, interval, expected) in [
            (
                "clearly within",
                AtMost,
                50.0,
                40.0,
                Some((38.0, 42.0)),
                Within,
            ),
            (
                "touching is still within",
                AtMost,
                50.0,
                49.0,
                Some((48.0, 50.0)),
                Within,
            ),
            (
                "touching breaks a strict limit",
                Below,
                50.0,
                49.0,
                Some((48.0, 50.0)),
                AtLimit,
            ),
            ("crossing", AtMost, 50.0, 49.0, Some((47.0, 51.0)), AtLimit),
            ("clearly over", AtMost, 50.0, 60.0, Some((55.0, 65.0)), Over),
            (
                "floor held",
                AtLeast,
                0.95,
                0.97,
                Some((0.96, 0.98)),
                Within,
            ),
            (
                "floor crossed",
                AtLeast,
                0.95,
                0.952,
                Some((0.948, 0.956)),
                AtLimit,
            ),
            (
                "floor broken",
                AtLeast,
                0.95,
                0.87,
                Some((0.86, 0.88)),
                Over,
            ),
            (
                "floor touched by an exact value",
                AtLeast,
                0.95,
                0.95,
                Some((0.95, 0.95)),
                Within,
            ),
            (
                "strict floor touched",
                Above,
                0.95,
                0.95,
                Some((0.95, 0.95)),
                Over,
            ),
            (
                "single repetition, within",
                AtMost,
                50.0,
                49.0,
                None,
                Within,
            ),
            ("single repetition, over", AtMost, 50.0, 51.0, None, Over),
        ] {
            let standing = Standing {
                value,
                interval: interval.map(|(low, high)| Interval { low, high }),
            };
            let budget = Budget {
                operator,
                limit,
                unit: None,
                text: String::new(),
            };
            assert_eq!(check(&standing, &budget).status, expected, "{name}");
        }
    }
}
