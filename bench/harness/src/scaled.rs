//! One workload at several sizes in one repetition: how its figures grow is a metric of its own.
//!
//! All sizes are measured by one process and in turns, so that a slow second of the machine does not
//! look like growth.

use std::collections::BTreeMap;
use std::time::Instant;

use gate_schema::id::{MetricName, Name};
use gate_schema::run::{DeclaredMetric, Kind, MetricValue, Param};
use gate_schema::unit::{Direction, Unit};

use crate::artifact::Artifact;
use crate::context::Context;
use crate::growth::{Extrapolation, Growth};
use crate::layer::Layer;
use crate::needs::Needs;
use crate::recipe::Recipe;
use crate::scenario::{Failure, Scenario, Subject, WrongAnswer, integer, metric, name};
use crate::tier::Tier;

mod turns;

use turns::Turns;

/// Sizes that nobody measures here, and what they are called.
const FAR: [(&str, f64); 3] = [("10M", 1e7), ("100M", 1e8), ("1B", 1e9)];

/// The ends of the 95 % interval of `growth.latency`, and of what is extrapolated.
const ENDS: [&str; 2] = ["latency.low", "latency.high"];
const ENDS_FAR: [&str; 2] = ["low", "high"];

/// A workload at the sizes of its tier and of the two tiers below.
///
/// Its own latency is a mixture of all sizes. What counts is `growth.latency` and the growth of each
/// of `figures`: by which factor they grow when the size grows tenfold, 1 for what does not grow and
/// 10 for what is linear. `extrapolated.*` continues the law of the mean latency to sizes that were
/// not measured, and knows nothing of what happens there: caches that overflow, disks that fill. `low`
/// and `high` behind a name are the ends of its 95 % interval, from the scatter around the law.
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
}

/// The tiers whose sizes are measured for `tier`, smallest first.
fn tiers(tier: Tier) -> Vec<Tier> {
    let at = Tier::ALL.iter().position(|of_all| *of_all == tier);
    let end = at.map_or(0, |at| at + 1);
    Tier::ALL[end.saturating_sub(3)..end].to_vec()
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
        let growing = ["latency"].iter().chain(&ENDS).chain(self.figures);
        let growing = growing.map(|figure| declared(&growth_of(figure), Unit::Count));
        let far = FAR.iter().flat_map(|(size, _)| {
            let [low, high] = ENDS_FAR.map(|end| format!("{size}.{end}"));
            [(*size).to_owned(), low, high]
        });
        let far = far.map(|size| declared(&extrapolated(&size), Unit::Nanoseconds));
        growing.chain(far).flatten().collect()
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
        let size = |tier| -> Result<Size, Failure> {
            Ok(Size {
                items: (self.items)(tier),
                subject: self.of.load(&context.on(tier))?,
            })
        };
        let sizes = tiers(context.tier()).into_iter().map(size);
        let sizes: Vec<Size> = sizes.collect::<Result<_, _>>()?;
        let lengths = sizes
            .iter()
            .map(|size| (size.subject.warm_up(), size.subject.operations()));
        Ok(Box::new(Loaded {
            turns: Turns::of(lengths.collect()),
            sizes,
            figures: self.figures,
            turn: 0,
            started: Instant::now(),
            latencies: Vec::new(),
        }))
    }
}

struct Size {
    items: usize,
    subject: Box<dyn Subject>,
}

struct Loaded {
    sizes: Vec<Size>,
    turns: Turns,
    figures: &'static [&'static str],
    /// The turn that is being taken, and since when.
    turn: usize,
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

    fn operate(&mut self, index: usize) -> u64 {
        let Some(turn) = self.turns.get(self.turn) else {
            return 0;
        };
        if index == turn.start {
            self.started = Instant::now();
        }
        let size = &mut self.sizes[turn.size];
        let answer = size.subject.operate(turn.first + (index - turn.start));
        if index + 1 == turn.end() {
            if turn.is_measured {
                let mean = self.started.elapsed().as_nanos() as f64 / turn.length as f64;
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
        let figure = |figure: &'static str| -> Vec<(f64, f64)> {
            let of = |(items, report): &(f64, Vec<(MetricName, MetricValue)>)| {
                let found = report.iter().find(|(name, _)| name.as_str() == figure)?;
                match found.1 {
                    MetricValue::Value(value) => Some((*items, value)),
                    _ => None,
                }
            };
            reports.iter().filter_map(of).collect()
        };
        let mut metrics = latency(&self.latencies)?;
        for name in self.figures {
            let growth = Growth::fit(&figure(name));
            metrics.extend(
                growth
                    .map(|growth| value(&growth_of(name), growth.per_tenfold()))
                    .transpose()?,
            );
        }
        Ok(metrics)
    }
}

/// The growth of the mean latency, and where its law leads.
fn latency(points: &[(f64, f64)]) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
    let Some(growth) = Growth::fit(points) else {
        return Ok(Vec::new());
    };
    let mut metrics = vec![value(&growth_of("latency"), growth.per_tenfold())?];
    for (end, factor) in ENDS.iter().zip(growth.interval_per_tenfold()) {
        metrics.push(value(&growth_of(end), factor)?);
    }
    for (size, items) in FAR {
        let Extrapolation { expected, interval } = growth.at(items);
        metrics.push(value(&extrapolated(size), expected)?);
        for (end, nanos) in ENDS_FAR.iter().zip([interval.0, interval.1]) {
            metrics.push(value(&extrapolated(&format!("{size}.{end}")), nanos)?);
        }
    }
    Ok(metrics)
}

fn value(name: &str, value: f64) -> Result<(MetricName, MetricValue), Failure> {
    Ok((Name::new(name)?, MetricValue::Value(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Cache;
    use crate::fake::FakeScenario;

    static FAKE: FakeScenario = FakeScenario::named("fake/a");

    const SCALED: Scaled = Scaled {
        id: "fake/a/growth",
        about: "Measures nothing at three sizes. Exists for tests.",
        smallest_tier: Tier::Pr,
        of: &FAKE,
        items: Tier::items,
        figures: &["things"],
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
        assert_eq!(declared.len(), 2 + 2 + 9);
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

    #[test]
    fn a_linear_cost_grows_tenfold_and_is_continued() {
        let points: Vec<(f64, f64)> = [1e4, 1e5, 1e6].map(|items| (items, items / 100.0)).into();
        let metrics = latency(&points).expect("names are sound");
        let figures = metrics.into_iter().map(|(name, value)| match value {
            MetricValue::Value(value) => format!("{name} {value:.0}"),
            other => format!("{name} {other:?}"),
        });
        assert_eq!(
            figures.collect::<Vec<_>>(),
            [
                "growth.latency 10",
                "growth.latency.low 10",
                "growth.latency.high 10",
                "extrapolated.10M 100000",
                "extrapolated.10M.low 100000",
                "extrapolated.10M.high 100000",
                "extrapolated.100M 1000000",
                "extrapolated.100M.low 1000000",
                "extrapolated.100M.high 1000000",
                "extrapolated.1B 10000000",
                "extrapolated.1B.low 10000000",
                "extrapolated.1B.high 10000000",
            ]
        );
    }
}
