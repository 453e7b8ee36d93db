//! The true neighbours of every query among the survivors of a filter.

use std::path::Path;
use std::thread;

use bench_harness::{Artifact, Context, Failure, Needs, Recipe};

use super::filter::Filter;
use super::rows::{Generator, Rows};
use super::truth::{FILE, NEIGHBOURS, SECONDS_PER_ROW, Truth};

/// The true neighbours of the generator's queries among those of its first rows that survive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilteredTruthFiles {
    pub(crate) rows: Rows,
    pub(crate) filter: Filter,
}

impl FilteredTruthFiles {
    pub(crate) fn load(&self, context: &Context) -> Result<Truth, Failure> {
        Ok(Truth::load(&context.prepared(self)?.join(FILE))?)
    }
}

impl Artifact for FilteredTruthFiles {
    fn name(&self) -> String {
        "vector/filtered-truth".into()
    }

    fn recipe(&self) -> Recipe {
        Recipe::new("nearest neighbours by comparing with every survivor")
            .with_recipe("input", &self.rows.recipe())
            .with("survivors", self.filter.described())
            .with("neighbours", NEIGHBOURS)
            .with_code("truth.rs", include_str!("truth.rs"))
            .with_code("exact.rs", include_str!("exact.rs"))
            .with_code("filter.rs", include_str!("filter.rs"))
            .with_code("rows.rs", include_str!("rows.rs"))
    }

    fn needs(&self) -> Needs {
        let survivors = self.rows.items as f64 * f64::from(self.filter.per_mille) / 1_000.0;
        Needs::memory(64 << 20).with_seconds(survivors * SECONDS_PER_ROW)
    }

    fn build(&self, context: &Context, directory: &Path) -> Result<(), Failure> {
        let survivors = self.filter.survivors(self.rows.items);
        let progress = context.phase("finding the true neighbours", survivors.count());
        let generator = Generator::new(self.rows.dimensions);
        let queries = generator.queries();
        let keys: Vec<u32> = survivors.keys().collect();
        let threads = thread::available_parallelism()?.get();
        let truth = Truth::compute_among(&generator, &queries, &keys, threads, &progress);
        Ok(truth.save(&directory.join(FILE))?)
    }
}
