//! Rows as 16-bit fixed-point numbers, the coarse and the fine half of each in an array of its own.
//!
//! The coarse halves alone are rows of 8 bits: half the bytes to read when many rows are compared.
//! The fine halves turn the same rows into rows of 16 bits when the few best are compared again. So
//! two precisions take the memory of the wider one, where a quantised copy beside wider rows takes
//! half as much again.
//!
//! The step between two numbers is chosen from the rows. usearch's own 8-bit kind scales every row
//! to the length 127 and cuts the fractions off, which leaves a row of 384 scalars about three bits
//! each; here they keep seven.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::thread;

use bench_harness::{Artifact, Context, Failure, Needs, Phase, Recipe};
use numkong::Dot;

use super::super::checked::{BadVector, check_vector};
use super::super::rows::{Generator, Rows};
use super::super::truth::Neighbour;
use super::pages::Pages;
use super::prefetch::prefetch;
use crate::words;

/// Numbers that a coarse step spans.
const FINE: i32 = 256;

/// The largest number whose coarse half is at most 127.
const LARGEST: f32 = (127 * FINE + FINE / 2 - 1) as f32;

/// Rows between two reports of progress.
const BATCH: u64 = 1_024;

/// Bytes of a file that are read or written at once: a copy of all of it would take half as much memory
/// again as the rows do.
const STRETCH: usize = 1 << 14;

/// Largest difference between a distance by 16 bits and the true one, of rows of unit length. Ten
/// times the largest that was seen among 10,000 distances.
pub(crate) const ROUNDING: f32 = 2e-4;

/// Time to make one row twice and encode it, on one core.
const SECONDS_PER_ROW: f64 = 12e-6;

const COARSE_FILE: &str = "coarse.bytes";
const FINE_FILE: &str = "fine.bytes";
const STEP_FILE: &str = "step.words";

/// Encoded rows; keys are row numbers.
#[derive(Debug)]
pub(crate) struct Codes {
    dimensions: usize,
    /// What a row's scalar is worth when its number is 1.
    step: f32,
    coarse: Pages<i8>,
    fine: Pages<i8>,
}

/// A query, encoded with a step of its own so that none of its scalars is cut down.
#[derive(Debug)]
pub(crate) struct Query {
    step: f32,
    coarse: Vec<i8>,
    fine: Vec<i8>,
}

impl Codes {
    /// Encodes the first `items` rows, by `threads`.
    pub(crate) fn encode(
        generator: &Generator,
        items: usize,
        threads: usize,
        progress: &Phase,
    ) -> Self {
        let dimensions = generator.dimensions();
        let share = items.div_ceil(threads).max(1);
        let step = largest(generator, items, share) / LARGEST;
        let mut coarse = Pages::filled(items * dimensions, 0);
        let mut fine = Pages::filled(items * dimensions, 0);
        // Every thread has a stretch of rows of its own.
        let stretch = share * dimensions;
        let halves = coarse.chunks_mut(stretch).zip(fine.chunks_mut(stretch));
        thread::scope(|scope| {
            for (first, (coarse, fine)) in (0..items).step_by(share).zip(halves) {
                scope.spawn(move || {
                    let mut row = vec![0.0; dimensions];
                    let halves = coarse
                        .chunks_mut(dimensions)
                        .zip(fine.chunks_mut(dimensions));
                    for (key, (coarse, fine)) in (first as u64..).zip(halves) {
                        generator.fill(key, &mut row);
                        encode(&row, step, coarse, fine);
                        if key % BATCH == 0 {
                            progress.advance(BATCH as usize);
                        }
                    }
                });
            }
        });
        Self {
            dimensions,
            step,
            coarse,
            fine,
        }
    }

    /// Number of rows.
    pub(crate) fn items(&self) -> usize {
        self.coarse.len() / self.dimensions
    }

    /// Bytes of all rows.
    pub(crate) fn bytes(&self) -> usize {
        self.coarse.len() + self.fine.len()
    }

