//! Whether a test keeps its level, noise by noise: it fails unchanged builds as rarely as it says.
//!
//! One row is compared over one session of pairs. Repetitions scatter by 2 %; nothing else happens, so
//! that what is seen is the test's own doing.

use rand::Rng;
use rayon::prelude::*;

use super::{HISTORY, differences, history, p_worse, stream};
use crate::interval::Rate;
use crate::noise::{CLOCK_NS, QUANTISED_LEVEL_NS, Shape};
use crate::rivals::{Samples, welch_p_slower};

/// Standard deviation of a repetition.
const SCATTER: f64 = 0.02;

/// The slowdown that is looked for.
const SLOWER: f64 = 0.05;

/// Levels of the tests: a gate of 200 rows at 1 % decides between the two.
const LEVELS: [f64; 2] = [1e-3, 1e-4];

/// How one row is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Welch's t on the repetitions of both sides.
    Welch,
    /// Gate's pairs, with what ten calibration sessions showed of their noise.
    Calibrated,
    /// Gate's pairs alone.
    Alone,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 3] = [Self::Welch, Self::Calibrated, Self::Alone];

    /// The name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Welch => "Welch",
            Self::Calibrated => "gate, calibrated",
            Self::Alone => "gate, not calibrated",
        }
    }
}

/// What one rule does under one noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The noise.
    pub shape: Shape,
    /// Pairs of the session.
    pub pairs: usize,
    /// The rule.
    pub rule: Rule,
    /// Unchanged rows called slower at each of the levels, 1e-3 and 1e-4.
    pub falsely: [Rate; 2],
    /// Rows 5 % slower that were called so at 1e-4.
    pub found: Rate,
}

/// Every noise, 5 and 10 pairs, every rule; `trials` rows each.
#[must_use]
pub fn all(trials: u64, seed: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, shape) in Shape::ALL.into_iter().enumerate() {
        for pairs in [5, 10] {
            let place = |trial| [at as u64, pairs as u64, trial];
            let counts = (0..trials)
                .into_par_iter()
                .map(|trial| once(stream(seed, place(trial)), shape, pairs))
                .reduce(<[[u64; 3]; 3]>::default, |a, b| {
                    [0, 1, 2].map(|rule| [0, 1, 2].map(|what| a[rule][what] + b[rule][what]))
                });
            rows.extend(Rule::ALL.into_iter().zip(counts).map(|(rule, counts)| {
                let [often, rarely, found] = counts.map(|hits| Rate::new(hits, trials));
                Row {
                    shape,
                    pairs,
                    rule,
                    falsely: [often, rarely],
                    found,
                }
            }));
        }
    }
    rows
}

/// For each rule: false at 1e-3, false at 1e-4, found.
fn once(mut rng: impl Rng, shape: Shape, pairs: usize) -> [[u64; 3]; 3] {
    let mut draw = || -> Vec<f64> { (0..pairs).map(|_| SCATTER * shape.draw(&mut rng)).collect() };
    // What the clock says, as a logarithm.
    let read = |values: &[f64], slower: f64| -> Vec<f64> {
        let latency = |value: &f64| QUANTISED_LEVEL_NS * slower * value.exp();
        values
            .iter()
            .map(|value| shape.read(latency(value)).ln())
            .collect()
    };
    let quantum = match shape {
        Shape::Quantised => CLOCK_NS / QUANTISED_LEVEL_NS,
        _ => 0.0,
    };
    let known = (0..HISTORY).map(|_| differences(&read(&draw(), 1.0), &read(&draw(), 1.0)));
    let calibrated = history(known);
    let baseline = read(&draw(), 1.0);
    let drawn = draw();
    let (candidate, slower) = (read(&drawn, 1.0), read(&drawn, 1.0 + SLOWER));
    let in_pairs =
        |candidate: &[f64], history| p_worse(&differences(&baseline, candidate), history, quantum);
    let p = |rule: Rule, candidate: &[f64]| match rule {
        Rule::Welch => welch_p_slower(Samples {
            baseline: &baseline,
            candidate,
        }),
        Rule::Calibrated => in_pairs(candidate, calibrated.as_ref()),
        Rule::Alone => in_pairs(candidate, None),
    };
    Rule::ALL.map(|rule| {
        let unchanged = p(rule, &candidate);
        let changed = p(rule, &slower);
        let [often, rarely] = LEVELS.map(|level| u64::from(unchanged <= level));
        [often, rarely, u64::from(changed <= LEVELS[1])]
    })
}
