//! The vectors: clusters on a low-dimensional sheet in a high-dimensional space.
//!
//! Uniform random vectors would be simpler and useless: in 384 dimensions all their distances are
//! alike, no index finds their neighbours, and no real embedding looks like that. Here a row is
//! `normalise(P y + noise)`: `y` lies near one of 1,000 centres in 24 dimensions, clusters have
//! Zipf-distributed sizes, and `P` is a fixed random projection. The local intrinsic dimension of
//! such data is about 15, as in real sets.

use std::borrow::Cow;

use bench_harness::Recipe;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal, Zipf};
use rand_pcg::Pcg64Mcg;

use crate::random::{SEED, Stream};

/// Dimensions of a row unless a scenario says otherwise: those of common sentence embeddings.
pub(crate) const DIMENSIONS: usize = 384;

/// Number of queries.
pub(crate) const QUERIES: usize = 1_000;

/// Dimensions of the sheet.
const LATENT: usize = 24;

/// Number of clusters.
const CLUSTERS: usize = 1_000;

/// Skew of the cluster sizes.
const SKEW: f64 = 0.7;

/// Standard deviation of a centre in each latent dimension. Chosen by the difficulty it gives: over
/// 50,000 rows a local intrinsic dimension of 14.5 (10th to 90th percentile 10 to 19). At 1.0 the
/// clusters separate and search becomes too easy, at 0.5 they melt into one.
const SPREAD: f32 = 0.65;

/// Standard deviation of the noise in each dimension, before normalising.
const NOISE: f32 = 0.02;

/// Ids of queries start here, far behind the rows of every tier: a query is never a row.
const FIRST_QUERY: u64 = 1 << 40;

/// Which vectors: the first rows of the generator for that many dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) items: usize,
    pub(crate) dimensions: usize,
}

impl Rows {
    /// Everything that determines the rows and the queries.
    pub(crate) fn recipe(self) -> Recipe {
        Recipe::new("clustered vectors, version 1")
            .with("seed", SEED)
            .with("items", self.items)
            .with("dimensions", self.dimensions)
            .with("queries", QUERIES)
            .with("latent dimensions", LATENT)
            .with("clusters", CLUSTERS)
            .with("skew", SKEW)
            .with("spread", SPREAD)
            .with("noise", NOISE)
    }
}

/// Rows by their key: made when they are asked for, or held in memory.
pub(crate) trait Source: Sync {
    /// Number of dimensions of every row.
    fn dimensions(&self) -> usize;

    /// The row `key`.
    fn row(&self, key: u64) -> Cow<'_, [f32]>;

    /// Writes the row `key`.
    fn fill(&self, key: u64, row: &mut [f32]) {
        row.copy_from_slice(&self.row(key));
    }
}

impl Source for Generator {
    fn dimensions(&self) -> usize {
        self.dimensions()
    }

    fn row(&self, key: u64) -> Cow<'_, [f32]> {
        self.row(key).into()
    }

    fn fill(&self, key: u64, row: &mut [f32]) {
        self.fill(key, row);
    }
}

/// Makes any row or query from its id alone.
pub(crate) struct Generator {
    rows: Stream,
    clusters: Zipf<f64>,
    centres: Vec<[f32; LATENT]>,
    /// Column by column, so that projecting is a sum of scaled columns.
    projection: Vec<Vec<f32>>,
}

impl Generator {
    pub(crate) fn new(dimensions: usize) -> Self {
        let mut centres = Stream::named("vector/centres").piece(0);
        let mut projection = Stream::named("vector/projection").piece(0);
        // Columns of unit length on average, so that the noise is measured against the sheet.
        let scale = 1.0 / (dimensions as f32).sqrt();
        let mut column = || {
            let values = (0..dimensions).map(|_| scale * normal(&mut projection));
            values.collect()
        };
        Self {
            rows: Stream::named("vector/rows"),
            clusters: Zipf::new(CLUSTERS as f64, SKEW).expect("the parameters are in range"),
            centres: (0..CLUSTERS)
                .map(|_| std::array::from_fn(|_| SPREAD * normal(&mut centres)))
                .collect(),
            projection: (0..LATENT).map(|_| column()).collect(),
        }
    }

    /// Number of dimensions of every row.
    pub(crate) fn dimensions(&self) -> usize {
        self.projection[0].len()
    }

    /// The cluster of the row `id`, a number below [`CLUSTERS`]; the largest is 0.
    pub(crate) fn cluster(&self, id: u64) -> usize {
        self.draw_cluster(&mut self.rows.piece(id))
    }

    /// The first draw for every row.
    fn draw_cluster(&self, random: &mut Pcg64Mcg) -> usize {
        // Zipf counts from 1.
        self.clusters.sample(random) as usize - 1
    }

    /// Writes the row `id`, of unit length.
    pub(crate) fn fill(&self, id: u64, row: &mut [f32]) {
        let mut random = self.rows.piece(id);
        let centre = &self.centres[self.draw_cluster(&mut random)];
        row.fill_with(|| NOISE * normal(&mut random));
        for (at, (column, centre)) in self.projection.iter().zip(centre).enumerate() {
            let deviation = ((at + 1) as f32).powf(-0.25);
            let latent = centre + deviation * normal(&mut random);
            for (value, weight) in row.iter_mut().zip(column) {
                *value += latent * weight;
            }
        }
        let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        row.iter_mut().for_each(|value| *value /= length);
    }

    /// The row `id`.
    pub(crate) fn row(&self, id: u64) -> Vec<f32> {
        let mut row = vec![0.0; self.dimensions()];
        self.fill(id, &mut row);
        row
    }

    /// The query `number`, from the same distribution as the rows but not one of them.
    pub(crate) fn query(&self, number: usize) -> Vec<f32> {
        self.row(FIRST_QUERY + number as u64)
    }

    /// All queries.
    pub(crate) fn queries(&self) -> Vec<Vec<f32>> {
        (0..QUERIES).map(|number| self.query(number)).collect()
    }
}

fn normal(random: &mut Pcg64Mcg) -> f32 {
    random.sample(StandardNormal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_depends_on_its_id_only() {
        let bits = |row: Vec<f32>| -> Vec<u32> { row.into_iter().map(f32::to_bits).collect() };
        let (one, other) = (Generator::new(DIMENSIONS), Generator::new(DIMENSIONS));
        let batch: Vec<_> = (0..20).map(|id| bits(one.row(id))).collect();
        assert_eq!(bits(other.row(13)), batch[13]);
        assert_ne!(batch[12], batch[13]);
        assert_ne!(bits(one.query(13)), batch[13], "queries are not rows");
    }

    #[test]
    fn version_1_never_changes() {
        // A change here makes every stored run incomparable: raise the version of the recipe.
        let rounded: Vec<i32> = Generator::new(DIMENSIONS).row(1)[..4]
            .iter()
            .map(|value| (value * 1e4).round() as i32)
            .collect();
        assert_eq!(rounded, [170, -729, -120, -317]);
    }

    #[test]
    fn rows_have_unit_length() {
        for dimensions in [3, 128, 1_536] {
            let row = Generator::new(dimensions).row(0);
            let squares = row.iter().map(|value| value * value).sum::<f32>();
            assert!((squares - 1.0).abs() < 1e-5, "{dimensions} dimensions");
        }
    }
}
