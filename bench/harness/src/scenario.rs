//! What a benchmark author writes: a [`Scenario`] and the [`Subject`] it loads.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use gate_schema::id::{MetricName, Name};
use gate_schema::run::{DeclaredMetric, Kind, MetricValue, Param};
use gate_schema::unit::{Direction, Unit};

use crate::context::Context;
use crate::recipe::Recipe;
use crate::tier::Tier;

/// Why a scenario could not be prepared or loaded. Engines bring their own error types, so this is
/// open; the harness only shows it.
pub type Failure = Box<dyn Error + Send + Sync>;

/// One workload with fixed input and seed.
///
/// The harness calls, each in its own process: [`Scenario::prepare`] once per preparation recipe,
/// then for every repetition [`Scenario::load`] and the [`Subject`]'s methods in the order they are
/// declared there.
pub trait Scenario: Sync {
    /// `area/operation/params`, for example `vector/search/k10`. Part of the identity: never reuse
    /// an id for another workload.
    fn id(&self) -> &'static str;

    /// Prose: what it measures, why it exists, how to read it. The first sentence is its summary.
    fn about(&self) -> &'static str;

    /// What fixes the workload: sizes, dimensions, seeds. *Not* tuning knobs such as the search
    /// expansion: those are what the code under test chooses, so changing one is a change to judge.
    fn params(&self, tier: Tier) -> BTreeMap<Name, Param>;

    /// The recipe of the input. Two runs whose recipes differ cannot be compared.
    fn input(&self, tier: Tier) -> Recipe;

    /// All that the prepared files depend on: the input, the engine version, the build settings.
    /// Whatever is missing here makes a stale cache look fresh.
    fn preparation(&self, tier: Tier) -> Recipe;

    /// The metrics of its own that [`Subject::report`] returns. The harness adds latency,
    /// throughput and peak memory.
    fn metrics(&self) -> Vec<DeclaredMetric>;

    /// Names of the settings a plant may override, see [`Context::setting`].
    fn settings(&self) -> &'static [&'static str] {
        &[]
    }

    /// Builds the prepared files in an empty `directory`, untimed.
    ///
    /// # Errors
    /// Whatever the engine or the disk reports.
    fn prepare(&self, context: &Context, directory: &Path) -> Result<(), Failure>;

    /// Loads the prepared files, ready to be measured.
    ///
    /// # Errors
    /// Whatever the engine or the disk reports.
    fn load(&self, context: &Context, directory: &Path) -> Result<Box<dyn Subject>, Failure>;
}

/// A loaded scenario: the thing whose operations are timed.
///
/// The harness calls [`Subject::operate`] with the indexes from 0 up to `warm_up() + operations()`,
/// each exactly once and in order; only those after the warm-up are timed. Then it checks, then it
/// asks for the report.
pub trait Subject {
    /// Number of operations to run before measuring, so that caches and branch predictors settle.
    fn warm_up(&self) -> usize;

    /// Number of measured operations, at least 1. A percentile needs samples: 10,000 for a p99.
    fn operations(&self) -> usize;

    /// The timed operation. What it returns keeps the compiler from dropping the work. It must not
    /// panic: an operation that fails is remembered and reported by [`Subject::check`].
    fn operate(&mut self, index: usize) -> u64;

    /// Compares what the engine answered with the truth, untimed. A fast wrong answer is not an
    /// improvement.
    ///
    /// # Errors
    /// The first wrong answer.
    fn check(&mut self) -> Result<(), WrongAnswer>;

    /// The scenario's own metrics: quality and size.
    ///
    /// # Errors
    /// Whatever the engine reports. A metric that could not be measured is left out.
    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure>;
}

/// An answer that is not the truth, described for the person who has to find out why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {found}, expected {expected}")]
pub struct WrongAnswer {
    /// Where: which query, document or entity.
    pub place: String,
    /// What the engine answered.
    pub found: String,
    /// What the independent model says.
    pub expected: String,
}

/// A name known when the suite is written, for metrics and parameters.
///
/// # Panics
/// When the text is not a [`Name`]; every scenario's declaration is built by a test.
#[must_use]
pub fn name(text: &'static str) -> Name {
    Name::new(text).expect("names in the suite use the alphabet of Name")
}

/// A parameter that is a size, a count or a seed.
///
/// # Panics
/// Above 2^63, which no size of a scenario reaches.
#[must_use]
pub fn integer(number: usize) -> Param {
    Param::Integer(i64::try_from(number).expect("sizes of scenarios fit 63 bits"))
}

/// Declares one metric.
#[must_use]
pub fn metric(text: &'static str, kind: Kind, unit: Unit, direction: Direction) -> DeclaredMetric {
    DeclaredMetric {
        name: name(text),
        kind,
        unit,
        direction,
        at: None,
    }
}
