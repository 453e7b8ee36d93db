//! Candidates by signs, compared again by what a file holds.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bench_harness::recorder::Recorder;
use bench_harness::scenario::name;
use bench_harness::schema::{MetricName, MetricValue};
use bench_harness::{Failure, WrongAnswer};
use usearch::Index;

use super::device;
use super::rows::RowFile;
use crate::vector::asked::{Searcher, sizes};
use crate::vector::checked::{self, SearchError};
use crate::vector::judge::wrong;
use crate::vector::rows::QUERIES;
use crate::vector::truth::Neighbour;

/// What is found when a cold file was not.
pub(super) const NOT_COLD: &str = "no page came from the disk";

/// Scalars that are multiplied side by side.
const LANES: usize = 16;

/// An index of signs, and a file of rows.
pub(super) struct OnDisk {
    index: Index,
    file: RowFile,
    /// Rows that are read for every search.
    candidates: usize,
    /// Whether the file's pages are dropped before every search.
    is_cold: bool,
    /// Searches so far.
    asked: AtomicUsize,
    /// The second stage of those that do not warm up.
    reranked: Mutex<Recorder>,
    /// Bytes read from disks when the first of them began, and when the last had ended.
    start: Mutex<Option<u64>>,
    end: Option<u64>,
}

impl OnDisk {
    /// # Errors
    /// Whatever the disk reports.
    pub(super) fn new(
        index: Index,
        file: RowFile,
        candidates: usize,
        is_cold: bool,
    ) -> io::Result<Self> {
        match is_cold {
            true => file.expect_no_order()?,
            false => file.warm_up()?,
        }
        Ok(Self {
            index,
            file,
            candidates,
            is_cold,
            asked: AtomicUsize::new(0),
            reranked: Mutex::new(Recorder::new()),
            start: Mutex::default(),
            end: None,
        })
    }

    /// The `k` nearest of the rows `keys`, nearest first.
    fn rerank(&self, query: &[f32], k: usize, keys: &[u32]) -> io::Result<Vec<Neighbour>> {
        let mut row = vec![0; self.file.row_bytes as usize];
        let mut nearest = Vec::with_capacity(keys.len());
        for &key in keys {
            self.file.read(key, &mut row)?;
            let distance = distance(query, &row);
            nearest.push(Neighbour { key, distance });
        }
        nearest.sort_unstable_by(|a, b| {
            let order = a.distance.total_cmp(&b.distance);
            order.then(a.key.cmp(&b.key))
        });
        nearest.truncate(k);
        Ok(nearest)
    }

    fn candidates(&self, query: &[f32], k: usize) -> Result<Vec<u32>, SearchError> {
        let found = checked::search(&self.index, query, self.candidates.max(k))?;
        Ok(found.iter().map(|found| found.key).collect())
    }

    /// Bytes read from disks from the first search that does not warm up to the end, per search.
    fn device_bytes(&self) -> Option<f64> {
        let start = *self.start.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = self.end?.saturating_sub(start?);
        let searches = self.asked.load(Ordering::Relaxed).saturating_sub(QUERIES);
        Some(bytes as f64 / searches.max(1) as f64)
    }
}

impl Searcher for OnDisk {
    fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, SearchError> {
        let refused = |error: io::Error| SearchError::Engine(error.into());
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if asked == QUERIES {
            *self.start.lock().unwrap_or_else(PoisonError::into_inner) = device::read_bytes();
        }
        let keys = self.candidates(query, k)?;
        if self.is_cold {
            self.file.forget().map_err(refused)?;
        }
        let start = Instant::now();
        let nearest = self.rerank(query, k, &keys).map_err(refused)?;
        let elapsed = start.elapsed();
        if asked >= QUERIES {
            let mut reranked = self.reranked.lock().unwrap_or_else(PoisonError::into_inner);
            reranked.record(elapsed);
        }
        Ok(nearest)
    }

    fn waits_for_disk(&self) -> bool {
        self.is_cold
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        self.end = device::read_bytes();
        match self.device_bytes() {
            Some(bytes) if self.is_cold && bytes <= 0.0 => Err(wrong(
                "the file",
                NOT_COLD.into(),
                "one that can leave the memory",
            )),
            _ => Ok(()),
        }
    }

    fn figures(&self, queries: &[Vec<f32>]) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let mut pages = 0;
        for query in queries {
            let keys = self.candidates(query, 1)?;
            let of_row = |&key: &u32| self.file.layout.pages(key.into(), self.file.row_bytes);
            pages += keys
                .iter()
                .flat_map(of_row)
                .collect::<BTreeSet<u64>>()
                .len();
        }
        let value = |of, value| (name(of), MetricValue::Value(value));
        let mut figures = sizes(self.index.serialized_length(), self.index.size());
        figures.push(value("pages", pages as f64 / queries.len() as f64));
        figures.push(value("file_bytes", self.file.bytes()? as f64));
        if self.is_cold {
            let bytes = self.device_bytes();
            figures.extend(bytes.map(|bytes| value("device_bytes", bytes)));
        }
        let reranked = self.reranked.lock().unwrap_or_else(PoisonError::into_inner);
        let reranked = MetricValue::Distribution(Box::new(reranked.distribution()?));
        figures.push((name("rerank"), reranked));
        Ok(figures)
    }
}

/// The inner-product distance of a query from a row as the file has it.
fn distance(query: &[f32], row: &[u8]) -> f32 {
    let (row, _) = row.as_chunks::<4>();
    // Sums that do not wait for each other.
    let mut sums = [0.0; LANES];
    for (query, row) in query.chunks(LANES).zip(row.chunks(LANES)) {
        for ((sum, scalar), bytes) in sums.iter_mut().zip(query).zip(row) {
            *sum += scalar * f32::from_le_bytes(*bytes);
        }
    }
    1.0 - sums.iter().sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::rows::Generator;
    use crate::vector::truth;

    #[test]
    fn distances_are_those_of_the_rows() {
        for dimensions in [3, 16, 384, 390] {
            let generator = Generator::new(dimensions);
            let (query, row) = (generator.query(0), generator.row(7));
            let bytes: Vec<u8> = row.iter().flat_map(|scalar| scalar.to_le_bytes()).collect();
            let exact = truth::distance(&query, &row);
            let found = distance(&query, &bytes);
            assert!((found - exact).abs() < 1e-6, "{dimensions} dimensions");
        }
    }
}
