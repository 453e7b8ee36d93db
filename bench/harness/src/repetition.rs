//! One repetition: what a fresh process does between its start and its end.

use gate_schema::defect::Defect;
use gate_schema::id::MetricName;
use gate_schema::run::limits::ANOMALIES;
use gate_schema::run::{DeclaredMetric, Kind, MetricValue, Repetition};
use gate_schema::unit::{Direction, Unit};
use serde::{Deserialize, Serialize};

use crate::ballast::{Ballast, BallastError};
use crate::cache::{Cache, CacheError};
use crate::conditions::{ByDesign, Conditions};
use crate::context::Context;
use crate::measure::{MeasureError, measure, recording_overhead_ns};
use crate::memory::{PeakRss, allocated_bytes};
use crate::plant::Planted;
use crate::recorder::Recorder;
use crate::scenario::{Failure, Scenario, metric, name};
use crate::tail::Tail;
use crate::tier::Tier;
use crate::timeline::Timeline;
use crate::traffic::Traffic;

/// What the process of one repetition tells its parent, as one JSON object on stdout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Cost of recording one operation in this process, in nanoseconds.
    pub recording_overhead_ns: Option<f64>,
    /// How the answer differed from the truth; absent when it was right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong_answer: Option<String>,
    /// Why there is no profile although one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unprofiled: Option<String>,
    /// The metrics, and what was unusual while they were measured.
    pub repetition: Repetition,
}

impl Observation {
    /// Mean time of one operation: of serving it where requests keep a schedule, which adds waiting.
    #[must_use]
    pub fn time_per_operation_ns(&self) -> Option<f64> {
        let mean = |metric| match self.repetition.metric(&name(metric)) {
            Some(MetricValue::Distribution(d)) => Some(d.sum / d.count as f64),
            _ => None,
        };
        mean("service").or_else(|| mean("latency"))
    }
}

