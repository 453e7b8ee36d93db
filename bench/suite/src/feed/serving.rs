//! The subject behind every request: the engine, what it is asked, and what it must answer.

use std::collections::HashMap;
use std::sync::Mutex;

use bench_harness::scenario::name;
use bench_harness::schema::{MetricName, MetricValue, Proportion};
use bench_harness::{Background, Failure, Service, Subject, WrongAnswer};

use super::engine::{Asker, BATCH, Engine, Sets, users};
use super::model::{Model, fused};
use super::rank::Scored;
use super::stages::Stages;
use crate::text::asking::{PRECISION, Questions};
use crate::text::truth::TOP;
use crate::vector::kinds::Reported;
use crate::vector::rows::{Generator, QUERIES};
use crate::vector::truth::{Neighbour, Truth, distance};

/// Signals written per second beside requests, and items added.
pub(super) const WRITES: f64 = 2_000.0;
pub(super) const ITEMS: f64 = 50.0;

/// One request in so many is checked: the model takes longer than the engine.
const CHECKED: usize = 10;

/// Neighbours whose recall is reported.
const K: usize = 100;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Retrieve,
    Search,
}

/// An engine that is asked the same requests in the same order.
pub(super) struct Loaded {
    pub(super) what: What,
    pub(super) sets: Sets,
    pub(super) is_busy: bool,
    pub(super) warm_up: usize,
    pub(super) operations: usize,
    pub(super) engine: Engine,
    pub(super) questions: Questions,
    pub(super) queries: Vec<Vec<f32>>,
    pub(super) generator: Generator,
    pub(super) truth: Truth,
    /// Requests come in this order, again and again.
    pub(super) order: Vec<u32>,
    /// What was shown last for each request that is checked, while nothing changes.
    pub(super) shown: Vec<Mutex<Option<Vec<Scored>>>>,
    /// The distances that the vector engine should report.
    pub(super) reported: Reported,
    pub(super) stages: Stages,
    pub(super) while_warming_up: Stages,
    /// The first request that the engine refused, and why.
    pub(super) refused: Mutex<Option<String>>,
}

impl Loaded {
    /// The user of the request `number`, of those whose preference is known.
    fn user(&self, number: usize) -> u32 {
        (number % users(self.engine.items)) as u32
    }

    fn answer(&self, number: usize, stages: &Stages) -> Result<Vec<Scored>, Failure> {
        let asker = Asker {
            user: self.user(number),
            sets: self.sets,
        };
        let mut watch = stages.watch();
        match self.what {
            What::Retrieve => self.engine.retrieve(asker, &mut watch),
            What::Search => {
                let (query, vector) = (self.questions.query(number), &self.queries[number]);
                self.engine.search(asker, query, vector, &mut watch)
            }
        }
    }

    /// The vector that the request `number` asks with.
    fn vector(&self, number: usize) -> Result<Vec<f32>, Failure> {
        Ok(match self.what {
            What::Retrieve => {
                let preference = self.engine.sessions.preference(self.user(number));
                preference.ok_or("a user without sessions")?.to_vec()
            }
            What::Search => self.queries[number].clone(),
        })
    }

    /// The items near to what the request `number` asks with.
    fn near(&self, number: usize) -> Result<Vec<Neighbour>, Failure> {
        self.engine.near(&self.vector(number)?)
    }

    /// Checks that the candidates are what the engines say: items as near, documents as good. The scores
    /// of a request are worked out from them, and would be as wrong as they are.
    fn check_candidates(&self, place: &str, number: usize) -> Result<(), WrongAnswer> {
        let failed = |failure: Failure| wrong(place.to_owned(), failure.to_string());
        let vector = self.vector(number).map_err(failed)?;
        for found in self.near(number).map_err(failed)?.iter().take(TOP) {
            let row = self.generator.row(u64::from(found.key));
            let actual = (self.reported.distance)(&vector, &row);
            // Not `>`, which no NaN is.
            let is_right = (found.distance - actual).abs() <= self.reported.tolerance;
            if !is_right {
                return Err(WrongAnswer {
                    place: format!("{place}, item {}", found.key),
                    found: format!("distance {}", found.distance),
                    expected: actual.to_string(),
                });
            }
        }
        // Items that were added beside change what every term weighs.
        if self.what == What::Search && !self.is_busy {
            let best = self.engine.matching(self.questions.query(number));
            let best = best.map_err(failed)?;
            let scores = best.iter().take(TOP).map(|(score, _)| *score);
            self.questions
                .check_scores(number, TOP, scores, PRECISION)?;
        }
        Ok(())
    }

