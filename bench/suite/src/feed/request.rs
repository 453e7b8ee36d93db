//! The scenarios `feed/retrieve` and `feed/search`, alone, in a crowd, on a schedule, and beside writes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Proportion, Unit,
};
use bench_harness::{
    Artifact, Background, Context, Failure, Layer, Needs, Recipe, Scenario, Service, Subject, Tier,
    Traffic, WrongAnswer,
};

use super::engine::{BATCH, CANDIDATES, Engine, users};
use super::model::Model;
use super::rank::{SHOWN, Scored, fuse, score};
use super::stages::{Stage, Stages};
use crate::random::{SEED, Stream};
use crate::signals::events::{Popularity, Trace};
use crate::social::Graph;
use crate::social::graph::population;
use crate::text::asking::Questions;
use crate::text::corpus::Corpus;
use crate::text::queries::TWO_TERMS;
use crate::text::truth::TruthFiles as TextTruth;
use crate::vector::rows::{DIMENSIONS, Generator, QUERIES, Rows};
use crate::vector::truth::{Neighbour, Truth, TruthFiles, distance};

/// Candidates that the vector engine looks at, as many as it gives.
const EXPANSION: usize = CANDIDATES;

/// Timed requests. A p99 rests on thirty and more of them, and the smoke tier is over in a minute.
const fn measured(tier: Tier) -> usize {
    match tier {
        Tier::Tiny | Tier::Smoke => 3_000,
        Tier::Pr | Tier::Nightly => 5_000,
    }
}

/// Requests before those.
const WARM_UP: usize = 500;

/// Signals written per second beside requests, and items added.
const WRITES: f64 = 2_000.0;
const ITEMS: f64 = 50.0;

/// Neighbours whose recall is reported.
const K: usize = 100;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Retrieve,
    Search,
}

/// One kind of request under one kind of traffic.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: &'static str,
    pub(crate) what: What,
    /// Whether signals are written and items added meanwhile.
    pub(crate) is_busy: bool,
    pub(crate) traffic: Traffic,
    pub(crate) layer: Layer,
    pub(crate) smallest_tier: Tier,
}

impl What {
    fn stages(self) -> &'static [Stage] {
        match self {
            Self::Retrieve => &[Stage::Vectors, Stage::Score, Stage::Filter],
            Self::Search => &[Stage::Text, Stage::Vectors, Stage::Score, Stage::Filter],
        }
    }
}

