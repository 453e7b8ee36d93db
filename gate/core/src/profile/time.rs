//! How long one operation of a scenario takes, from the run that was judged.

use gate_schema::profile::TimePerOperation;
use gate_schema::unit::Unit;

use crate::observe::{Observed, ObservedMetric};
use crate::statistic::Statistic;

/// Standard error of a median over that of a mean, for normal values and many of them.
const MEDIAN_TO_MEAN: f64 = 1.253_3;

/// Standard deviation of normal values over their median absolute deviation.
const DEVIATION: f64 = 1.482_6;

/// Names of distributions that say how long an operation itself takes, best first: with a schedule,
/// latency has the wait before it.
const PREFERRED: [&str; 2] = ["service", "latency"];

/// Time of one operation of what was `observed`: the median over all repetitions of their mean, so that
/// a disturbed repetition counts for no more than another. Of a distribution of times, else of a plain
/// time, else of a plain rate. `None` when it has none of these.
#[must_use]
pub fn time_per_operation(observed: &Observed) -> Option<TimePerOperation> {
    let metrics = || observed.metrics.iter();
    let is_mean = |metric: &&ObservedMetric| {
        metric.unit() == Unit::Nanoseconds && metric.statistic == Some(Statistic::Mean)
    };
    let preferred = PREFERRED.iter().find_map(|name| {
        metrics()
            .filter(is_mean)
            .find(|metric| metric.declared.name.as_str() == *name)
    });
    let plain =
        |unit| metrics().find(move |metric| metric.unit() == unit && metric.statistic.is_none());
    let times = preferred
        .or_else(|| metrics().find(is_mean))
        .or_else(|| plain(Unit::Nanoseconds));
    let ns: Vec<f64> = match times {
        Some(times) => times.sessions.iter().flatten().copied().collect(),
        None => {
            let rates = plain(Unit::PerSecond)?.sessions.iter().flatten();
            rates.map(|rate| 1e9 / rate).collect()
        }
    };
    let ns: Vec<f64> = ns
        .into_iter()
        .filter(|ns| ns.is_finite() && *ns > 0.0)
        .collect();
    let middle = median(ns.clone())?;
    let scatter = median(ns.iter().map(|ns| (ns - middle).abs()).collect())?;
    Some(TimePerOperation {
        ns: middle,
        standard_error_ns: MEDIAN_TO_MEAN * DEVIATION * scatter / (ns.len() as f64).sqrt(),
    })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use gate_schema::id::Name;
    use gate_schema::run::{Declared, DeclaredMetric, Kind};
    use gate_schema::unit::Direction;

    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).expect("valid name")
    }

    fn metric(
        declared: &str,
        unit: Unit,
        statistic: Option<Statistic>,
        sessions: &[&[f64]],
    ) -> ObservedMetric {
        let declared = DeclaredMetric {
            name: name(declared),
            kind: Kind::Value,
            unit,
            direction: Direction::Lower,
            at: None,
        };
        ObservedMetric {
            statistic,
            sessions: sessions.iter().map(|values| values.to_vec()).collect(),
            ..ObservedMetric::unmeasured(&declared)
        }
    }

    #[test]
    fn the_time_is_that_of_serving_and_one_disturbed_repetition_does_not_move_it() {
        use Unit::{Bytes, Nanoseconds, PerSecond};
        let (mean, tail) = (Some(Statistic::Mean), Some(Statistic::Tail));
        let latency = || {
            metric(
                "latency",
                Nanoseconds,
                mean,
                &[&[10.0, 12.0], &[11.0, 900.0]],
            )
        };
        let service = || metric("service", Nanoseconds, mean, &[&[5.0]]);
        let other = || metric("wait", Nanoseconds, mean, &[&[70.0]]);
        let slow = || metric("latency", Nanoseconds, tail, &[&[99.0]]);
        let plain = || metric("time_ns", Nanoseconds, None, &[&[7.0, 9.0]]);
        let rate = || metric("throughput", PerSecond, None, &[&[1e6, 0.0]]);
        let size = || metric("peak_rss", Bytes, None, &[&[1.0]]);
        for (case, metrics, expected) in [
            (
                "latency",
                vec![size(), slow(), rate(), other(), latency()],
                Some(11.5),
            ),
            ("with a schedule", vec![latency(), service()], Some(5.0)),
            ("any distribution", vec![plain(), other()], Some(70.0)),
            ("a plain time", vec![rate(), plain()], Some(8.0)),
            ("a rate, where one was zero", vec![rate()], Some(1_000.0)),
            ("only a tail", vec![slow()], None),
            ("no time at all", vec![size()], None),
        ] {
            let observed = Observed {
                declared: Declared {
                    scenario: name("s"),
                    params: Default::default(),
                    input: None,
                    metrics: Vec::new(),
                },
                wrong_answer: false,
                has_failed: false,
                misread: 0,
                is_coarse: false,
                metrics,
                quantiles: Default::default(),
                courses: Default::default(),
            };
            let found = time_per_operation(&observed);
            assert_eq!(found.map(|time| time.ns), expected, "{case}");
        }
    }
}
