//! The exact comparison of many rows with many queries: a product of two matrices, and the nearest of
//! what comes out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::thread;

use bench_harness::Phase;
use usearch::MetricKind;

use super::rows::Source;
use super::truth::{NEIGHBOURS, Neighbour, distance};

/// Rows compared with all queries in one go: their products with a thousand queries are 1 MB.
const BLOCK: usize = 256;

/// What makes two vectors near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// The angle between them, which are of unit length.
    Cosine,
    /// The inner product as it is.
    InnerProduct,
    /// The Euclidean distance.
    Euclidean,
}

impl Metric {
    /// The metric by its name on the command line.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "cos" => Some(Self::Cosine),
            "ip" => Some(Self::InnerProduct),
            "l2" => Some(Self::Euclidean),
            _ => None,
        }
    }

    /// How the engine compares.
    pub(crate) fn engine(self) -> MetricKind {
        match self {
            // Of unit vectors, and several times as fast.
            Self::Cosine | Self::InnerProduct => MetricKind::IP,
            Self::Euclidean => MetricKind::L2sq,
        }
    }

    /// The distance, of the product of two vectors and the squares of their lengths.
    fn of(self, product: f32, squares: (f32, f32)) -> f32 {
        match self {
            Self::Cosine | Self::InnerProduct => 1.0 - product,
            Self::Euclidean => squares.0 + squares.1 - 2.0 * product,
        }
    }

    /// The square of the length of every row, where the metric asks for it.
    fn squares(self, rows: &[f32], dimensions: usize) -> Vec<f32> {
        let rows = rows.chunks_exact(dimensions);
        match self {
            Self::Cosine | Self::InnerProduct => vec![0.0; rows.len()],
            Self::Euclidean => rows.map(|row| row.iter().map(|x| x * x).sum()).collect(),
        }
    }

    /// The distance in double precision, so that the order of near ties is the true one.
    pub(crate) fn exactly(self, a: &[f32], b: &[f32]) -> f32 {
        match self {
            Self::Cosine | Self::InnerProduct => distance(a, b),
            Self::Euclidean => {
                let pairs = a.iter().zip(b);
                let squares = pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
                squares.sum::<f64>() as f32
            }
        }
    }
}

/// For every query the nearest of the rows `keys`, nearest first; compared by `threads`.
pub(crate) fn compare(
    source: &dyn Source,
    metric: Metric,
    queries: &[Vec<f32>],
    keys: &[u32],
    threads: usize,
    progress: &Phase,
) -> Vec<Vec<Neighbour>> {
    let share = keys.len().div_ceil(threads).max(1);
    let questions = queries.concat();
    let partial: Vec<Vec<Nearest>> = thread::scope(|scope| {
        let workers: Vec<_> = keys
            .chunks(share)
            .map(|keys| scope.spawn(|| nearest(source, metric, &questions, keys, progress)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("comparing does not panic"))
            .collect()
    });
    // Most rows are near to several queries, and making one costs more than comparing it.
    let mut rows: HashMap<u32, Cow<'_, [f32]>> = HashMap::new();
    let mut join = |(number, query): (usize, &Vec<f32>)| {
        let mut joined = Nearest::default();
        for found in partial.iter().flat_map(|part| &part[number].sorted) {
            let make = || source.row(u64::from(found.key));
            let row = rows.entry(found.key).or_insert_with(make);
            let distance = metric.exactly(query, row);
            joined.offer(Neighbour { distance, ..*found });
        }
        joined.sorted
    };
    queries.iter().enumerate().map(&mut join).collect()
}

/// The nearest of the rows `keys`, for every query. Rows are made block by block and forgotten: a
/// million of them would take 1.5 GB.
fn nearest(
    source: &dyn Source,
    metric: Metric,
    questions: &[f32],
    keys: &[u32],
    progress: &Phase,
) -> Vec<Nearest> {
    let dimensions = source.dimensions();
    let of_queries = metric.squares(questions, dimensions);
    let mut rows = vec![0.0; BLOCK * dimensions];
    let mut products = vec![0.0; BLOCK * of_queries.len()];
    let mut nearest = vec![Nearest::default(); of_queries.len()];
    for keys in keys.chunks(BLOCK) {
        let rows = &mut rows[..keys.len() * dimensions];
        for (&key, row) in keys.iter().zip(rows.chunks_exact_mut(dimensions)) {
            source.fill(u64::from(key), row);
        }
        let products = &mut products[..keys.len() * of_queries.len()];
        multiply(questions, rows, dimensions, products);
        let of_rows = metric.squares(rows, dimensions);
        let of_each = products.chunks_exact(keys.len()).zip(&mut nearest);
        for ((products, nearest), query) in of_each.zip(&of_queries) {
            for ((&key, product), row) in keys.iter().zip(products).zip(&of_rows) {
                nearest.offer(Neighbour {
                    key,
                    distance: metric.of(*product, (*query, *row)),
                });
            }
        }
        progress.advance(keys.len());
    }
    nearest
}

/// The inner products of every row of `a` with every row of `b`: as many rows as `a` has, as many
/// columns as `b` has rows.
///
/// # Panics
/// When the lengths do not fit each other.
pub(crate) fn multiply(a: &[f32], b: &[f32], dimensions: usize, products: &mut [f32]) {
    let (m, n) = (a.len() / dimensions, b.len() / dimensions);
    assert_eq!(a.len(), m * dimensions, "whole rows");
    assert_eq!(b.len(), n * dimensions, "whole rows");
    assert_eq!(products.len(), m * n, "one product per pair");
    let (row, column) = (dimensions as isize, n as isize);
    #[expect(unsafe_code, reason = "the library takes pointers and strides")]
    // SAFETY: with these strides `a` is read as m x dimensions, `b` transposed as dimensions x n, and
    // `products` is written as m x n; the assertions above say that the slices hold that many.
    unsafe {
        matrixmultiply::sgemm(
            m,
            dimensions,
            n,
            1.0,
            a.as_ptr(),
            row,
            1,
            b.as_ptr(),
            1,
            row,
            0.0,
            products.as_mut_ptr(),
            column,
            1,
        );
    }
}

/// The nearest so far, nearest first, equal distances by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nearest {
    pub(crate) sorted: Vec<Neighbour>,
}

impl Nearest {
    #[inline]
    pub(crate) fn offer(&mut self, offered: Neighbour) {
        let is_full = self.sorted.len() == NEIGHBOURS;
        if is_full
            && self
                .sorted
                .last()
                .is_some_and(|last| offered.distance > last.distance)
        {
            return;
        }
        // Rare: of a million rows about a thousand get this far.
        let at = self.sorted.partition_point(|other| {
            let order = other.distance.total_cmp(&offered.distance);
            order.then(other.key.cmp(&offered.key)).is_lt()
        });
        self.sorted.insert(at, offered);
        self.sorted.truncate(NEIGHBOURS);
    }
}
