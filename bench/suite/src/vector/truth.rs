//! The true neighbours of every query, by comparing it with every row.
//!
//! Deliberately not by the engine's own exact search: a kernel that is wrong would agree with
//! itself.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::thread;

use bench_harness::Phase;

use super::rows::{DIMENSIONS, Generator};
use crate::words;

/// Neighbours per query.
pub(crate) const K: usize = 10;

/// Rows compared with all queries in one go: 96 KB stay in the second-level cache.
const BLOCK: usize = 64;

/// Independent sums in a dot product, so that the compiler can use vector registers.
const LANES: usize = 16;

/// A row and its distance from a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Neighbour {
    pub(crate) key: u32,
    pub(crate) distance: f32,
}

/// The K nearest rows of every query, nearest first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Truth {
    pub(crate) neighbours: Vec<Vec<Neighbour>>,
}

/// Inner-product distance of unit vectors, as the engine defines it: 0 for equal ones.
pub(crate) fn distance(a: &[f32; DIMENSIONS], b: &[f32; DIMENSIONS]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a
        .as_chunks::<LANES>()
        .0
        .iter()
        .zip(b.as_chunks::<LANES>().0)
    {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    1.0 - sums.iter().sum::<f32>()
}

impl Truth {
    /// Compares all queries with all rows, the rows split over `threads`.
    pub(crate) fn compute(
        generator: &Generator,
        queries: &[[f32; DIMENSIONS]],
        items: usize,
        threads: usize,
        progress: &Phase,
    ) -> Self {
        let share = items.div_ceil(threads);
        let ranges = (0..threads).map(|thread| thread * share..items.min((thread + 1) * share));
        let partial: Vec<Vec<Nearest>> = thread::scope(|scope| {
            let workers: Vec<_> = ranges
                .map(|range| scope.spawn(|| nearest(generator, queries, range, progress)))
                .collect();
            workers
                .into_iter()
                .map(|worker| worker.join().expect("comparing does not panic"))
                .collect()
        });
        let join = |query: usize| {
            let mut joined = Nearest::default();
            for found in partial.iter().flat_map(|of_range| &of_range[query].sorted) {
                joined.offer(*found);
            }
            joined.sorted
        };
        Self {
            neighbours: (0..queries.len()).map(join).collect(),
        }
    }

    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        words::write(
            path,
            self.neighbours
                .iter()
                .flatten()
                .flat_map(|n| [n.key, n.distance.to_bits()]),
        )
    }

    pub(crate) fn load(path: &Path) -> io::Result<Self> {
        let words = words::read(path)?;
        let neighbours = words
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&[key, bits]| Neighbour {
                key,
                distance: f32::from_bits(bits),
            });
        let neighbours: Vec<Neighbour> = neighbours.collect();
        Ok(Self {
            neighbours: neighbours.chunks(K).map(<[_]>::to_vec).collect(),
        })
    }
}

/// The nearest rows of a range, for every query. Rows are made block by block and forgotten: a
/// million of them would take 1.5 GB.
fn nearest(
    generator: &Generator,
    queries: &[[f32; DIMENSIONS]],
    range: Range<usize>,
    progress: &Phase,
) -> Vec<Nearest> {
    let mut nearest = vec![Nearest::default(); queries.len()];
    for start in range.clone().step_by(BLOCK) {
        let keys = start..range.end.min(start + BLOCK);
        let block: Vec<[f32; DIMENSIONS]> =
            keys.clone().map(|key| generator.row(key as u64)).collect();
        for (query, nearest) in queries.iter().zip(&mut nearest) {
            for (key, row) in keys.clone().zip(&block) {
                nearest.offer(Neighbour {
                    key: key as u32,
                    distance: distance(query, row),
                });
            }
        }
        progress.advance(keys.len());
    }
    nearest
}

/// The K nearest so far, nearest first, equal distances by key.
#[derive(Clone, Debug, Default)]
struct Nearest {
    sorted: Vec<Neighbour>,
}

impl Nearest {
    #[inline]
    fn offer(&mut self, offered: Neighbour) {
        if self
            .sorted
            .get(K - 1)
            .is_some_and(|last| offered.distance > last.distance)
        {
            return;
        }
        // Rare: of a million rows about a hundred get this far.
        self.sorted.push(offered);
        self.sorted
            .sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.key.cmp(&b.key)));
        self.sorted.truncate(K);
    }
}

#[cfg(test)]
mod tests {
    use bench_harness::{Context, Tier};

    use super::*;

    const ITEMS: usize = 200;

    fn computed(generator: &Generator, queries: &[[f32; DIMENSIONS]], threads: usize) -> Truth {
        let progress = Context::new(Tier::Tiny).phase("comparing", ITEMS);
        Truth::compute(generator, queries, ITEMS, threads, &progress)
    }

    #[test]
    fn the_truth_is_what_a_naive_search_finds() {
        let generator = Generator::new();
        let queries: Vec<_> = (0..20).map(|number| generator.query(number)).collect();
        let truth = computed(&generator, &queries, 3);
        for (query, neighbours) in queries.iter().zip(&truth.neighbours) {
            let naive_distance = |key: usize| {
                let row = generator.row(key as u64);
                1.0 - row
                    .iter()
                    .zip(query)
                    .map(|(&a, &b)| f64::from(a) * f64::from(b))
                    .sum::<f64>()
            };
            let mut naive: Vec<(f64, usize)> =
                (0..ITEMS).map(|key| (naive_distance(key), key)).collect();
            naive.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert_eq!(neighbours.len(), K);
            for (neighbour, (distance, key)) in neighbours.iter().zip(naive) {
                assert_eq!(neighbour.key as usize, key);
                assert!((f64::from(neighbour.distance) - distance).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn threads_do_not_change_the_truth_and_the_disk_keeps_it() {
        let generator = Generator::new();
        let queries = [generator.query(0), generator.query(1)];
        let truth = computed(&generator, &queries, 1);
        assert_eq!(computed(&generator, &queries, 2), truth);
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("truth");
        truth.save(&path).expect("is writable");
        assert_eq!(Truth::load(&path).expect("is whole"), truth);
    }
}
