//! One workload at several sizes in one repetition: how its figures grow is a metric of its own.
//!
//! All sizes are measured by one process and in turns, so that a slow second of the machine does not
//! look like growth.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gate_schema::id::{MetricName, Name};
use gate_schema::run::{DeclaredMetric, MetricValue, Param};

use crate::artifact::Artifact;
use crate::context::Context;
use crate::layer::Layer;
use crate::memory::resident_bytes;
use crate::needs::Needs;
use crate::recipe::Recipe;
use crate::scenario::{Failure, Scenario, Subject, WrongAnswer, integer, name};
use crate::tier::Tier;

mod laws;
mod turns;

use laws::Laws;
use turns::Turns;

/// A workload at the sizes of its tier and of the two tiers below.
///
/// Its own latency is a mixture of all sizes. What counts is `growth.latency`, `growth.memory` and the
/// growth of each of `figures`: by which factor they grow when the size grows tenfold, 1 for what does not
/// grow and 10 for what is linear. `growth.memory` is of what becomes resident while a size is loaded and
/// operated; what all sizes have alike, such as their queries, flattens it. `growth.build_time` is of the
/// time of all operations, for workloads that build something by them. `extrapolated.*` continues the law
/// of the mean latency to sizes that were not measured, and knows nothing of what happens there: caches
/// that overflow, disks that fill. `extrapolated.held_out` puts that to the test: the latency at the largest
/// size over what the law of the smaller ones promised, 1 where it holds. `low` and `high` behind a name are the ends of its 95 % interval, from
/// the scatter of the sizes around the law, each of which is one point however many turns it had: three that
/// do not lie on a law make it wide. They say how sure a figure is and are no figures of their own, so that
/// the policy of `gate` shows them and does not judge them.
pub struct Scaled {
    /// The id, by custom that of the workload with `/growth` behind it.
    pub id: &'static str,
    /// See [`Scenario::about`].
    pub about: &'static str,
    /// The smallest tier whose two tiers below say something.
    pub smallest_tier: Tier,
    /// The workload.
    pub of: &'static dyn Scenario,
    /// How many items it has on a tier. Ten times as many as on the tier below.
    pub items: fn(Tier) -> usize,
    /// Those of its own metrics, single numbers above zero, whose growth counts.
    pub figures: &'static [&'static str],
    /// Whether all its operations together build something, so that their time is a figure too.
    pub builds: bool,
}

impl Scaled {
    fn laws(&self) -> Laws {
        Laws {
            remembers: resident_bytes().is_some(),
            builds: self.builds,
            figures: self.figures,
        }
    }
}

/// The tiers whose sizes are measured for `tier`, smallest first.
fn tiers(tier: Tier) -> Vec<Tier> {
    let at = Tier::ALL.iter().position(|of_all| *of_all == tier);
    let end = at.map_or(0, |at| at + 1);
    Tier::ALL[end.saturating_sub(3)..end].to_vec()
}

impl Scenario for Scaled {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn layer(&self) -> Layer {
        self.of.layer()
    }

    fn smallest_tier(&self) -> Tier {
        self.smallest_tier
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let mut params = self.of.params(tier);
        params.insert(name("sizes"), integer(tiers(tier).len()));
        params
    }

    fn input(&self, tier: Tier) -> Recipe {
        let recipe = Recipe::new("one workload at several sizes");
        tiers(tier).into_iter().fold(recipe, |recipe, tier| {
            recipe.with_recipe(tier.as_str(), &self.of.input(tier))
        })
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        let tiers = tiers(tier).into_iter();
        tiers.flat_map(|tier| self.of.artifacts(tier)).collect()
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        self.laws().declared()
    }

    fn needs(&self, tier: Tier) -> Needs {
        // All sizes are loaded at the same time.
        let sizes = tiers(tier).into_iter().map(|tier| self.of.needs(tier));
        sizes.fold(Needs::default(), |all, size| Needs {
            memory_bytes: all.memory_bytes + size.memory_bytes,
            ..all.then(size)
        })
    }

