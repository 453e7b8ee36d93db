//! The scenarios `session/merge` and `session/merge/clients=2`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_harness::memory::allocated_bytes;
use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{
    Context, Failure, Layer, Needs, Recipe, Scenario, Service, Subject, Tier, Traffic, WrongAnswer,
};

use super::model::{preference, relative_error};
use super::sessions::{DIMENSIONS, Sessions};
use super::traces::{self, Trace, Traces};
use super::user::KEPT;
use crate::random::{SEED, Stream};

/// Sessions that end while it is measured: five times what a p99 needs.
const OPERATIONS: usize = 50_000;

/// Sessions that end before that.
const WARM_UP: usize = 5_000;

/// Memory of a user, about.
const BYTES_PER_USER: usize = 5_500;

/// Largest error of a preference that counts as right: half of one step of a byte is 0.4 percent of
/// the largest value, and 0.7 percent of the usual one.
const PRECISION: f64 = 0.015;

/// Users whose errors make the mean.
const SAMPLE: usize = 1_000;

/// A session ends: it is merged with the nine before it into the user's preference.
#[derive(Debug)]
pub(crate) struct Merge {
    pub(crate) id: &'static str,
    pub(crate) traffic: Traffic,
    pub(crate) layer: Layer,
    pub(crate) smallest_tier: Tier,
}

impl Scenario for Merge {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        "Merges a session that has just ended with the user's nine before it into one preference \
         vector, weighted by how much was done and how long ago, and writes it back. \
         Feeds start from that vector, and every user waits for it at the end of every session. \
         Users come in random order, so most of the time is spent on bringing four kilobytes of \
         sessions in from memory. \
         Read latency together with bytes_per_user and relative_error: smaller sessions are read \
         faster, and say less exactly what the user wanted."
    }

    fn layer(&self) -> Layer {
        self.layer
    }

    fn smallest_tier(&self) -> Tier {
        self.smallest_tier
    }

    fn traffic(&self, _: Tier) -> Traffic {
        self.traffic
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        BTreeMap::from([
            (name("users"), integer(traces::users(tier.items()))),
            (name("sessions"), integer(KEPT)),
            (name("dims"), integer(DIMENSIONS)),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        traces::recipe(tier.items())
            .with("warm-up", WARM_UP)
            .with("measured", OPERATIONS)
    }

    fn needs(&self, tier: Tier) -> Needs {
        Needs::memory((traces::users(tier.items()) * BYTES_PER_USER) as u64)
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let value = |text, unit| metric(text, Kind::Value, unit, Direction::Lower);
        let mut metrics = vec![value("relative_error", Unit::Ratio)];
        // Declared only where the allocator tells: declared and absent would read as missing.
        metrics.extend(allocated_bytes().map(|_| value("bytes_per_user", Unit::Bytes)));
        metrics
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let users = traces::users(context.tier().items());
        Ok(Box::new(Loaded::new(users, OPERATIONS)))
    }
}

struct Loaded {
    traces: Traces,
    sessions: Sessions,
    /// What the sessions before the first operation allocated.
    bytes: Option<u64>,
    /// Users in the order in which their sessions end, again and again.
    order: Vec<u32>,
    /// The sessions that end, made beforehand: making one takes as long as merging it.
    ending: Vec<Trace>,
    /// Sessions that were refused.
    refused: AtomicUsize,
    operations: usize,
}

impl Loaded {
    /// That many users who have had ten sessions each.
    fn new(users: usize, operations: usize) -> Self {
        let traces = Traces::new();
        let empty = allocated_bytes();
        let sessions = Sessions::with_capacity(users);
        let mut refused = 0;
        for user in (0..).take(users) {
            for number in 0..KEPT as u32 {
                let kept = sessions.keep(user, &traces.session(user, number));
                refused += usize::from(kept.is_err());
            }
        }
        let full = allocated_bytes();
        let order = Stream::named("session/order").shuffled(users);
        let ending = (0..WARM_UP + operations).map(|index| {
            let number = KEPT + index / users;
            traces.trace(order[index % users], number as u32)
        });
        Self {
            ending: ending.collect(),
            traces,
            sessions,
            bytes: full
                .zip(empty)
                .map(|(full, empty)| full.saturating_sub(empty)),
            order,
            refused: AtomicUsize::new(refused),
            operations,
        }
    }

    /// All users whose preference was merged, in order, and how far off it is.
    fn errors(&self) -> impl Iterator<Item = (u32, f64)> {
        let ended = WARM_UP + self.operations;
        let users = self.order.iter().take(ended).enumerate();
        users.map(move |(place, &user)| {
            let count = KEPT + (ended - place).div_ceil(self.order.len());
            let sessions: Vec<_> = (0..count as u32)
                .map(|number| self.traces.session(user, number))
                .collect();
            let found = self.sessions.preference(user);
            let found = found.unwrap_or([f32::NAN; DIMENSIONS]);
            (user, relative_error(&found, &preference(&sessions)))
        })
    }
}

impl Service for Loaded {
    fn serve(&self, index: usize) -> u64 {
        let user = self.order[index % self.order.len()];
        let session = self.traces.play(&self.ending[index]);
        match self.sessions.merge(user, &session) {
            Ok(()) => u64::from(session.ended_s),
            Err(_) => self.refused.fetch_add(1, Ordering::Relaxed) as u64,
        }
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
        let wrong = |place: &str, found: String, expected: String| WrongAnswer {
            place: place.into(),
            found,
            expected,
        };
        let refused = self.refused.load(Ordering::Relaxed);
        if refused > 0 {
            return Err(wrong(
                "sessions",
                format!("{refused} refused"),
                "none".into(),
            ));
        }
        if self.sessions.len() != self.order.len() {
            let (found, expected) = (self.sessions.len(), self.order.len());
            return Err(wrong("users", found.to_string(), expected.to_string()));
        }
        for (user, error) in self.errors() {
            if error.is_nan() || error > PRECISION {
                let place = format!("preference of user {user}");
                return Err(wrong(
                    &place,
                    format!("off by {error}"),
                    format!("at most {PRECISION}"),
                ));
            }
        }
        Ok(())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let errors: Vec<f64> = self.errors().take(SAMPLE).map(|(_, error)| error).collect();
        let value = |text, value| (name(text), MetricValue::Value(value));
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let mut metrics = vec![value("relative_error", mean)];
        let users = self.order.len() as f64;
        metrics.extend(
            self.bytes
                .map(|bytes| value("bytes_per_user", bytes as f64 / users)),
        );
        Ok(metrics)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// All but the last `left_out` of 1,000 measured sessions, by that many clients.
    fn played(users: usize, clients: usize, left_out: usize) -> Loaded {
        let loaded = Loaded::new(users, 1_000);
        let all = 0..WARM_UP + 1_000 - left_out;
        thread::scope(|scope| {
            for client in 0..clients {
                let (loaded, indexes) = (&loaded, all.clone().skip(client).step_by(clients));
                scope.spawn(move || indexes.for_each(|index| _ = loaded.serve(index)));
            }
        });
        loaded
    }

    #[test]
    fn preferences_agree_with_the_model_whoever_merges_them() {
        // With an odd number, users end sessions with both clients; with many, some end none.
        for (users, clients) in [(101, 1), (101, 2), (7_000, 2)] {
            let mut subject = played(users, clients, 0);
            assert_eq!(subject.check(), Ok(()), "{users} users, {clients} clients");
        }
    }

    #[test]
    fn a_session_too_few_is_a_wrong_answer() {
        assert!(played(101, 1, 1).check().is_err());
    }
}