    /// A query to compare with the rows.
    ///
    /// # Errors
    /// One that cannot be compared with them.
    pub(crate) fn query(&self, query: &[f32]) -> Result<Query, BadVector> {
        check_vector(query, self.dimensions)?;
        let largest = query.iter().fold(f32::MIN_POSITIVE, |l, x| l.max(x.abs()));
        let step = largest / LARGEST;
        let mut coarse = vec![0; self.dimensions];
        let mut fine = vec![0; self.dimensions];
        encode(query, step, &mut coarse, &mut fine);
        Ok(Query { step, coarse, fine })
    }

    /// How near a row is by the coarse halves: larger is nearer. A number without a unit, for
    /// comparing rows with the same query.
    #[inline]
    pub(crate) fn likeness(&self, query: &Query, key: u32) -> i32 {
        dot(&query.coarse, self.row(&self.coarse, key))
    }

    /// The inner-product distance by all 16 bits.
    #[inline]
    pub(crate) fn distance(&self, query: &Query, key: u32) -> f32 {
        let (coarse, fine) = (self.row(&self.coarse, key), self.row(&self.fine, key));
        let high = i64::from(dot(&query.coarse, coarse));
        let middle = i64::from(dot(&query.coarse, fine)) + i64::from(dot(&query.fine, coarse));
        let low = i64::from(dot(&query.fine, fine));
        let whole = i64::from(FINE);
        let product = (high * whole + middle) * whole + low;
        (1.0 - product as f64 * f64::from(query.step) * f64::from(self.step)) as f32
    }

    /// The `k` of the rows `keys` that are nearest to `query` by all 16 bits, nearest first.
    ///
    /// # Panics
    /// When a key is not a row's.
    pub(crate) fn nearest(&self, query: &Query, k: usize, keys: &[u32]) -> Vec<Neighbour> {
        for &key in keys {
            self.prefetch_coarse(key);
            self.prefetch_fine(key);
        }
        let neighbour = |&key: &u32| Neighbour {
            key,
            distance: self.distance(query, key),
        };
        let mut nearest: Vec<Neighbour> = keys.iter().map(neighbour).collect();
        nearest.sort_unstable_by(|a, b| {
            let order = a.distance.total_cmp(&b.distance);
            order.then(a.key.cmp(&b.key))
        });
        nearest.truncate(k);
        nearest
    }

    /// Asks for the coarse half of a row before it is needed.
    #[inline]
    pub(crate) fn prefetch_coarse(&self, key: u32) {
        prefetch(self.row(&self.coarse, key));
    }

    /// Asks for the fine half of a row before it is needed.
    #[inline]
    fn prefetch_fine(&self, key: u32) {
        prefetch(self.row(&self.fine, key));
    }

    #[inline]
    fn row<'h>(&self, half: &'h [i8], key: u32) -> &'h [i8] {
        let start = key as usize * self.dimensions;
        &half[start..start + self.dimensions]
    }
}

/// The largest magnitude of any scalar of the first `items` rows; each thread looks at `share` of them.
/// All rows, because a sample misses the few that would be cut down, and then is wrong about those.
fn largest(generator: &Generator, items: usize, share: usize) -> f32 {
    let of_stretch = |first: usize| {
        let mut row = vec![0.0; generator.dimensions()];
        let mut largest = f32::MIN_POSITIVE;
        for key in first..items.min(first + share) {
            generator.fill(key as u64, &mut row);
            largest = row.iter().fold(largest, |largest, x| largest.max(x.abs()));
        }
        largest
    };
    thread::scope(|scope| {
        let starts = (0..items).step_by(share);
        let workers: Vec<_> = starts
            .map(|first| scope.spawn(move || of_stretch(first)))
            .collect();
        let found = workers.into_iter().map(|worker| worker.join());
        found
            .map(|found| found.expect("looking does not panic"))
            .fold(f32::MIN_POSITIVE, f32::max)
    })
}

/// Splits every scalar of a row, in steps of `step`, into its halves.
fn encode(row: &[f32], step: f32, coarse: &mut [i8], fine: &mut [i8]) {
    for (scalar, (coarse, fine)) in row.iter().zip(coarse.iter_mut().zip(fine)) {
        let number = (scalar / step).round().clamp(-LARGEST, LARGEST) as i32;
        // The nearest multiple, so that the fine half has both signs and the coarse one does not
        // lean to either side.
        let nearest = (number + FINE / 2).div_euclid(FINE);
        *coarse = nearest as i8;
        *fine = (number - nearest * FINE) as i8;
    }
}

