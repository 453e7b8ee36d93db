//! A scenario without an engine, for the tests of everything around it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gate_schema::id::{MetricName, Name};
use gate_schema::run::{DeclaredMetric, Kind, MetricValue, Param};
use gate_schema::unit::{Direction, Unit};

use crate::context::Context;
use crate::recipe::Recipe;
use crate::scenario::{Failure, Scenario, Subject, WrongAnswer, integer, metric, name};
use crate::tier::Tier;

/// Operations of a warm-up that nobody changed.
const WARM_UP: usize = 10;

/// A scenario named `id`. Its setting `fault` makes its answer wrong when it is 1, `warm_up` is the
/// length of its warm-up.
pub(crate) struct FakeScenario {
    pub(crate) id: &'static str,
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

    fn preparation(&self, tier: Tier) -> Recipe {
        Recipe::new("prepared nothing").with_recipe("input", &self.input(tier))
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        vec![metric("things", Kind::Value, Unit::Count, Direction::Lower)]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["fault", "warm_up"]
    }

    fn prepare(&self, _: &Context, directory: &Path) -> Result<(), Failure> {
        Ok(fs::write(directory.join("thing"), "prepared")?)
    }

    fn load(&self, context: &Context, directory: &Path) -> Result<Box<dyn Subject>, Failure> {
        fs::read_to_string(directory.join("thing"))?;
        Ok(Box::new(Fake {
            fault: context.setting("fault", 0) == 1,
            warm_up: context.setting("warm_up", WARM_UP),
            ..Fake::new()
        }))
    }
}

/// Remembers what it was asked to do.
pub(crate) struct Fake {
    pub(crate) operated: Vec<usize>,
    warm_up: usize,
    fault: bool,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self {
            operated: Vec::new(),
            warm_up: WARM_UP,
            fault: false,
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

    fn operate(&mut self, index: usize) -> u64 {
        self.operated.push(index);
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
        Ok(vec![(name("things"), MetricValue::Value(1.0))])
    }
}
