//! The user's own vectors: read whole, with their true neighbours.

use std::path::{Path, PathBuf};
use std::thread;

use bench_harness::needs::{Available, Size};
use bench_harness::{Context, Failure, Needs, Phase};
use usearch::MetricKind;

use super::super::super::exact::{Nearest, multiply};
use super::super::super::truth::{Neighbour, Truth};
use super::super::K;
use crate::files::VectorFile;

/// Fewest rows that are worth an index.
const MIN_ROWS: usize = 100;

/// Fewest queries whose recall says something.
const MIN_QUERIES: usize = 10;

/// Queries that are held out of the rows when none are given: at most so many, and a tenth.
const HELD_OUT: usize = 1_000;

/// Rows that are compared with all queries in one go.
const BLOCK: usize = 256;

/// What makes two vectors near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Metric {
    /// The angle between them: they are brought to unit length as they are read.
    Cosine,
    /// The inner product as it is.
    InnerProduct,
    /// The Euclidean distance.
    Euclidean,
}

impl Metric {
    /// The metric by its name on the command line.
    pub(in super::super) fn named(name: &str) -> Option<Self> {
        match name {
            "cos" => Some(Self::Cosine),
            "ip" => Some(Self::InnerProduct),
            "l2" => Some(Self::Euclidean),
            _ => None,
        }
    }

    /// How the engine compares.
    pub(in super::super) fn engine(self) -> MetricKind {
        match self {
            // Of unit vectors, and several times as fast.
            Self::Cosine | Self::InnerProduct => MetricKind::IP,
            Self::Euclidean => MetricKind::L2sq,
        }
    }

    /// The exact distance: of the product of two vectors and the squares of their lengths.
    fn distance(self, product: f32, squares: (f32, f32)) -> f32 {
        match self {
            Self::Cosine | Self::InnerProduct => 1.0 - product,
            Self::Euclidean => squares.0 + squares.1 - 2.0 * product,
        }
    }

    /// The same in double precision, so that the order of near ties is the true one.
    fn exactly(self, a: &[f32], b: &[f32]) -> f32 {
        let pairs = || a.iter().zip(b).map(|(&a, &b)| (f64::from(a), f64::from(b)));
        let distance: f64 = match self {
            Self::Cosine | Self::InnerProduct => 1.0 - pairs().map(|(a, b)| a * b).sum::<f64>(),
            Self::Euclidean => pairs().map(|(a, b)| (a - b).powi(2)).sum(),
        };
        distance as f32
    }
}

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