#[inline]
fn dot(a: &[i8], b: &[i8]) -> i32 {
    i8::dot(a, b).expect("halves have as many scalars as the rows")
}

/// The encoded rows of a generator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodesFiles {
    pub(crate) rows: Rows,
}

impl CodesFiles {
    /// What the loaded rows take.
    pub(crate) fn loaded(&self) -> Needs {
        Needs::memory((self.rows.items * self.rows.dimensions * 2) as u64)
    }

    pub(crate) fn load(&self, context: &Context) -> Result<Codes, Failure> {
        let directory = context.prepared(self)?;
        let step = words::read(&directory.join(STEP_FILE))?;
        let step = step.first().ok_or("no step is stored with the codes")?;
        Ok(Codes {
            dimensions: self.rows.dimensions,
            step: f32::from_bits(*step),
            coarse: read_half(&directory.join(COARSE_FILE))?,
            fine: read_half(&directory.join(FINE_FILE))?,
        })
    }
}

impl Artifact for CodesFiles {
    fn name(&self) -> String {
        "vector/codes".into()
    }

    fn recipe(&self) -> Recipe {
        Recipe::new("rows as 16-bit fixed-point numbers in two halves")
            .with_recipe("input", &self.rows.recipe())
            .with_code("codes.rs", include_str!("codes.rs"))
            .with_code("rows.rs", include_str!("../rows.rs"))
    }

    fn needs(&self) -> Needs {
        let needs = self.loaded();
        needs
            .with_disk(needs.memory_bytes)
            .with_seconds(self.rows.items as f64 * SECONDS_PER_ROW)
    }

    fn build(&self, context: &Context, directory: &Path) -> Result<(), Failure> {
        let progress = context.phase("encoding the rows", self.rows.items);
        let generator = Generator::new(self.rows.dimensions);
        let threads = thread::available_parallelism()?.get();
        let codes = Codes::encode(&generator, self.rows.items, threads, &progress);
        words::write(&directory.join(STEP_FILE), [codes.step.to_bits()])?;
        write_half(&directory.join(COARSE_FILE), &codes.coarse)?;
        write_half(&directory.join(FINE_FILE), &codes.fine)?;
        Ok(())
    }
}

fn read_half(path: &Path) -> io::Result<Pages<i8>> {
    let mut file = File::open(path)?;
    let mut half = Pages::filled(file.metadata()?.len() as usize, 0_i8);
    let mut bytes = vec![0_u8; STRETCH];
    for stretch in half.chunks_mut(STRETCH) {
        let bytes = &mut bytes[..stretch.len()];
        file.read_exact(bytes)?;
        for (scalar, byte) in stretch.iter_mut().zip(&*bytes) {
            *scalar = byte.cast_signed();
        }
    }
    Ok(half)
}

