//! The subject of every search scenario: something that answers queries, and the judge of its answers.

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_harness::scenario::{metric, name};
use bench_harness::schema::{DeclaredMetric, Direction, Kind, MetricName, MetricValue, Unit};
use bench_harness::{Background, Failure, Service, Subject, WrongAnswer};

use super::checked::SearchError;
use super::judge::{Judge, wrong};
use super::rows::QUERIES;
use super::truth::{Neighbour, distance};
use crate::order::Order;
use crate::random::Stream;
use crate::signals::events::Popularity;

/// What answers queries.
pub(crate) trait Searcher: Send + Sync {
    /// About the `k` rows that are nearest to `query`, nearest first.
    ///
    /// # Errors
    /// See [`SearchError`].
    fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, SearchError>;

    /// The `k` rows that are nearest to `query` among the rows as they are kept, whatever the graph; `None`
    /// where nobody asks what rounding alone loses.
    ///
    /// # Errors
    /// See [`SearchError`].
    fn search_exactly(
        &self,
        _query: &[f32],
        _k: usize,
    ) -> Result<Option<Vec<Neighbour>>, SearchError> {
        Ok(None)
    }

    /// What goes on beside the searches, see [`Service::background`].
    fn background(&self) -> Vec<Background<'_>> {
        Vec::new()
    }

    /// See [`Subject::waits_for_disk`].
    fn waits_for_disk(&self) -> bool {
        false
    }

    /// Checks what is not in any single answer.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(&mut self) -> Result<(), WrongAnswer> {
        Ok(())
    }

    /// Its own metrics besides recall.
    ///
    /// # Errors
    /// Whatever the engine reports.
    fn figures(&self, queries: &[Vec<f32>]) -> Result<Vec<(MetricName, MetricValue)>, Failure>;
}

/// What rounding alone leaves to find, whatever the graph.
pub(crate) const RECALL_OF_ROUNDING: &str = "recall-exact@10";

/// A searcher that is asked all queries again and again, or some more often than others; always in the
/// same order.
pub(crate) struct Asked<S> {
    searcher: S,
    judge: Judge,
    recall: MetricName,
    operations: usize,
    /// The order of the queries.
    order: Order,
    /// Timed searches that gave no answer.
    failures: AtomicUsize,
    /// The last answer that each query was given, whoever asked.
    given: Vec<Mutex<Option<Vec<Neighbour>>>>,
    /// One per query, once they were checked.
    answers: Vec<Vec<Neighbour>>,
    /// Planted: with how many vectors every query is compared once more.
    distances: usize,
}

impl<S: Searcher> Asked<S> {
    /// Asks `searcher` what `judge` knows, `operations` times; `recall` names the metric.
    pub(crate) fn new(searcher: S, judge: Judge, recall: &'static str, operations: usize) -> Self {
        Self {
            searcher,
            judge,
            recall: name(recall),
            operations,
            order: order(Popularity::Uniform, operations),
            failures: AtomicUsize::new(0),
            given: (0..QUERIES).map(|_| Mutex::default()).collect(),
            answers: Vec::new(),
            distances: 0,
        }
    }

    /// The same with extra work planted: every query is compared with so many vectors after its search.
    pub(crate) fn comparing(self, distances: usize) -> Self {
        Self { distances, ..self }
    }

    /// The same, asked as often as its queries are popular.
    pub(crate) fn by_popularity(self, popularity: Popularity) -> Self {
        Self {
            order: order(popularity, self.operations),
            ..self
        }
    }

    /// Never inlined, so that a profile can name it.
    #[inline(never)]
    fn compare_again(&self, query: &[f32]) {
        let vectors = self.judge.queries.iter().cycle().take(self.distances);
        for vector in vectors {
            black_box(distance(query, vector));
        }
    }

