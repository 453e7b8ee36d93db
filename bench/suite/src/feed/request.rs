//! The scenarios `feed/retrieve` and `feed/search`, alone, in a crowd, on a schedule, and beside writes.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{DeclaredMetric, Direction, Kind, Name, Param, Unit};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, Traffic,
};

use super::engine::{CANDIDATES, Engine, Sets, users};
use super::rank::SHOWN;
use super::serving::{ITEMS, Loaded, WRITES, What};
use super::stages::{Stage, Stages};
use crate::random::{SEED, Stream};
use crate::signals::events::{Popularity, Trace};
use crate::social::Graph;
use crate::social::graph::population;
use crate::text::asking::Questions;
use crate::text::corpus::Corpus;
use crate::text::queries::TWO_TERMS;
use crate::text::truth::TruthFiles as TextTruth;
use crate::vector::index::IndexFiles as VectorFiles;
use crate::vector::kinds::Reported;
use crate::vector::rows::{DIMENSIONS, Generator, QUERIES, Rows};
use crate::vector::truth::TruthFiles;

/// Candidates that the vector engine looks at, as many as it gives.
const EXPANSION: usize = CANDIDATES;

/// Timed requests. A p99 rests on thirty and more of them, the smoke tier is over in a minute and the tier of pull
/// requests in ten.
const fn measured(tier: Tier) -> usize {
    match tier {
        Tier::Tiny | Tier::Smoke | Tier::Pr => 3_000,
        Tier::Nightly | Tier::Soak => 5_000,
    }
}

/// Requests of each client, at the least: of fewer, a client of many gets most done in one or two turns on
/// a core, and hardly any of them waits.
const OF_A_CLIENT: usize = 50;

/// Requests before the timed ones, of all clients together.
const WARM_UP: usize = 500;

/// Loading, about a dozen rates of a second, of which some are tried twice, and the requests at half of what they find.
const SEARCHING_SECONDS: f64 = 30.0;

/// One kind of request under one kind of traffic.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: &'static str,
    pub(crate) what: What,
    pub(crate) sets: Sets,
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
        if matches!(self.traffic, Traffic::Half { .. }) {
            return "Feeds of feed/retrieve at half of the most requests per second that this build bears. \
                    capacity is that most: the rate is raised, a second at each, until fewer than 98 of 100 \
                    requests are answered or fewer than 99 of 100 within 10 ms of their planned moment. \
                    Compare capacity. latency, from the planned moment, is that of the build's own half: a \
                    build twice as fast is asked twice as often, so its latency says how it bears what it was \
                    bought for, and not which build is faster; feed/retrieve/poisson asks all builds the same.";
        }
        if self.sets == Sets::FollowsAndBlocks {
            return "The requests of feed/retrieve or feed/search that look at whom the user follows, too: what those \
                    have made scores a tenth more, and nothing of blocked creators is shown. \
                    A user follows a hundred creators of ten thousand and blocks a few. What a second set costs in \
                    a request, and whether it is still the smallest part of it. \
                    Read stage.filter beside that of the request without: the distance is the follow set. The other \
                    figures are those of that request.";
        }
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
        let mut params = BTreeMap::from([
            (name("items"), integer(items)),
            (name("users"), integer(population(items).0)),
            (name("creators"), integer(population(items).1)),
            (name("askers"), integer(users(items))),
            (name("shown"), integer(SHOWN)),
            (name("writes_per_second"), integer(writes as usize)),
            (name("items_per_second"), integer(added as usize)),
            (name("seed"), integer(SEED as usize)),
        ]);
        if self.sets == Sets::FollowsAndBlocks {
            params.insert(name("sets"), Param::Text("follows and blocks".into()));
        }
        params
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
        match self.traffic {
            Traffic::Half { .. } => Engine::needs(tier).with_seconds(SEARCHING_SECONDS),
            _ => Engine::needs(tier),
        }
    }

    fn settings(&self) -> &'static [&'static str] {
        &["expansion"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        Ok(Box::new(self.open(context)?))
    }
}

impl Request {
    fn operations(&self, tier: Tier) -> usize {
        measured(tier).max(OF_A_CLIENT * self.traffic.threads())
    }

    /// Every client warms up, and a search for the capacity asks every query.
    fn warm_up(&self) -> usize {
        match self.traffic {
            Traffic::Half { .. } => QUERIES,
            traffic => WARM_UP.max(traffic.threads()),
        }
    }

