//! The true neighbours of every query, by comparing it with every row.
//!
//! Deliberately not by the engine's own exact search: a kernel that is wrong would agree with
//! itself. A block of rows against all queries is a product of two matrices, which a library does
//! near the speed of the processor.

use std::io;
use std::path::Path;
use std::thread;

use bench_harness::{Artifact, Context, Failure, Needs, Phase, Recipe};

use super::exact::{Metric, compare};
use super::rows::{Generator, Rows, Source};
use crate::words;

/// Neighbours kept per query: enough for every k that is measured.
pub(crate) const NEIGHBOURS: usize = 100;

/// Relative slack of a hit: a neighbour as near as the last one is as good as the last one. A few
/// roundings of a sum of products, and no more: with a thousandth, one wrong neighbour in twelve counted.
const TIE: f32 = 1e-6;

/// Time to make one row and compare it with all queries, on one core.
pub(crate) const SECONDS_PER_ROW: f64 = 15e-6;

pub(crate) const FILE: &str = "truth.words";

/// The true neighbours of the generator's queries among its first rows.
///
/// Rows and queries have unit length, where inner product, cosine and Euclidean distance put
/// neighbours into the same order; so one truth serves all three.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TruthFiles {
    pub(crate) rows: Rows,
}

impl TruthFiles {
    pub(crate) fn load(&self, context: &Context) -> Result<Truth, Failure> {
        Ok(Truth::load(&context.prepared(self)?.join(FILE))?)
    }
}

impl Artifact for TruthFiles {
    fn name(&self) -> String {
        "vector/truth".into()
    }

    fn recipe(&self) -> Recipe {
        Recipe::new("nearest neighbours by comparing with every row")
            .with_recipe("input", &self.rows.recipe())
            .with("neighbours", NEIGHBOURS)
            .with_code("truth.rs", include_str!("truth.rs"))
            .with_code("exact.rs", include_str!("exact.rs"))
            .with_code("rows.rs", include_str!("rows.rs"))
    }

    fn needs(&self) -> Needs {
        Needs::memory(300 << 20).with_seconds(self.rows.items as f64 * SECONDS_PER_ROW)
    }

    fn build(&self, context: &Context, directory: &Path) -> Result<(), Failure> {
        let progress = context.phase("finding the true neighbours", self.rows.items);
        let generator = Generator::new(self.rows.dimensions);
        let queries = generator.queries();
        let threads = thread::available_parallelism()?.get();
        let truth = Truth::compute(&generator, &queries, self.rows.items, threads, &progress);
        Ok(truth.save(&directory.join(FILE))?)
    }
}

/// A row and its distance from a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Neighbour {
    pub(crate) key: u32,
    pub(crate) distance: f32,
}

/// The nearest rows of every query, nearest first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Truth {
    pub(crate) neighbours: Vec<Vec<Neighbour>>,
}

/// Inner-product distance of unit vectors, as the engine defines it: 0 for equal ones.
pub(crate) fn distance(a: &[f32], b: &[f32]) -> f32 {
    let product = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
    (1.0 - product.sum::<f64>()) as f32
}

impl Truth {
    /// Compares all queries with the first `items` rows, split over `threads`.
    pub(crate) fn compute(
        source: &dyn Source,
        queries: &[Vec<f32>],
        items: usize,
        threads: usize,
        progress: &Phase,
    ) -> Self {
        let keys: Vec<u32> = (0..).take(items).collect();
        Self::compute_among(source, queries, &keys, threads, progress)
    }

    /// Compares all queries with the rows `keys`, split over `threads`.
    pub(crate) fn compute_among(
        source: &dyn Source,
        queries: &[Vec<f32>],
        keys: &[u32],
        threads: usize,
        progress: &Phase,
    ) -> Self {
        Self {
            neighbours: compare(
                source,
                Metric::InnerProduct,
                queries,
                keys,
                threads,
                progress,
            ),
        }
    }