impl Scenario for Request {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        match self.what {
            What::Retrieve => {
                "Puts a feed together: two hundred items near to what the user prefers, without \
                 those of blocked creators, ordered by similarity and recent likes, three of a \
                 creator at the most, fifty in all. \
                 What every opened app costs. Read latency together with recall@100 of its \
                 candidates, and with the stages, which say where the time goes."
            }
            What::Search => {
                "Finds items by text and by vector: the best two hundred of each, one list by \
                 reciprocal ranks, without those of blocked creators, three of a creator at the \
                 most, fifty in all. \
                 Text and vectors are searched one after the other, so the stages add up. Read \
                 latency together with recall@100 of the candidates by vector."
            }
        }
    }

    fn layer(&self) -> Layer {
        self.layer
    }

    fn smallest_tier(&self) -> Tier {
        self.smallest_tier
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let items = tier.items();
        let (writes, added) = if self.is_busy {
            (WRITES, ITEMS)
        } else {
            (0.0, 0.0)
        };
        BTreeMap::from([
            (name("items"), integer(items)),
            (name("users"), integer(population(items).0)),
            (name("creators"), integer(population(items).1)),
            (name("askers"), integer(users(items))),
            (name("shown"), integer(SHOWN)),
            (name("writes_per_second"), integer(writes as usize)),
            (name("items_per_second"), integer(added as usize)),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        let items = tier.items();
        Recipe::new("one engine over the same items")
            .with("asked at", "the last event written")
            .with_recipe("vectors", &rows(tier).recipe())
            .with_recipe("documents", &Corpus::recipe(items))
            .with_recipe("events", &Trace::of(tier, Popularity::Skewed).recipe())
            .with_recipe("relations", &Graph::recipe(items))
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        let mut artifacts = Engine::artifacts(tier);
        artifacts.push(Box::new(TruthFiles { rows: rows(tier) }));
        artifacts.push(Box::new(TextTruth::of(tier.items())));
        artifacts
    }

    fn traffic(&self, _: Tier) -> Traffic {
        self.traffic
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let recall = metric(
            "recall@100",
            Kind::Proportion,
            Unit::Ratio,
            Direction::Higher,
        );
        let mut metrics = Stages::metrics(self.what.stages());
        metrics.push(recall);
        metrics
    }

    fn needs(&self, tier: Tier) -> Needs {
        Engine::needs(tier)
    }

    fn settings(&self) -> &'static [&'static str] {
        &["expansion"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let threads = match self.traffic {
            Traffic::Alone => 1,
            Traffic::Clients(number) => number,
            Traffic::Open { workers, .. } => workers,
        };
        let expansion = context.setting("expansion", EXPANSION);
        let engine = Engine::load(context, expansion, threads)?;
        let questions = Questions::load(context, tier.items(), &TWO_TERMS, engine.text.fields)?;
        let generator = Generator::new(DIMENSIONS);
        Ok(Box::new(Loaded {
            what: self.what,
            is_busy: self.is_busy,
            operations: measured(tier),
            engine,
            questions,
            queries: generator.queries(),
            generator,
            truth: TruthFiles { rows: rows(tier) }.load(context)?,
            order: Stream::named("feed/order").shuffled(QUERIES),
            stages: Stages::new(self.what.stages()),
            operated: AtomicUsize::new(0),
            refused: Mutex::new(None),
        }))
    }
}

fn rows(tier: Tier) -> Rows {
    Rows {
        items: tier.items(),
        dimensions: DIMENSIONS,
    }
}

struct Loaded {
    what: What,
    is_busy: bool,
    operations: usize,
    engine: Engine,
    questions: Questions,
    queries: Vec<Vec<f32>>,
    generator: Generator,
    truth: Truth,
    /// Requests come in this order, again and again.
    order: Vec<u32>,
    stages: Stages,
    operated: AtomicUsize,
    /// The first request that the engine refused, and why.
    refused: Mutex<Option<String>>,
}

impl Loaded {
    /// The user of the request `number`, of those whose preference is known.
    fn user(&self, number: usize) -> u32 {
        (number % users(self.engine.items)) as u32
    }

    fn answer(&self, number: usize, stages: &Stages) -> Result<Vec<Scored>, Failure> {
        let user = self.user(number);
        let mut watch = stages.watch();
        match self.what {
            What::Retrieve => self.engine.retrieve(user, &mut watch),
            What::Search => {
                let (query, vector) = (self.questions.query(number), &self.queries[number]);
                self.engine.search(user, query, vector, &mut watch)
            }
        }
    }

    /// The items near to what the request `number` asks with.
    fn near(&self, number: usize) -> Result<Vec<Neighbour>, Failure> {
        match self.what {
            What::Retrieve => {
                let preference = self.engine.sessions.preference(self.user(number));
                self.engine
                    .near(&preference.ok_or("a user without sessions")?)
            }
            What::Search => self.engine.near(&self.queries[number]),
        }
    }

    /// The true scores of all candidates of a request.
    fn scores(&self, model: &Model<'_>, number: usize) -> Result<HashMap<u32, f64>, Failure> {
        let near = self.near(number)?;
        Ok(match self.what {
            What::Retrieve => near
                .iter()
                .map(|near| (near.key, score(near.distance, model.likes(near.key))))
                .collect(),
            What::Search => {
                let by_text = self.engine.matching(self.questions.query(number))?;
                let by_text = by_text.into_iter().map(|(_, item)| item).collect();
                let by_vector = near.iter().map(|near| near.key).collect();
                let fused = fuse(&[by_text, by_vector]).into_iter();
                fused.map(|scored| (scored.item, scored.score)).collect()
            }
        })
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        WARM_UP
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
        let written = self.engine.written.load(Ordering::Relaxed);
        let events = &self.engine.events[..written.min(self.engine.events.len())];
        let model = Model::new(self.engine.items, events, self.engine.now_s());
        let unwatched = Stages::new(&[]);
        // A tenth of the requests: the model takes longer than the engine.
        for number in (0..QUERIES).step_by(10) {
            let place = format!("request {number}");
            let failed = |failure: Failure| wrong(place.clone(), failure.to_string());
            let scores = self.scores(&model, number).map_err(failed)?;
            let shown = self.answer(number, &unwatched).map_err(failed)?;
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
        if self.operated.fetch_add(1, Ordering::Relaxed) == WARM_UP {
            self.stages.restart();
        }
        let number = self.order[index % QUERIES] as usize;
        match self.answer(number, &self.stages) {
            Ok(shown) => shown.len() as u64,
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
                step: Box::new(|_| self.engine.write_next()),
            },
            Background {
                name: "adding items",
                rate: ITEMS / BATCH as f64,
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
