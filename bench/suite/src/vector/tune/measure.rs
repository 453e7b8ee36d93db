//! Measures a loaded index at the expansion it is set to.

use std::thread;
use std::time::{Duration, Instant};

use bench_harness::Failure;
use usearch::Index;

use super::super::checked::{self, SearchError};
use super::super::truth::Neighbour;
use super::K;
use super::point::Speed;

/// Searches of one thread: enough for a p99.
const ALONE: usize = 10_000;

/// Searches of all threads together.
const TOGETHER: usize = 10_000;

/// Asks all queries once for the recall, which also warms up, then again and again for the time.
/// `recall` checks the answers, one per query, and says how good they are.
pub(super) fn measure(
    index: &Index,
    queries: &[Vec<f32>],
    recall: impl Fn(&[Vec<Neighbour>]) -> Result<f64, Failure>,
) -> Result<Speed, Failure> {
    let search = |number: usize| checked::search(index, &queries[number % queries.len()], K);

    let answers: Result<Vec<_>, SearchError> = (0..queries.len()).map(search).collect();
    let recall = recall(&answers?)?;

    let mut elapsed = Vec::with_capacity(ALONE);
    for number in 0..ALONE {
        let start = Instant::now();
        search(number)?;
        elapsed.push(start.elapsed());
    }
    elapsed.sort_unstable();

    let threads = thread::available_parallelism()?.get();
    let of_one = |first: usize| {
        let numbers = (first..TOGETHER).step_by(threads);
        numbers.map(search).try_for_each(|found| found.map(drop))
    };
    let start = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || of_one(first)))
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().expect("searching does not panic"))
    })?;
    let together = start.elapsed().as_secs_f64();

    Ok(Speed {
        recall,
        p50_ns: quantile_ns(&elapsed, 50),
        p99_ns: quantile_ns(&elapsed, 99),
        searches_per_second: TOGETHER as f64 / together,
        threads,
    })
}

/// The smallest of the sorted times that `percent` of them do not exceed.
fn quantile_ns(sorted: &[Duration], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1].as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_order_statistics() {
        let sorted: Vec<Duration> = (1..=1_000).map(Duration::from_nanos).collect();
        assert_eq!(quantile_ns(&sorted, 50), 500);
        assert_eq!(quantile_ns(&sorted, 99), 990);
        assert_eq!(quantile_ns(&sorted, 100), 1_000);
        assert_eq!(quantile_ns(&sorted[..1], 50), 1);
    }
}
