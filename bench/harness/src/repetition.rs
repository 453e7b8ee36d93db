//! One repetition: what a fresh process does between its start and its end.

use std::path::Path;

use gate_schema::defect::Defect;
use gate_schema::run::{DeclaredMetric, Kind, MetricValue, Repetition};
use gate_schema::unit::{Direction, Unit};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::measure::{measure, recording_overhead_ns};
use crate::memory::PeakRss;
use crate::scenario::{Failure, Scenario, metric, name};

/// What the process of one repetition tells its parent, as one JSON object on stdout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Cost of recording one operation in this process, in nanoseconds.
    pub recording_overhead_ns: f64,
    /// How the answer differed from the truth; absent when it was right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong_answer: Option<String>,
    /// The metrics.
    pub repetition: Repetition,
}

/// Why a repetition gave no values.
#[derive(Debug, thiserror::Error)]
pub enum RepetitionError {
    /// The prepared files did not load, or the engine refused to report.
    #[error("{0}")]
    Scenario(Failure),
    /// The values do not make a repetition.
    #[error("the measured values are unusable: {0}")]
    Values(#[from] Defect),
}

/// The metrics that every scenario has.
#[must_use]
pub fn common_metrics() -> Vec<DeclaredMetric> {
    let mut metrics = vec![
        metric(
            "latency",
            Kind::Histogram,
            Unit::Nanoseconds,
            Direction::Lower,
        ),
        metric(
            "throughput",
            Kind::Value,
            Unit::PerSecond,
            Direction::Higher,
        ),
    ];
    // Declared only where it can be measured: declared and absent would read as missing.
    if PeakRss::reset().is_some() {
        metrics.push(metric(
            "peak_rss",
            Kind::Value,
            Unit::Bytes,
            Direction::Lower,
        ));
    }
    metrics
}

/// Loads `scenario` from its prepared files, measures it and checks its answer.
///
/// # Errors
/// See [`RepetitionError`]. A wrong answer is not an error here: it is observed.
pub fn repeat(
    scenario: &dyn Scenario,
    context: &Context,
    work: Option<f64>,
    prepared: &Path,
) -> Result<Observation, RepetitionError> {
    let recording_overhead_ns = recording_overhead_ns();
    let mut subject = scenario
        .load(context, prepared)
        .map_err(RepetitionError::Scenario)?;
    // From here on, so that the peak is that of serving and not that of loading.
    let peak = PeakRss::reset();
    let timings = measure(subject.as_mut(), work);
    let peak = peak.and_then(|peak| peak.bytes());
    let wrong_answer = subject.check().err().map(|wrong| wrong.to_string());

    let mut metrics = subject.report().map_err(RepetitionError::Scenario)?;
    metrics.push((
        name("latency"),
        MetricValue::Distribution(Box::new(timings.recorder.distribution()?)),
    ));
    metrics.push((name("throughput"), MetricValue::Value(timings.throughput())));
    if let Some(bytes) = peak {
        metrics.push((name("peak_rss"), MetricValue::Value(bytes as f64)));
    }
    Ok(Observation {
        recording_overhead_ns,
        wrong_answer,
        repetition: Repetition::new(metrics)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeScenario;
    use crate::tier::Tier;

    fn observe(settings: &[(&str, usize)]) -> Observation {
        let scenario = FakeScenario { id: "fake/one" };
        let settings = settings
            .iter()
            .map(|&(name, value)| (name.to_owned(), value))
            .collect();
        let context = Context::new(Tier::Tiny).with_settings(settings);
        let directory = tempfile::tempdir().expect("a directory");
        scenario
            .prepare(&context, directory.path())
            .expect("prepares");
        repeat(&scenario, &context, None, directory.path()).expect("is measured")
    }

    #[test]
    fn a_repetition_carries_every_declared_metric() {
        let observation = observe(&[]);
        let mut declared = common_metrics();
        declared.extend(FakeScenario { id: "fake/one" }.metrics());
        for metric in declared {
            let value = observation
                .repetition
                .metric(&metric.name)
                .expect("is there");
            assert_eq!(value.kind(), metric.kind, "{}", metric.name);
            assert_eq!(value.check(metric.unit), Ok(()), "{}", metric.name);
        }
        assert_eq!(observation.wrong_answer, None);
    }

    #[test]
    fn a_wrong_answer_is_observed_and_the_child_can_say_so() {
        let observation = observe(&[("fault", 1)]);
        assert_eq!(
            observation.wrong_answer.as_deref(),
            Some("thing 1: 2, expected 1")
        );
        let text = serde_json::to_string(&observation).expect("is JSON");
        assert_eq!(
            serde_json::from_str::<Observation>(&text).expect("parses"),
            observation
        );
    }

    #[test]
    fn unprepared_files_are_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let scenario = FakeScenario { id: "fake/one" };
        assert!(repeat(&scenario, &Context::new(Tier::Tiny), None, directory.path()).is_err());
    }
}
