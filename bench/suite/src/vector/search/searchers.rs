//! Who answers: usearch as it is, or with its candidates compared again.

use std::time::Instant;

use bench_harness::scenario::name;
use bench_harness::schema::{MetricName, MetricValue};
use bench_harness::{Failure, WrongAnswer};
use usearch::Index;

use super::super::asked::{Searcher, sizes};
use super::super::checked::{self, SearchError};
use super::super::flat::codes::Codes;
use super::super::judge::wrong;
use super::super::links::Links;
use super::super::truth::Neighbour;

/// usearch as it is.
pub(super) struct Engine {
    index: Index,
    audits: bool,
    /// Whether every row is compared with every query, for what rounding alone loses.
    compares_all: bool,
    /// Orphans and the time it took to look for them.
    audit: Option<(usize, u128)>,
}

impl Engine {
    /// `audits` says whether its graph is walked in search of orphans when it is checked, `compares_all`
    /// whether it says what rounding alone loses.
    pub(super) fn new(index: Index, audits: bool, compares_all: bool) -> Self {
        Self {
            index,
            audits,
            compares_all,
            audit: None,
        }
    }
}

impl Searcher for Engine {
    fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, SearchError> {
        checked::search(&self.index, query, k)
    }

    fn search_exactly(
        &self,
        query: &[f32],
        k: usize,
    ) -> Result<Option<Vec<Neighbour>>, SearchError> {
        match self.compares_all {
            true => checked::search_exactly(&self.index, query, k).map(Some),
            false => Ok(None),
        }
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if !self.audits {
            return Ok(());
        }
        let start = Instant::now();
        let orphans = Links::of(&self.index).orphans();
        self.audit = Some((orphans.len(), start.elapsed().as_nanos()));
        match orphans.first() {
            None => Ok(()),
            Some(first) => Err(wrong(
                "graph",
                format!("{} orphans, the first is row {first}", orphans.len()),
                "links to every row",
            )),
        }
    }

    fn figures(&self, _: &[Vec<f32>]) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let mut figures = sizes(self.index.serialized_length(), self.index.size());
        if let Some((orphans, nanos)) = self.audit {
            figures.push((name("orphans"), MetricValue::Value(orphans as f64)));
            figures.push((name("audit_time"), MetricValue::Value(nanos as f64)));
        }
        Ok(figures)
    }
}

/// usearch over coarse rows, its candidates compared again by wider ones.
pub(super) struct Reranked {
    engine: Engine,
    codes: Codes,
    candidates: usize,
}

impl Reranked {
    /// Compares `candidates` of the engine's again.
    pub(super) fn new(engine: Engine, codes: Codes, candidates: usize) -> Self {
        Self {
            engine,
            codes,
            candidates,
        }
    }
}

impl Searcher for Reranked {
    fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, SearchError> {
        let candidates = self.engine.search(query, self.candidates.max(k))?;
        let keys: Vec<u32> = candidates.iter().map(|found| found.key).collect();
        Ok(self.codes.nearest(&self.codes.query(query)?, k, &keys))
    }

    fn figures(&self, _: &[Vec<f32>]) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let bytes = self.engine.index.serialized_length() + self.codes.bytes();
        Ok(sizes(bytes, self.codes.items()))
    }
}
