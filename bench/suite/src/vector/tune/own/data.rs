//! The user's own vectors: read whole, with their true neighbours.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::thread;

use bench_harness::needs::{Available, Size};
use bench_harness::{Context, Failure, Needs};

use super::super::super::exact::{Metric, compare};
use super::super::super::rows::Source;
use super::super::super::truth::{Neighbour, Truth};
use super::super::K;
use crate::files::VectorFile;

/// Fewest rows that are worth an index.
const MIN_ROWS: usize = 100;

/// Fewest queries whose recall says something.
const MIN_QUERIES: usize = 10;

/// Queries that are held out of the rows when none are given: at most so many, and a tenth.
const HELD_OUT: usize = 1_000;

/// Where the vectors are.
#[derive(Clone, Debug)]
pub(in super::super) struct Files {
    pub(in super::super) rows: PathBuf,
    /// Absent: some rows are held out and asked for.
    pub(in super::super) queries: Option<PathBuf>,
    /// The datasets of files that hold several, as ann-benchmarks names them unless told otherwise.
    pub(in super::super) dataset: Option<String>,
    pub(in super::super) query_dataset: String,
}

/// Rows one after the other.
pub(in super::super) struct OwnRows {
    numbers: Vec<f32>,
    dimensions: usize,
}

impl OwnRows {
    fn items(&self) -> usize {
        self.numbers.len() / self.dimensions
    }

    fn get(&self, key: u64) -> &[f32] {
        let start = key as usize * self.dimensions;
        &self.numbers[start..start + self.dimensions]
    }
}

impl Source for OwnRows {
    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn row(&self, key: u64) -> Cow<'_, [f32]> {
        self.get(key).into()
    }
}

/// Rows, queries, and which rows are truly nearest to each query.
pub(in super::super) struct Own {
    pub(in super::super) rows: OwnRows,
    pub(in super::super) queries: Vec<Vec<f32>>,
    pub(in super::super) metric: Metric,
    truth: Truth,
}

impl Own {
    /// Reads and compares everything.
    ///
    /// # Errors
    /// A file that cannot be used, with the row that is wrong; queries of other dimensions than the rows;
    /// too few of either; more rows than the memory holds.
    pub(in super::super) fn load(
        files: &Files,
        metric: Metric,
        context: &Context,
    ) -> Result<Self, Failure> {
        let (mut rows, dimensions) = read(&files.rows, files.dataset.as_deref(), metric)?;
        let queries = match &files.queries {
            Some(path) => {
                let (queries, found) = read(path, Some(&files.query_dataset), metric)?;
                if found != dimensions {
                    let (queries, rows) = (path.display(), files.rows.display());
                    return Err(format!(
                        "{queries} has {found} dimensions, and {rows} has {dimensions}\n  hint: queries \
                         are asked among rows of the same embedding"
                    )
                    .into());
                }
                queries
            }
            None => hold_out(&mut rows, dimensions),
        };
        for (what, count, least) in [
            ("rows", rows.len() / dimensions, MIN_ROWS),
            ("queries", queries.len() / dimensions, MIN_QUERIES),
        ] {
            if count < least {
                return Err(
                    format!("{count} {what} are too few to tune on, at least {least}").into(),
                );
            }
        }
        let queries: Vec<Vec<f32>> = queries
            .chunks_exact(dimensions)
            .map(<[f32]>::to_vec)
            .collect();
        let rows = OwnRows {
            numbers: rows,
            dimensions,
        };
        let progress = context.phase("finding the true neighbours", rows.items());
        let threads = thread::available_parallelism()?.get();
        let keys: Vec<u32> = (0..).take(rows.items()).collect();
        let neighbours = compare(&rows, metric, &queries, &keys, threads, &progress);
        Ok(Self {
            queries,
            metric,
            truth: Truth { neighbours },
            rows,
        })
    }

    /// How many rows there are.
    pub(in super::super) fn items(&self) -> usize {
        self.rows.items()
    }

    /// How many numbers each has.
    pub(in super::super) fn dimensions(&self) -> usize {
        self.rows.dimensions
    }

    /// The share of the true neighbours that `answers`, one per query, name.
    ///
    /// # Errors
    /// An answer that no search may give: rows twice, rows that are not there, fewer than there are.
    pub(in super::super) fn recall(&self, answers: &[Vec<Neighbour>]) -> Result<f64, Failure> {
        let mut hits = 0;
        for (number, answer) in answers.iter().enumerate() {
            let mut keys: Vec<u64> = answer.iter().map(|found| u64::from(found.key)).collect();
            let query = &self.queries[number];
            let is_row = |key: &u64| (*key as usize) < self.items();
            let are_rows = keys.iter().all(is_row);
            let distance = |key| self.metric.exactly(query, self.rows.get(key));
            hits += match are_rows {
                true => self.truth.hits(number, K, &keys, distance),
                false => 0,
            };
            keys.sort_unstable();
            keys.dedup();
            if keys.len() != K || !are_rows {
                return Err(format!(
                    "query {number}: {} different rows of {K} found, {}",
                    keys.len(),
                    if are_rows {
                        "all there"
                    } else {
                        "some of them not there"
                    }
                )
                .into());
            }
        }
        Ok(hits as f64 / (K * answers.len()) as f64)
    }
}

