//! How long each step of a request takes, apart.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bench_harness::recorder::Recorder;
use bench_harness::scenario::{metric, name};
use bench_harness::schema::{
    DeclaredMetric, Defect, Direction, Kind, MetricName, MetricValue, Unit,
};

/// The steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Finding candidates by vector.
    Vectors,
    /// Finding candidates by text.
    Text,
    /// Making one list of them.
    Score,
    /// What this user may see, and not too much of one creator.
    Filter,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Vectors, Self::Text, Self::Score, Self::Filter];

    fn metric(self) -> &'static str {
        match self {
            Self::Vectors => "stage.vectors",
            Self::Text => "stage.text",
            Self::Score => "stage.score",
            Self::Filter => "stage.filter",
        }
    }
}

/// The times of some stages over all requests.
pub(crate) struct Stages {
    stages: &'static [Stage],
    recorders: Mutex<Vec<Recorder>>,
}

impl Stages {
    /// Nothing recorded yet.
    pub(crate) fn new(stages: &'static [Stage]) -> Self {
        let recorders = Stage::ALL.iter().map(|_| Recorder::new()).collect();
        Self {
            stages,
            recorders: Mutex::new(recorders),
        }
    }

    /// What [`Stages::report`] will report.
    pub(crate) fn metrics(stages: &[Stage]) -> Vec<DeclaredMetric> {
        let histogram = |stage: &Stage| {
            let (unit, direction) = (Unit::Nanoseconds, Direction::Lower);
            metric(stage.metric(), Kind::Histogram, unit, direction)
        };
        stages.iter().map(histogram).collect()
    }

    /// Starts the watch of one request.
    pub(crate) fn watch(&self) -> Watch<'_> {
        Watch {
            stages: self,
            last: Instant::now(),
        }
    }

    pub(crate) fn report(&self) -> Result<Vec<(MetricName, MetricValue)>, Defect> {
        let recorders = self.lock();
        let distribution = |stage: &Stage| {
            let distribution = recorders[*stage as usize].distribution()?;
            let value = MetricValue::Distribution(Box::new(distribution));
            Ok((name(stage.metric()), value))
        };
        self.stages.iter().map(distribution).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Recorder>> {
        self.recorders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Times the stages of one request, one after the other.
pub(crate) struct Watch<'s> {
    stages: &'s Stages,
    last: Instant,
}

impl Watch<'_> {
    /// Ends a stage; the next one starts.
    pub(crate) fn end(&mut self, stage: Stage) {
        let now = Instant::now();
        // A lock of 20 ns beside stages of microseconds.
        self.stages.lock()[stage as usize].record(now - self.last);
        self.last = now;
    }
}
