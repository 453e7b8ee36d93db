//! What should be in the collection after rows were added and deleted, and what a search should find
//! then.

use std::collections::BTreeMap;

use bench_harness::WrongAnswer;
use usearch::{MetricKind, ScalarKind};

use crate::vector::collection::Collection;
use crate::vector::collection::model::Model;
use crate::vector::collection::warm::metadata;
use crate::vector::filter::Survivors;
use crate::vector::judge::Judge;
use crate::vector::kinds::Reported;
use crate::vector::rows::{Generator, Rows};
use crate::vector::truth::{Neighbour, Truth, distance};

/// Scalars that are multiplied side by side.
const LANES: usize = 16;

/// Far more than products of a few hundred scalars in single precision are off.
const PRECISION: f32 = 1e-4;

/// The rows at the start and their true neighbours.
pub(super) struct Ledger {
    pub(super) generator: Generator,
    pub(super) queries: Vec<Vec<f32>>,
    rows: Rows,
    truth: Truth,
    k: usize,
}

impl Ledger {
    pub(super) fn new(rows: Rows, truth: Truth, k: usize) -> Self {
        let generator = Generator::new(rows.dimensions);
        Self {
            queries: generator.queries(),
            generator,
            rows,
            truth,
            k,
        }
    }

    /// Rows at the start.
    pub(super) fn items(&self) -> usize {
        self.rows.items
    }

    /// Whether the collection has all rows up to the last one added, but for those that are `gone`.
    ///
    /// # Errors
    /// The first difference.
    pub(super) fn check(
        &self,
        collection: &Collection,
        added: usize,
        gone: &[u32],
    ) -> Result<(), WrongAnswer> {
        let mut model = Model::of(self.items());
        for key in (self.items() as u32..).take(added) {
            model.insert(key, metadata(key));
        }
        for &key in gone {
            model.remove(key);
        }
        model.check(collection, &self.generator)
    }

    /// What becomes of the true neighbours while `added` rows come and those of `gone` go, in that order.
    pub(super) fn course(&self, added: usize, gone: &[u32]) -> Course {
        let gone: BTreeMap<u32, usize> = gone.iter().copied().zip(0..).collect();
        // Whoever is farther than the last of those that stay is a neighbour at no moment.
        let stays = |neighbour: &&Neighbour| !gone.contains_key(&neighbour.key);
        let last = |neighbours: &Vec<Neighbour>| {
            let last = neighbours.iter().filter(stays).nth(self.k - 1);
            last.map_or(f32::MAX, |last| last.distance)
        };
        let last: Vec<f32> = self.truth.neighbours.iter().map(last).collect();
        let mut near = vec![Vec::new(); self.queries.len()];
        for key in (self.items() as u32..).take(added) {
            let row = self.generator.row(u64::from(key));
            for (number, query) in self.queries.iter().enumerate() {
                // Few get further than this.
                if 1.0 - product(query, &row) <= last[number] + PRECISION {
                    let distance = distance(query, &row);
                    near[number].push(Neighbour { key, distance });
                }
            }
        }
        Course { added, gone, near }
    }

    /// The true neighbours of a query at a moment of `course`, nearest first: those of the start that are
    /// left, and whatever was added and is near enough.
    fn neighbours(&self, course: &Course, number: usize, at: Written) -> Vec<Neighbour> {
        let start = self.truth.neighbours[number].iter().copied();
        let mut neighbours: Vec<Neighbour> = start
            .filter(|neighbour| {
                let went = course.gone.get(&neighbour.key);
                went.is_none_or(|&step| step >= at.deletes)
            })
            .collect();
        let end = self.items() + at.adds;
        let added = course.near[number].iter();
        for &neighbour in added.take_while(|neighbour| (neighbour.key as usize) < end) {
            let place = neighbours.partition_point(|other| other.distance <= neighbour.distance);
            neighbours.insert(place, neighbour);
        }
        neighbours
    }

    /// How many of the keys `found` are among the true neighbours of a query at a moment of `course`, or
    /// as near as the last of them.
    pub(super) fn hits(&self, course: &Course, number: usize, at: Written, found: &[u32]) -> usize {
        let truth = Truth {
            neighbours: vec![self.neighbours(course, number, at)],
        };
        let found: Vec<u64> = found.iter().map(|&key| u64::from(key)).collect();
        let query = &self.queries[number];
        truth.hits(0, self.k, &found, |key| {
            distance(query, &self.generator.row(key))
        })
    }

