//! Plants: changes made on purpose to prove that the gate sees them.
//!
//! `GLOB:work=20%` makes every operation of the matching scenarios do 20 % more work. Extra work has
//! a step of about 25 ns, so operations of 100 ns cannot be slowed down by less than a quarter.
//! `GLOB:tail=10%` does so only in the slowest operations, one in fifty.
//! `GLOB:memory=20%` holds that share of the loaded process again.
//! `GLOB:expansion=4` overrides a setting that the scenario asks for by name.

use std::collections::BTreeMap;
use std::str::FromStr;

use gate_schema::run::limits::TEXT_BYTES;

use crate::scenario::Scenario;
use crate::selection::nearest;

/// The variable whose plants are added to those of the command line.
pub const VARIABLE: &str = "BENCH_PLANT";

/// Names of the plants that every scenario has.
const COMMON: [&str; 3] = ["work", "tail", "memory"];

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
    /// The same, in the slowest operations only.
    Tail(f64),
    /// Extra memory, as a share of what is resident once the scenario is loaded.
    Memory(f64),
    /// A setting of the scenario.
    Setting { name: String, value: usize },
}

/// Why a text is not a plant, or cannot be planted here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlantError {
    /// Not `GLOB:NAME=VALUE`.
    #[error(
        "`{0}` is not a plant\n  hint: write GLOB:work=20%, GLOB:tail=10%, GLOB:memory=20% or GLOB:SETTING=NUMBER"
    )]
    Shape(String),
    /// Longer than the text of a document, which says what was planted; carries its bytes.
    #[error("a plant has at most {TEXT_BYTES} bytes, and one has {0}\n  hint: write several")]
    Long(usize),
    /// The glob is malformed.
    #[error("`{0}` is not a glob")]
    Glob(String),
    /// Work, tail or memory without a share above zero.
    #[error("`{value}` is not a share of {name}\n  hint: write {name}=20% for one fifth more")]
    Share {
        /// What was to be planted.
        name: &'static str,
        /// The share as written.
        value: String,
    },
    /// A setting that is not a whole number.
    #[error("`{0}` is not a value for a setting\n  hint: write a whole number")]
    Setting(String),
    /// The glob matches none of the scenarios it could have.
    #[error("plant `{plant}` matches no scenario of this run\n  hint: did you mean {}?", nearest.join(" or "))]
    NoScenario {
        /// The plant as written.
        plant: String,
        /// The ids closest to its glob, closest first.
        nearest: Vec<&'static str>,
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
        // Now, and not when hours were measured: the document would be refused for it.
        if text.len() > TEXT_BYTES {
            return Err(PlantError::Long(text.len()));
        }
        if text.contains(char::is_control) {
            return Err(PlantError::Shape(text.into()));
        }
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
            "work" => Change::Work(share("work", value)?),
            "tail" => Change::Tail(share("tail", value)?),
            "memory" => Change::Memory(share("memory", value)?),
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

    /// Reads plants separated by commas or blanks, as [`VARIABLE`] holds them. A comma inside the
    /// braces or brackets of a glob separates nothing.
    ///
    /// # Errors
    /// The first text that is not a plant.
    pub fn read_all(text: &str) -> Result<Vec<Self>, PlantError> {
        let mut depth = 0_usize;
        let is_separator = |letter: char| {
            match letter {
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            letter.is_whitespace() || (letter == ',' && depth == 0)
        };
        text.split(is_separator)
            .filter(|piece| !piece.is_empty())
            .map(str::parse)
            .collect()
    }

    /// Checks that the plant changes at least one of `scenarios`.
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
                nearest: nearest(scenarios, &self.glob),
            });
        }
        let Change::Setting { name, .. } = &self.change else {
            return Ok(());
        };
        let mut known: Vec<&str> = Vec::new();
        for setting in matched.iter().flat_map(|scenario| scenario.settings()) {
            if !known.contains(setting) {
                known.push(setting);
            }
        }
        if known.contains(&name.as_str()) {
            return Ok(());
        }
        let known = COMMON
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
    /// Extra work in the slowest operations, as a share of the operation's own time.
    pub tail: Option<f64>,
    /// Extra memory, as a share of what is resident once the scenario is loaded.
    pub memory: Option<f64>,
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
                Change::Tail(share) => planted.tail = Some(*share),
                Change::Memory(share) => planted.memory = Some(*share),
                Change::Setting { name, value } => {
                    planted.settings.insert(name.clone(), *value);
                }
            }
        }
        planted
    }
}

