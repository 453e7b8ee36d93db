//! The metrics of a scaled workload: which figures grow, by which law, and where it leads.

use gate_schema::id::{MetricName, Name};
use gate_schema::run::{DeclaredMetric, Kind, MetricValue};
use gate_schema::unit::{Direction, MAX_MAGNITUDE, Unit};

use crate::growth::{Extrapolation, Growth};
use crate::scenario::{Failure, metric};

/// Sizes that nobody measures here, and what they are called.
const FAR: [(&str, f64); 3] = [("10M", 1e7), ("100M", 1e8), ("1B", 1e9)];

/// By which factor the largest size is off the law of the smaller ones.
const HELD_OUT: &str = "extrapolated.held_out";

/// The ends of a 95 % interval.
const ENDS: [&str; 2] = ["low", "high"];

/// A figure at several sizes: `(items, figure)`.
type Points<'p> = &'p [(f64, f64)];

/// What grows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Laws {
    /// Whether the system tells what is resident.
    pub(super) remembers: bool,
    /// Whether the operations build something.
    pub(super) builds: bool,
    /// Metrics of the workload's own.
    pub(super) figures: &'static [&'static str],
}

impl Laws {
    /// Every metric, each with the ends of its interval.
    pub(super) fn declared(&self) -> Vec<DeclaredMetric> {
        let common = ["latency"].into_iter();
        let growing = common
            .chain(self.remembers.then_some("memory"))
            .chain(self.builds.then_some("build_time"))
            .chain(self.figures.iter().copied())
            .flat_map(|figure| with_ends(&growth_of(figure)))
            .map(|text| declared(&text, Unit::Count));
        let far = FAR
            .iter()
            .flat_map(|(size, _)| with_ends(&extrapolated(size)))
            .map(|text| declared(&text, Unit::Nanoseconds));
        let held_out = declared(HELD_OUT, Unit::Count);
        growing.chain(far).chain([held_out]).flatten().collect()
    }

    /// The values of all whose points lie on a law. `figure` gives the points of a metric of the
    /// workload's own.
    pub(super) fn fitted(
        &self,
        latency: Points<'_>,
        memory: Points<'_>,
        build_time: Points<'_>,
        figure: impl Fn(&str) -> Vec<(f64, f64)>,
    ) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let mut metrics = growth("latency", latency)?;
        if self.remembers {
            metrics.extend(growth("memory", memory)?);
        }
        if self.builds {
            metrics.extend(growth("build_time", build_time)?);
        }
        for name in self.figures {
            metrics.extend(growth(name, &figure(name))?);
        }
        metrics.extend(extrapolation(latency)?);
        Ok(metrics)
    }
}

/// How a figure grows.
fn growth(figure: &str, points: Points<'_>) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
    let Some(growth) = Growth::fit(points) else {
        return Ok(Vec::new());
    };
    let [low, high] = growth.interval_per_tenfold();
    values(&growth_of(figure), growth.per_tenfold(), [low, high])
}

/// Where the law of the mean latency leads.
fn extrapolation(points: Points<'_>) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
    let Some(growth) = Growth::fit(points) else {
        return Ok(Vec::new());
    };
    let mut metrics = Vec::new();
    for (size, items) in FAR {
        let Extrapolation { expected, interval } = growth.at(items);
        let ends = [interval.0, interval.1];
        metrics.extend(values(&extrapolated(size), expected, ends)?);
    }
    if let Some(off) = Growth::held_out(points) {
        metrics.push((Name::new(HELD_OUT)?, MetricValue::Value(off)));
    }
    Ok(metrics)
}

/// A value and the ends of its interval. What lies on no law can be anything, also more than a document takes; then
/// the limit of documents says as much.
fn values(
    name: &str,
    value: f64,
    ends: [f64; 2],
) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
    let names = with_ends(name).into_iter();
    let values = names.zip([value].into_iter().chain(ends));
    values
        .map(|(name, value)| {
            let value = value.clamp(f64::MIN_POSITIVE, MAX_MAGNITUDE);
            Ok((Name::new(&name)?, MetricValue::Value(value)))
        })
        .collect()
}

fn with_ends(text: &str) -> [String; 3] {
    let [low, high] = ENDS.map(|end| format!("{text}.{end}"));
    [text.to_owned(), low, high]
}

fn growth_of(figure: &str) -> String {
    format!("growth.{figure}")
}

fn extrapolated(size: &str) -> String {
    format!("extrapolated.{size}")
}

fn declared(text: &str, unit: Unit) -> Option<DeclaredMetric> {
    let declared = metric("latency", Kind::Value, unit, Direction::Lower);
    let name = Name::new(text).ok()?;
    Some(DeclaredMetric { name, ..declared })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_its_law_and_that_of_latency_is_continued() {
        let points: Vec<(f64, f64)> = [1e4, 1e5, 1e6].map(|items| (items, items / 100.0)).into();
        let laws = Laws {
            remembers: true,
            builds: false,
            figures: &["things"],
        };
        let squares = [1e4, 1e5, 1e6].map(|items| (items, items * items));
        let logarithmic = |_: &str| [(1e4_f64, 4.0), (1e5, 5.0), (1e6, 6.0)].to_vec();
        let metrics = laws
            .fitted(&points, &squares, &[], logarithmic)
            .expect("names are sound");
        let declared: Vec<_> = laws.declared().into_iter().map(|of| of.name).collect();
        let names: Vec<_> = metrics.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names, declared, "in the same order");
        let figures = metrics.into_iter().map(|(name, value)| match value {
            MetricValue::Value(value) if value < 2.0 => format!("{name} {value:.2}"),
            MetricValue::Value(value) => format!("{name} {value:.0}"),
            other => format!("{name} {other:?}"),
        });
        assert_eq!(
            figures.collect::<Vec<_>>(),
            [
                "growth.latency 10",
                "growth.latency.low 10",
                "growth.latency.high 10",
                "growth.memory 100",
                "growth.memory.low 100",
                "growth.memory.high 100",
                // Three points that do not lie on a power law.
                "growth.things 1.22",
                "growth.things.low 1.05",
                "growth.things.high 1.42",
                "extrapolated.10M 100000",
                "extrapolated.10M.low 100000",
                "extrapolated.10M.high 100000",
                "extrapolated.100M 1000000",
                "extrapolated.100M.low 1000000",
                "extrapolated.100M.high 1000000",
                "extrapolated.1B 10000000",
                "extrapolated.1B.low 10000000",
                "extrapolated.1B.high 10000000",
                "extrapolated.held_out 1.00",
            ]
        );
    }

    #[test]
    fn figures_on_no_law_are_such_as_documents_take() {
        let laws = Laws {
            remembers: true,
            builds: false,
            figures: &[],
        };
        // Two sizes that fitted into memory of others, and one that did not.
        let memory = [(1e4, 4_096.0), (1e5, 4_096.0), (1e6, 1e9)];
        let latency = [(1e4, 100.0), (1e5, 100.0), (1e6, 10_000.0)];
        let metrics = laws.fitted(&latency, &memory, &[], |_| Vec::new());
        let metrics = metrics.expect("names are sound");
        let declared = laws.declared();
        assert_eq!(metrics.len(), declared.len());
        for ((name, value), declared) in metrics.iter().zip(&declared) {
            assert_eq!(*name, declared.name);
            assert_eq!(value.check(declared.unit), Ok(()), "{name}");
        }
    }
}