    pub(super) fn open(&self, context: &Context) -> Result<Loaded, Failure> {
        let tier = context.tier();
        let expansion = context.setting("expansion", EXPANSION);
        let engine = Engine::load(context, expansion, self.traffic.threads())?;
        let questions = Questions::load(context, tier.items(), &TWO_TERMS, engine.text.fields)?;
        let (warm_up, operations) = (self.warm_up(), self.operations(tier));
        let (generator, files) = (Generator::new(DIMENSIONS), VectorFiles::of(tier));
        Ok(Loaded {
            what: self.what,
            sets: self.sets,
            is_busy: self.is_busy,
            warm_up,
            operations,
            engine,
            questions,
            queries: generator.queries(),
            generator,
            truth: TruthFiles { rows: rows(tier) }.load(context)?,
            order: Stream::named("feed/order").shuffled(QUERIES),
            shown: (0..QUERIES).map(|_| Mutex::default()).collect(),
            reported: Reported::by(files.metric, files.kind),
            stages: Stages::new(self.what.stages()),
            while_warming_up: Stages::new(self.what.stages()),
            refused: Mutex::new(None),
        })
    }
}

fn rows(tier: Tier) -> Rows {
    Rows {
        items: tier.items(),
        dimensions: DIMENSIONS,
    }
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;
    use bench_harness::prepare::prepare;
    use bench_harness::schema::MetricValue;

    use super::*;
    use crate::text::truth::{load, save};
    use bench_harness::Service;

    const SEARCH: Request = Request {
        id: "feed/search",
        what: What::Search,
        sets: Sets::Blocks,
        is_busy: false,
        traffic: Traffic::Alone,
        layer: Layer::Facade,
        smallest_tier: Tier::Tiny,
    };

    #[test]
    fn every_client_warms_up_and_asks_enough() {
        for clients in [1, 10, 100, 1_000] {
            let request = Request {
                traffic: Traffic::Clients(clients),
                ..SEARCH
            };
            assert!(request.warm_up() >= clients);
            assert!(request.operations(Tier::Pr) >= 50 * clients);
        }
        assert_eq!(SEARCH.operations(Tier::Smoke), 3_000);
    }

    #[test]
    fn stages_are_those_of_measured_requests_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        prepare(&SEARCH, Tier::Tiny, &cache).expect("prepares");
        let crowd = Request {
            traffic: Traffic::Clients(1_000),
            ..SEARCH
        };
        let context = Context::new(Tier::Tiny, &cache);
        for (request, warm_up) in [(SEARCH, 500), (crowd, 1_000)] {
            let loaded = request.open(&context).expect("loads");
            assert_eq!(loaded.warm_up(), warm_up, "at least one of each client");
            // Clients come in any order, and the last of the warm-up may be the last of all.
            for index in [warm_up, 0, warm_up + 1, warm_up - 1] {
                loaded.serve(index);
            }
            for (_, value) in loaded.stages.report().expect("two were measured") {
                let MetricValue::Distribution(stage) = value else {
                    panic!("{value:?} is no time")
                };
                assert_eq!(stage.count, 2);
            }
        }
    }

    #[test]
    fn whom_a_user_follows_comes_sooner_and_is_checked() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        prepare(&SEARCH, Tier::Tiny, &cache).expect("prepares");
        let context = Context::new(Tier::Tiny, &cache);
        for what in [What::Retrieve, What::Search] {
            let request = Request {
                what,
                sets: Sets::FollowsAndBlocks,
                ..SEARCH
            };
            let mut loaded = request.open(&context).expect("loads");
            assert_eq!(loaded.check(), Ok(()), "{what:?}");
            for index in 0..100 {
                assert!(loaded.serve(index) > 0, "{what:?}");
            }
            loaded.sets = Sets::Blocks;
            assert!(loaded.check().is_err(), "{what:?}: follows moved nothing");
        }
    }

    #[test]
    fn candidates_of_either_engine_can_be_wrong() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        prepare(&SEARCH, Tier::Tiny, &cache).expect("prepares");
        let context = Context::new(Tier::Tiny, &cache);
        let open = || SEARCH.open(&context).expect("loads");
        let mut loaded = open();
        assert!(loaded.serve(0) > 0);
        assert_eq!(loaded.check(), Ok(()));

        loaded.reported.distance = |_, _| 0.5;
        let place = loaded.check().expect_err("nothing is as far").place;
        assert!(place.starts_with("request 0, item "), "{place}");

        let path = TextTruth::of(Tier::Tiny.items()).path(&context, &TWO_TERMS);
        let path = path.expect("is there");
        let mut answers = load(&path).expect("is whole");
        answers[10].scores[0] *= 1.5;
        save(&path, &answers).expect("is writable");
        let place = open().check().expect_err("the engine is right").place;
        assert_eq!(place, "query 10");
    }
}
