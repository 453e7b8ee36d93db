//! Plants: changes made on purpose to prove that the gate sees them.
//!
//! `GLOB:work=20%` makes every operation of the matching scenarios do 20 % more work. Extra work has
//! a step of about 25 ns, so operations of 100 ns cannot be slowed down by less than a quarter.
//! `GLOB:expansion=4` overrides a setting that the scenario asks for by name.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::scenario::Scenario;

/// One planted change, as written and as understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Plant {
    text: String,
    glob: String,
    change: Change,
}

/// What a plant changes.
#[derive(Clone, Debug, PartialEq)]
enum Change {
    /// Extra work per operation, as a share of the operation's own time.
    Work(f64),
    /// A setting of the scenario.
    Setting { name: String, value: usize },
}

/// Why a text is not a plant, or cannot be planted here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlantError {
    /// Not `GLOB:NAME=VALUE`.
    #[error("`{0}` is not a plant\n  hint: write GLOB:work=20% or GLOB:SETTING=NUMBER")]
    Shape(String),
    /// The glob is malformed.
    #[error("`{0}` is not a glob")]
    Glob(String),
    /// Work without a share above zero.
    #[error("`{0}` is not extra work\n  hint: write work=20% for one fifth more")]
    Work(String),
    /// A setting that is not a whole number.
    #[error("`{0}` is not a value for a setting\n  hint: write a whole number")]
    Setting(String),
    /// The glob matches none of the selected scenarios.
    #[error("plant `{plant}` matches no scenario of this run")]
    NoScenario {
        /// The plant as written.
        plant: String,
    },
    /// None of the scenarios it matches asks for that setting.
    #[error("plant `{plant}`: no scenario it matches has that setting\n  hint: they have {known}")]
    NoSetting {
        /// The plant as written.
        plant: String,
        /// What could have been planted there.
        known: String,
    },
}

impl FromStr for Plant {
    type Err = PlantError;

    fn from_str(text: &str) -> Result<Self, PlantError> {
        // The last colon, because scenario ids may contain colons and settings may not.
        let (glob, change) = text
            .rsplit_once(':')
            .ok_or_else(|| PlantError::Shape(text.into()))?;
        let (name, value) = change
            .split_once('=')
            .ok_or_else(|| PlantError::Shape(text.into()))?;
        if glob.is_empty() || name.is_empty() {
            return Err(PlantError::Shape(text.into()));
        }
        fast_glob::validate(glob).map_err(|_| PlantError::Glob(glob.into()))?;
        let change = match name {
            "work" => Change::Work(share(value).ok_or_else(|| PlantError::Work(value.into()))?),
            _ => {
                let value = value
                    .parse()
                    .map_err(|_| PlantError::Setting(value.into()))?;
                Change::Setting {
                    name: name.to_owned(),
                    value,
                }
            }
        };
        Ok(Self {
            text: text.to_owned(),
            glob: glob.to_owned(),
            change,
        })
    }
}

impl Plant {
    /// The plant as it was written, for the run's provenance.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checks that the plant changes at least one of the scenarios of a run.
    ///
    /// # Errors
    /// [`PlantError::NoScenario`] and [`PlantError::NoSetting`]: a plant that changes nothing would
    /// "prove" that the gate is blind.
    pub fn check(&self, scenarios: &[&dyn Scenario]) -> Result<(), PlantError> {
        let matched: Vec<_> = scenarios
            .iter()
            .filter(|scenario| self.matches(scenario.id()))
            .collect();
        if matched.is_empty() {
            return Err(PlantError::NoScenario {
                plant: self.text.clone(),
            });
        }
        let Change::Setting { name, .. } = &self.change else {
            return Ok(());
        };
        let known: Vec<&str> = matched
            .iter()
            .flat_map(|scenario| scenario.settings())
            .copied()
            .collect();
        if known.contains(&name.as_str()) {
            return Ok(());
        }
        let known = ["work"]
            .into_iter()
            .chain(known)
            .collect::<Vec<_>>()
            .join(", ");
        Err(PlantError::NoSetting {
            plant: self.text.clone(),
            known,
        })
    }