    fn settings(&self) -> &'static [&'static str] {
        self.of.settings()
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        Ok(Box::new(self.loaded(context, Instant::now)?))
    }
}

impl Scaled {
    /// All sizes, timed by `now`.
    fn loaded(&self, context: &Context, now: fn() -> Instant) -> Result<Loaded, Failure> {
        let size = |tier| -> Result<Size, Failure> {
            let before = resident();
            Ok(Size {
                items: (self.items)(tier),
                subject: self.of.load(&context.on(tier))?,
                resident: resident() - before,
                elapsed: Duration::ZERO,
            })
        };
        let sizes = tiers(context.tier()).into_iter().map(size);
        let sizes: Vec<Size> = sizes.collect::<Result<_, _>>()?;
        let lengths = sizes
            .iter()
            .map(|size| (size.subject.warm_up(), size.subject.operations()));
        Ok(Loaded {
            turns: Turns::of(lengths.collect()),
            sizes,
            laws: self.laws(),
            now,
            turn: 0,
            before: 0.0,
            started: now(),
            latencies: Vec::new(),
        })
    }
}

struct Size {
    items: usize,
    subject: Box<dyn Subject>,
    /// What became resident while it was loaded and operated, in bytes.
    resident: f64,
    /// The time of all its operations.
    elapsed: Duration,
}

struct Loaded {
    sizes: Vec<Size>,
    turns: Turns,
    laws: Laws,
    now: fn() -> Instant,
    /// The turn that is being taken, what was resident before it, and since when.
    turn: usize,
    before: f64,
    started: Instant,
    /// Items and mean nanoseconds per operation of every measured turn.
    latencies: Vec<(f64, f64)>,
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        self.turns.warm_up()
    }

    fn operations(&self) -> usize {
        self.turns.operations()
    }

    fn differs(&self) -> bool {
        self.sizes.iter().any(|size| size.subject.differs())
    }

    fn operate(&mut self, index: usize) -> u64 {
        let Some(turn) = self.turns.get(self.turn) else {
            return 0;
        };
        if index == turn.start {
            self.before = resident();
            self.started = (self.now)();
        }
        let size = &mut self.sizes[turn.size];
        let answer = size.subject.operate(turn.first + (index - turn.start));
        if index + 1 == turn.end() {
            let elapsed = (self.now)().duration_since(self.started);
            size.elapsed += elapsed;
            size.resident += resident() - self.before;
            if turn.is_measured {
                let mean = elapsed.as_nanos() as f64 / turn.length as f64;
                self.latencies.push((size.items as f64, mean));
            }
            self.turn += 1;
        }
        answer
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        self.sizes.iter_mut().try_for_each(|size| {
            let wrong = size.subject.check();
            wrong.map_err(|wrong| WrongAnswer {
                place: format!("{} of {} items", wrong.place, size.items),
                ..wrong
            })
        })
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let mut reports = Vec::new();
        for size in &mut self.sizes {
            reports.push((size.items as f64, size.subject.report()?));
        }
        let figure = |figure: &str| -> Vec<(f64, f64)> {
            let of = |(items, report): &(f64, Vec<(MetricName, MetricValue)>)| {
                let found = report.iter().find(|(name, _)| name.as_str() == figure)?;
                match found.1 {
                    MetricValue::Value(value) => Some((*items, value)),
                    _ => None,
                }
            };
            reports.iter().filter_map(of).collect()
        };
        let of_sizes = |of: &dyn Fn(&Size) -> f64| -> Vec<(f64, f64)> {
            let sizes = self.sizes.iter();
            sizes.map(|size| (size.items as f64, of(size))).collect()
        };
        // What fits into memory that others gave back is not seen; a page is the least that there is.
        let memory = of_sizes(&|size| size.resident.max(PAGE));
        let build_time = of_sizes(&|size| size.elapsed.as_secs_f64());
        self.laws
            .fitted(&self.latencies, &memory, &build_time, figure)
    }
}

/// The least that is resident, in bytes.
const PAGE: f64 = 4_096.0;

