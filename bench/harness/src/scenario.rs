//! What a benchmark author writes: a [`Scenario`] and the [`Subject`] it loads.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use gate_schema::id::{MetricName, Name};
use gate_schema::run::{DeclaredMetric, Kind, MetricValue, Param};
use gate_schema::unit::{Direction, Unit};

use crate::artifact::Artifact;
use crate::context::Context;
use crate::layer::Layer;
use crate::needs::Needs;
use crate::recipe::Recipe;
use crate::tier::Tier;
use crate::traffic::Traffic;

/// Why a scenario could not be prepared or loaded. Engines bring their own error types, so this is
/// open; the harness only shows it.
pub type Failure = Box<dyn Error + Send + Sync>;

/// One workload with fixed input and seed.
///
/// The harness calls, each in its own process: the artifacts' builders, once per recipe; then for
/// every repetition [`Scenario::load`] and the [`Subject`]'s methods in the order they are declared
/// there.
pub trait Scenario: Sync {
    /// `area/operation/params`, for example `vector/search/k10`. Part of the identity: never reuse
    /// an id for another workload.
    fn id(&self) -> &'static str;

    /// Prose: what it measures, why it exists, how to read it. The first sentence is its summary.
    fn about(&self) -> &'static str;

    /// What the measured operation goes through, or that other work goes on beside it. Part of the identity,
    /// as [`label`](crate::document::label) has it: where traffic lets several operations go on at the same
    /// time, that is contention.
    fn layer(&self) -> Layer;

    /// The smallest tier that measures it; every larger one does too. What takes long belongs into
    /// the larger ones.
    fn smallest_tier(&self) -> Tier {
        Tier::Tiny
    }

    /// Whether `tier` measures it: its smallest and every larger one, and the tier soak only what says so.
    fn is_on(&self, tier: Tier) -> bool {
        self.smallest_tier() <= tier && tier != Tier::Soak
    }

    /// What fixes the workload: sizes, dimensions, seeds. *Not* tuning knobs such as the search
    /// expansion: those are what the code under test chooses, so changing one is a change to judge.
    fn params(&self, tier: Tier) -> BTreeMap<Name, Param>;

    /// The recipe of the input. Two runs whose recipes differ cannot be compared.
    fn input(&self, tier: Tier) -> Recipe;

    /// The prepared files it loads, those first that others are built from.
    fn artifacts(&self, _: Tier) -> Vec<Box<dyn Artifact>> {
        Vec::new()
    }

    /// The scenarios that do the same on lower layers: what this one costs over them is the cost of its
    /// layer, see [`layers`](fn@crate::layers::layers).
    fn over(&self) -> &'static [&'static str] {
        &[]
    }

    /// How its operations are asked for.
    fn traffic(&self, _: Tier) -> Traffic {
        Traffic::Alone
    }

    /// The metrics of its own that [`Subject::report`] returns. The harness adds latency,
    /// throughput, peak memory and what is allocated.
    fn metrics(&self) -> Vec<DeclaredMetric>;

    /// What one repetition takes.
    fn needs(&self, tier: Tier) -> Needs;

    /// Names of the settings a plant may override, see [`Context::setting`].
    fn settings(&self) -> &'static [&'static str] {
        &[]
    }

    /// Loads the prepared files, ready to be measured.
    ///
    /// # Errors
    /// Whatever the engine or the disk reports.
    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure>;
}

/// A loaded scenario: the thing whose operations are timed.
///
/// The harness operates the indexes from 0 up to `warm_up() + operations()`, each exactly once, and
/// times those after the warm-up: in order through [`Subject::operate`], or, when the scenario has
/// other [`Traffic`] than one thread, in the order in which threads get to them through
/// [`Subject::service`]. Then it checks, then it asks for the report.
pub trait Subject {
    /// Number of operations to run before measuring, so that caches and branch predictors settle.
    fn warm_up(&self) -> usize;

    /// Number of measured operations, at least 1. A percentile needs samples: 10,000 for a p99.
    fn operations(&self) -> usize;

    /// The timed operation. What it returns keeps the compiler from dropping the work. It must not
    /// panic: an operation that fails is remembered and reported by [`Subject::check`].
    fn operate(&mut self, index: usize) -> u64;

    /// Whether operations take differently long by design, because what they work on grows or is changed
    /// between them. Then nobody is told that the last took longer than the first.
    fn differs(&self) -> bool {
        false
    }

    /// Whether operations wait for a disk by design. Then nobody is told that they did.
    fn waits_for_disk(&self) -> bool {
        false
    }

    /// The same operation for several threads at once; `None` for what only one can do.
    fn service(&self) -> Option<&dyn Service> {
        None
    }

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

/// A subject that many threads operate at once.
pub trait Service: Sync {
    /// See [`Subject::operate`].
    fn serve(&self, index: usize) -> u64;

    /// What goes on beside it, from before the warm-up until the last operation. Where steps of it are left
    /// then, one thread goes on serving the operations of the warm-up until they are done, untimed, so that
    /// the last steps meet what the first did.
    fn background(&self) -> Vec<Background<'_>> {
        Vec::new()
    }
}

/// Work beside the measured operations, at a rate of its own.
pub struct Background<'s> {
    /// What it is, for messages.
    pub name: &'static str,
    /// Steps per second. A step that comes late is not dropped: the work catches up.
    pub rate: f64,
    /// How many steps there are, where what they leave behind is measured: however fast the operations are,
    /// it is the same. `None` goes on until the last operation.
    pub steps: Option<usize>,
    /// One step, counted from 0.
    pub step: Box<dyn FnMut(usize) + Send + 's>,
}

impl fmt::Debug for Background<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}/s", self.name, self.rate)
    }
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
