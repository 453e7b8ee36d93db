//! Absolute limits, judged on the interval of the candidate alone.

use gate_schema::policy::{AtLimit, Budget, Operator};
use gate_schema::report::{BudgetCheck, BudgetStatus, Interval};

use crate::estimate::{Location, estimate, t_quantile};
use crate::evidence::INTERVAL;
use crate::observe::ObservedMetric;

/// The candidate's level with its interval, in the metric's own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// The level.
    pub value: f64,
    /// Its interval; `None` when a single repetition says nothing about its own noise.
    pub interval: Option<Interval>,
    /// Least and largest value of any repetition.
    pub extremes: Interval,
}

/// Where a metric stands, from all its repetitions together. `None` without any.
///
/// Times, sizes and rates are averaged as logarithms, because their noise is multiplicative. A
/// proportion is a mean over queries, and the queries are a sample too: its interval is the wider of
/// what repetitions and what queries show.
#[must_use]
pub fn standing(metric: &ObservedMetric, location: Location) -> Option<Standing> {
    let values: Vec<f64> = metric.sessions.iter().flatten().copied().collect();
    let low = values.iter().copied().min_by(f64::total_cmp)?;
    let high = values.iter().copied().max_by(f64::total_cmp)?;
    let logarithmic = !metric.is_quality() && low > 0.0;
    let scale = |v: f64| if logarithmic { v.ln() } else { v };
    let unscale = |v: f64| if logarithmic { v.exp() } else { v };
    let scaled: Vec<f64> = values.iter().map(|&v| scale(v)).collect();
    let over_repetitions = estimate(&scaled, location);
    let over_queries = metric
        .queries
        .as_ref()
        .map(|queries| estimate(&queries.ratios, Location::Plain));
    let half = [Some(over_repetitions), over_queries]
        .into_iter()
        .flatten()
        .filter(|e| e.freedom > 0.0)
        .map(|e| t_quantile(INTERVAL, e.freedom) * (e.variance / e.n as f64).sqrt())
        .max_by(f64::total_cmp);
    let centre = over_repetitions.centre;
    // exp(ln(x)) is not x to the last bit, and an exact count must be shown as itself.
    let value = if low.total_cmp(&high).is_eq() {
        low
    } else {
        unscale(centre)
    };
    let end = |half: f64| {
        let end = if half == 0.0 {
            value
        } else {
            unscale(centre + half)
        };
        if metric.is_quality() {
            end.clamp(0.0, 1.0)
        } else {
            end
        }
    };
    Some(Standing {
        value,
        interval: half.map(|half| Interval {
            low: end(-half),
            high: end(half),
        }),
        extremes: Interval { low, high },
    })
}

/// Holds a standing against a budget. Where the limit is a promise (`at_limit` says fail), one
/// repetition beyond it is enough to be at the limit, whatever the average.
#[must_use]
pub fn check(standing: &Standing, budget: &Budget, at_limit: AtLimit) -> BudgetCheck {
    let holds = |value: f64| budget.operator.holds(value, budget.limit);
    let hold = |ends: Interval| (holds(ends.low), holds(ends.high));
    let ends = standing.interval.unwrap_or(Interval {
        low: standing.value,
        high: standing.value,
    });
    let broken_once = at_limit == AtLimit::Fail && hold(standing.extremes) != (true, true);
    let status = match hold(ends) {
        (false, false) => BudgetStatus::Over,
        (true, true) if !broken_once => BudgetStatus::Within,
        _ => BudgetStatus::AtLimit,
    };
    let distance = match budget.operator {
        Operator::Below | Operator::AtMost => budget.limit - standing.value,
        Operator::AtLeast | Operator::Above => standing.value - budget.limit,
    };
    // A limit of zero has no fractions: it is kept, or broken whole.
    let headroom = match holds(standing.value) {
        _ if budget.limit > 0.0 => distance / budget.limit,
        true => 0.0,
        false => -1.0,
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
    use gate_schema::id::Name;
    use gate_schema::run::{DeclaredMetric, Kind};
    use gate_schema::unit::{Direction, Unit};

    use super::*;
    use BudgetStatus::{AtLimit as AtTheLimit, Over, Within};
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
                AtTheLimit,
            ),
            (
                "crossing",
                AtMost,
                50.0,
                49.0,
                Some((47.0, 51.0)),
                AtTheLimit,
            ),
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
                AtTheLimit,
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
            let interval = interval.map(|(low, high)| Interval { low, high });
            let extremes = Interval {
                low: value,
                high: value,
            };
            let standing = Standing {
                value,
                interval,
                extremes,
            };
            let budget = Budget {
                operator,
                limit,
                unit: None,
                text: String::new(),
            };
            assert_eq!(
                check(&standing, &budget, AtLimit::Fail).status,
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn what_breaks_a_limit_of_nothing_stands_before_what_keeps_it() {
        let budget = Budget {
            operator: AtMost,
            limit: 0.0,
            unit: None,
            text: String::new(),
        };
        for (value, expected) in [(0.0, 0.0), (3.0, -1.0)] {
            let standing = Standing {
                value,
                interval: None,
                extremes: Interval {
                    low: value,
                    high: value,
                },
            };
            let headroom = check(&standing, &budget, AtLimit::Fail).headroom;
            assert!((headroom - expected).abs() < 1e-12, "{value}: {headroom}");
        }
    }

    fn metric(unit: Unit, kind: Kind, values: &[f64]) -> ObservedMetric {
        let name = Name::new("m").expect("a name");
        let declared = DeclaredMetric {
            name: name.clone(),
            kind,
            unit,
            direction: Direction::Lower,
            at: None,
        };
        ObservedMetric {
            name,
            declared,
            statistic: None,
            sessions: vec![values.to_vec()],
            paired: Vec::new(),
            expected: values.len(),
            samples: None,
            queries: None,
        }
    }

    #[test]
    fn the_order_of_repetitions_moves_no_level() {
        for (kind, unit) in [(Kind::Value, Unit::Count), (Kind::Proportion, Unit::Ratio)] {
            let mut values = vec![1.0, 0.9, 0.9, 0.9, 0.9];
            let first =
                standing(&metric(unit, kind, &values), Location::Trimmed).expect("measured");
            values.rotate_left(1);
            let last = standing(&metric(unit, kind, &values), Location::Trimmed).expect("measured");
            assert_eq!(first, last);
            assert!((first.value - 0.9).abs() < 1e-9, "{first:?}");
        }
    }

    #[test]
    fn one_repetition_beyond_a_promise_is_not_averaged_away() {
        let budget = Budget {
            operator: Below,
            limit: 10e9,
            unit: None,
            text: String::new(),
        };
        let mut values = vec![1e9; 10];
        values[3] = 90e9;
        let standing = standing(&metric(Unit::Bytes, Kind::Value, &values), Location::Plain)
            .expect("measured");
        assert_eq!(check(&standing, &budget, AtLimit::Fail).status, AtTheLimit);
        let calm = Standing {
            extremes: Interval {
                low: 1e9,
                high: 1e9,
            },
            interval: None,
            value: 1e9,
        };
        assert_eq!(check(&calm, &budget, AtLimit::Fail).status, Within);
    }
}