    /// Who knows the right answers at the end of `course`.
    pub(super) fn judge(&self, course: &Course) -> Judge {
        let end = Written {
            adds: course.added,
            deletes: course.gone.len(),
        };
        let items = self.items() + course.added;
        let there = (0..)
            .take(items)
            .filter(|key| !course.gone.contains_key(key));
        let neighbours = (0..self.queries.len()).map(|number| self.neighbours(course, number, end));
        Judge {
            generator: Generator::new(self.rows.dimensions),
            queries: self.queries.clone(),
            truth: Truth {
                neighbours: neighbours.collect(),
            },
            items,
            k: self.k,
            reported: Reported::by(MetricKind::IP, ScalarKind::BF16),
            survivors: Some(Survivors::of(items, there)),
        }
    }
}

/// What was written up to a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) adds: usize,
    pub(super) deletes: usize,
}

/// How the true neighbours change while rows come and go.
pub(super) struct Course {
    /// Rows that come, one after the other.
    added: usize,
    /// Rows that go, and how many went before each.
    gone: BTreeMap<u32, usize>,
    /// Per query, the rows that come and may be neighbours, in the order in which they come.
    near: Vec<Vec<Neighbour>>,
}

/// The inner product, several scalars at a time.
pub(super) fn product(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| a * b);
    sums.iter().sum::<f32>() + rest.sum::<f32>()
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;
    use bench_harness::{Context, Tier};

    use super::*;

    const ITEMS: usize = 300;

    fn truth(generator: &Generator, queries: &[Vec<f32>], keys: &[u32]) -> Truth {
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        let progress = context.phase("comparing", keys.len());
        Truth::compute_among(generator, queries, keys, 1, &progress)
    }

    #[test]
    fn the_truth_of_every_moment_is_that_of_all_that_is_there() {
        let rows = Rows {
            items: ITEMS,
            dimensions: 24,
        };
        let generator = Generator::new(rows.dimensions);
        let queries = generator.queries();
        let keys: Vec<u32> = (0..ITEMS as u32).collect();
        let ledger = Ledger::new(rows, truth(&generator, &queries, &keys), 10);
        let gone: Vec<u32> = (0..60).map(|number| number * 5).collect();
        let course = ledger.course(100, &gone);
        let judge = ledger.judge(&course);
        assert_eq!((judge.expected(), judge.items), (10, ITEMS + 100));

        let mut from_added = 0;
        for (adds, deletes) in [(0, 0), (40, 0), (0, 60), (70, 30), (100, 60)] {
            let there: Vec<u32> = (0..(ITEMS + adds) as u32)
                .filter(|key| !gone[..deletes].contains(key))
                .collect();
            let expected = truth(&generator, &queries, &there).neighbours;
            for (number, expected) in expected.iter().enumerate() {
                let at = Written { adds, deletes };
                let found = ledger.neighbours(&course, number, at);
                assert_eq!(found[..10], expected[..10], "{at:?}");
                let keys: Vec<u32> = expected[1..11].iter().map(|n| n.key).collect();
                assert_eq!(ledger.hits(&course, number, at, &keys), 9, "{at:?}");
                let is_added = |neighbour: &&Neighbour| neighbour.key >= ITEMS as u32;
                from_added += found[..10].iter().filter(is_added).count();
            }
            if (adds, deletes) == (100, 60) {
                let mut firsts = judge.truth.neighbours.iter().zip(&expected);
                assert!(firsts.all(|(found, expected)| found[..10] == expected[..10]));
            }
        }
        assert!(from_added > 100, "{from_added}");
    }

    #[test]
    fn products_are_those_of_all_scalars() {
        for length in [0, 1, 16, 24, 384] {
            let a: Vec<f32> = (0..length).map(|at| at as f32).collect();
            let b = vec![0.5; length];
            let expected = a.iter().sum::<f32>() / 2.0;
            assert!(
                (product(&a, &b) - expected).abs() <= PRECISION * expected,
                "{length}"
            );
        }
    }
}