    /// How many of `found` are among the `k` true neighbours of a query, or exactly as near as the
    /// last of them. Judged by true distances: those an engine reports are rounded.
    pub(crate) fn hits(
        &self,
        number: usize,
        k: usize,
        found: &[u64],
        true_distance: impl Fn(u64) -> f32,
    ) -> usize {
        let neighbours = &self.neighbours[number];
        let neighbours = &neighbours[..k.min(neighbours.len())];
        let Some(last) = neighbours.last() else {
            return 0;
        };
        let is_hit = |&&key: &&u64| {
            neighbours.iter().any(|n| u64::from(n.key) == key)
                || true_distance(key) <= last.distance + TIE * last.distance.abs()
        };
        found.iter().take(k).filter(is_hit).count()
    }

    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let per_query = self.neighbours.first().map_or(0, Vec::len);
        let all = self.neighbours.iter().flatten();
        let pairs = all.flat_map(|n| [n.key, n.distance.to_bits()]);
        words::write(path, std::iter::once(per_query as u32).chain(pairs))
    }

    pub(crate) fn load(path: &Path) -> io::Result<Self> {
        let words = words::read(path)?;
        let (per_query, pairs) = words.split_first().ok_or(io::ErrorKind::UnexpectedEof)?;
        let neighbours = pairs
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&[key, bits]| Neighbour {
                key,
                distance: f32::from_bits(bits),
            });
        let neighbours: Vec<Neighbour> = neighbours.collect();
        let per_query = (*per_query as usize).max(1);
        Ok(Self {
            neighbours: neighbours.chunks(per_query).map(<[_]>::to_vec).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use bench_harness::Tier;
    use bench_harness::cache::Cache;

    use super::*;

    const ITEMS: usize = 300;

    fn computed(generator: &Generator, queries: &[Vec<f32>], threads: usize) -> Truth {
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        let progress = context.phase("comparing", ITEMS);
        Truth::compute(generator, queries, ITEMS, threads, &progress)
    }

    #[test]
    fn the_truth_is_what_a_naive_search_finds() {
        for dimensions in [3, 384] {
            let generator = Generator::new(dimensions);
            let queries: Vec<_> = (0..20).map(|number| generator.query(number)).collect();
            let truth = computed(&generator, &queries, 3);
            for (query, neighbours) in queries.iter().zip(&truth.neighbours) {
                let naive_distance = |key: usize| {
                    let row = generator.row(key as u64);
                    let products = row.iter().zip(query);
                    1.0 - products
                        .map(|(&a, &b)| f64::from(a) * f64::from(b))
                        .sum::<f64>()
                };
                let mut naive: Vec<(f64, usize)> =
                    (0..ITEMS).map(|key| (naive_distance(key), key)).collect();
                naive.sort_by(|a, b| a.0.total_cmp(&b.0));
                assert_eq!(neighbours.len(), NEIGHBOURS);
                for (neighbour, (distance, key)) in neighbours.iter().zip(naive) {
                    assert!((f64::from(neighbour.distance) - distance).abs() < 1e-6);
                    let is_it = neighbour.key as usize == key;
                    // In three dimensions some rows are as near as others.
                    assert!(is_it || dimensions == 3, "{neighbour:?} is not {key}");
                }
            }
        }
    }

    #[test]
    fn threads_do_not_change_the_truth_and_the_disk_keeps_it() {
        let generator = Generator::new(384);
        let queries = [generator.query(0), generator.query(1)];
        let truth = computed(&generator, &queries, 1);
        assert_eq!(computed(&generator, &queries, 2), truth);
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("truth");
        truth.save(&path).expect("is writable");
        assert_eq!(Truth::load(&path).expect("is whole"), truth);
    }

    #[test]
    fn hits_are_the_true_neighbours_and_whatever_is_as_near() {
        let neighbours = (1_u8..=20).map(|key| Neighbour {
            key: u32::from(key),
            distance: f32::from(key) / 100.0,
        });
        let truth = Truth {
            neighbours: vec![neighbours.collect()],
        };
        let far = |_: u64| 0.5;
        let as_near = |_: u64| 0.03;
        for (case, k, found, hits) in [
            ("all", 3, &[1, 2, 3][..], 3),
            ("a wrong one", 3, &[1, 2, 9], 2),
            ("more than were asked for", 2, &[9, 1, 2], 1),
            ("none", 3, &[], 0),
        ] {
            assert_eq!(truth.hits(0, k, found, far), hits, "{case}");
        }
        assert_eq!(truth.hits(0, 3, &[1, 2, 77], as_near), 3, "a tie");
    }
}