    /// The true scores of all candidates of a request.
    fn scores(&self, model: &Model<'_>, number: usize) -> Result<HashMap<u32, f64>, Failure> {
        let near = self.near(number)?;
        let scores: HashMap<u32, f64> = match self.what {
            What::Retrieve => near
                .iter()
                .map(|near| (near.key, model.score(near)))
                .collect(),
            What::Search => {
                let by_text = self.engine.matching(self.questions.query(number))?;
                let by_text: Vec<u32> = by_text.into_iter().map(|(_, item)| item).collect();
                let by_vector: Vec<u32> = near.iter().map(|near| near.key).collect();
                fused([&by_text, &by_vector])
            }
        };
        Ok(match self.sets {
            Sets::Blocks => scores,
            Sets::FollowsAndBlocks => model.preferred(self.user(number), scores),
        })
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        self.warm_up
    }

    fn operations(&self) -> usize {
        self.operations
    }

    fn operate(&mut self, index: usize) -> u64 {
        self.serve(index)
    }

    fn service(&self) -> Option<&dyn Service> {
        Some(self)
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        let refused = |of: &Mutex<Option<String>>| of.lock().ok().and_then(|text| text.clone());
        if let Some(found) = refused(&self.refused).or_else(|| refused(&self.engine.refused)) {
            return Err(wrong("a request".into(), found));
        }
        let events = self.engine.happened();
        let model = Model::new(self.what, self.engine.items, &events, self.engine.now_s());
        let unwatched = Stages::new(&[]);
        for number in (0..QUERIES).step_by(CHECKED) {
            let place = format!("request {number}");
            self.check_candidates(&place, number)?;
            let failed = |failure: Failure| wrong(place.clone(), failure.to_string());
            let scores = self.scores(&model, number).map_err(failed)?;
            let shown = self.shown[number]
                .lock()
                .ok()
                .and_then(|mut shown| shown.take());
            let shown = match shown {
                Some(shown) => shown,
                None => self.answer(number, &unwatched).map_err(failed)?,
            };
            model.check(&place, self.user(number), &scores, &shown)?;
        }
        Ok(())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let mut hits = Vec::with_capacity(QUERIES);
        for (number, query) in self.queries.iter().enumerate() {
            let found = self.engine.near(query)?;
            let found: Vec<u64> = found.iter().map(|near| u64::from(near.key)).collect();
            let true_distance = |key| distance(query, &self.generator.row(key));
            hits.push(self.truth.hits(number, K, &found, true_distance) as u16);
        }
        let recall = Proportion::from_queries(hits, K as u16)?;
        let mut metrics = self.stages.report()?;
        metrics.push((
            name("recall@100"),
            MetricValue::Proportion(Box::new(recall)),
        ));
        Ok(metrics)
    }
}

impl Service for Loaded {
    fn serve(&self, index: usize) -> u64 {
        // By its number: threads come to the end of the warm-up one by one.
        let stages = match index < self.warm_up {
            true => &self.while_warming_up,
            false => &self.stages,
        };
        let number = self.order[index % self.order.len()] as usize;
        match self.answer(number, stages) {
            Ok(shown) => {
                let length = shown.len() as u64;
                let is_checked = !self.is_busy && number.is_multiple_of(CHECKED);
                if is_checked && let Ok(mut last) = self.shown[number].lock() {
                    *last = Some(shown);
                }
                length
            }
            Err(failure) => {
                if let Ok(mut refused) = self.refused.lock() {
                    refused.get_or_insert(failure.to_string());
                }
                0
            }
        }
    }

    fn background(&self) -> Vec<Background<'_>> {
        if !self.is_busy {
            return Vec::new();
        }
        vec![
            Background {
                name: "writing signals",
                rate: WRITES,
                steps: None,
                step: Box::new(|_| self.engine.write_next()),
            },
            Background {
                name: "adding items",
                rate: ITEMS / BATCH as f64,
                steps: None,
                step: Box::new(|_| self.engine.add_next()),
            },
        ]
    }
}

fn wrong(place: String, found: String) -> WrongAnswer {
    WrongAnswer {
        place,
        found,
        expected: "an answer".into(),
    }
}