fn write_half(path: &Path, half: &[i8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    for stretch in half.chunks(STRETCH) {
        let bytes: Vec<u8> = stretch.iter().map(|byte| byte.cast_unsigned()).collect();
        file.write_all(&bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bench_harness::Tier;
    use bench_harness::cache::Cache;

    use super::super::super::truth::distance;
    use super::*;

    fn context(directory: &Path) -> Context {
        Context::new(Tier::Tiny, &Cache::at(directory))
    }

    #[test]
    fn halves_put_a_number_together_again() {
        let largest = LARGEST as i32;
        for number in [
            0, 1, 127, 128, 129, -127, -128, -129, 30_000, largest, -largest,
        ] {
            let (mut coarse, mut fine) = ([0], [0]);
            encode(&[number as f32 * 0.5], 0.5, &mut coarse, &mut fine);
            let whole = i32::from(coarse[0]) * FINE + i32::from(fine[0]);
            assert_eq!(whole, number);
            assert!(coarse[0] >= -127, "{number}");
        }
        let (mut coarse, mut fine) = ([0], [0]);
        encode(&[9e9], 0.5, &mut coarse, &mut fine);
        assert_eq!((coarse[0], fine[0]), (127, 127), "cut down");
    }

    #[test]
    fn kernels_multiply_all_bytes_exactly() {
        // Every pair of bytes, at every offset of a register.
        let a: Vec<i8> = (0..1_000).map(|at| (at * 7 % 256 - 128) as i8).collect();
        let b: Vec<i8> = (0..1_000).map(|at| (at * 13 % 256 - 128) as i8).collect();
        for length in [1, 3, 31, 64, 128, 384, 999] {
            let naive = a.iter().zip(&b).take(length);
            let naive: i32 = naive.map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
            assert_eq!(dot(&a[..length], &b[..length]), naive, "{length} scalars");
        }
        assert_eq!(dot(&[-128; 384], &[-128; 384]), 384 * 16_384);
    }

    #[test]
    fn distances_are_those_of_the_rows() {
        let directory = tempfile::tempdir().expect("a directory");
        for dimensions in [3, 384] {
            let generator = Generator::new(dimensions);
            let progress = context(directory.path()).phase("encoding", 0);
            let codes = Codes::encode(&generator, 2_000, 2, &progress);
            let vector = generator.query(0);
            // Twice as long: the step of a query is its own.
            let long: Vec<f32> = vector.iter().map(|x| 2.0 * x).collect();
            let query = codes.query(&vector).expect("is a query");
            let long = codes.query(&long).expect("is a query");
            for key in 0..2_000 {
                let truth = distance(&vector, &generator.row(u64::from(key)));
                let found = codes.distance(&query, key);
                assert!((found - truth).abs() < 1e-4, "{key}: {found}, {truth}");
                let found = codes.distance(&long, key);
                assert!((found - (2.0 * truth - 1.0)).abs() < 2e-4, "{key}: {found}");
            }
        }
    }

    #[test]
    fn the_nearest_by_the_coarse_half_are_among_the_nearest() {
        let directory = tempfile::tempdir().expect("a directory");
        let generator = Generator::new(384);
        let progress = context(directory.path()).phase("encoding", 0);
        let codes = Codes::encode(&generator, 1_000, 1, &progress);
        let query = codes.query(&generator.query(1)).expect("is a query");
        let mut coarse: Vec<u32> = (0..1_000).collect();
        coarse.sort_by_key(|&key| -codes.likeness(&query, key));
        let mut exact: Vec<u32> = (0..1_000).collect();
        exact.sort_by(|&a, &b| {
            codes
                .distance(&query, a)
                .total_cmp(&codes.distance(&query, b))
        });
        assert!(exact[..10].iter().all(|key| coarse[..20].contains(key)));
    }

    #[test]
    fn threads_do_not_change_codes_and_the_disk_keeps_them() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        let files = CodesFiles {
            rows: Rows {
                items: 2_500,
                dimensions: 16,
            },
        };
        let context = Context::new(Tier::Tiny, &cache);
        let build = |entry: &Path| files.build(&context, entry);
        cache
            .ensure(&files.name(), &files.recipe(), build)
            .expect("builds");
        let loaded = files.load(&context).expect("loads");
        let progress = context.phase("encoding", 0);
        let alone = Codes::encode(&Generator::new(16), 2_500, 1, &progress);
        assert_eq!(loaded.step.to_bits(), alone.step.to_bits());
        assert_eq!(loaded.coarse[..], alone.coarse[..]);
        assert_eq!(loaded.fine[..], alone.fine[..]);
    }

    #[test]
    fn queries_that_cannot_be_compared_are_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let progress = context(directory.path()).phase("encoding", 0);
        let codes = Codes::encode(&Generator::new(16), 10, 1, &progress);
        for query in [vec![f32::NAN; 16], vec![0.0; 15]] {
            assert!(codes.query(&query).is_err(), "{query:?}");
        }
        let nothing = codes.query(&[0.0; 16]).expect("is a query");
        assert!((codes.distance(&nothing, 0) - 1.0).abs() < 1e-6);
    }
}
