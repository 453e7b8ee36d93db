//! Which scenarios fit the machine together, and how long they take.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::artifact::Artifact;
use crate::cache::Cache;
use crate::context::Context;
use crate::needs::{Available, Needs, Resource, Shortage, Size};
use crate::scenario::Scenario;
use crate::tier::Tier;

/// Why a scenario does not fit, and what would: where one of its files is too large by itself, what says
/// which would not be, and a smaller tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    shortage: Shortage,
    too_large: Option<TooLarge>,
    smaller: Option<Smaller>,
}

/// The largest tier on which the scenario fits.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Smaller {
    tier: Tier,
    /// What it needs there of what there is too little of.
    needed: u64,
}

/// An artifact that the memory is too small for, whatever else a scenario takes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TooLarge {
    name: String,
    /// See [`Artifact::estimate`].
    estimate: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shortage.fmt(f)?;
        if let Some(TooLarge { name, estimate }) = &self.too_large {
            write!(f, "; `{estimate}` says what would fit instead of {name}")?;
        }
        if let Some(Smaller { tier, needed }) = &self.smaller {
            write!(f, "; with --tier {tier} it needs {}", Size(*needed))?;
        }
        Ok(())
    }
}

/// Time of a repetition whose scenario states none: starting, warming up, measuring and checking, and
/// loading so many bytes per second. Ten nearest neighbours took 1.5, 4.4 and 12.4 s on the smoke, pr
/// and nightly tiers, which load 22 MB, 114 MB and 1.03 GB.
const UNSTATED_SECONDS: f64 = 1.5;
const UNSTATED_BYTES_PER_SECOND: f64 = 1e8;

/// The scenarios of one call, added one after the other. What they prepare stays on the disk; what a
/// repetition takes is given back after it.
#[derive(Debug)]
pub(crate) struct Fitting {
    context: Context,
    available: Available,
    /// Entries of the cache that will be built.
    missing: BTreeSet<String>,
    /// What building them takes.
    building: Needs,
    /// The most disk that one repetition takes.
    scratch_bytes: u64,
    /// One repetition of each.
    repetitions_seconds: f64,
}

impl Fitting {
    /// None yet, on a machine that has `available`.
    pub(crate) fn new(tier: Tier, cache: &Cache, available: Available) -> Self {
        Self {
            context: Context::new(tier, cache),
            available,
            missing: BTreeSet::new(),
            building: Needs::default(),
            scratch_bytes: 0,
            repetitions_seconds: 0.0,
        }
    }

    /// Adds `scenario`, unless it does not fit beside those that were added before.
    ///
    /// # Errors
    /// What there is too little of; then it is not added.
    pub(crate) fn add(&mut self, scenario: &dyn Scenario) -> Result<(), Misfit> {
        let tier = self.context.tier();
        let taken = self.taken(scenario, tier);
        let left = Available {
            disk_bytes: self
                .available
                .disk_bytes
                .map(|bytes| bytes.saturating_sub(self.building.disk_bytes)),
            ..self.available
        };
        left.fit(&taken.all()).map_err(|shortage| Misfit {
            shortage,
            too_large: scenario
                .artifacts(tier)
                .iter()
                .filter(|_| shortage.what == Resource::Memory)
                .find_map(|artifact| too_large(artifact.as_ref(), &left)),
            smaller: self.smaller(scenario, &left, shortage.what),
        })?;
        self.missing.extend(taken.missing.into_keys());
        self.building = self.building.then(taken.building);
        self.scratch_bytes = taken.scratch_bytes;
        self.repetitions_seconds += seconds(&taken.repetition);
        Ok(())
    }

    /// What `scenario` takes on `tier` beside what was added before.
    fn taken(&self, scenario: &dyn Scenario, tier: Tier) -> Taken {
        let missing: BTreeMap<String, Needs> = scenario
            .artifacts(tier)
            .iter()
            .filter(|artifact| self.is_missing(artifact.as_ref()))
            .map(|artifact| (artifact.key(), artifact.needs()))
            .collect();
        let building = missing
            .values()
            .copied()
            .fold(Needs::default(), Needs::then);
        let repetition = scenario.needs(tier);
        Taken {
            missing,
            building,
            repetition,
            scratch_bytes: self.scratch_bytes.max(repetition.disk_bytes),
        }
    }

