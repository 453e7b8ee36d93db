//! Repetitions of a search over 1,000 queries that verifies its own answers.

use gate_schema::defect::Defect;
use gate_schema::run::{MetricValue, Proportion};
use rand::Rng;
use rand_distr::{Beta, Binomial, Distribution, StandardNormal};

/// Queries of the scenario.
const QUERIES: usize = 1_000;

/// Neighbours asked for: recall@10.
const NEIGHBOURS: u16 = 10;

/// Difficulty: the chance of a hit is Beta(19, 1) over the queries, 95 % on average; a few are hard.
const EASY: f64 = 19.0;
const HARD: f64 = 1.0;

/// Standard deviation over index builds of what one build's graph finds of everything. Every
/// repetition builds with a seed of its own.
const BUILD: f64 = 0.001;

/// The queries of one scenario, the same for both builds.
pub(super) struct Queries(Vec<f64>);

impl Queries {
    pub(super) fn new(mut rng: impl Rng) -> Self {
        let chance = Beta::new(EASY, HARD).expect("both parameters are positive");
        Self((0..QUERIES).map(|_| chance.sample(&mut rng)).collect())
    }

    /// One repetition of a build whose recall differs by `change`. Every hit is lost with the same
    /// chance; nothing is gained where all is found already.
    pub(super) fn repetition(&self, mut rng: impl Rng, change: f64) -> Result<MetricValue, Defect> {
        let build: f64 = StandardNormal.sample(&mut rng);
        let factor = 1.0 + (change + BUILD * build) * (EASY + HARD) / EASY;
        let hits = |chance: &f64| {
            let chance = (chance * factor).clamp(0.0, 1.0);
            let binomial =
                Binomial::new(u64::from(NEIGHBOURS), chance).expect("a chance lies in 0..=1");
            // At most NEIGHBOURS, which fit.
            binomial.sample(&mut rng) as u16
        };
        let hits = self.0.iter().map(hits).collect();
        let proportion = Proportion::from_queries(hits, NEIGHBOURS)?;
        Ok(MetricValue::Proportion(Box::new(proportion)))
    }
}