/// Bytes that are resident now; zero where the system does not tell, and nobody asks.
fn resident() -> f64 {
    resident_bytes().unwrap_or_default() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Cache;
    use crate::fake::{self, FakeScenario};

    static FAKE: FakeScenario = FakeScenario::named("fake/a");

    const SCALED: Scaled = Scaled {
        id: "fake/a/growth",
        about: "Measures nothing at three sizes. Exists for tests.",
        smallest_tier: Tier::Pr,
        of: &FAKE,
        items: Tier::items,
        figures: &["things"],
        builds: true,
    };

    #[test]
    fn a_tier_is_measured_with_the_two_below() {
        for (tier, expected) in [
            (Tier::Nightly, &[Tier::Smoke, Tier::Pr, Tier::Nightly][..]),
            (Tier::Pr, &[Tier::Tiny, Tier::Smoke, Tier::Pr]),
            (Tier::Tiny, &[Tier::Tiny]),
        ] {
            assert_eq!(tiers(tier), expected, "{tier}");
        }
    }

    #[test]
    fn everything_declared_is_reported() {
        let folder = tempfile::tempdir().expect("a folder");
        let context = Context::new(Tier::Pr, &Cache::at(folder.path()));
        for artifact in SCALED.artifacts(Tier::Pr) {
            context.prepare(artifact.as_ref()).expect("prepares");
        }
        let mut subject = SCALED.load(&context).expect("loads");
        for index in 0..subject.warm_up() + subject.operations() {
            subject.operate(index);
        }
        assert_eq!(subject.check(), Ok(()));
        let report = subject.report().expect("reports");
        let reported: Vec<&str> = report.iter().map(|(name, _)| name.as_str()).collect();
        let mut declared: Vec<String> = SCALED
            .metrics()
            .iter()
            .map(|metric| metric.name.to_string())
            .collect();
        // Memory where the system tells, latency, time and things, each with its interval; three sizes
        // further; and what the largest says about the others.
        let memory = usize::from(resident_bytes().is_some());
        assert_eq!(declared.len(), 3 * (memory + 3) + 9 + 1);
        for name in &reported {
            declared.retain(|declared| declared != name);
        }
        assert!(declared.is_empty(), "{declared:?} of {reported:?}");
        let things = report
            .iter()
            .find(|(name, _)| name.as_str() == "growth.things");
        assert!(
            matches!(things, Some((_, MetricValue::Value(factor))) if (factor - 1.0).abs() < 1e-9),
            "as many at every size: {things:?}"
        );
    }

    #[test]
    fn the_time_of_a_size_is_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        // As many nanoseconds per operation as there are items.
        let context = Context::new(Tier::Pr, &Cache::at(folder.path()))
            .with_settings([("takes_ns".to_owned(), 1)].into());
        for artifact in SCALED.artifacts(Tier::Pr) {
            context.prepare(artifact.as_ref()).expect("prepares");
        }
        let mut subject = SCALED.loaded(&context, fake::now).expect("loads");
        for index in 0..subject.warm_up() + subject.operations() {
            subject.operate(index);
        }
        let report = subject.report().expect("reports");
        let factor = |of: &str| match report.iter().find(|(name, _)| name.as_str() == of) {
            Some((_, MetricValue::Value(factor))) => *factor,
            other => panic!("{of}: {other:?}"),
        };
        // With the turns of all sizes in it, the time of each would be the same.
        for figure in ["growth.build_time", "growth.latency"] {
            let factor = factor(figure);
            assert!((factor - 10.0).abs() < 1e-6, "{figure}: {factor}");
        }
    }

    #[test]
    fn a_wrong_answer_names_its_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let context = Context::new(Tier::Pr, &Cache::at(folder.path()))
            .with_settings([("fault".to_owned(), 1)].into());
        for artifact in SCALED.artifacts(Tier::Pr) {
            context.prepare(artifact.as_ref()).expect("prepares");
        }
        let wrong = SCALED.load(&context).expect("loads").check();
        let place = wrong.map_err(|wrong| wrong.place);
        assert_eq!(place, Err("thing 1 of 1000 items".into()));
    }
}