    /// The largest tier below this one that measures `scenario` within what is `left`.
    fn smaller(
        &self,
        scenario: &dyn Scenario,
        left: &Available,
        what: Resource,
    ) -> Option<Smaller> {
        // The smallest of all says nothing about performance.
        let range = Tier::Smoke..self.context.tier();
        let is_smaller = |tier: &Tier| range.contains(tier) && scenario.is_on(*tier);
        Tier::ALL
            .into_iter()
            .rev()
            .filter(is_smaller)
            .find_map(|tier| {
                let needs = self.taken(scenario, tier).all();
                left.fit(&needs).ok()?;
                let needed = match what {
                    Resource::Memory => needs.memory_bytes,
                    Resource::Disk => needs.disk_bytes,
                };
                Some(Smaller { tier, needed })
            })
    }

    /// What all that was added takes when each is measured `repetitions` times, in a line for people.
    pub(crate) fn time(&self, repetitions: u32) -> String {
        let measuring = self.repetitions_seconds * f64::from(repetitions);
        let building = self.building.seconds;
        let preparing = match self.missing.len() {
            0 => String::new(),
            files => format!(
                "about {} to prepare {files} sets of files, ",
                Span(building)
            ),
        };
        format!(
            "this may take {preparing}about {} to measure",
            Span(measuring)
        )
    }

    fn is_missing(&self, artifact: &dyn Artifact) -> bool {
        !self.missing.contains(&artifact.key()) && self.context.prepared(artifact).is_err()
    }
}

/// What a scenario takes beside those that were added before it.
struct Taken {
    /// Entries of the cache that have to be built.
    missing: BTreeMap<String, Needs>,
    /// What building them takes.
    building: Needs,
    repetition: Needs,
    /// The most disk that one repetition takes, of those before as well.
    scratch_bytes: u64,
}

impl Taken {
    fn all(&self) -> Needs {
        Needs {
            disk_bytes: self.building.disk_bytes + self.scratch_bytes,
            ..self.building.then(self.repetition)
        }
    }
}

/// Tells `artifact` if the memory alone is too small for it.
fn too_large(artifact: &dyn Artifact, left: &Available) -> Option<TooLarge> {
    let memory = Needs::memory(artifact.needs().memory_bytes);
    left.fit(&memory).err()?;
    Some(TooLarge {
        name: artifact.name(),
        estimate: artifact.estimate()?,
    })
}

fn seconds(repetition: &Needs) -> f64 {
    if repetition.seconds > 0.0 {
        repetition.seconds
    } else {
        UNSTATED_SECONDS + repetition.memory_bytes as f64 / UNSTATED_BYTES_PER_SECOND
    }
}