/// Reads `20%` as 0.2.
fn share(name: &'static str, value: &str) -> Result<f64, PlantError> {
    let percent: Option<f64> = value.strip_suffix('%').and_then(|text| text.parse().ok());
    percent
        .filter(|percent| percent.is_finite() && *percent > 0.0)
        .map(|percent| percent / 100.0)
        .ok_or_else(|| PlantError::Share {
            name,
            value: value.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeScenario;

    #[test]
    fn plants_are_read_or_refused_with_a_reason() {
        let work = |share| Ok(Change::Work(share));
        let no_share = |name, value: &str| {
            let value = value.to_owned();
            Err(PlantError::Share { name, value })
        };
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
            ("a:tail=10%", Ok(Change::Tail(0.1))),
            ("a:memory=20%", Ok(Change::Memory(0.2))),
            ("", Err(PlantError::Shape(String::new()))),
            ("work=20%", Err(PlantError::Shape("work=20%".into()))),
            (":work=20%", Err(PlantError::Shape(":work=20%".into()))),
            ("a:work", Err(PlantError::Shape("a:work".into()))),
            ("a:=4", Err(PlantError::Shape("a:=4".into()))),
            ("a{b:work=20%", Err(PlantError::Glob("a{b".into()))),
            ("a:work=20", no_share("work", "20")),
            ("a:work=0%", no_share("work", "0%")),
            ("a:work=-5%", no_share("work", "-5%")),
            ("a:work=inf%", no_share("work", "inf%")),
            ("a:tail=10", no_share("tail", "10")),
            ("a:memory=nan%", no_share("memory", "nan%")),
            ("a:expansion=few", Err(PlantError::Setting("few".into()))),
            ("a:expansion=-1", Err(PlantError::Setting("-1".into()))),
        ] {
            assert_eq!(
                text.parse::<Plant>().map(|plant| plant.change),
                expected,
                "{text:?}"
            );
        }
        for text in ["{a,\tb}:work=20%", "{a,\nb}:k=3"] {
            let refused = text.parse::<Plant>().err();
            assert_eq!(refused, Some(PlantError::Shape(text.into())));
        }
        let of_length = |bytes: usize| {
            let change = ":k=3";
            let text = "a".repeat(bytes - change.len()) + change;
            text.parse::<Plant>().err()
        };
        assert_eq!(of_length(TEXT_BYTES), None);
        let long = TEXT_BYTES + 1;
        assert_eq!(of_length(long), Some(PlantError::Long(long)));
    }

    #[test]
    fn a_list_of_plants_is_split_outside_of_globs() {
        let (work, tail) = ("a/*:work=20%", "{a,b}/[c,d]*:tail=10%");
        for (text, expected) in [
            ("", Ok(vec![])),
            (" ,\n", Ok(vec![])),
            (work, Ok(vec![work])),
            (&format!("{work},{tail}"), Ok(vec![work, tail])),
            (&format!("{tail} {work}\n"), Ok(vec![tail, work])),
            (&format!(" {work}, {tail},"), Ok(vec![work, tail])),
            (
                "a:work=20%,b",
                Err(PlantError::Shape("b".into()).to_string()),
            ),
            (
                "a{b:work=20%,c:k=3",
                Err(PlantError::Glob("a{b:work=20%,c".into()).to_string()),
            ),
        ] {
            let texts: Result<Vec<String>, String> = Plant::read_all(text)
                .map(|plants| plants.iter().map(|plant| plant.text.clone()).collect())
                .map_err(|error| error.to_string());
            let expected = expected.map(|texts| texts.into_iter().map(String::from).collect());
            assert_eq!(texts, expected, "{text:?}");
        }
    }

    #[test]
    fn a_plant_that_changes_nothing_is_refused() {
        let [one, two] = ["fake/one", "fake/two"].map(FakeScenario::named);
        let scenarios: [&dyn Scenario; 2] = [&one, &two];
        let check = |text: &str| text.parse::<Plant>().expect("is a plant").check(&scenarios);
        assert_eq!(check("fake/*:work=1%"), Ok(()));
        assert_eq!(check("fake/one:fault=1"), Ok(()));
        assert_eq!(check("fake/one:tail=1%"), Ok(()));
        let Err(PlantError::NoScenario { nearest, .. }) = check("other/**:work=1%") else {
            panic!("was accepted")
        };
        assert!(nearest.contains(&"fake/one"), "{nearest:?}");
        let Err(PlantError::NoSetting { known, .. }) = check("fake/*:expansion=4") else {
            panic!("was accepted")
        };
        assert_eq!(known, "work, tail, memory, fault, warm_up");
    }

    #[test]
    fn each_scenario_gets_what_matches_it() {
        let plants = [
            "**:work=5%",
            "a/*:work=10%",
            "a/b:k=3",
            "**:memory=7%",
            "a/*:tail=1%",
        ]
        .map(|text| text.parse().expect("is a plant"));
        let planted = Planted::in_scenario("a/b", &plants);
        assert_eq!(
            planted,
            Planted {
                work: Some(0.1),
                tail: Some(0.01),
                memory: Some(0.07),
                settings: [("k".to_owned(), 3)].into()
            }
        );
        let elsewhere = Planted::in_scenario("c", &plants);
        assert_eq!((elsewhere.work, elsewhere.tail), (Some(0.05), None));
    }
}
