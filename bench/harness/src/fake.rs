//! A scenario without an engine, for the tests of everything around it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::hint;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use gate_schema::id::{MetricName, Name};
use gate_schema::run::{DeclaredMetric, Kind, MetricValue, Param};
use gate_schema::unit::{Direction, Unit};

use crate::artifact::Artifact;
use crate::context::Context;
use crate::layer::Layer;
use crate::needs::Needs;
use crate::recipe::Recipe;
use crate::scenario::{Failure, Scenario, Subject, WrongAnswer, integer, metric, name};
use crate::tier::Tier;

/// Operations of a warm-up that nobody changed.
const WARM_UP: usize = 10;

thread_local! {
    static START: Instant = Instant::now();
    static CLOCK: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// A clock of each thread that operations alone move on.
pub(crate) fn now() -> Instant {
    START.with(|start| *start + CLOCK.get())
}

/// A scenario named `id`. Its setting `fault` makes its answer wrong when it is 1, `threads` that an
/// operation is done by a thread of its own; `warm_up` is the length of its warm-up, `things` what it reports, and
/// `takes_ns` is how long an operation takes per item of its tier, by the clock [`now`].
pub(crate) struct FakeScenario {
    pub(crate) id: &'static str,
    pub(crate) smallest_tier: Tier,
    /// The tiers that measure it, where those are not its smallest and all larger ones.
    pub(crate) tiers: Option<&'static [Tier]>,
    pub(crate) layer: Layer,
    pub(crate) over: &'static [&'static str],
    /// What its prepared file is called, and takes.
    pub(crate) file: &'static str,
    pub(crate) file_needs: Needs,
    pub(crate) needs: Needs,
    /// What it takes besides, for each item.
    pub(crate) item_needs: Needs,
}

const NOTHING: Needs = Needs {
    memory_bytes: 0,
    disk_bytes: 0,
    seconds: 0.0,
};

impl FakeScenario {
    /// One that every tier measures.
    pub(crate) const fn named(id: &'static str) -> Self {
        Self {
            id,
            smallest_tier: Tier::Tiny,
            tiers: None,
            layer: Layer::Raw,
            over: &[],
            file: "file",
            file_needs: NOTHING,
            needs: NOTHING,
            item_needs: NOTHING,
        }
    }
}

impl Scenario for FakeScenario {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        "Measures nothing. Exists for tests."
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        [(name("items"), integer(tier.items()))].into()
    }

    fn input(&self, tier: Tier) -> Recipe {
        Recipe::new("nothing").with("items", tier.items())
    }

    fn layer(&self) -> Layer {
        self.layer
    }

    fn over(&self) -> &'static [&'static str] {
        self.over
    }

    fn smallest_tier(&self) -> Tier {
        self.smallest_tier
    }

    fn is_on(&self, tier: Tier) -> bool {
        match self.tiers {
            Some(tiers) => tiers.contains(&tier),
            None => self.smallest_tier <= tier && tier != Tier::Soak,
        }
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        vec![Box::new(self.file(tier))]
    }

    fn needs(&self, tier: Tier) -> Needs {
        let items = tier.items() as u64;
        Needs {
            memory_bytes: self
                .needs
                .memory_bytes
                .saturating_add(items * self.item_needs.memory_bytes),
            disk_bytes: self.needs.disk_bytes + items * self.item_needs.disk_bytes,
            ..self.needs
        }
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        vec![metric("things", Kind::Value, Unit::Count, Direction::Lower)]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["fault", "warm_up"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let file = self.file(context.tier());
        fs::read_to_string(context.prepared(&file)?.join("thing"))?;
        Ok(Box::new(Fake {
            fault: context.setting("fault", 0) == 1,
            has_threads: context.setting("threads", 0) == 1,
            warm_up: context.setting("warm_up", WARM_UP),
            things: context.setting("things", 1),
            takes: Duration::from_nanos(context.setting("takes_ns", 0) as u64)
                * context.tier().items() as u32,
            ..Fake::new()
        }))
    }
}

impl FakeScenario {
    fn file(&self, tier: Tier) -> FakeFile {
        FakeFile {
            tier,
            name: self.file,
            needs: self.file_needs,
        }
    }
}

/// One file that all fake scenarios of a tier share which name it so.
struct FakeFile {
    tier: Tier,
    name: &'static str,
    needs: Needs,
}

impl Artifact for FakeFile {
    fn name(&self) -> String {
        format!("fake/{}", self.name)
    }

    fn recipe(&self) -> Recipe {
        Recipe::new("a file").with("items", self.tier.items())
    }

    fn needs(&self) -> Needs {
        self.needs
    }

    fn estimate(&self) -> Option<String> {
        Some(format!("bench estimate --file {}", self.name))
    }

    fn build(&self, _: &Context, directory: &Path) -> Result<(), Failure> {
        Ok(fs::write(directory.join("thing"), "prepared")?)
    }
}

/// Remembers what it was asked to do.
pub(crate) struct Fake {
    pub(crate) operated: Vec<usize>,
    warm_up: usize,
    things: usize,
    /// How long an operation takes.
    takes: Duration,
    fault: bool,
    has_threads: bool,
    pub(crate) differs: bool,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self {
            operated: Vec::new(),
            warm_up: WARM_UP,
            things: 1,
            takes: Duration::ZERO,
            fault: false,
            has_threads: false,
            differs: false,
        }
    }
}

impl Subject for Fake {
    fn warm_up(&self) -> usize {
        self.warm_up
    }

    fn operations(&self) -> usize {
        100
    }

    fn differs(&self) -> bool {
        self.differs
    }

    fn operate(&mut self, index: usize) -> u64 {
        self.operated.push(index);
        CLOCK.set(CLOCK.get() + self.takes);
        if self.has_threads {
            let work = || (0..100_000_u64).fold(0, |sum, number| hint::black_box(sum ^ number));
            return thread::spawn(work).join().unwrap_or_default();
        }
        index as u64
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.fault {
            Err(WrongAnswer {
                place: "thing 1".into(),
                found: "2".into(),
                expected: "1".into(),
            })
        } else {
            Ok(())
        }
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let things = MetricValue::Value(self.things as f64);
        Ok(vec![(name("things"), things)])
    }
}