    fn matches(&self, id: &str) -> bool {
        fast_glob::glob_match(&self.glob, id)
    }
}

/// All that was planted in one scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planted {
    /// Extra work per operation, as a share of the operation's own time.
    pub work: Option<f64>,
    /// Overridden settings.
    pub settings: BTreeMap<String, usize>,
}

impl Planted {
    /// What `plants` change in the scenario `id`; of two plants for the same thing the later wins.
    #[must_use]
    pub fn in_scenario(id: &str, plants: &[Plant]) -> Self {
        let mut planted = Self::default();
        for plant in plants.iter().filter(|plant| plant.matches(id)) {
            match &plant.change {
                Change::Work(share) => planted.work = Some(*share),
                Change::Setting { name, value } => {
                    planted.settings.insert(name.clone(), *value);
                }
            }
        }
        planted
    }
}

/// Reads `20%` as 0.2.
fn share(text: &str) -> Option<f64> {
    let percent: f64 = text.strip_suffix('%')?.parse().ok()?;
    (percent.is_finite() && percent > 0.0).then_some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeScenario;

    #[test]
    fn plants_are_read_or_refused_with_a_reason() {
        let work = |share| Ok(Change::Work(share));
        for (text, expected) in [
            ("vector/**:work=20%", work(0.2)),
            ("a:b:work=150%", work(1.5)),
            (
                "vector/**:expansion=4",
                Ok(Change::Setting {
                    name: "expansion".into(),
                    value: 4,
                }),
            ),
            ("", Err(PlantError::Shape(String::new()))),
            ("work=20%", Err(PlantError::Shape("work=20%".into()))),
            (":work=20%", Err(PlantError::Shape(":work=20%".into()))),
            ("a:work", Err(PlantError::Shape("a:work".into()))),
            ("a:=4", Err(PlantError::Shape("a:=4".into()))),
            ("a{b:work=20%", Err(PlantError::Glob("a{b".into()))),
            ("a:work=20", Err(PlantError::Work("20".into()))),
            ("a:work=0%", Err(PlantError::Work("0%".into()))),
            ("a:work=-5%", Err(PlantError::Work("-5%".into()))),
            ("a:work=inf%", Err(PlantError::Work("inf%".into()))),
            ("a:expansion=few", Err(PlantError::Setting("few".into()))),
            ("a:expansion=-1", Err(PlantError::Setting("-1".into()))),
        ] {
            assert_eq!(
                text.parse::<Plant>().map(|plant| plant.change),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_plant_that_changes_nothing_is_refused() {
        let scenarios: [&dyn Scenario; 1] = [&FakeScenario { id: "fake/one" }];
        let check = |text: &str| text.parse::<Plant>().expect("is a plant").check(&scenarios);
        assert_eq!(check("fake/*:work=1%"), Ok(()));
        assert_eq!(check("fake/one:fault=1"), Ok(()));
        assert!(matches!(
            check("other/**:work=1%"),
            Err(PlantError::NoScenario { .. })
        ));
        let Err(PlantError::NoSetting { known, .. }) = check("fake/*:expansion=4") else {
            panic!("was accepted")
        };
        assert_eq!(known, "work, fault");
    }

    #[test]
    fn each_scenario_gets_what_matches_it() {
        let plants =
            ["**:work=5%", "a/*:work=10%", "a/b:k=3"].map(|text| text.parse().expect("is a plant"));
        let planted = Planted::in_scenario("a/b", &plants);
        assert_eq!(
            planted,
            Planted {
                work: Some(0.1),
                settings: [("k".to_owned(), 3)].into()
            }
        );
        assert_eq!(Planted::in_scenario("c", &plants).work, Some(0.05));
    }
}