/// Rows, queries, and which rows are truly nearest to each query.
pub(in super::super) struct Own {
    /// One after the other.
    rows: Vec<f32>,
    pub(in super::super) dimensions: usize,
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
        let count = rows.len() / dimensions;
        let progress = context.phase("finding the true neighbours", count);
        let truth = truth(&rows, &queries, dimensions, metric, &progress)?;
        let queries = queries.chunks_exact(dimensions).map(<[f32]>::to_vec);
        Ok(Self {
            dimensions,
            queries: queries.collect(),
            metric,
            truth,
            rows,
        })
    }

    /// How many rows there are.
    pub(in super::super) fn items(&self) -> usize {
        self.rows.len() / self.dimensions
    }

    /// One of them.
    pub(in super::super) fn row(&self, key: u64) -> &[f32] {
        let start = key as usize * self.dimensions;
        &self.rows[start..start + self.dimensions]
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
            let distance = |key| self.metric.exactly(query, self.row(key));
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
    let numbers = shape.rows * shape.dimensions;
    // Before the first is read: the memory would be gone at the last.
    Available::now(Path::new("."))
        .fit(&Needs::memory(4 * numbers as u64))
        .map_err(|shortage| format!("{} {shortage}", path.display()))?;
    let mut rows = vec![0.0; numbers];
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

/// Takes evenly spread rows out and returns them.
fn hold_out(rows: &mut Vec<f32>, dimensions: usize) -> Vec<f32> {
    let count = rows.len() / dimensions;
    let wanted = HELD_OUT.min(count / 10);
    let every = count.checked_div(wanted).unwrap_or(usize::MAX);
    let (mut kept, mut held) = (Vec::new(), Vec::new());
    for (number, row) in rows.chunks_exact(dimensions).enumerate() {
        let is_held = number % every == 0 && held.len() < wanted * dimensions;
        let taken = if is_held { &mut held } else { &mut kept };
        taken.extend_from_slice(row);
    }
    *rows = kept;
    held
}

/// The nearest rows of every query, compared with all of them by all cores.
fn truth(
    rows: &[f32],
    queries: &[f32],
    dimensions: usize,
    metric: Metric,
    progress: &Phase,
) -> Result<Truth, Failure> {
    let threads = thread::available_parallelism()?.get();
    let count = rows.len() / dimensions;
    let share = count.div_ceil(threads).next_multiple_of(BLOCK) * dimensions;
    let partial: Vec<Vec<Nearest>> = thread::scope(|scope| {
        let workers: Vec<_> = rows
            .chunks(share)
            .enumerate()
            .map(|(part, rows)| {
                let first = part * share / dimensions;
                scope.spawn(move || nearest(rows, first, queries, dimensions, metric, progress))
            })
            .collect();
        let joined = workers.into_iter();
        joined
            .map(|worker| worker.join().expect("comparing does not panic"))
            .collect()
    });
    let row = |key: u32| &rows[key as usize * dimensions..][..dimensions];
    let of_query = |(number, query): (usize, &[f32])| {
        let mut joined = Nearest::default();
        for found in partial.iter().flat_map(|part| &part[number].sorted) {
            let distance = metric.exactly(query, row(found.key));
            joined.offer(Neighbour { distance, ..*found });
        }
        joined.sorted
    };
    Ok(Truth {
        neighbours: queries
            .chunks_exact(dimensions)
            .enumerate()
            .map(of_query)
            .collect(),
    })
}

fn nearest(
    rows: &[f32],
    first: usize,
    queries: &[f32],
    dimensions: usize,
    metric: Metric,
    progress: &Phase,
) -> Vec<Nearest> {
    let squares = |rows: &[f32]| -> Vec<f32> {
        let each = rows.chunks_exact(dimensions);
        each.map(|row| row.iter().map(|x| x * x).sum()).collect()
    };
    let of_queries = squares(queries);
    let mut products = vec![0.0; BLOCK * of_queries.len()];
    let mut nearest = vec![Nearest::default(); of_queries.len()];
    for (block, rows) in rows.chunks(BLOCK * dimensions).enumerate() {
        let of_rows = squares(rows);
        let products = &mut products[..of_rows.len() * of_queries.len()];
        multiply(queries, rows, dimensions, products);
        let of_each = products.chunks_exact(of_rows.len()).zip(&mut nearest);
        for ((products, nearest), query) in of_each.zip(&of_queries) {
            for (at, (product, row)) in products.iter().zip(&of_rows).enumerate() {
                nearest.offer(Neighbour {
                    key: (first + block * BLOCK + at) as u32,
                    distance: metric.distance(*product, (*query, *row)),
                });
            }
        }
        progress.advance(of_rows.len());
    }
    nearest
}

/// What reading and building takes at the most, beside what can be had.
pub(in super::super) fn fit(own: &Own, index_bytes: u64) -> Result<(), Failure> {
    Available::now(Path::new("."))
        .fit(&Needs::memory(index_bytes))
        .map_err(|shortage| {
            format!(
                "an index of {} rows {shortage}, beside {} of rows\n  hint: `bench estimate` says what would fit",
                own.items(),
                Size(4 * own.rows.len() as u64),
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
        let queries: Vec<f32> = (0..20).flat_map(|id| generator.query(id)).collect();
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        let progress = context.phase("comparing", 700);
        for metric in [Metric::InnerProduct, Metric::Euclidean] {
            let truth = truth(&rows, &queries, 7, metric, &progress).expect("is computed");
            for (query, neighbours) in queries.chunks_exact(7).zip(truth.neighbours) {
                let mut naive: Vec<f32> = rows
                    .chunks_exact(7)
                    .map(|row| metric.exactly(query, row))
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
        let held = hold_out(&mut rows, 2);
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