    /// The recall of a search that looks at every row as it is kept; `None` where nobody asks for it.
    fn recall_of_rounding(&self) -> Result<Option<MetricValue>, Failure> {
        let queries = self.judge.queries.iter();
        let answers = queries.map(|query| self.searcher.search_exactly(query, self.judge.k));
        // One at a time, so that those whom nobody asks are done with the first.
        let answers: Option<Vec<_>> = answers.map(Result::transpose).collect();
        let Some(answers) = answers else {
            return Ok(None);
        };
        let answers: Vec<Vec<Neighbour>> = answers.into_iter().collect::<Result<_, _>>()?;
        let recall = self.judge.recall(&answers)?;
        Ok(Some(MetricValue::Proportion(Box::new(recall))))
    }

    /// One answer per query: the one it was given while it was measured, so that what several threads
    /// were told is judged and not what one is told at rest.
    fn answer(&self) -> Result<Vec<Vec<Neighbour>>, SearchError> {
        let given = self.given.iter().map(|given| given.lock().ok()?.take());
        let queries = self.judge.queries.iter();
        queries
            .zip(given)
            .map(|(query, given)| match given {
                Some(given) => Ok(given),
                // Every query is asked while warming up, so none is missing but in a test.
                None => self.searcher.search(query, self.judge.k),
            })
            .collect()
    }
}

impl<S: Searcher> Service for Asked<S> {
    fn serve(&self, index: usize) -> u64 {
        let number = self.order.asked(index);
        let query = &self.judge.queries[number];
        match self.searcher.search(query, self.judge.k) {
            Ok(found) => {
                if self.distances > 0 {
                    self.compare_again(query);
                }
                let length = found.len() as u64;
                if let Ok(mut given) = self.given[number].lock() {
                    *given = Some(found);
                }
                length
            }
            Err(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                0
            }
        }
    }

    fn background(&self) -> Vec<Background<'_>> {
        self.searcher.background()
    }
}

impl<S: Searcher> Subject for Asked<S> {
    fn warm_up(&self) -> usize {
        QUERIES
    }

    fn operations(&self) -> usize {
        self.operations
    }

    fn operate(&mut self, index: usize) -> u64 {
        self.serve(index)
    }

    fn waits_for_disk(&self) -> bool {
        self.searcher.waits_for_disk()
    }

    fn service(&self) -> Option<&dyn Service> {
        Some(self)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let failures = self.failures.load(Ordering::Relaxed);
        if failures > 0 {
            return Err(wrong(
                "timed searches",
                format!("{failures} failed"),
                "none",
            ));
        }
        let answers = self.answer();
        self.answers =
            answers.map_err(|error| wrong("queries", error.to_string(), "neighbours"))?;
        self.judge.check(&self.answers)?;
        self.searcher.check()
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        // What failed its check is reported all the same.
        if self.answers.is_empty() {
            self.answers = self.answer()?;
        }
        let recall = self.judge.recall(&self.answers)?;
        let recall = MetricValue::Proportion(Box::new(recall));
        let mut metrics = self.searcher.figures(&self.judge.queries)?;
        metrics.push((self.recall.clone(), recall));
        if let Some(recall) = self.recall_of_rounding()? {
            metrics.push((name(RECALL_OF_ROUNDING), recall));
        }
        Ok(metrics)
    }
}

fn order(popularity: Popularity, operations: usize) -> Order {
    Order::of(
        Stream::named("vector/order"),
        QUERIES,
        popularity,
        operations,
    )
}

/// The metrics of every searcher: its recall by that name, and its size.
pub(crate) fn search_metrics(recall: &'static str) -> Vec<DeclaredMetric> {
    let size = |name| metric(name, Kind::Value, Unit::Bytes, Direction::Lower);
    vec![
        metric(recall, Kind::Proportion, Unit::Ratio, Direction::Higher),
        size("index_bytes"),
        size("bytes_per_vector"),
    ]
}

/// The size of a searcher over `items` rows.
pub(crate) fn sizes(bytes: usize, items: usize) -> Vec<(MetricName, MetricValue)> {
    let value = |name_of, value| (name(name_of), MetricValue::Value(value));
    let bytes = bytes as f64;
    vec![
        value("index_bytes", bytes),
        value("bytes_per_vector", bytes / items as f64),
    ]
}