/// All rows of a file, one after the other, and their dimensions.
fn read(path: &Path, dataset: Option<&str>, metric: Metric) -> Result<(Vec<f32>, usize), Failure> {
    let mut file = VectorFile::open(path, dataset)?;
    let shape = file.shape();
    let numbers = (shape.rows as u64).saturating_mul(shape.dimensions as u64);
    let bytes = numbers.saturating_mul(size_of::<f32>() as u64);
    // Before the first is read: the memory would be gone at the last.
    Available::now(Path::new("."))
        .fit(&Needs::memory(bytes))
        .map_err(|shortage| format!("{} {shortage}", path.display()))?;
    let mut rows = vec![0.0; shape.rows * shape.dimensions];
    for (number, row) in rows.chunks_exact_mut(shape.dimensions).enumerate() {
        file.read(row)?;
        if metric != Metric::Cosine {
            continue;
        }
        let length = row
            .iter()
            .map(|x| f64::from(*x).powi(2))
            .sum::<f64>()
            .sqrt() as f32;
        if length == 0.0 {
            return Err(format!(
                "{}, row {number}: zeros alone have no direction\n  hint: --metric l2 compares by distance",
                path.display()
            )
            .into());
        }
        row.iter_mut().for_each(|x| *x /= length);
    }
    Ok((rows, shape.dimensions))
}

/// Takes evenly spread rows out and returns them. The others move together where they are: there may be
/// no memory for them twice.
fn hold_out(rows: &mut Vec<f32>, dimensions: usize) -> Vec<f32> {
    let count = rows.len() / dimensions;
    let wanted = HELD_OUT.min(count / 10);
    let every = count.checked_div(wanted).unwrap_or(usize::MAX);
    let mut held = Vec::with_capacity(wanted * dimensions);
    let mut kept = 0;
    for number in 0..count {
        let row = number * dimensions..(number + 1) * dimensions;
        if number % every == 0 && held.len() < wanted * dimensions {
            held.extend_from_slice(&rows[row]);
        } else {
            rows.copy_within(row, kept);
            kept += dimensions;
        }
    }
    rows.truncate(kept);
    held
}

/// What reading and building takes at the most, beside what can be had.
pub(in super::super) fn fit(own: &Own, index_bytes: u64) -> Result<(), Failure> {
    Available::now(Path::new("."))
        .fit(&Needs::memory(index_bytes))
        .map_err(|shortage| {
            format!(
                "an index of {} rows {shortage}, beside {} of rows\n  hint: `bench estimate` says what would fit",
                own.items(),
                Size(4 * own.rows.numbers.len() as u64),
            )
            .into()
        })
}

#[cfg(test)]
mod tests {
    use bench_harness::Tier;
    use bench_harness::cache::Cache;

    use super::*;
    use crate::files::{Shape, write_fbin};
    use crate::vector::rows::Generator;

    #[test]
    fn the_truth_is_what_a_naive_search_finds() {
        let generator = Generator::new(7);
        let rows: Vec<f32> = (0..700).flat_map(|id| generator.row(id)).collect();
        // Of different lengths, so that metrics disagree.
        let stretched = |(at, x): (usize, &f32)| x * (1.0 + (at / 7 % 5) as f32);
        let rows: Vec<f32> = rows.iter().enumerate().map(stretched).collect();
        let queries: Vec<Vec<f32>> = (0..20).map(|id| generator.query(id)).collect();
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        let progress = context.phase("comparing", 700);
        let rows = OwnRows {
            numbers: rows,
            dimensions: 7,
        };
        let keys: Vec<u32> = (0..700).collect();
        for metric in [Metric::InnerProduct, Metric::Euclidean] {
            let truth = compare(&rows, metric, &queries, &keys, 3, &progress);
            for (query, neighbours) in queries.iter().zip(truth) {
                let mut naive: Vec<f32> = (0..700)
                    .map(|key| metric.exactly(query, rows.get(key)))
                    .collect();
                naive.sort_by(f32::total_cmp);
                let found: Vec<u32> = neighbours.iter().map(|n| n.distance.to_bits()).collect();
                let naive: Vec<u32> = naive.into_iter().map(f32::to_bits).collect();
                assert_eq!(found[..K], naive[..K], "{metric:?}");
            }
        }
    }

    #[test]
    fn rows_that_are_asked_for_are_not_there() {
        let mut rows: Vec<f32> = (0_u8..200).flat_map(|n| [f32::from(n), 0.5]).collect();
        let (place, all) = (rows.as_ptr(), rows.clone());
        let held = hold_out(&mut rows, 2);
        assert_eq!(rows.as_ptr(), place, "there is no room for a copy");
        let is_kept = |row: &&[f32]| !held.chunks_exact(2).any(|held| held == *row);
        let kept: Vec<f32> = all
            .chunks_exact(2)
            .filter(is_kept)
            .flatten()
            .copied()
            .collect();
        assert_eq!(rows, kept, "in their order");
        assert_eq!((held.len(), rows.len()), (40, 360));
        assert!(held.chunks_exact(2).all(|row| !rows.contains(&row[0])));
        let mut few: Vec<f32> = vec![1.0; 9];
        assert_eq!(hold_out(&mut few, 1).len(), 0);
        assert_eq!(few.len(), 9);
    }

    #[test]
    fn a_row_without_direction_is_refused_by_its_number() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("rows.fbin");
        let rows = [[1.0_f32, 0.0], [0.0, 0.0]];
        let shape = Shape {
            rows: 2,
            dimensions: 2,
        };
        let mut file = std::fs::File::create(&path).expect("is writable");
        write_fbin(&mut file, shape, rows.iter().map(|row| &row[..])).expect("is writable");
        let error = read(&path, None, Metric::Cosine).expect_err("zeros");
        assert!(error.to_string().contains("row 1: zeros"), "{error}");
        assert!(read(&path, None, Metric::Euclidean).is_ok());
    }
}
