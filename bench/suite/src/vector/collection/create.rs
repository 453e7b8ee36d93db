//! The scenarios `vector/create/*`, by dimensions.

use std::collections::BTreeMap;

use bench_harness::scenario::{integer, name};
use bench_harness::schema::{DeclaredMetric, MetricName, MetricValue, Name, Param};
use bench_harness::{Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer};

use super::warm::{insertion, sizing};
use super::{Collection, CollectionError};
use crate::vector::index::IndexFiles;
use crate::vector::rows::{Generator, Rows};

/// Vectors there is room for from the start.
const CAPACITY: usize = 1_000;

/// Timed creations: what a p99 needs.
const OPERATIONS: usize = 10_000;

/// Creations before those.
const WARM_UP: usize = 200;

/// Creating an empty collection.
#[derive(Debug)]
pub(crate) struct Create {
    id: &'static str,
    about: &'static str,
    dimensions: usize,
}

/// All scenarios of the family.
pub(crate) static FAMILY: [Create; 4] = [
    Create {
        id: "vector/create/dim=3",
        about: "Creates an empty collection of three-dimensional vectors and drops the one created \
                before it. \
                What a service with a collection per customer or per session pays. \
                Compare over dim=3, 128, 768 and 1536: an empty collection should cost the same \
                whatever will be in it.",
        dimensions: 3,
    },
    Create {
        id: "vector/create/dim=128",
        about: "Creates an empty collection of 128-dimensional vectors and drops the one created \
                before it. \
                The same as vector/create/dim=3 for the size of image descriptors. \
                There is room for 1,000 vectors from the start, of pointers and not of scalars.",
        dimensions: 128,
    },
    Create {
        id: "vector/create/dim=768",
        about: "Creates an empty collection of 768-dimensional vectors and drops the one created \
                before it. \
                The same as vector/create/dim=3 for the size of the larger sentence embeddings. \
                If it costs more than dim=128, memory for scalars is taken before there are any.",
        dimensions: 768,
    },
    Create {
        id: "vector/create/dim=1536",
        about: "Creates an empty collection of 1,536-dimensional vectors and drops the one created \
                before it. \
                The same as vector/create/dim=3 for the largest embeddings in common use. \
                If it costs more than dim=128, memory for scalars is taken before there are any.",
        dimensions: 1_536,
    },
];

impl Create {
    fn files(&self) -> IndexFiles {
        IndexFiles::over(Rows {
            items: 0,
            dimensions: self.dimensions,
        })
    }
}

impl Scenario for Create {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn layer(&self) -> Layer {
        Layer::Facade
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Pr
    }

    fn params(&self, _: Tier) -> BTreeMap<Name, Param> {
        BTreeMap::from([
            (name("capacity"), integer(CAPACITY)),
            (name("dims"), integer(self.dimensions)),
        ])
    }

    fn input(&self, _: Tier) -> Recipe {
        self.files().rows.recipe()
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        Vec::new()
    }

    fn needs(&self, _: Tier) -> Needs {
        Needs::memory(16 << 20)
    }

    fn load(&self, _: &Context) -> Result<Box<dyn Subject>, Failure> {
        Ok(Box::new(Loaded {
            files: self.files(),
            created: None,
            failures: 0,
        }))
    }
}

struct Loaded {
    files: IndexFiles,
    /// What was created last.
    created: Option<Collection>,
    /// Creations that were refused.
    failures: usize,
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        WARM_UP
    }

    fn operations(&self) -> usize {
        OPERATIONS
    }

    fn operate(&mut self, _: usize) -> u64 {
        let created = self.files.empty().and_then(|index| {
            let created = Collection::over(index, [], sizing(CAPACITY));
            created.map_err(Failure::from)
        });
        self.failures += usize::from(created.is_err());
        self.created = created.ok();
        self.created.as_ref().map_or(0, Collection::count) as u64
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let wrong = |found: String, expected: &str| WrongAnswer {
            place: "what was created".into(),
            found,
            expected: expected.into(),
        };
        let Some(created) = self.created.as_ref().filter(|_| self.failures == 0) else {
            return Err(wrong(format!("{} failed", self.failures), "none"));
        };
        let generator = Generator::new(self.files.rows.dimensions);
        if created.count() != 0 || !created.keys().is_empty() {
            return Err(wrong(format!("{} vectors", created.count()), "none"));
        }
        let usable = || -> Result<bool, CollectionError> {
            let inserted = insertion(&generator, 7);
            let nothing = created.search(&inserted.vector, 1)?;
            created.insert(&inserted)?;
            let found = created.search(&inserted.vector, 1)?;
            Ok(nothing.is_empty() && found.first().is_some_and(|first| first.key == 7))
        };
        match usable() {
            Ok(true) => Ok(()),
            other => Err(wrong(format!("{other:?}"), "to find what is inserted")),
        }
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        Ok(Vec::new())
    }
}