/// Seconds as people read an estimate: no more digits than it deserves.
struct Span(f64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0 / 60.0;
        match minutes {
            0.0..1.5 => write!(f, "{:.0} s", self.0.max(1.0)),
            1.5..90.0 => write!(f, "{minutes:.0} min"),
            _ => write!(f, "{:.1} h", minutes / 60.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeScenario;

    /// One that prepares `file` of 10 bytes in 5 s and takes 2 bytes of disk while it is measured.
    fn scenario(id: &'static str, file: &'static str) -> FakeScenario {
        FakeScenario {
            file,
            file_needs: Needs::memory(30).with_disk(10).with_seconds(5.0),
            needs: Needs::memory(20).with_disk(2).with_seconds(3.0),
            ..FakeScenario::named(id)
        }
    }

    fn fitting(root: &tempfile::TempDir, disk_bytes: u64) -> Fitting {
        let available = Available {
            memory_bytes: Some(100),
            disk_bytes: Some(disk_bytes),
        };
        Fitting::new(Tier::Tiny, &Cache::at(root.path()), available)
    }

    #[test]
    fn files_of_all_scenarios_must_fit_the_disk_together() {
        let root = tempfile::tempdir().expect("a directory");
        let mut fitting = fitting(&root, 29);
        assert_eq!(fitting.add(&scenario("a", "one")), Ok(()));
        assert_eq!(fitting.add(&scenario("b", "one")), Ok(()), "shared");
        assert_eq!(fitting.add(&scenario("c", "two")), Ok(()));
        let misfit = fitting.add(&scenario("d", "three")).expect_err("is full");
        assert_eq!(
            misfit.to_string(),
            "needs 12 B of disk, and 9 B can be used"
        );
        assert_eq!(
            misfit.shortage,
            Shortage {
                what: Resource::Disk,
                needed: 12,
                available: 9
            }
        );
        assert_eq!(fitting.add(&scenario("e", "two")), Ok(()), "still fits");
        assert_eq!(
            fitting.time(10),
            "this may take about 10 s to prepare 2 sets of files, about 2 min to measure"
        );
    }

    #[test]
    fn a_file_is_blamed_for_a_lack_of_memory_that_is_its_own() {
        let root = tempfile::tempdir().expect("a directory");
        let refused = |file_bytes, bytes| {
            let scenario = FakeScenario {
                file_needs: Needs::memory(file_bytes),
                needs: Needs::memory(bytes),
                ..scenario("a", "one")
            };
            let misfit = fitting(&root, 1_000).add(&scenario);
            misfit.expect_err("does not fit").to_string()
        };
        let memory = "needs 120 B of memory, and 90 B can be used";
        assert_eq!(
            refused(120, 20),
            format!(
                "{memory}; `bench estimate --file one` says what would fit instead of fake/one"
            )
        );
        assert_eq!(refused(30, 120), memory, "the scenario's own");
    }

    #[test]
    fn the_largest_tier_that_would_fit_is_named() {
        let root = tempfile::tempdir().expect("a directory");
        for (tier, smallest_tier, memory, disk, expected) in [
            (
                Tier::Nightly,
                Tier::Tiny,
                20,
                900,
                "100 MB of memory, and 18 MB can be used; with --tier pr it needs 10 MB",
            ),
            (
                Tier::Nightly,
                Tier::Tiny,
                5,
                900,
                "100 MB of memory, and 4.50 MB can be used; with --tier smoke it needs 1.00 MB",
            ),
            (
                Tier::Nightly,
                Tier::Pr,
                5,
                900,
                "100 MB of memory, and 4.50 MB can be used",
            ),
            (
                Tier::Smoke,
                Tier::Tiny,
                1,
                900,
                "1.00 MB of memory, and 900 kB can be used",
            ),
            (
                Tier::Nightly,
                Tier::Tiny,
                500,
                20,
                "200 MB of disk, and 20 MB can be used; with --tier pr it needs 20 MB",
            ),
        ] {
            let scenario = FakeScenario {
                smallest_tier,
                item_needs: Needs::memory(100).with_disk(200),
                ..FakeScenario::named("a")
            };
            let available = Available {
                memory_bytes: Some(memory * 1_000_000),
                disk_bytes: Some(disk * 1_000_000),
            };
            let mut fitting = Fitting::new(tier, &Cache::at(root.path()), available);
            let misfit = fitting.add(&scenario).expect_err("does not fit");
            assert_eq!(misfit.to_string(), format!("needs {expected}"));
        }
    }

    #[test]
    fn a_tier_that_does_not_measure_it_is_not_named() {
        let root = tempfile::tempdir().expect("a directory");
        // Memory for what the tier pr takes, and more.
        let available = Available {
            memory_bytes: Some(20_000_000),
            disk_bytes: None,
        };
        let mut fitting = Fitting::new(Tier::Soak, &Cache::at(root.path()), available);
        for (tiers, expected) in [
            (
                &[Tier::Pr, Tier::Soak][..],
                "; with --tier pr it needs 10 MB",
            ),
            (
                &[Tier::Smoke, Tier::Soak],
                "; with --tier smoke it needs 1.00 MB",
            ),
            (&[Tier::Soak], ""),
        ] {
            let scenario = FakeScenario {
                tiers: Some(tiers),
                item_needs: Needs::memory(100),
                ..FakeScenario::named("a/soak")
            };
            let misfit = fitting.add(&scenario).expect_err("does not fit");
            let needs = "needs 100 MB of memory, and 18 MB can be used";
            assert_eq!(misfit.to_string(), format!("{needs}{expected}"));
        }
    }

    #[test]
    fn what_is_prepared_takes_no_more_disk() {
        let root = tempfile::tempdir().expect("a directory");
        let prepared = scenario("a", "one");
        crate::prepare::prepare(&prepared, Tier::Tiny, &Cache::at(root.path())).expect("builds");
        let mut fitting = fitting(&root, 5);
        assert_eq!(fitting.add(&prepared), Ok(()));
        assert_eq!(fitting.time(2_400), "this may take about 2.0 h to measure");
        assert!(fitting.add(&scenario("b", "two")).is_err());
    }
}
