//! What the order of measuring does while the machine changes: one build after the other, in turn, and
//! in turn with the pairs kept together.

use gate_core::estimate::mean;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::{deviation, differences, p_worse, stream};
use crate::interval::Rate;
use crate::rivals::{Samples, welch_p_slower};

/// Repetitions of each build.
const REPETITIONS: usize = 10;

/// Standard deviation of a repetition on its own.
const SCATTER: f64 = 0.01;

/// The level of the tests.
const LEVEL: f64 = 0.01;

/// What the machine does while both builds are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Nothing.
    None,
    /// Gets evenly slower or faster, by 3 % at most.
    Linear,
    /// Wanders: each start is 0.5 % off the one before.
    Walk,
    /// In three sessions of ten the clock steps by 5 %.
    Step,
    /// Remembers: each start keeps 0.8 of what the one before was off.
    Memory,
}

impl Drift {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Linear,
        Self::Walk,
        Self::Step,
        Self::Memory,
    ];

    /// The name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "steady",
            Self::Linear => "drifts by up to 3 %",
            Self::Walk => "wanders by 0.5 % a start",
            Self::Step => "steps by 5 % in 30 % of the sessions",
            Self::Memory => "remembers 0.8 of each start",
        }
    }

    /// How far off each start of a session is, in the order they run.
    fn session(self, rng: &mut impl Rng) -> Vec<f64> {
        let starts = 2 * REPETITIONS;
        match self {
            Self::None => vec![0.0; starts],
            Self::Linear => {
                let whole = rng.random_range(-0.03..0.03);
                let at = |start| whole * start as f64 / (starts - 1) as f64;
                (0..starts).map(at).collect()
            }
            Self::Walk => remembering(rng, 1.0, 0.005, starts),
            Self::Memory => remembering(rng, 0.8, SCATTER, starts),
            Self::Step => {
                let size = match (rng.random_bool(0.3), rng.random_bool(0.5)) {
                    (false, _) => 0.0,
                    (true, true) => 0.05,
                    (true, false) => -0.05,
                };
                let from = rng.random_range(1..starts);
                let at = |start| if start >= from { size } else { 0.0 };
                (0..starts).map(at).collect()
            }
        }
    }
}

/// Each value keeps a share of the one before and adds something of its own.
fn remembering(rng: &mut impl Rng, share: f64, own: f64, count: usize) -> Vec<f64> {
    let mut value = 0.0;
    let mut next = || {
        let step: f64 = StandardNormal.sample(rng);
        value = share * value + own * step;
        value
    };
    (0..count).map(|_| next()).collect()
}

/// In which order both builds start, and how they are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// All of the baseline, then all of the candidate; Welch's t.
    Sequential,
    /// ABBA; Welch's t, which forgets which repetitions belong together.
    Interleaved,
    /// ABBA; gate's test of pairs.
    Pairs,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sequential, Self::Interleaved, Self::Pairs];

    /// The name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sequential => "one after the other, Welch",
            Self::Interleaved => "ABBA, Welch",
            Self::Pairs => "ABBA, pairs (gate)",
        }
    }

    /// Which of a session's starts are the baseline's.
    fn is_baseline(self, start: usize) -> bool {
        match self {
            Self::Sequential => start < REPETITIONS,
            Self::Interleaved | Self::Pairs => matches!(start % 4, 0 | 3),
        }
    }
}

/// What one order does on one machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The machine.
    pub drift: Drift,
    /// The order and the test.
    pub order: Order,
    /// Sessions of unchanged builds called slower.
    pub falsely: Rate,
    /// Standard deviation of the difference of the means.
    pub scatter: f64,
}

/// Every machine and order; `trials` sessions each.
#[must_use]
pub fn all(trials: u64, seed: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, drift) in Drift::ALL.into_iter().enumerate() {
        for order in Order::ALL {
            // The same sessions for every order.
            let once = |trial| once(stream(seed, [at as u64, 0, trial]), drift, order);
            let sessions: Vec<(f64, f64)> = (0..trials).into_par_iter().map(once).collect();
            let hits = sessions.iter().filter(|(p, _)| *p <= LEVEL).count();
            let off: Vec<f64> = sessions.iter().map(|(_, off)| *off).collect();
            rows.push(Row {
                drift,
                order,
                falsely: Rate::new(hits as u64, trials),
                scatter: deviation(&off),
            });
        }
    }
    rows
}

/// The p-value of "slower", and by how much the candidate's mean is off.
fn once(mut rng: impl Rng, drift: Drift, order: Order) -> (f64, f64) {
    let session = drift.session(&mut rng);
    let (mut baseline, mut candidate) = (Vec::new(), Vec::new());
    for (start, off) in session.into_iter().enumerate() {
        let own: f64 = StandardNormal.sample(&mut rng);
        let side = if order.is_baseline(start) {
            &mut baseline
        } else {
            &mut candidate
        };
        side.push(off + SCATTER * own);
    }
    let p = match order {
        Order::Sequential | Order::Interleaved => welch_p_slower(Samples {
            baseline: &baseline,
            candidate: &candidate,
        }),
        Order::Pairs => p_worse(&differences(&baseline, &candidate), None, 0.0),
    };
    (p, mean(&candidate) - mean(&baseline))
}
