//! What should be in the collection after rows were added and deleted, and what a search should find
//! then.

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

    /// Who knows the right answers after `added` rows and without those that are `gone`.
    pub(super) fn judge(&self, added: usize, gone: &[u32]) -> Judge {
        let items = self.items() + added;
        let mut is_there = vec![true; items];
        for &key in gone {
            is_there[key as usize] = false;
        }
        let there = (0..).zip(is_there);
        let survivors = Survivors::of(items, there.filter_map(|(key, is)| is.then_some(key)));
        Judge {
            generator: Generator::new(self.rows.dimensions),
            queries: self.queries.clone(),
            truth: self.merged(added, &survivors),
            items,
            k: self.k,
            reported: Reported::by(MetricKind::IP, ScalarKind::BF16),
            survivors: Some(survivors),
        }
    }

    /// The true neighbours among the survivors: those of the start that are left, and whatever was
    /// added and is as near as the last of them.
    fn merged(&self, added: usize, survivors: &Survivors) -> Truth {
        let mut truth = self.truth.clone();
        for neighbours in &mut truth.neighbours {
            neighbours.retain(|neighbour| survivors.contains(neighbour.key));
        }
        for key in (self.items() as u32..).take(added) {
            let row = self.generator.row(u64::from(key));
            for (query, neighbours) in self.queries.iter().zip(&mut truth.neighbours) {
                let last = neighbours
                    .get(self.k - 1)
                    .map_or(f32::MAX, |last| last.distance);
                // Few get further than this.
                if 1.0 - product(query, &row) > last + PRECISION {
                    continue;
                }
                let distance = distance(query, &row);
                let at = neighbours.partition_point(|other| other.distance <= distance);
                neighbours.insert(at, Neighbour { key, distance });
            }
        }
        truth
    }
}

/// The inner product, several scalars at a time.
fn product(a: &[f32], b: &[f32]) -> f32 {
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
    fn the_merged_truth_is_that_of_all_that_is_there() {
        let rows = Rows {
            items: ITEMS,
            dimensions: 24,
        };
        let generator = Generator::new(rows.dimensions);
        let queries = generator.queries();
        let keys: Vec<u32> = (0..ITEMS as u32).collect();
        let ledger = Ledger::new(rows, truth(&generator, &queries, &keys), 10);
        let gone: Vec<u32> = (0..60).map(|number| number * 5).collect();
        let judge = ledger.judge(100, &gone);
        assert_eq!((judge.expected(), judge.items), (10, ITEMS + 100));

        let there: Vec<u32> = (0..ITEMS as u32 + 100)
            .filter(|key| !gone.contains(key))
            .collect();
        let expected = truth(&generator, &queries, &there);
        let mut from_added = 0;
        for (found, expected) in judge.truth.neighbours.iter().zip(&expected.neighbours) {
            assert_eq!(found[..10], expected[..10]);
            let is_added = |neighbour: &&Neighbour| neighbour.key >= ITEMS as u32;
            from_added += found[..10].iter().filter(is_added).count();
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
