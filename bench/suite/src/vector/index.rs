//! The usearch index: how it is configured, built, saved and loaded.

use std::path::Path;

use bench_harness::{Artifact, Context, Failure, Needs, Recipe, Tier};
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

use super::built::Built;
use super::footprint::Footprint;
use super::indexing::fill;
use super::kinds::bits;
use super::rows::{DIMENSIONS, Generator, Rows};
use crate::{engine, estimate};

/// Links per node. More buys little recall at these sizes and costs memory.
pub(crate) const CONNECTIVITY: usize = 16;

/// Candidates looked at while inserting.
pub(crate) const EXPANSION_ADD: usize = 128;

/// Candidates looked at per search: what the code under test chooses to trade speed for recall.
/// On data of this kind at a million rows, 64 gives a recall@10 of 0.96 and 128 one of 0.985; 96 keeps
/// clear of 0.96.
pub(crate) const EXPANSION_SEARCH: usize = 96;

/// Vectors of 384 scalars of 16 bits that one thread adds per second, at the least.
const ADDS_PER_SECOND: f64 = 1_500.0;

const FILE: &str = "index.usearch";

/// An index over the first rows of the generator: everything that determines its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexFiles {
    pub(crate) rows: Rows,
    pub(crate) metric: MetricKind,
    pub(crate) kind: ScalarKind,
    pub(crate) connectivity: usize,
    pub(crate) expansion_add: usize,
    pub(crate) threads: usize,
}

impl IndexFiles {
    /// The index that every scenario of a tier shares unless it is about another one.
    pub(crate) fn of(tier: Tier) -> Self {
        Self::over(Rows {
            items: tier.items(),
            dimensions: DIMENSIONS,
        })
    }

    /// The same configuration over other rows.
    pub(crate) fn over(rows: Rows) -> Self {
        Self {
            rows,
            // The rows have unit length, where the inner product orders as the cosine does and is
            // several times faster to compute.
            metric: MetricKind::IP,
            // Stated, because the default has changed between versions.
            kind: ScalarKind::BF16,
            connectivity: CONNECTIVITY,
            expansion_add: EXPANSION_ADD,
            threads: build_threads(rows.items),
        }
    }

    /// What the loaded index takes.
    pub(crate) fn loaded(&self) -> Needs {
        Needs::memory(self.footprint().resident_bytes())
    }

    /// What its size depends on.
    pub(crate) fn footprint(&self) -> Footprint {
        Footprint {
            items: self.rows.items as u64,
            dimensions: self.rows.dimensions as u64,
            kind: self.kind,
            connectivity: self.connectivity as u64,
        }
    }

    /// An empty index of this configuration.
    pub(crate) fn empty(&self) -> Result<Index, Failure> {
        Ok(Index::new(&IndexOptions {
            dimensions: self.rows.dimensions,
            metric: self.metric,
            quantization: self.kind,
            connectivity: self.connectivity,
            expansion_add: self.expansion_add,
            ..IndexOptions::default()
        })?)
    }

    /// Loads the index into memory.
    pub(crate) fn load(
        &self,
        context: &Context,
        expansion_search: usize,
    ) -> Result<Index, Failure> {
        let path = context.prepared(self)?.join(FILE);
        let index = self.empty()?;
        // Loaded, not viewed: a mapped file would measure the page cache.
        index.load(&path.to_string_lossy())?;
        index.change_expansion_search(expansion_search);
        Ok(index)
    }

    /// How the prepared index was built.
    pub(crate) fn built(&self, context: &Context) -> Result<Built, Failure> {
        Built::load(&context.prepared(self)?)
    }
}

impl Artifact for IndexFiles {
    fn name(&self) -> String {
        "vector/index".into()
    }

    fn recipe(&self) -> Recipe {
        Recipe::new("usearch index")
            .with_recipe("input", &self.rows.recipe())
            .with("usearch", engine::USEARCH)
            // Kernels round differently, and a distance that rounds differently builds another graph.
            .with("kernels", usearch::hardware_acceleration_available())
            .with("metric", format_args!("{:?}", self.metric))
            .with("scalars", format_args!("{:?}", self.kind))
            .with("connectivity", self.connectivity)
            .with("expansion add", self.expansion_add)
            .with("build threads", self.threads)
            .with_code("indexing.rs", include_str!("indexing.rs"))
            .with_code("links.rs", include_str!("links.rs"))
            .with_code("signs.rs", include_str!("signs.rs"))
            .with_code("rows.rs", include_str!("rows.rs"))
    }

    fn needs(&self) -> Needs {
        let scalars = self.rows.dimensions as f64 * bits(self.kind) as f64 / 16.0;
        let adds_per_second = ADDS_PER_SECOND * DIMENSIONS as f64 / scalars;
        self.loaded()
            .with_disk(self.footprint().file_bytes())
            .with_seconds(self.rows.items as f64 / adds_per_second / self.threads as f64)
    }

    fn estimate(&self) -> Option<String> {
        Some(estimate::call(&self.footprint()))
    }

    fn build(&self, context: &Context, directory: &Path) -> Result<(), Failure> {
        let progress = context.phase("building the index", self.rows.items);
        let index = self.empty()?;
        let generator = Generator::new(self.rows.dimensions);
        let built = fill(&index, &generator, self.rows.items, self.threads, &progress)?;
        built.save(directory)?;
        Ok(index.save(&directory.join(FILE).to_string_lossy())?)
    }
}

/// One thread builds the same graph every time. At a million rows that would take eight minutes, so
/// there two build a graph that differs a little from build to build.
fn build_threads(items: usize) -> usize {
    if items >= Tier::Nightly.items() { 2 } else { 1 }
}
