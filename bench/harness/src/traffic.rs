//! How operations are asked for: one after the other, by many clients, or on a schedule.

use std::fmt;
use std::time::Duration;

use rand_distr::{Distribution, Exp};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::SeedableRng;

/// How the operations of a scenario arrive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Traffic {
    /// One thread, each operation after the one before: capacity and service time of one core.
    Alone,
    /// That many threads, each a client that waits for its answer before it asks again.
    Clients(usize),
    /// Requests at planned moments, whether or not the ones before were answered. Latency counts from
    /// the planned moment, so that a stall is paid for by everybody who had to wait, as in service.
    Open {
        /// Requests per second. Fixed, never derived from the build under test: both sides of a
        /// comparison must bear the same.
        rate: f64,
        /// When they come.
        arrivals: Arrivals,
        /// Threads that answer.
        workers: usize,
    },
    /// Requests at planned moments, half as many per second as this build can bear. Before, the rate rises
    /// until that is found; the operations of the warm-up, of which there must be some, are asked again for it.
    ///
    /// What is found is the metric `capacity`, and the one to compare: the latencies of two builds are those
    /// of two rates. For latencies at one rate there is [`Traffic::Open`].
    Half {
        /// When they come.
        arrivals: Arrivals,
        /// Threads that answer.
        workers: usize,
        /// A rate is borne when 99 of 100 requests are answered within so much of their planned moment: far less
        /// than the second for which it is asked for.
        within: Duration,
    },
}

impl Traffic {
    /// Whether several operations may go on at the same time.
    #[must_use]
    pub fn is_shared(self) -> bool {
        match self {
            Self::Alone => false,
            Self::Clients(number)
            | Self::Open {
                workers: number, ..
            }
            | Self::Half {
                workers: number, ..
            } => number > 1,
        }
    }

    /// What of it belongs to the identity of a scenario: name and value.
    #[must_use]
    pub fn describe(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Alone => Vec::new(),
            Self::Clients(number) => vec![("clients", number.to_string())],
            Self::Open {
                rate,
                arrivals,
                workers,
            } => vec![
                ("rate", format!("{rate}/s")),
                ("arrivals", arrivals.to_string()),
                ("workers", workers.to_string()),
            ],
            Self::Half {
                arrivals,
                workers,
                within,
            } => vec![
                ("rate", "half of its capacity".to_owned()),
                ("arrivals", arrivals.to_string()),
                ("workers", workers.to_string()),
                ("p99_within", format!("{within:?}")),
            ],
        }
    }

    /// Threads that ask.
    #[must_use]
    pub fn threads(self) -> usize {
        match self {
            Self::Alone => 1,
            Self::Clients(threads)
            | Self::Open {
                workers: threads, ..
            }
            | Self::Half {
                workers: threads, ..
            } => threads.max(1),
        }
    }
}

/// When requests come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arrivals {
    /// Evenly.
    Constant,
    /// Independently of each other: the gaps are exponentially distributed.
    Poisson,
    /// All within a share of every period, independently of each other within it.
    Burst {
        /// Length of a period.
        period: Duration,
        /// Share of the period in which requests come, above 0 and at most 1.
        share: f64,
    },
}

impl fmt::Display for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Poisson => f.write_str("poisson"),
            Self::Burst { period, share } => write!(f, "burst {share} of {period:?}"),
        }
    }
}

/// The seed of every schedule: two builds meet the same moments.
const SEED: u64 = 20_261_120;

impl Arrivals {
    /// The planned moments of `count` requests at `rate` per second, from the start on.
    ///
    /// # Panics
    /// When the rate is not a positive number.
    #[must_use]
    pub fn plan(self, rate: f64, count: usize) -> Vec<Duration> {
        assert!(rate.is_finite() && rate > 0.0, "{rate} requests per second");
        let mut random = Pcg64Mcg::seed_from_u64(SEED);
        let gaps = Exp::new(1.0).expect("one is a rate");
        let mut last = 0.0;
        let mut next = |number: usize| {
            let requests = match self {
                Self::Constant => number as f64,
                Self::Poisson | Self::Burst { .. } => {
                    last += gaps.sample(&mut random);
                    last
                }
            };
            self.squeezed(requests / rate)
        };
        (0..count)
            .map(|number| Duration::from_secs_f64(next(number)))
            .collect()
    }

    /// Moves a moment of a steady stream into the busy share of its period.
    fn squeezed(self, seconds: f64) -> f64 {
        match self {
            Self::Constant | Self::Poisson => seconds,
            Self::Burst { period, share } => {
                let period = period.as_secs_f64();
                let start = (seconds / period).floor() * period;
                start + (seconds - start) * share
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BURST: Arrivals = Arrivals::Burst {
        period: Duration::from_millis(100),
        share: 0.2,
    };

    #[test]
    fn several_at_a_time_share_and_one_does_not() {
        let open = |workers| Traffic::Open {
            rate: 1.0,
            arrivals: BURST,
            workers,
        };
        for (traffic, is_shared) in [
            (Traffic::Alone, false),
            (Traffic::Clients(1), false),
            (Traffic::Clients(2), true),
            (open(1), false),
            (open(2), true),
        ] {
            assert_eq!(traffic.is_shared(), is_shared, "{traffic:?}");
        }
    }

    #[test]
    fn plans_keep_their_rate_and_their_order() {
        for arrivals in [Arrivals::Constant, Arrivals::Poisson, BURST] {
            let plan = arrivals.plan(1_000.0, 20_000);
            assert!(plan.is_sorted(), "{arrivals:?}");
            let end = plan.last().expect("is not empty").as_secs_f64();
            // 20,000 independent gaps of 1 ms vary by 0.7 %.
            assert!((end - 20.0).abs() < 0.5, "{arrivals:?}: {end} s");
            assert_eq!(plan, arrivals.plan(1_000.0, 20_000), "the same every time");
        }
    }

    #[test]
    fn gaps_are_those_of_the_process() {
        // Squared coefficient of variation of the gaps: 0 when even, 1 when independent, more in
        // bursts.
        for (arrivals, expected) in [
            (Arrivals::Constant, 0.0..1e-9),
            (Arrivals::Poisson, 0.9..1.1),
            (BURST, 1.5..100.0),
        ] {
            let plan = arrivals.plan(1_000.0, 20_000);
            let gaps: Vec<f64> = plan
                .windows(2)
                .map(|pair| (pair[1] - pair[0]).as_secs_f64())
                .collect();
            let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
            let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>();
            let variation = variance / gaps.len() as f64 / mean.powi(2);
            assert!(expected.contains(&variation), "{arrivals:?}: {variation}");
        }
    }

    #[test]
    fn bursts_leave_the_rest_of_the_period_empty() {
        for moment in BURST.plan(1_000.0, 5_000) {
            let within = moment.as_secs_f64() % 0.1;
            assert!(!(0.0201..0.0999).contains(&within), "{moment:?}");
        }
    }
}