/// Why a repetition gave no values.
#[derive(Debug, thiserror::Error)]
pub enum RepetitionError {
    /// There are no prepared files.
    #[error(transparent)]
    Cache(CacheError),
    /// The prepared files did not load, or the engine refused to report.
    #[error("{0}")]
    Scenario(Failure),
    /// A tail without a warm-up to learn it from.
    #[error(
        "a planted tail is learnt while warming up, and {warm_up} operations are not enough\n  hint: at least {}, or plant work",
        Tail::MIN_WARM_UP
    )]
    WarmUp {
        /// Operations of the warm-up.
        warm_up: usize,
    },
    /// The operations could not be measured as asked.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// The planted memory cannot be held.
    #[error(transparent)]
    Ballast(#[from] BallastError),
    /// The values do not make a repetition.
    #[error("the measured values are unusable: {0}")]
    Values(#[from] Defect),
    /// A value that no document takes.
    #[error("the metric {metric} is unusable: {defect}\n  hint: {}", defect.hint())]
    Metric {
        /// Its name.
        metric: MetricName,
        /// What is wrong with it.
        defect: Defect,
    },
}

impl From<Failure> for RepetitionError {
    fn from(failure: Failure) -> Self {
        match failure.downcast::<CacheError>() {
            Ok(error) => Self::Cache(*error),
            Err(failure) => Self::Scenario(failure),
        }
    }
}

/// The metrics that every scenario with this traffic has.
#[must_use]
pub fn common_metrics(traffic: Traffic) -> Vec<DeclaredMetric> {
    let time = |name| metric(name, Kind::Histogram, Unit::Nanoseconds, Direction::Lower);
    let mut metrics = vec![time("latency")];
    metrics.push(match traffic {
        Traffic::Alone | Traffic::Clients(_) => metric(
            "throughput",
            Kind::Value,
            Unit::PerSecond,
            Direction::Higher,
        ),
        // Throughput is the plan's, whatever the subject does.
        Traffic::Open { .. } | Traffic::Half { .. } => time("service"),
    });
    if matches!(traffic, Traffic::Half { .. }) {
        let (unit, direction) = (Unit::PerSecond, Direction::Higher);
        metrics.push(metric("capacity", Kind::Value, unit, direction));
    }
    metrics.extend(Timeline::declared(traffic));
    // Declared only where they can be measured: declared and absent would read as missing.
    let bytes = |name| metric(name, Kind::Value, Unit::Bytes, Direction::Lower);
    metrics.extend(PeakRss::reset().map(|_| bytes("peak_rss")));
    metrics.extend(allocated_bytes().map(|_| bytes("allocated")));
    metrics
}

/// Loads `scenario` from its prepared files, measures it with what is `planted` and checks its
/// answer.
///
/// # Errors
/// See [`RepetitionError`]. A wrong answer is not an error here: it is observed.
pub fn repeat(
    scenario: &dyn Scenario,
    tier: Tier,
    planted: &Planted,
    cache: &Cache,
) -> Result<Observation, RepetitionError> {
    let traffic = scenario.traffic(tier);
    // That of the loop of one thread; others record in another way.
    let recording_overhead_ns = (traffic == Traffic::Alone).then(recording_overhead_ns);
    let context = Context::new(tier, cache).with_settings(planted.settings.clone());
    let mut subject = scenario.load(&context)?;
    let warm_up = subject.warm_up();
    if planted.tail.is_some() && warm_up < Tail::MIN_WARM_UP {
        return Err(RepetitionError::WarmUp { warm_up });
    }
    // From here on, so that the peak is that of serving and not that of loading.
    let peak = PeakRss::reset();
    // After the reset and until the peak is read, so that it is in the peak.
    let ballast = planted.memory.map(Ballast::hold).transpose()?;
    let before = Conditions::now();
    let mut timeline = Timeline::of(traffic);
    let timings = measure(subject.as_mut(), traffic, planted, &mut timeline)?;
    let conditions = Conditions::now().since(&before);
    let peak = peak.and_then(|peak| peak.bytes());
    // What is loaded and what the operations left behind; checking has not begun.
    let allocated = allocated_bytes();
    drop(ballast);
    let wrong_answer = subject.check().err().map(|wrong| wrong.to_string());

    let mut metrics = subject.report()?;
    let distribution = |recorder: &Recorder| -> Result<MetricValue, Defect> {
        Ok(MetricValue::Distribution(Box::new(
            recorder.distribution()?,
        )))
    };
    metrics.push((name("latency"), distribution(&timings.recorder)?));
    metrics.push(match &timings.service {
        Some(service) => (name("service"), distribution(service)?),
        None => (name("throughput"), MetricValue::Value(timings.throughput())),
    });
    let capacity = timings.capacity.map(MetricValue::Value);
    metrics.extend(capacity.map(|capacity| (name("capacity"), capacity)));
    for (of, bytes) in [("peak_rss", peak), ("allocated", allocated)] {
        metrics.extend(bytes.map(|bytes| (name(of), MetricValue::Value(bytes as f64))));
    }
    metrics.extend(timeline.series(&timings.seconds));
    check(scenario, traffic, &metrics)?;
    let by_design = ByDesign {
        crowd: timings.is_crowded(),
        disk: subject.waits_for_disk(),
    };
    let mut anomalies = conditions.anomalies(&timings, by_design);
    anomalies.extend(timeline.events(by_design));
    // One for each disk that was busy, of which a machine can have more.
    anomalies.truncate(ANOMALIES);
    Ok(Observation {
        recording_overhead_ns,
        wrong_answer,
        unprofiled: None,
        repetition: Repetition {
            anomalies,
            ..Repetition::new(metrics)?
        },
    })
}

/// Whether a document takes `metrics`. Found out here, because a run with one that it does not take cannot be
/// written, and what was measured of all other scenarios would be lost.
fn check(
    scenario: &dyn Scenario,
    traffic: Traffic,
    metrics: &[(MetricName, MetricValue)],
) -> Result<(), RepetitionError> {
    let mut declared = common_metrics(traffic);
    declared.extend(scenario.metrics());
    for (metric, value) in metrics {
        let checked = match declared.iter().find(|declared| declared.name == *metric) {
            None => Err(Defect::Undeclared(metric.to_string())),
            Some(declared) if declared.kind != value.kind() => {
                Err(Defect::Kind(declared.kind.as_str()))
            }
            Some(declared) => value.check(declared.unit),
        };
        checked.map_err(|defect| RepetitionError::Metric {
            metric: metric.clone(),
            defect,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeScenario;
    use crate::prepare::prepare;

    const SCENARIO: FakeScenario = FakeScenario::named("fake/one");

    fn attempt(planted: &Planted) -> Result<Observation, RepetitionError> {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        prepare(&SCENARIO, Tier::Tiny, &cache).expect("prepares");
        repeat(&SCENARIO, Tier::Tiny, planted, &cache)
    }

    fn observe(settings: &[(&str, usize)]) -> Observation {
        let settings = settings
            .iter()
            .map(|&(name, value)| (name.to_owned(), value))
            .collect();
        let planted = Planted {
            settings,
            ..Planted::default()
        };
        attempt(&planted).expect("is measured")
    }

    #[test]
    fn a_repetition_carries_every_declared_metric() {
        let observation = observe(&[]);
        let mut declared = common_metrics(Traffic::Alone);
        declared.extend(SCENARIO.metrics());
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
    fn a_value_that_no_document_takes_fails_its_repetition() {
        let planted = Planted {
            settings: [("things".to_owned(), usize::MAX)].into(),
            ..Planted::default()
        };
        let refused = attempt(&planted).expect_err("are too many").to_string();
        let start = "the metric things is unusable: larger than anything measurable";
        assert!(refused.starts_with(start), "{refused}");
        let value = |of| (name(of), MetricValue::Value(1.0));
        let checked = |metrics: &[_]| check(&SCENARIO, Traffic::Alone, metrics).is_ok();
        assert!(checked(&[value("things"), value("throughput")]));
        assert!(!checked(&[value("latency")]), "a histogram");
        assert!(!checked(&[value("things"), value("undeclared")]));
    }

    #[test]
    fn unprepared_files_are_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        assert!(repeat(&SCENARIO, Tier::Tiny, &Planted::default(), &cache).is_err());
    }

    #[test]
    fn a_tail_needs_a_warm_up() {
        for (warm_up, is_enough) in [(Tail::MIN_WARM_UP - 1, false), (Tail::MIN_WARM_UP, true)] {
            let planted = Planted {
                tail: Some(0.1),
                settings: [("warm_up".to_owned(), warm_up)].into(),
                ..Planted::default()
            };
            assert_eq!(attempt(&planted).is_ok(), is_enough, "{warm_up}");
        }
    }
}
